/**
 * All that a pool can tell of itself at one moment: plain data that JSON keeps as it is.
 *
 * @module
 */

import type { Explanation } from "./explanation.ts";
import type { PoolStats } from "./stats.ts";
import type { Leak } from "./watch.ts";

/** What is remembered of a tag's hold times: the shares of bands, the older ones faded. */
export interface TagSketch {
  /** The tag's name. */
  readonly name: string;
  /** The share of each band, as `edgesMs` has them; all 0 where nothing is remembered. */
  readonly shares: readonly number[];
}

/** A pool at one moment, in full. */
export interface Snapshot {
  /** The version of this form: it rises when a field changes its meaning or goes. */
  readonly schema: 1;
  /** When it was taken, in milliseconds of the host's clock. */
  readonly now: number;
  /** What it holds and counts. */
  readonly stats: PoolStats;
  /** Why it holds that. */
  readonly explanation: Explanation;
  /** The leases that have lasted for too long, oldest first; with their stacks in debug. */
  readonly leaks: readonly Leak[];
  /** What the scheduler learns hold times from. */
  readonly sketches: {
    /** The upper edges of all bands, in milliseconds; the last one holds all that is longer, too. */
    readonly edgesMs: readonly number[];
    /** Those of the tags that were ever used. */
    readonly tags: readonly TagSketch[];
  };
}
