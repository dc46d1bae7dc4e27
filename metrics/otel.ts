/**
 * The same figures for OpenTelemetry, through its API: without an SDK all of this does nothing.
 *
 * All instruments are observable, so that pools are read when somebody collects, and never else.
 * There is no observable histogram; each one is told as Prometheus knows it: cumulative counters by the
 * upper edge of a band (attribute `le`, in the unit of the metric), with a sum and a count.
 *
 * @module
 */

import {
  type Attributes,
  type BatchObservableCallback,
  type Meter,
  metrics,
  type Observable,
} from "@opentelemetry/api";
import type { Histogram, PoolStats } from "../mod.ts";
import type { FusedReport } from "./fused_report.ts";
import type { StatsSource } from "./stats_source.ts";
import { type Metric, METRICS, type Unit } from "./catalogue.ts";

/** Units as UCUM writes them. */
const UNITS: Readonly<Record<Unit, string>> = {
  objects: "{object}",
  leases: "{lease}",
  levels: "{level}",
  seconds: "s",
  bytes: "By",
  "": "1",
};

const POOL = "siliconflow.pool.name";
const RUNTIME = "process.runtime.name";

/** The unit of a metric. A gauge of unit 1 would be a share: translators put `_ratio` to its name. */
function otelUnit({ type, unit }: Metric): string {
  return type === "gauge" && unit === "" ? "" : UNITS[unit];
}

/** The name of a metric in OpenTelemetry: dotted; what a unit counts is part of it, a scale is not. */
function otelName({ name, unit }: Metric): string {
  const dotted = `siliconflow.pool.${name.replaceAll("_", ".")}`;
  return unit === "" || unit === "seconds" ? dotted : `${dotted}.${unit}`;
}

/** What observes one metric of a pool. */
type Observe = (stats: PoolStats, pool: Attributes, observe: Observer) => void;
type Observer = (instrument: Observable, value: number, attributes: Attributes) => void;

/** Makes the instruments of a metric. */
function instrument(meter: Meter, metric: Metric): { observables: Observable[]; observe: Observe } {
  const name = otelName(metric);
  const { help: description, label } = metric;
  const unit = otelUnit(metric);
  const key = `siliconflow.pool.${label}`;
  const under = (pool: Attributes, value: string | undefined): Attributes =>
    value === undefined ? pool : { ...pool, [key]: value };
  if (metric.type !== "histogram") {
    const observable = metric.type === "counter"
      ? meter.createObservableCounter(name, { description, unit })
      : meter.createObservableGauge(name, { description, unit });
    const observe: Observe = (stats, pool, observe) =>
      metric.read(stats, (value, of) => observe(observable, value, under(pool, of)));
    return { observables: [observable], observe };
  }
  const bucket = meter.createObservableCounter(`${name}.bucket`, { description, unit: "1" });
  const sum = meter.createObservableCounter(`${name}.sum`, { description, unit });
  const count = meter.createObservableCounter(`${name}.count`, { description, unit: "1" });
  const observe: Observe = (stats, pool, observe) =>
    metric.read(stats, ({ counts, edges, sum: ms }: Histogram, of) => {
      const attributes = under(pool, of);
      let total = 0;
      for (const [i, more] of counts.entries()) {
        total += more;
        const le = i < edges.length ? String(edges[i]! / 1000) : "+Inf";
        observe(bucket, total, { ...attributes, le });
      }
      observe(sum, ms / 1000, attributes);
      observe(count, total, attributes);
    });
  return { observables: [bucket, sum, count], observe };
}

/**
 * Has OpenTelemetry observe pools. With Deno's own exporter `OTEL_DENO=true` is all it takes; on Bun and
 * on Workers an SDK has to be set up before. Pools should differ in their names: figures of pools of one
 * name and tag would stand for one another.
 *
 * `siliconflow.pool.hold.bucket` has 15 series for each tag. The SDKs keep no more than 2000 of an instrument
 * unless told otherwise, and tell the others as one: with more than 133 tags in all pools together raise
 * `cardinalityLimits` of the SDK's metric reader, or the `aggregationCardinalityLimit` of a view of it.
 *
 * @param pools The pools, or what fuses those of several workers.
 * @returns What ends it; calling it again does nothing.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { observePools } from "@siliconflow/pool/metrics";
 *
 * const pool = new Pool({ create: () => ({}), reset: () => {} });
 * const stop = observePools([pool]);
 * // as long as the service runs
 * stop();
 * pool.close();
 * ```
 */
export function observePools(pools: readonly (StatsSource | FusedReport)[]): () => void {
  const meter = metrics.getMeter("@siliconflow/pool");
  const instruments = METRICS.map((metric) => instrument(meter, metric));
  const observables = instruments.flatMap((each) => each.observables);
  const callback: BatchObservableCallback = (result) => {
    for (const stats of pools.flatMap((source) => source.stats())) {
      const pool = { [POOL]: stats.name, [RUNTIME]: stats.runtime };
      for (const { observe } of instruments) {
        observe(
          stats,
          pool,
          (observable, value, attributes) => result.observe(observable, value, attributes),
        );
      }
    }
  };
  meter.addBatchObservableCallback(callback, observables);
  return () => meter.removeBatchObservableCallback(callback, observables);
}
