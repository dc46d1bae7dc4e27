/**
 * The port between a pool and whoever tells of it.
 *
 * @module
 */

import type { PoolStats } from "../mod.ts";

/** What tells the statistics of a pool: the pool, or whatever else. */
export interface StatsSource {
  /** Takes a snapshot. */
  stats(): PoolStats;
}
