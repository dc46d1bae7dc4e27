/**
 * A snapshot of a pool: plain data, safe to keep and to serialise.
 *
 * @module
 */

import type { GcReading } from "./gc.ts";
import type { Histogram } from "./histogram.ts";
import type { HeapReading } from "./host.ts";
import type { Pressure } from "./pressure.ts";

/**
 * Why an object left a pool.
 *
 * - `full`: released while the pool held all it may
 * - `ttl`: idle for longer than the last generation's TTL
 * - `cold`: its generation was over its target or ceiling, or it was made only to be measured
 * - `unused`: not touched for three whole cycles
 * - `pressure`: memory pressed
 * - `budget`: released while the byte budget was spent, or larger than what its shelf is for, or
 *   evicted for somebody else's need
 * - `invalid`: `reset` or `sizeOf` failed, or in debug `reset` left something
 * - `bypass`: pooling it does not pay
 * - `limbo`: released through a guard whose limbo was full
 * - `leaked`: collected without release, of the leases that are watched: 1 in 64, in debug all
 * - `expired`: leased for too long
 * - `error`: `dispose` threw
 * - `closed`: the pool was closed
 */
export type DiscardReason = (typeof discardReasons)[number];

/**
 * Every {@linkcode DiscardReason}, in the order of their documentation.
 *
 * @example Usage
 * ```ts
 * import { discardReasons, Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({}), reset: () => {} });
 * assertEquals(Object.keys(pool.stats().discarded), [...discardReasons]);
 * pool.close();
 * ```
 */
export const discardReasons = [
  "full",
  "ttl",
  "cold",
  "unused",
  "pressure",
  "budget",
  "invalid",
  "bypass",
  "limbo",
  "leaked",
  "expired",
  "error",
  "closed",
] as const;

/** A generation in a snapshot. */
export interface GenerationStats {
  /** Its name. */
  readonly name: string;
  /** Idle objects in it. */
  readonly idle: number;
  /** What it was allowed to keep at the last tick, in objects. */
  readonly target: number;
  /** Its ceiling, in objects. */
  readonly maxSize: number;
  /** Its TTL, in milliseconds; 0 = none. */
  readonly ttlMs: number;
}

/** A tag in a snapshot. */
export interface TagStats {
  /** Its name; `"(untagged)"` and `"(other)"` are the pool's own. */
  readonly name: string;
  /** Acquires so far. */
  readonly acquires: number;
  /** Those that an idle object served. */
  readonly hits: number;
  /** Those that had to create. */
  readonly misses: number;
  /** Uses a cycle, decayed. */
  readonly heat: number;
  /** Whether it is hot. */
  readonly hot: boolean;
  /** Whose shelf it uses: the main one, its own, or none because pooling does not pay under it. */
  readonly shelf: "main" | "own" | "none";
  /** Hold times in milliseconds, if one was timed (1 in 64 is), to a factor of √2. */
  readonly holdMs?: { readonly p50: number; readonly p99: number };
  /** All hold times that were timed, since the pool was made. */
  readonly holds: Histogram;
}

/** A pool at one moment. `created == leased + idle + limbo + Σ discarded` always holds. */
export interface PoolStats {
  /** The pool's name. */
  readonly name: string;
  /** The runtime's name, as the host gives it. */
  readonly runtime: string;
  /** The scheduler's name. */
  readonly scheduler: string;
  /**
   * Objects made so far. The adaptive scheduler has some made now and then only to measure what that
   * costs; they are discarded at once, as `cold`.
   */
  readonly created: number;
  /** Objects in existence: leased, idle or in limbo. */
  readonly live: number;
  /** Objects in use. */
  readonly leased: number;
  /** Objects that wait to be used. */
  readonly idle: number;
  /** Objects that wait for their guard to drop. */
  readonly limbo: number;
  /**
   * The most objects in use or in limbo at once since the last tick; what `prewarm` made counts as if
   * it had been.
   */
  readonly peak: number;
  /** Acquires so far. */
  readonly acquires: number;
  /** Those that an idle object served. */
  readonly hits: number;
  /** Those that had to create. */
  readonly misses: number;
  /** Acquires that wait for an object. */
  readonly waiting: number;
  /**
   * Acquires so far that a limit refused, at once or after they had waited for as long as they may.
   * They are no part of `acquires`.
   */
  readonly refused: number;
  /** Recorded size of the idle objects, in bytes; without `sizeOf` each counts 4 KB. */
  readonly bytes: number;
  /** What `bytes` may not pass. */
  readonly maxBytes: number;
  /** Ticks so far. */
  readonly ticks: number;
  /** Cycles so far. */
  readonly cycles: number;
  /** The collections that the runtime has told at ticks so far. */
  readonly gc: GcReading;
  /** The heap at the last tick; absent where the runtime hides it. */
  readonly heap?: HeapReading;
  /** The pressure that the last tick or trim saw. */
  readonly pressure: Pressure;
  /**
   * Whether the scheduler found pooling not worth while, under every tag that was used: such objects
   * are better allocated where they are needed, without a pool.
   */
  readonly bypass: boolean;
  /** Levels 1 to this are hot. */
  readonly hotLevels: number;
  /** Levels 1 to this are pinned. */
  readonly pinnedLevels: number;
  /** Misuses so far. */
  readonly misuses: number;
  /** Whether the pool is closed. */
  readonly closed: boolean;
  /** The generations, youngest first. */
  readonly generations: readonly GenerationStats[];
  /** The tags, in order of first use. */
  readonly tags: readonly TagStats[];
  /** Objects that left the pool, by reason. */
  readonly discarded: Readonly<Record<DiscardReason, number>>;
}
