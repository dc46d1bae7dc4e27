/**
 * The port of a flow scheduler: a sample in, an adjustment out.
 *
 * @module
 */

import type { GcReading } from "./gc.ts";
import type { HeapReading } from "./host.ts";
import { isPressure, type Pressure } from "./pressure.ts";
import { show } from "./error.ts";

/** A generation as a scheduler sees it. */
export interface GenerationSample {
  /** Its name. */
  readonly name: string;
  /** Its ceiling, in objects. */
  readonly maxSize: number;
  /** Its TTL, in milliseconds; 0 = none. */
  readonly ttlMs: number;
  /** Idle objects of its age. */
  readonly idle: number;
  /** Its target so far, in objects. */
  readonly target: number;
}

/** A tag as a scheduler sees it. */
export interface TagSample {
  /** Its name. */
  readonly name: string;
  /** Acquires since the last tick. */
  readonly acquires: number;
  /** Those of them that had to create. */
  readonly misses: number;
  /** Its heat, in uses a cycle. */
  readonly heat: number;
  /** Whether it is hot. */
  readonly hot: boolean;
  /** The median of its hold times, in milliseconds, if one was timed. */
  readonly holdMs?: number;
  /** What a lease of it costs the pool to take back, the user's `reset` included, in microseconds. */
  readonly releaseUs?: number;
  /**
   * The sizes that it gave to objects that came new or smaller, in KB, by the bands of a sketch, and
   * how many are known.
   */
  readonly sizesKb?: { readonly shares: ArrayLike<number>; readonly total: number };
}

/** The demand on a shelf, and what lies there. */
export interface LevelSample {
  /** Objects in use now, those in limbo included. */
  readonly leased: number;
  /** The most objects in use at once since the last tick: levels 1 to this were touched. */
  readonly peak: number;
  /** Objects in existence. */
  readonly live: number;
  /** Levels 1 to this are hot. */
  readonly hotLevels: number;
  /** Levels 1 to this have survived three cycles. */
  readonly oldLevels: number;
  /** The generations, youngest first. */
  readonly generations: readonly GenerationSample[];
}

/** A shelf that a tag has earned, as a scheduler sees it. */
export interface ShelfSample extends LevelSample {
  /** The tag's name. */
  readonly tag: string;
}

/**
 * What happened in a pool and its host since the last tick. A figure that nobody knows is absent.
 * Figures of objects in use, levels and generations are those of the main shelf.
 */
export interface Sample extends LevelSample {
  /** The host's clock, in milliseconds. */
  readonly now: number;
  /** Milliseconds since the last tick; a long pause is one long tick. */
  readonly elapsedMs: number;
  /** Cycles that have ended. */
  readonly cycle: number;
  /** Whether a cycle ended with this tick. */
  readonly cycleEnded: boolean;
  /** Acquires since the last tick. */
  readonly acquires: number;
  /** Those of them that had to create. */
  readonly misses: number;
  /** The tags that were used, the untagged and the overflow profile included. */
  readonly tags: readonly TagSample[];
  /** The shelves that tags have earned. */
  readonly shelves: readonly ShelfSample[];
  /** What a creation costs, in microseconds, where the clock shows it. */
  readonly createUs?: number;
  /** What a creation of an object without fields costs, in microseconds, likewise. */
  readonly bareUs?: number;
  /** What each object weighs, in bytes, where that is known and the same for all. */
  readonly unitBytes?: number;
  /** The most creations a second, where they are limited: the pool then ignores `bypass`. */
  readonly maxCreatesPerSecond?: number;
  /** Recorded size of all idle objects, in bytes. */
  readonly bytes: number;
  /** What `bytes` may not pass. */
  readonly maxBytes: number;
  /** The heap, where the runtime shows it. */
  readonly heap?: HeapReading;
  /** What the heap may hold, in bytes: the pool's `memoryLimit`, else the runtime's, else unknown. */
  readonly memoryLimit?: number;
  /** The collections. */
  readonly gc: GcReading;
}

/** How much a shelf may hold. */
export interface ShelfAdjustment {
  /** The most idle objects of each generation, youngest first; ceilings win. */
  readonly targets?: readonly number[];
  /**
   * Levels 1 to this are pinned: only a TTL, a ceiling or critical pressure takes them.
   *
   * @default {0}
   */
  readonly floor?: number;
  /**
   * The size of the largest object that it takes, in bytes; larger ones are discarded as `budget`.
   *
   * @default no limit but the byte budget
   */
  readonly objectBytes?: number;
}

/**
 * What a scheduler decides; `targets` and `floor` are those of the main shelf. What it leaves out
 * stays as it was, `floor`, `pressure` and `bypass` apart.
 */
export interface Adjustment extends ShelfAdjustment {
  /** The tags that have a shelf of their own, at most 8, and its bounds. A tag that is missing loses it. */
  readonly shelves?: ReadonlyMap<string, ShelfAdjustment>;
  /** The idle age at which the youngest generation ends, in milliseconds; below the next one's TTL. */
  readonly youngMs?: number;
  /**
   * How hard memory presses: moderate trims the oldest generation, high all but the youngest,
   * critical everything, and stops retaining.
   *
   * @default {"none"}
   */
  readonly pressure?: Pressure;
  /**
   * Whether to create some objects only to measure what that costs.
   *
   * @default {false}
   */
  readonly probe?: boolean;
  /**
   * Whether pooling does not pay: nothing is retained. An array names the tags under which it does
   * not. A pool with `maxCreatesPerSecond` ignores it, since there creations are short, not cheap.
   *
   * @default {false}
   */
  readonly bypass?: boolean | readonly string[];
}

/** A decision in words, with the figures that it came from. */
export interface Decision {
  /** What was decided about: `"levels"`, `"pressure"`, `"shelf upload"`, … */
  readonly about: string;
  /** What was decided. */
  readonly decision: string;
  /** Why. */
  readonly because: string;
  /** The figures that it came from, units in their names. */
  readonly inputs: Readonly<Record<string, number>>;
}

/**
 * A policy of retention. It is arithmetic: it reads no clock, no host and no pool, so that the same
 * samples always give the same adjustments. It may remember; then each pool needs one of its own.
 *
 * @example A scheduler that keeps what the last tick needed
 * ```ts
 * import { Pool, type Scheduler } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const lastPeak: Scheduler = {
 *   name: "last peak",
 *   decide: ({ peak, generations }) => ({ targets: generations.map(() => peak) }),
 * };
 * const pool = new Pool({ create: () => ({}), reset: () => {}, scheduler: lastPeak });
 * assertEquals(pool.stats().scheduler, "last peak");
 * pool.close();
 * ```
 */
export interface Scheduler {
  /** Its name in statistics. */
  readonly name: string;
  /** Decides, once a tick. */
  decide(sample: Sample): Adjustment;
  /** Explains what was decided last. */
  explain?(): readonly Decision[];
}

/** The most shelves that tags may have. */
export const MAX_SHELVES = 8;

/** Throws unless `value` is a scheduler. */
export function needScheduler(action: string, value: unknown): void {
  const { name, decide } = (value ?? {}) as Partial<Scheduler>;
  if (typeof value !== "object" || typeof name !== "string" || typeof decide !== "function") {
    throw new TypeError(
      `${action}: scheduler must be an object with a name and decide(): received ${show(value)}`,
    );
  }
}

/** Says what makes an adjustment impossible to apply, or `undefined`. */
export function faultOf(adjustment: unknown, generations: number): string | undefined {
  if (typeof adjustment !== "object" || adjustment === null) {
    return `the adjustment must be an object: received ${show(adjustment)}`;
  }
  if (typeof (adjustment as { then?: unknown }).then === "function") {
    return "the adjustment must be an object: received a promise";
  }
  const { shelves, pressure = "none", bypass = false, youngMs } = adjustment as Adjustment;
  const fault = faultOfShelf(adjustment, generations) ??
    (shelves === undefined ? undefined : faultOfShelves(shelves, generations));
  if (fault !== undefined) return fault;
  if (youngMs !== undefined && !(isCount(youngMs) && youngMs > 0)) {
    return `youngMs must be a number above 0: received ${show(youngMs)}`;
  }
  if (typeof bypass !== "boolean" && !Array.isArray(bypass)) {
    return `bypass must be a boolean or an array: received ${show(bypass)}`;
  }
  return isPressure(pressure) ? undefined : `pressure must be one: received ${show(pressure)}`;
}

function faultOfShelves(shelves: unknown, generations: number): string | undefined {
  if (!(shelves instanceof Map)) return `shelves must be a Map: received ${show(shelves)}`;
  if (shelves.size > MAX_SHELVES) {
    return `shelves must be at most ${MAX_SHELVES}: received ${shelves.size}`;
  }
  for (const [tag, shelf] of shelves) {
    const fault = typeof shelf === "object" && shelf !== null
      ? faultOfShelf(shelf, generations)
      : `the adjustment must be an object: received ${show(shelf)}`;
    if (fault !== undefined) return `shelf ${show(tag)}: ${fault}`;
  }
  return undefined;
}

function faultOfShelf(adjustment: ShelfAdjustment, generations: number): string | undefined {
  const { targets, floor = 0, objectBytes = 0 } = adjustment;
  if (targets !== undefined) {
    if (!Array.isArray(targets) || targets.length !== generations) {
      return `targets must be an array of ${generations}: received ${show(targets)}`;
    }
    for (let i = 0; i < generations; i++) {
      if (isCount(targets[i])) continue;
      return `a target must be a number of at least 0: received ${show(targets[i])}`;
    }
  }
  if (!isCount(objectBytes)) {
    return `objectBytes must be a number of at least 0: received ${show(objectBytes)}`;
  }
  return isCount(floor)
    ? undefined
    : `floor must be a number of at least 0: received ${show(floor)}`;
}

function isCount(count: unknown): boolean {
  return typeof count === "number" && count >= 0;
}
