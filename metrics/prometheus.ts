/**
 * The text that Prometheus scrapes: exposition format 0.0.4, and OpenMetrics 1.0 for who asks for it.
 *
 * Digits go straight into one buffer that is kept, and names and labels are encoded once, so that the
 * samples of a scrape make no strings. (prom-client and the exporters of OpenTelemetry weigh 70 to 270
 * KB, more than a Worker should carry for this.)
 *
 * @module
 */

import type { Histogram, PoolStats } from "../mod.ts";
import { type Metric, METRICS, prometheusName } from "./catalogue.ts";

/** How figures are written. */
export type PrometheusFormat = "text" | "openmetrics";

/** The media types of the formats. */
export const PROMETHEUS_TYPES: Readonly<Record<PrometheusFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** The size of the first buffer, in bytes. */
const FIRST_BYTES = 16_384;
/** Labels that are kept encoded; with more than these all are encoded anew. */
const MAX_LABELS = 8192;

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);

const NOTHING = encode("");
const TOTAL = encode("_total");
const SUM = encode("_sum");
const COUNT = encode("_count");
const BUCKET = encode("_bucket");
const QUOTE_CLOSE = encode('"} ');
const LE = encode('",le="');
const INFINITY = encode('+Inf"} ');
const END = encode("# EOF\n");
const LINE = 10;
const ZERO = 48;
const MINUS = 45;

/** A metric with all that is written of it whatever its samples are. */
interface Family {
  readonly metric: Metric;
  readonly name: Uint8Array;
  readonly heads: Readonly<Record<PrometheusFormat, Uint8Array>>;
  /** What stands between the pool's label and its own. */
  readonly label: Uint8Array;
}

const FAMILIES: readonly Family[] = METRICS.map((metric) => {
  const name = prometheusName(metric);
  const { help, label, type, unit } = metric;
  const full = type === "counter" ? `${name}_total` : name;
  const isBase = unit === "seconds" || unit === "bytes";
  return {
    metric,
    name: encode(name),
    heads: {
      text: encode(`# HELP ${full} ${help}\n# TYPE ${full} ${type}\n`),
      openmetrics: encode(
        `# TYPE ${name} ${type}\n${
          isBase ? `# UNIT ${name} ${unit}\n` : ""
        }# HELP ${name} ${help}\n`,
      ),
    },
    label: encode(label === undefined ? "" : `",${label}="`),
  };
});

/**
 * Chooses the format by what a scraper accepts.
 *
 * @param accept The `Accept` header, if there is one.
 * @returns OpenMetrics where it is accepted in version 1 and not less than plain text, else text.
 *
 * @example Usage
 * ```ts
 * import { prometheusFormat } from "@siliconflow/pool/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(prometheusFormat("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"), "openmetrics");
 * assertEquals(prometheusFormat("text/plain"), "text");
 * assertEquals(prometheusFormat(null), "text");
 * ```
 */
export function prometheusFormat(accept: string | null | undefined): PrometheusFormat {
  let open = 0;
  let text = 0;
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const valueOf = (name: string) =>
      parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
    const q = Number(valueOf("q") ?? 1);
    const version = valueOf("version");
    if (type === "application/openmetrics-text" && (version ?? "1.0.0") === "1.0.0") {
      open = Math.max(open, q);
    }
    if (type === "text/plain") text = Math.max(text, q);
  }
  return open > 0 && open >= text ? "openmetrics" : "text";
}

/**
 * Writes the statistics of pools for Prometheus.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { PrometheusWriter } from "@siliconflow/pool/metrics";
 * import { assertMatch } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({}), reset: () => {} });
 * pool.release(pool.acquire("auth"));
 * const writer = new PrometheusWriter();
 * const text = new TextDecoder().decode(writer.write([pool.stats()]));
 * assertMatch(text, /^siliconflow_pool_acquires_total\{pool="pool",tag="auth"\} 1$/m);
 * pool.close();
 * ```
 */
export class PrometheusWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_BYTES);
  #length = 0;
  readonly #labels: Map<string, Uint8Array> = new Map();
  #family: Family = FAMILIES[0]!;
  #pool: Uint8Array = LE;

  /**
   * Writes all metrics of some pools. Pools of one name are told apart by a number: `name#2`.
   *
   * @param all Snapshots of the pools.
   * @param format How to write them.
   * @returns The text in UTF-8: a view that the next call writes over.
   */
  write(
    all: readonly PoolStats[],
    format: PrometheusFormat = "text",
  ): Uint8Array<ArrayBuffer> {
    this.#length = 0;
    if (this.#labels.size > MAX_LABELS) this.#labels.clear();
    const pools = namesOf(all).map((name) => encode(`{pool="${escapeLabel(name)}`));
    this.#writeInfo(all, pools, format);
    for (const family of FAMILIES) {
      this.#family = family;
      const { heads, metric } = family;
      const before = this.#length;
      this.#put(heads[format]);
      const empty = this.#length;
      for (let i = 0; i < all.length; i++) {
        this.#pool = pools[i]!;
        if (metric.type === "histogram") metric.read(all[i]!, this.#putHistogram);
        else metric.read(all[i]!, this.#putSample);
      }
      // Of what no runtime tells not even the name is written.
      if (this.#length === empty) this.#length = before;
    }
    if (format === "openmetrics") this.#put(END);
    return this.#bytes.subarray(0, this.#length);
  }

  #writeInfo(all: readonly PoolStats[], pools: readonly Uint8Array[], format: string): void {
    const help = "The runtime and the scheduler of a pool.";
    const [name, type] = format === "text"
      ? ["siliconflow_pool_info", "gauge"]
      : ["siliconflow_pool", "info"];
    const lines = [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`];
    if (format !== "text") lines.reverse();
    for (const line of lines) this.#put(encode(line));
    for (const [i, { runtime, scheduler }] of all.entries()) {
      this.#put(encode("siliconflow_pool_info"));
      this.#put(pools[i]!);
      this.#put(encode(`",runtime="${escapeLabel(runtime)}",scheduler="${escapeLabel(scheduler)}`));
      this.#put(QUOTE_CLOSE);
      this.#putNumber(1);
    }
  }

  readonly #putSample = (value: number, label?: string): void => {
    this.#putLine(this.#family.metric.type === "counter" ? TOTAL : NOTHING, label, value);
  };

  readonly #putHistogram = ({ counts, edges, sum }: Histogram, label?: string): void => {
    let count = 0;
    for (let i = 0; i < counts.length; i++) {
      count += counts[i]!;
      this.#put(this.#family.name);
      this.#put(BUCKET);
      this.#putLabels(label);
      this.#put(LE);
      // Milliseconds, whose thousandth part has no more digits than they have.
      this.#put(i < edges.length ? this.#edge(edges[i]!) : INFINITY);
      this.#putNumber(count);
    }
    this.#putLine(SUM, label, sum / 1000);
    this.#putLine(COUNT, label, count);
  };

  #putLine(ending: Uint8Array, label: string | undefined, value: number): void {
    this.#put(this.#family.name);
    this.#put(ending);
    this.#putLabels(label);
    this.#put(QUOTE_CLOSE);
    this.#putNumber(value);
  }

  readonly #edges: Map<number, Uint8Array> = new Map();

  #edge(ms: number): Uint8Array {
    let edge = this.#edges.get(ms);
    if (edge === undefined) this.#edges.set(ms, edge = encode(`${ms / 1000}"} `));
    return edge;
  }

  #putLabels(label: string | undefined): void {
    this.#put(this.#pool);
    if (label === undefined) return;
    this.#put(this.#family.label);
    let encoded = this.#labels.get(label);
    if (encoded === undefined) this.#labels.set(label, encoded = encode(escapeLabel(label)));
    this.#put(encoded);
  }

  #put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    // Most are short, and `set` costs a call.
    if (bytes.length > 64) this.#bytes.set(bytes, this.#length);
    else for (let i = 0; i < bytes.length; i++) this.#bytes[this.#length + i] = bytes[i]!;
    this.#length += bytes.length;
  }

  /** Writes a value and ends its line. */
  #putNumber(value: number): void {
    if (!Number.isSafeInteger(value)) {
      const text = textOf(value);
      this.#reserve(text.length);
      for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
    } else {
      let rest = Math.abs(value);
      let digits = 1;
      for (let bound = 10; bound <= rest; bound *= 10) digits++;
      const sign = value < 0 ? 1 : 0;
      this.#reserve(digits + sign);
      if (sign === 1) this.#bytes[this.#length] = MINUS;
      this.#length += digits + sign;
      for (let at = this.#length - 1, i = 0; i < digits; i++, at--) {
        const next = Math.floor(rest / 10);
        this.#bytes[at] = ZERO + (rest - next * 10);
        rest = next;
      }
    }
    this.#reserve(1);
    this.#bytes[this.#length++] = LINE;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}

/** A number as Go reads it. */
function textOf(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

/** The names of pools, each of them once. */
function namesOf(all: readonly PoolStats[]): string[] {
  const taken = new Set<string>();
  return all.map(({ name }) => {
    let own = name;
    for (let i = 2; taken.has(own); i++) own = `${name}#${i}`;
    taken.add(own);
    return own;
  });
}

/**
 * A label's value as it stands between quotes. Half a character is no UTF-8 and is told by its code
 * after a U+FFFD; so is U+FFFD itself, or else two tags could become one label.
 */
function escapeLabel(value: string): string {
  return value
    .replaceAll(/["\\\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`)
    .replaceAll(/[\p{Surrogate}\ufffd]/gu, (half) => `\ufffd${half.charCodeAt(0).toString(16)}`);
}
