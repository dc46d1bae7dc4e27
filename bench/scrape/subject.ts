/**
 * What the scrape bench measures: a pool with many tags, told to Prometheus.
 *
 * @module
 */

import { METRICS, prometheusName } from "../../metrics/catalogue.ts";
import { PrometheusWriter } from "../../metrics/mod.ts";
import { Pool, type PoolStats } from "../../mod.ts";

/** Leases of each tag, so that all hold times are known. */
const LEASES = 40;

/** A pool whose tags have all been used. */
export function usedPool(tags: number): Pool<object> {
  const pool = new Pool({ create: () => ({}), reset: () => {}, maxTags: tags });
  for (let tag = 0; tag < tags; tag++) {
    const handle = pool.tag(`/v1/orders/:id/${tag}`);
    for (let i = 0; i < LEASES; i++) handle.release(handle.acquire());
  }
  pool.tick();
  return pool;
}

/** Writes a pool; returns how many bytes that were. */
export type Scrape = () => number;

/** As a pool is told: a snapshot, written into a buffer that is kept. */
export function ours(pool: Pool<object>): Scrape {
  const writer = new PrometheusWriter();
  return () => writer.write([pool.stats()]).length;
}

/** The snapshot alone, which is the part of the pool. */
export function statsOnly(pool: Pool<object>): Scrape {
  return () => pool.stats().tags.length;
}

/** As it is mostly done: a string for each label and each line, joined and encoded. */
export function naive(pool: Pool<object>): Scrape {
  return () => new TextEncoder().encode(writeNaively(pool.stats())).length;
}

/** The same text, but for the line that tells the runtime. */
export function writeNaively(stats: PoolStats): string {
  const lines: string[] = [];
  for (const metric of METRICS) {
    const name = prometheusName(metric);
    const { help, label, type } = metric;
    const full = type === "counter" ? `${name}_total` : name;
    const samples: string[] = [];
    const labelsOf = (labels: Readonly<Record<string, string | undefined>>) => {
      const known = Object.entries(labels).filter(([, value]) => value !== undefined);
      return `{${known.map(([key, value]) => `${key}="${escape(value!)}"`).join(",")}}`;
    };
    const own = (value: string | undefined) => label === undefined ? {} : { [label]: value };
    if (metric.type === "histogram") {
      metric.read(stats, ({ counts, edges, sum }, of) => {
        const labels = { pool: stats.name, ...own(of) };
        let count = 0;
        for (let i = 0; i < counts.length; i++) {
          count += counts[i]!;
          const le = i < edges.length ? String(edges[i]! / 1000) : "+Inf";
          samples.push(`${name}_bucket${labelsOf({ ...labels, le })} ${count}`);
        }
        samples.push(`${name}_sum${labelsOf(labels)} ${sum / 1000}`);
        samples.push(`${name}_count${labelsOf(labels)} ${count}`);
      });
    } else {
      metric.read(stats, (value, of) => {
        samples.push(`${full}${labelsOf({ pool: stats.name, ...own(of) })} ${value}`);
      });
    }
    if (samples.length === 0) continue;
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...samples);
  }
  return lines.join("\n") + "\n";
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
