/**
 * Why a pool holds what it holds, in words and figures: plain data, safe to keep and to serialise.
 *
 * @module
 */

import type { Decision } from "./scheduler.ts";
import type { GenerationStats } from "./stats.ts";

/** What is known of a tag. */
export interface TagExplanation {
  /** Its name. */
  readonly name: string;
  /** Whose shelf it uses: the main one, its own, or none because pooling does not pay under it. */
  readonly shelf: "main" | "own" | "none";
  /** Retention entropy of its hold times: 0 = every lease alike, 1 = no pattern. */
  readonly entropy?: number;
  /** Quantiles of its hold times, in milliseconds, to a factor of √2. */
  readonly holdMs?: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** The log-normal distribution that fits them: median and σ of their natural logarithms. */
  readonly lifetime?: { readonly medianMs: number; readonly sigma: number };
  /** The objects that it needs at once on average: mean hold time × rate (Little's law). */
  readonly depth?: number;
  /** What it costs to take an object of it back, the user's `reset` included, in microseconds. */
  readonly releaseUs?: number;
  /** The median of the sizes that it gives to objects, in bytes. */
  readonly sizeBytes?: number;
}

/** Why a pool holds what it holds. */
export interface Explanation {
  /** The scheduler's name. */
  readonly scheduler: string;
  /** When it last ran, in milliseconds of the host's clock. */
  readonly now: number;
  /** How often it has run. */
  readonly ticks: number;
  /** What it decided last, and why; empty where a scheduler does not explain itself. */
  readonly decisions: readonly Decision[];
  /** The limits that it saw, in bytes, and the heap in use; absent where nobody knows. */
  readonly limits: {
    readonly maxBytes: number;
    readonly memoryLimit?: number;
    readonly usedBytes?: number;
  };
  /** The generations, youngest first. */
  readonly generations: readonly GenerationStats[];
  /** Quantiles of the idle ages, in milliseconds; absent where nothing is idle. */
  readonly ages?: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** Retention entropy of all hold times: 0 = every lease alike, 1 = no pattern. */
  readonly entropy?: number;
  /** The tags that were ever used. */
  readonly tags: readonly TagExplanation[];
  /**
   * The leases that are watched for leaks now, and how many so far were not because there were too
   * many.
   */
  readonly watched: { readonly leases: number; readonly missed: number };
  /**
   * With `debug: true`, the classes of which not everything is covered: opaque ones, `(sealed)` ones
   * whose fields cannot be swapped, and those that are `(too large)` to be looked at in full.
   */
  readonly notCovered?: readonly string[];
}
