/**
 * What an operation costs, learnt from few and noisy readings of a clock.
 *
 * @module
 */

/** Readings before a mean is believed. */
const ENOUGH = 8;
/** The weight of a reading. */
const WEIGHT = 1 / 8;
/** Where more readings than this share show nothing, the clock is too coarse for what is read. */
const MOST_NOTHING = 1 / 4;
/**
 * A reading counts at most this many times the mean: a collection in its midst is not its cost. If it
 * came among the first, it shows by one that is as much shorter, and is forgotten.
 */
const MOST = 8;

/** A running mean of readings in microseconds that no single one of them can carry away. */
export class Cost {
  readonly #fall: number;
  #mean = 0;
  #count = 0;
  /** The share of readings that showed nothing. */
  #nothing = 0;

  /**
   * Makes one that knows nothing.
   *
   * @param fall The weight of a reading below the mean. Where what disturbs a reading can only make it
   * longer (code that is still cold), short ones deserve more.
   */
  constructor(fall: number = WEIGHT) {
    this.#fall = fall;
  }

  /** The mean, in microseconds, if enough readings have come and the clock is fine enough for them. */
  get us(): number | undefined {
    const isKnown = this.#count >= ENOUGH && this.#nothing <= MOST_NOTHING;
    return isKnown && this.#mean > 0 ? this.#mean : undefined;
  }

  /**
   * Adds a reading; what is not a finite number is ignored. It may be below 0, where the price of the
   * clock was taken off one that was shorter than usual.
   */
  add(us: number): void {
    if (!Number.isFinite(us)) return;
    this.#count++;
    if (this.#count <= ENOUGH && us > 0 && MOST * us < this.#mean) this.#mean = us;
    const bounded = this.#mean > 0 ? Math.min(us, MOST * this.#mean) : us;
    const least = 1 / this.#count;
    this.#mean += (bounded - this.#mean) *
      Math.max(bounded < this.#mean ? this.#fall : WEIGHT, least);
    this.#nothing += ((us === 0 ? 1 : 0) - this.#nothing) * Math.max(WEIGHT, least);
  }
}
