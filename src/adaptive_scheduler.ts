/**
 * A first small scheduler that learns from demand.
 *
 * Under LIFO reuse level k is idle exactly while demand stays below k. To keep a level for λ after
 * its last use costs at most twice the optimum (ski rental; Lu, Chen & Andrew 2013, for
 * last-empty-server-first), so the levels to keep are those that the last λ has touched, and what
 * heat and age say on top of that.
 *
 * @module
 */

import { needNumber, needOptions } from "./error.ts";
import { pressureOf } from "./pressure.ts";
import type { Adjustment, Sample, Scheduler } from "./scheduler.ts";

/** What the adaptive scheduler may be told. */
export interface AdaptiveSchedulerOptions {
  /**
   * λ: how long one object may idle for the price of one creation, in milliseconds.
   *
   * @default {5000}
   */
  readonly idleBudgetMs?: number;
  /**
   * How long levels that have survived three cycles are kept after their last use, as a multiple
   * of λ, at least 1.
   *
   * @default {1.6}
   */
  readonly oldFactor?: number;
}

/** Peaks remembered at most, however short the ticks are. */
const MAX_PEAKS = 256;

/**
 * A scheduler that keeps the levels which demand has lately reached.
 *
 * - hot and old levels are pinned: only critical pressure takes them;
 * - hot young levels are kept;
 * - cold old levels are kept for `oldFactor` · λ after their last use;
 * - cold young levels for λ.
 *
 * @param options λ and how much longer old levels are kept.
 * @returns A scheduler for one pool; it remembers that pool's demand.
 * @throws {RangeError} An option that is not a finite number in its range.
 * @throws {TypeError} Options that are no object.
 *
 * @example Usage
 * ```ts
 * import { adaptiveScheduler, Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const scheduler = adaptiveScheduler({ idleBudgetMs: 1000 });
 * const pool = new Pool({ create: () => ({}), reset: () => {}, scheduler });
 * assertEquals(pool.stats().scheduler, "adaptive");
 * pool.close();
 * ```
 */
export function adaptiveScheduler(options: AdaptiveSchedulerOptions = {}): Scheduler {
  const action = "Cannot make adaptiveScheduler";
  needOptions(action, "options", options);
  const { idleBudgetMs = 5000, oldFactor = 1.6 } = options;
  needNumber(action, "idleBudgetMs", idleBudgetMs, 0, false);
  needNumber(action, "oldFactor", oldFactor, 1, false);

  let peaks: { readonly time: number; readonly peak: number }[] = [];

  const reached = (now: number, withinMs: number): number =>
    peaks.reduce((most, { time, peak }) => now - time <= withinMs ? Math.max(most, peak) : most, 0);

  return {
    name: "adaptive",
    decide(sample: Sample): Adjustment {
      const { now, peak, leased, hotLevels, oldLevels } = sample;
      peaks = peaks
        .filter(({ time }) => now - time <= idleBudgetMs * oldFactor)
        .slice(1 - MAX_PEAKS);
      peaks.push({ time: now, peak });
      const young = Math.max(hotLevels, reached(now, idleBudgetMs));
      const old = Math.min(oldLevels, reached(now, idleBudgetMs * oldFactor));
      const levels = Math.max(young, old);
      // A band keeps the levels that reach down to it: what lies above it counts against them.
      let above = leased;
      const targets = sample.generations.map(({ idle }) => {
        const target = Math.max(0, levels - above);
        above += idle;
        return target;
      });
      return {
        targets,
        floor: Math.min(hotLevels, oldLevels),
        pressure: pressureOf(sample.heap?.usedBytes, sample.memoryLimit),
      };
    },
  };
}
