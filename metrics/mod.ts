/**
 * What a pool does, for Prometheus and OpenTelemetry.
 *
 * @example A route that Prometheus scrapes
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { PROMETHEUS_TYPES, prometheusFormat, PrometheusWriter } from "@siliconflow/pool/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({}), reset: () => {} });
 * const writer = new PrometheusWriter();
 *
 * function metrics(request: Request): Response {
 *   const format = prometheusFormat(request.headers.get("Accept"));
 *   const headers = { "Content-Type": PROMETHEUS_TYPES[format] };
 *   return new Response(writer.write([pool.stats()], format), { headers });
 * }
 *
 * const response = metrics(new Request("http://localhost/metrics"));
 * assertEquals((await response.text()).startsWith("# HELP siliconflow_pool_info"), true);
 * pool.close();
 * ```
 *
 * @module
 */

export {
  type FusedCounts,
  FusedReport,
  type FusedReportOptions,
  type ReportSource,
} from "./fused_report.ts";
export { observePools } from "./otel.ts";
export {
  PROMETHEUS_TYPES,
  type PrometheusFormat,
  prometheusFormat,
  PrometheusWriter,
} from "./prometheus.ts";
export { type Reporter, type ReportOptions, type ReportPort, reportTo } from "./reporter.ts";
export type { StatsSource } from "./stats_source.ts";
