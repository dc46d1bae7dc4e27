/**
 * What an operation costs, learnt from few and noisy readings of a clock.
 *
 * @module
 */

/** Readings before a mean is believed. */
const ENOUGH = 8;
/** The weight of a reading. */
const WEIGHT = 1 / 8;
/** A reading counts at most this many times the mean: a collection in its midst is not its cost. */
const MOST = 8;

/** A running mean of readings in microseconds that no single one of them can carry away. */
export class Cost {
  readonly #fall: number;
  #mean = 0;
  #count = 0;

  /**
   * Makes one that knows nothing.
   *
   * @param fall The weight of a reading below the mean. Where what disturbs a reading can only make it
   * longer (code that is still cold), short ones deserve more.
   */
  constructor(fall: number = WEIGHT) {
    this.#fall = fall;
  }

  /** The mean, in microseconds, if enough readings have come and the clock showed anything. */
  get us(): number | undefined {
    return this.#count >= ENOUGH && this.#mean > 0 ? this.#mean : undefined;
  }

  /**
   * Adds a reading; what is not a finite number is ignored. It may be below 0, where the price of the
   * clock was taken off one that was shorter than usual.
   */
  add(us: number): void {
    if (!Number.isFinite(us)) return;
    this.#count++;
    const bounded = this.#count > ENOUGH && this.#mean > 0 ? Math.min(us, MOST * this.#mean) : us;
    const weight = Math.max(bounded < this.#mean ? this.#fall : WEIGHT, 1 / this.#count);
    this.#mean += (bounded - this.#mean) * weight;
  }
}
