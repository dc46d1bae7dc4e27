/**
 * Several pools, and those of several workers, told as if those of one name were one.
 *
 * Counters are sums of growth: they never fall, also when a worker ends. Gauges are those of the
 * reporters that are still heard of. So `created == live + Σ discarded` holds while all reporters live,
 * and what is missing from it later is what went with them.
 *
 * @module
 */

import {
  detectHost,
  type DiscardReason,
  discardReasons,
  type GenerationStats,
  type HeapReading,
  type Host,
  type PoolStats,
  type TagStats,
} from "../mod.ts";
import { Tally } from "../src/histogram.ts";
import { KINDS, PRESSURES } from "./catalogue.ts";
import { Growth } from "./growth.ts";
import type { StatsSource } from "./stats_source.ts";
import {
  COUNTERS,
  GAUGES,
  type GcReport,
  HEAP_GAUGES,
  isReport,
  makeReport,
  MAX_POOLS,
  type PoolReport,
  readReport,
  type Report,
  type TagReport,
} from "./report.ts";
import { tellError } from "./tell_error.ts";

/** A port that reports arrive at: a `Worker`, a `MessagePort` or a `BroadcastChannel`. */
export interface ReportSource {
  /** Listens. */
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  /** Listens no longer. */
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  /** Lets messages in: a `MessagePort` needs it. */
  start?(): void;
}

/** How a {@linkcode FusedReport} behaves. */
export interface FusedReportOptions {
  /**
   * The most tags that are told apart in a pool; others count as `"(other)"`.
   *
   * @default {256}
   */
  readonly maxTags?: number;
  /**
   * The most names of pools that are told apart; others count as `"(other)"`.
   *
   * @default {64}
   */
  readonly maxPools?: number;
  /**
   * The most reporters whose gauges are kept: over that those go that were not heard of for longest.
   *
   * @default {1024}
   */
  readonly maxReporters?: number;
  /**
   * The clock that says who has been silent for too long.
   *
   * @default {detectHost()}
   */
  readonly host?: Pick<Host, "now">;
  /**
   * Receives why a report was refused.
   *
   * @default {nothing is done}
   */
  readonly onError?: (error: unknown) => void;
}

/** How messages fared. */
export interface FusedCounts {
  /** Reports that were folded. */
  readonly folded: number;
  /** Reports that were malformed, and were not folded. */
  readonly refused: number;
  /** Reports that came a second time, and were not folded again. */
  readonly repeated: number;
  /** Reports that are known to have been sent, and did not arrive. */
  readonly missed: number;
}

/** After as many intervals without a report the gauges of a reporter are gone. */
const SILENT_INTERVALS = 5;
/** What is told apart no longer. */
const OTHER = "(other)";
/** The reporter of the pools of this isolate. */
const LOCAL = "";

interface TagTotal {
  acquires: number;
  hits: number;
  misses: number;
  readonly holds: Tally;
}

/** All that the pools of one name ever counted. */
class Total {
  /**
   * Where they ran. Who keeps counters by it, as OpenTelemetry does, would count all of them anew if it
   * changed with the reporters that are heard of.
   */
  runtime: string | undefined;
  readonly counters: Record<typeof COUNTERS[number], number> = zeros(COUNTERS);
  readonly discarded: Record<DiscardReason, number> = zeros(discardReasons);
  readonly gc: Record<typeof KINDS[number], number> = zeros(KINDS);
  pauseMs: number | undefined;
  maxPauseMs: number | undefined;
  pauses: Tally | undefined;
  allocatedBytes: number | undefined;
  readonly tags: Map<string, TagTotal> = new Map();

  add(report: PoolReport, maxTags: number): void {
    this.runtime = common([this.runtime ?? report.runtime, report.runtime]);
    for (const each of COUNTERS) this.counters[each] += report.counters[each];
    for (const each of discardReasons) this.discarded[each] += report.discarded[each] ?? 0;
    if (report.gc !== undefined) this.#addGc(report.gc);
    if (report.allocatedBytes !== undefined) {
      this.allocatedBytes = (this.allocatedBytes ?? 0) + report.allocatedBytes;
    }
    for (const tag of report.tags) this.#addTag(tag, maxTags);
  }

  #addGc({ maxPauseMs, pauseMs, pauses, ...counts }: GcReport): void {
    for (const kind of KINDS) this.gc[kind] += counts[kind];
    if (pauseMs !== undefined) this.pauseMs = (this.pauseMs ?? 0) + pauseMs;
    if (maxPauseMs !== undefined) this.maxPauseMs = Math.max(this.maxPauseMs ?? 0, maxPauseMs);
    if (pauses !== undefined) (this.pauses ??= new Tally()).addAll(pauses);
  }

  #addTag({ acquires, hits, holds, misses, name }: TagReport, maxTags: number): void {
    const key = this.tags.has(name) || this.tags.size < maxTags ? name : OTHER;
    let tag = this.tags.get(key);
    if (tag === undefined) {
      this.tags.set(key, tag = { acquires: 0, hits: 0, misses: 0, holds: new Tally() });
    }
    tag.acquires += acquires;
    tag.hits += hits;
    tag.misses += misses;
    tag.holds.addAll(holds);
  }
}

/** What a pool of a reporter is now. */
interface Current {
  readonly report: PoolReport;
  readonly tags: Map<string, Pick<TagReport, "heat" | "hot" | "shelf">>;
}

/** Somebody who reports, and what the pools are there. */
interface Known {
  /** How many reports came so far. */
  seq: number;
  /** When its gauges go, by the host's clock. */
  expiresMs: number;
  readonly pools: Map<number, Current>;
}

/**
 * The pools of one process, however many workers they are in.
 *
 * @example In the main thread, with a worker that calls `reportTo(self, { pools })`
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { FusedReport, PrometheusWriter } from "@siliconflow/pool/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const pools = [1, 2].map(() => new Pool({ name: "contexts", create: () => ({}), reset: () => {} }));
 * const fused = new FusedReport();
 * for (const pool of pools) {
 *   fused.add(pool);
 *   pool.release(pool.acquire("auth"));
 * }
 * // fused.listen(worker);
 * const stats = fused.stats();
 * assertEquals(stats.map(({ name, acquires }) => [name, acquires]), [["contexts", 2]]);
 * const text = new TextDecoder().decode(new PrometheusWriter().write(stats));
 * assertEquals(text.includes('acquires_total{pool="contexts",tag="auth"} 2'), true);
 * for (const pool of pools) pool.close();
 * ```
 */
export class FusedReport {
  readonly #maxTags: number;
  readonly #maxPools: number;
  readonly #maxReporters: number;
  readonly #host: Pick<Host, "now">;
  readonly #onError: (error: unknown) => void;
  readonly #totals: Map<string, Total> = new Map();
  /** Those heard of last stand last. */
  readonly #reporters: Map<string, Known> = new Map();
  readonly #growth: Growth = new Growth();
  readonly #local: Known = { seq: 0, expiresMs: Infinity, pools: new Map() };
  #folded = 0;
  #refused = 0;
  #repeated = 0;
  #missed = 0;

  /**
   * Makes a report that holds nothing yet.
   *
   * @param options How much it tells apart.
   * @throws {RangeError} A number that is no integer of at least 1.
   */
  constructor(options: FusedReportOptions = {}) {
    const { maxTags = 256, maxPools = 64, maxReporters = 1024, host = detectHost() } = options;
    for (const [name, value] of Object.entries({ maxTags, maxPools, maxReporters })) {
      if (Number.isSafeInteger(value) && value >= 1) continue;
      const rule = `${name} must be an integer of at least 1`;
      throw new RangeError(`Cannot create FusedReport: ${rule}: received ${String(value)}`);
    }
    this.#maxTags = maxTags;
    this.#maxPools = maxPools;
    this.#maxReporters = maxReporters;
    this.#host = host;
    this.#onError = options.onError ?? (() => {});
  }

  /** How messages fared so far. */
  get counts(): FusedCounts {
    return {
      folded: this.#folded,
      refused: this.#refused,
      repeated: this.#repeated,
      missed: this.#missed,
    };
  }

  /**
   * Adds a pool of this isolate. It is looked at whenever somebody asks for statistics.
   *
   * @param pool The pool.
   * @returns What takes it out again: its counters stay.
   * @throws {RangeError} There are 256 already.
   */
  add(pool: StatsSource): () => void {
    const key = this.#growth.add(pool);
    return () => {
      this.#foldLocal();
      this.#growth.remove(key);
      this.#local.pools.delete(key);
    };
  }

  /**
   * Folds what reporters post to a port; other messages are left alone.
   *
   * @param port Where reports arrive.
   * @returns What ends it.
   */
  listen(port: ReportSource): () => void {
    const listener = ({ data }: MessageEvent) => {
      if (!isReport(data)) return;
      try {
        this.fold(data);
      } catch (error) {
        tellError(this.#onError, error);
      }
    };
    port.addEventListener("message", listener);
    port.start?.();
    return () => port.removeEventListener("message", listener);
  }

  /**
   * Folds one report, however it came here.
   *
   * @param message What a reporter posted.
   * @throws {TypeError} It is no report. Nothing of it is counted then.
   */
  fold(message: unknown): void {
    let report: Report;
    try {
      report = readReport(message);
      if (report.from === LOCAL) {
        throw new TypeError("Cannot fold report: from must name somebody: received nobody");
      }
    } catch (error) {
      this.#refused++;
      throw error;
    }
    const { everyMs, from, isLast, pools, seq } = report;
    // Of somebody new it is not known what was sent before anybody listened.
    const known = this.#reporters.get(from) ?? { seq, expiresMs: 0, pools: new Map() };
    if (seq < known.seq) {
      this.#repeated++;
      return;
    }
    this.#folded++;
    this.#missed += seq - known.seq;
    known.seq = seq + 1;
    known.expiresMs = this.#host.now() + SILENT_INTERVALS * everyMs;
    this.#reporters.delete(from);
    this.#reporters.set(from, known);
    if (this.#reporters.size > this.#maxReporters) {
      const [silent] = this.#reporters.keys();
      this.#reporters.delete(silent!);
    }
    this.#take(known, pools);
    // Its number stays known, so that a repetition is.
    if (isLast) known.pools.clear();
  }

  /** The pools, those of one name as one. Hold times are told to a factor of 4. */
  stats(): PoolStats[] {
    this.#foldLocal();
    const now = this.#host.now();
    const currents = new Map<string, Current[]>();
    for (const name of this.#totals.keys()) currents.set(name, []);
    for (const { expiresMs, pools } of [this.#local, ...this.#reporters.values()]) {
      if (now > expiresMs) continue;
      for (const current of pools.values()) {
        currents.get(this.#nameOf(current.report))!.push(current);
      }
    }
    return Array.from(this.#totals, ([name, total]) => tell(name, total, currents.get(name)!));
  }

  #foldLocal(): void {
    const { arrived, pools } = this.#growth.look();
    const report = makeReport({ from: LOCAL, seq: 0, everyMs: 0, isLast: false, pools });
    this.#take(this.#local, readReport(report).pools);
    arrived();
  }

  /** The name under which a pool is told. */
  #nameOf({ name }: PoolReport): string {
    return this.#totals.has(name) ? name : OTHER;
  }

  #take(known: Known, pools: readonly PoolReport[]): void {
    for (const report of pools) {
      if (this.#totals.size < this.#maxPools && !this.#totals.has(report.name)) {
        this.#totals.set(report.name, new Total());
      }
      const name = this.#nameOf(report);
      let total = this.#totals.get(name);
      if (total === undefined) this.#totals.set(name, total = new Total());
      total.add(report, this.#maxTags);
      const tags: Current["tags"] = known.pools.get(report.key)?.tags ?? new Map();
      for (const { heat, hot, name, shelf } of report.tags) {
        if (tags.has(name) || tags.size < this.#maxTags) tags.set(name, { heat, hot, shelf });
      }
      known.pools.set(report.key, { report: { ...report, tags: [] }, tags });
      const [first] = known.pools.keys();
      if (known.pools.size > MAX_POOLS) known.pools.delete(first!);
    }
  }
}

/** Tells what pools of one name ever counted, and what they are now. */
function tell(name: string, total: Total, currents: readonly Current[]): PoolStats {
  const reports = currents.map(({ report }) => report);
  const { allocatedBytes, counters, discarded, gc, maxPauseMs, pauseMs, pauses } = total;
  const gauges = zeros(GAUGES);
  for (const report of reports) {
    for (const each of GAUGES) gauges[each] += report.gauges[each];
  }
  const heap = heapOf(reports, allocatedBytes);
  const pressures = reports.map(({ pressure }) => PRESSURES.indexOf(pressure));
  return {
    name,
    runtime: total.runtime ?? "none",
    scheduler: common(reports.map(({ scheduler }) => scheduler)),
    ...counters,
    ...gauges,
    gc: {
      ...gc,
      ...(pauseMs !== undefined && { pauseMs }),
      ...(maxPauseMs !== undefined && { maxPauseMs }),
      ...(pauses !== undefined && { pauses: pauses.histogram() }),
    },
    ...(heap !== undefined && { heap }),
    pressure: PRESSURES[Math.max(0, ...pressures)]!,
    bypass: reports.length > 0 && reports.every(({ bypass }) => bypass),
    closed: reports.every(({ closed }) => closed),
    generations: generationsOf(reports),
    tags: Array.from(total.tags, ([name, tag]) => tellTag(name, tag, currents)),
    discarded: { ...discarded },
  };
}

function tellTag(name: string, total: TagTotal, currents: readonly Current[]): TagStats {
  const now = currents.flatMap(({ tags }) => tags.get(name) ?? []);
  const shelves = now.map(({ shelf }) => shelf);
  const { acquires, hits, holds, misses } = total;
  const [p50, p99] = [holds.quantile(0.5), holds.quantile(0.99)];
  return {
    name,
    acquires,
    hits,
    misses,
    heat: now.reduce((sum, { heat }) => sum + heat, 0),
    hot: now.some(({ hot }) => hot),
    shelf: (["own", "main", "none"] as const).find((each) => shelves.includes(each)) ?? "main",
    ...(p50 !== undefined && p99 !== undefined && { holdMs: { p50, p99 } }),
    holds: holds.histogram(),
  };
}

/** The heaps of several isolates together; absent where none is told. */
function heapOf(
  reports: readonly PoolReport[],
  allocatedBytes: number | undefined,
): HeapReading | undefined {
  const sums: Partial<Record<typeof HEAP_GAUGES[number], number>> = {};
  for (const { heap } of reports) {
    for (const each of HEAP_GAUGES) {
      const more = heap?.[each];
      if (more !== undefined) sums[each] = (sums[each] ?? 0) + more;
    }
  }
  const { usedBytes } = sums;
  if (usedBytes === undefined) return undefined;
  return { ...sums, usedBytes, ...(allocatedBytes !== undefined && { allocatedBytes }) };
}

function generationsOf(reports: readonly PoolReport[]): GenerationStats[] {
  const fused = new Map<string, GenerationStats>();
  for (const each of reports.flatMap(({ generations }) => generations)) {
    const sum = fused.get(each.name);
    fused.set(
      each.name,
      sum === undefined ? each : {
        name: each.name,
        idle: sum.idle + each.idle,
        target: sum.target + each.target,
        maxSize: sum.maxSize + each.maxSize,
        // 0 is none, which lasts longest.
        ttlMs: sum.ttlMs === 0 || each.ttlMs === 0 ? 0 : Math.max(sum.ttlMs, each.ttlMs),
      },
    );
  }
  return [...fused.values()];
}

/** What all say, or that they say different things. */
function common(names: readonly string[]): string {
  const [first = "none", ...others] = names;
  return others.every((name) => name === first) ? first : "mixed";
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}
