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
/** A reading counts at most this many times the mean: a collection in its midst is not its cost. */
const MOST = 8;

/** A running mean of readings in microseconds that no single one of them can carry away. */
export class Cost {
  readonly #fall: number;
  /** The first readings, until there are enough to tell which of them are odd. */
  #first: number[] | undefined = [];
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
    this.#nothing += ((us === 0 ? 1 : 0) - this.#nothing) * Math.max(WEIGHT, 1 / this.#count);
    if (this.#first !== undefined) {
      this.#first.push(us);
      if (this.#count === ENOUGH) {
        this.#mean = medianOf(this.#first);
        this.#first = undefined;
      }
      return;
    }
    const bounded = this.#mean > 0 ? Math.min(us, MOST * this.#mean) : us;
    this.#mean += (bounded - this.#mean) * (bounded < this.#mean ? this.#fall : WEIGHT);
  }
}

/** The mean of the two readings in the middle: no single one, however odd, is in it alone. */
function medianOf(readings: readonly number[]): number {
  const sorted = readings.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  // Halved first: the sum of two may be more than there are numbers for.
  return sorted[middle - 1]! / 2 + sorted[middle]! / 2;
}
