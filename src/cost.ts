/**
 * What an operation costs, learnt from few and noisy readings of a clock.
 *
 * @module
 */

/** Readings before a mean is believed. */
const ENOUGH = 8;
/** The weight of a reading, once enough have come. */
const WEIGHT = 1 / 8;
/** A reading counts at most this many times the mean: a collection in its midst is not its cost. */
const MOST = 8;

/** A running mean of readings in microseconds that no single one of them can carry away. */
export class Cost {
  #mean = 0;
  #count = 0;

  /** The mean, in microseconds, if enough readings have come and the clock showed anything. */
  get us(): number | undefined {
    return this.#count >= ENOUGH && this.#mean > 0 ? this.#mean : undefined;
  }

  /** Adds a reading; what is not a number of at least 0 is ignored. */
  add(us: number): void {
    if (!(us >= 0 && us < Infinity)) return;
    this.#count++;
    const weight = Math.max(WEIGHT, 1 / this.#count);
    const bounded = this.#count > ENOUGH && this.#mean > 0 ? Math.min(us, MOST * this.#mean) : us;
    this.#mean += (bounded - this.#mean) * weight;
  }
}
