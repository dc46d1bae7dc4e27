/**
 * The threshold between T0 and T1, by the ancestor's self-tuning rule.
 *
 * @module
 */

/** The lowest threshold, which is also the first, in seconds. */
const MIN_S = 0.01;
/** The highest threshold that tuning aims at, in seconds. */
const MAX_S = 0.5;
/** How far one window moves the threshold to where it should be. */
const ALPHA = 0.3;
/** An improvement above this moves the threshold; up to it, from 0.05 on, is as good as it gets. */
const LEAST_IMPROVEMENT = 0.15;
/** A variance above this means that improvements tell nothing, so the threshold goes to its least. */
const MOST_VARIANCE = 0.8;
/** Windows whose improvements make a variance. */
const WINDOWS = 8;

/**
 * The threshold after a window, in seconds.
 *
 * - variance > 0.8: `th' = th · (1 − α) + 0.01 · α`;
 * - else improvement > 0.15: `th' = th · (1 − α) + α · clamp(variance · improvement, 0.01, 0.5)`;
 * - else, or where a figure is not finite: `th' = th`;
 *
 * with α = 0.3, and never below 0.01 s.
 */
export function tuneThreshold(thresholdS: number, improvement: number, variance: number): number {
  const kept = thresholdS * (1 - ALPHA);
  let tuned = thresholdS;
  if (Number.isFinite(improvement) && Number.isFinite(variance)) {
    if (variance > MOST_VARIANCE) tuned = kept + MIN_S * ALPHA;
    else if (improvement > LEAST_IMPROVEMENT) tuned = kept + ALPHA * clamp(variance * improvement);
  }
  return Math.max(MIN_S, tuned);
}

/** The threshold of one pool, tuned by what its misses cost. */
export class Threshold {
  #seconds = MIN_S;
  #lastCost: number | undefined;
  readonly #improvements: number[] = [];

  /** The threshold, in seconds. */
  get seconds(): number {
    return this.#seconds;
  }

  /** The relative drop in miss cost from the window before to the last; negative where it rose. */
  get improvement(): number {
    return this.#improvements.at(-1) ?? 0;
  }

  /** The population variance of the last 8 improvements. */
  get variance(): number {
    const { length } = this.#improvements;
    if (length === 0) return 0;
    let mean = 0;
    for (const improvement of this.#improvements) mean += improvement / length;
    let variance = 0;
    for (const improvement of this.#improvements) variance += (improvement - mean) ** 2 / length;
    return variance;
  }

  /**
   * Learns what the misses of a window cost, in any unit, and tells the new threshold in seconds.
   * A cost that is not a finite number of at least 0 is no window.
   */
  update(missCost: number): number {
    if (!(missCost >= 0 && missCost < Infinity)) return this.#seconds;
    const last = this.#lastCost ?? 0;
    const improvement = last === 0 ? 0 : (last - missCost) / last;
    this.#lastCost = missCost;
    this.#improvements.push(improvement);
    if (this.#improvements.length > WINDOWS) this.#improvements.shift();
    this.#seconds = tuneThreshold(this.#seconds, improvement, this.variance);
    return this.#seconds;
  }
}

function clamp(seconds: number): number {
  return Math.max(MIN_S, Math.min(MAX_S, seconds));
}
