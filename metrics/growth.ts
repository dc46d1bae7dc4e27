/**
 * How pools changed between two looks at them.
 *
 * What was told is only forgotten once somebody says that it has arrived, so that a failed attempt to
 * tell it loses nothing: Σ growth told == counters at the last look that arrived.
 *
 * @module
 */

import type { GcReading, Histogram, PoolStats, TagStats } from "../mod.ts";
import { KINDS } from "./catalogue.ts";
import type { StatsSource } from "./stats_source.ts";
import {
  type Bands,
  COUNTERS,
  GAUGES,
  type GcReport,
  HEAP_GAUGES,
  MAX_NAME,
  MAX_POOLS,
  type PoolReport,
  type TagReport,
} from "./report.ts";

/** What changed, and how to say that it has arrived. */
export interface Change {
  readonly pools: readonly PoolReport[];
  arrived(): void;
}

/** A watch over the pools of an isolate. */
export class Growth {
  readonly #sources: Map<number, { readonly source: StatsSource; told?: PoolStats }> = new Map();
  #nextKey = 0;

  /** Watches another pool; returns its key. */
  add(source: StatsSource): number {
    if (this.#sources.size >= MAX_POOLS) {
      throw new RangeError(
        `Cannot report pools: there must be at most ${MAX_POOLS}: received one more`,
      );
    }
    this.#sources.set(this.#nextKey, { source });
    return this.#nextKey++;
  }

  /** Watches a pool no longer. */
  remove(key: number): void {
    this.#sources.delete(key);
  }

  /** Looks at all pools. */
  look(): Change {
    const seen = Array.from(this.#sources, ([key, watched]) => ({
      key,
      watched,
      stats: watched.source.stats(),
    }));
    const tellers = tellersOf(seen.map(({ stats }) => stats));
    const looks = seen.map(({ key, watched, stats }) => ({
      watched,
      stats,
      report: compare(key, stats, watched.told, tellers.has(stats)),
    }));
    return {
      pools: looks.flatMap(({ report }) => report ?? []),
      arrived() {
        for (const { stats, watched } of looks) watched.told = stats;
      },
    };
  }
}

/**
 * Who tells of the isolate, which has one heap and one collector for all pools: of each name the first
 * one that looks at them, since a pool does so only while it ticks.
 */
function tellersOf(all: readonly PoolStats[]): Set<PoolStats> {
  const tellers = new Map<string, PoolStats>();
  for (const stats of all) {
    const former = tellers.get(stats.name);
    if (former === undefined || !isLooking(former) && isLooking(stats)) {
      tellers.set(stats.name, stats);
    }
  }
  return new Set(tellers.values());
}

function isLooking({ closed, ticks }: PoolStats): boolean {
  return !closed && ticks > 0;
}

/** The change of a pool, or `undefined` if there is none. */
function compare(
  key: number,
  stats: PoolStats,
  before: PoolStats | undefined,
  tellsIsolate: boolean,
): PoolReport | undefined {
  if (isSame(stats, before)) return undefined;
  const { bypass, closed, discarded, gc, generations, heap, name, pressure, runtime, scheduler } =
    stats;
  const reasons = Object.keys(discarded) as (keyof typeof discarded)[];
  const growthOf = (reason: keyof typeof discarded) =>
    grown(discarded[reason], before?.discarded[reason]);
  const tagsBefore = new Map(before?.tags.map((tag) => [tag.name, tag]));
  return {
    key,
    name: name.slice(0, MAX_NAME),
    runtime,
    scheduler,
    counters: pick(COUNTERS, (each) => grown(stats[each], before?.[each])),
    gauges: pick(GAUGES, (each) => stats[each]),
    discarded: pick(reasons.filter((reason) => growthOf(reason) > 0), growthOf),
    pressure,
    bypass,
    closed,
    generations,
    tags: stats.tags.flatMap((tag) => compareTag(tag, tagsBefore.get(tag.name)) ?? []),
    ...(tellsIsolate && { gc: compareGc(gc, before?.gc) }),
    ...(tellsIsolate && heap !== undefined && {
      heap: pick(HEAP_GAUGES.filter((each) => heap[each] !== undefined), (each) => heap[each]!),
      ...(heap.allocatedBytes !== undefined &&
        { allocatedBytes: grown(heap.allocatedBytes, before?.heap?.allocatedBytes) }),
    }),
  };
}

function compareTag(tag: TagStats, before: TagStats | undefined): TagReport | undefined {
  if (isSame(tag, before)) return undefined;
  const { heat, hot, name, shelf } = tag;
  const counts = pick(["acquires", "hits", "misses"], (each) => grown(tag[each], before?.[each]));
  return { name, ...counts, holds: compareBands(tag.holds, before?.holds), heat, hot, shelf };
}

function compareGc(now: GcReading, before: GcReading | undefined): GcReport {
  return {
    ...pick(KINDS, (kind) => grown(now[kind], before?.[kind])),
    ...(now.pauseMs !== undefined && { pauseMs: grown(now.pauseMs, before?.pauseMs) }),
    ...(now.maxPauseMs !== undefined && { maxPauseMs: now.maxPauseMs }),
    ...(now.pauses !== undefined && { pauses: compareBands(now.pauses, before?.pauses) }),
  };
}

function compareBands(now: Histogram, before: Histogram | undefined): Bands {
  return {
    counts: now.counts.map((count, i) => grown(count, before?.counts[i])),
    sum: grown(now.sum, before?.sum),
  };
}

/** Snapshots are plain data with their fields in one order. */
function isSame(now: object, before: object | undefined): boolean {
  return before !== undefined && JSON.stringify(now) === JSON.stringify(before);
}

/** A counter that fell tells nothing. */
function grown(now: number, before = 0): number {
  return Math.max(0, now - before);
}

function pick<K extends string>(names: readonly K[], read: (name: K) => number): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<K, number>;
}
