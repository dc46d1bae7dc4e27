/**
 * Which leases are timed.
 *
 * @module
 */

/** Timed leases a tick after which fewer are timed. */
const ENOUGH = 256;
const MEAN = 64;
/** A tag is new, and learnt with fewer gaps, until it has served so many leases. */
const NEW = 128;
const NEW_MEAN = 2;
const MAX_STRETCH = 8;

let seed = 0;

/**
 * A source of random gaps between timed leases, 64 on average. Fixed gaps would alias with periodic
 * requests. Once a tick has timed 256, each further gap is twice as long on average, and so on:
 * two clock reads at 50 to 100 ns each must not become the price of a lease under load. Of a new tag every other lease is timed.
 */
export class Sampling {
  // Marsaglia's xorshift32: workers forbid random values at module scope, and this needs no better.
  #state: number;
  #timed = 0;
  #stretch = 0;
  readonly #isAll: boolean;

  /**
   * Makes a source that no other one of this process draws in step with.
   *
   * @param isAll Whether every lease is timed, at whatever cost.
   */
  constructor(isAll = false) {
    this.#isAll = isAll;
    seed = (seed + 0x9e3779b9) | 0;
    this.#state = seed | 1;
  }

  /**
   * Draws how many leases there are until the next timed one, that one included.
   *
   * @param served How many leases the tag has served.
   */
  nextGap(served = Infinity): number {
    if (this.#isAll) return 1;
    if (++this.#timed >= ENOUGH && this.#stretch < MAX_STRETCH) {
      this.#timed = 0;
      this.#stretch++;
    }
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    const mean = served < NEW ? NEW_MEAN : MEAN << this.#stretch;
    // Uniform in 1 … 2·mean − 1.
    return 1 + (x >>> 0) % (2 * mean - 1);
  }

  /** Begins a tick. */
  tick(): void {
    if (this.#timed < ENOUGH && this.#stretch > 0) this.#stretch--;
    this.#timed = 0;
  }
}
