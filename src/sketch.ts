/**
 * Counts over logarithmic bands, for quantiles of figures that span many magnitudes.
 *
 * @module
 */

const BANDS = 64;
/** Two bands an octave; band 0 holds everything up to 1/1024. */
const OFFSET = 20;

/**
 * A histogram of two bands an octave, from 1/1024 to 3 million: a quantile is off by at most a factor of √2.
 */
export class Sketch {
  readonly #counts: Float64Array = new Float64Array(BANDS);
  #total = 0;

  /** How many figures it holds. */
  get total(): number {
    return this.#total;
  }

  /** Adds a figure; what is not a number of at least 0 is ignored. */
  add(figure: number): void {
    if (!(figure >= 0)) return;
    const band = figure === 0 ? 0 : Math.ceil(Math.log2(figure) * 2) + OFFSET;
    this.#counts[Math.max(0, Math.min(BANDS - 1, band))]!++;
    this.#total++;
  }

  /** The upper edge of the band in which the share `q` (0 to 1) of all figures is reached. */
  quantile(q: number): number | undefined {
    if (this.#total === 0) return undefined;
    let left = q * this.#total;
    for (let band = 0; band < BANDS; band++) {
      left -= this.#counts[band]!;
      if (left <= 0) return 2 ** ((band - OFFSET) / 2);
    }
    return 2 ** ((BANDS - 1 - OFFSET) / 2);
  }

  /** Multiplies every count by `share` (0 to 1), so that old figures weigh less. */
  decay(share: number): void {
    this.#total = 0;
    for (let band = 0; band < BANDS; band++) {
      const count = this.#counts[band]! * share;
      this.#counts[band] = count < 0.01 ? 0 : count;
      this.#total += this.#counts[band]!;
    }
  }
}
