/**
 * Counts over logarithmic bands, for quantiles of figures that span many magnitudes.
 *
 * Old figures fade by forward decay (Cormode, Shkapenyuk, Srivastava & Xu 2009, "Forward decay: a
 * practical time decay model for streaming systems"): instead of old weights shrinking, new ones
 * grow, so that time passes without a look at the bands. What is told is divided by the weight of
 * a figure that comes now.
 *
 * Invariants: `sum == Σ bands`, but for rounding; `1 <= weight <= MAX_WEIGHT`; what is not empty
 * weighs at least `LEAST_TOTAL`.
 *
 * @module
 */

/** The bands of a sketch. */
export const BANDS = 64;
/** Two bands an octave; band 0 holds everything up to 1/1024. */
const OFFSET = 20;
/** From the middle of a band, by ratio, to its upper edge. */
const HALF_BAND = 2 ** (1 / 4);
/** Above this the bands are scaled down, long before a double overflows. */
const MAX_WEIGHT = 2 ** 40;
/** A sketch that weighs less than this share of one figure has forgotten it. */
const LEAST_TOTAL = 1 / 64;
/** The share of all weight that a quantile overlooks: rounding, and outliers long faded. */
const OVERLOOKED = 2 ** -20;

/** The upper edge of a band, counted from 0; the last one holds all that is larger, too. */
export function bandEdge(band: number): number {
  return 2 ** ((band - OFFSET) / 2);
}

/**
 * A histogram of two bands an octave, from 1/1024 to 3 million: a quantile is off by at most a factor of √2.
 */
export class Sketch {
  readonly #bands: Float64Array = new Float64Array(BANDS);
  /** What a figure weighs that comes now. */
  #weight = 1;
  #sum = 0;
  #added = 0;

  /** How often a figure was added: while this stays, quantiles stay as well. */
  get added(): number {
    return this.#added;
  }

  /** How many figures it holds, the faded ones in part. */
  get total(): number {
    return this.#sum / this.#weight;
  }

  /** The mean of all figures, each taken for the middle of its band: off by at most a factor of ⁴√2. */
  get mean(): number | undefined {
    if (this.#sum === 0) return undefined;
    const sum = this.#bands.reduce((sum, held, band) => sum + held * bandEdge(band), 0);
    return sum / HALF_BAND / this.#sum;
  }

  /**
   * The log-normal distribution that is nearest: its median, and the standard deviation of the
   * figures' natural logarithms.
   */
  get logNormal(): { readonly median: number; readonly sigma: number } | undefined {
    if (this.#sum === 0) return undefined;
    let [mean, square] = [0, 0];
    for (let band = 0; band < BANDS; band++) {
      const log = Math.log(bandEdge(band) / HALF_BAND);
      mean += this.#bands[band]! / this.#sum * log;
      square += this.#bands[band]! / this.#sum * log * log;
    }
    return { median: Math.exp(mean), sigma: Math.sqrt(Math.max(0, square - mean * mean)) };
  }

  /** What each band weighs, on a scale that changes as figures fade: a view, not a copy. */
  get weights(): ArrayLike<number> {
    return this.#bands;
  }

  /** Adds a figure, `weight` times; what is not a number of at least 0 is ignored. */
  add(figure: number, weight = 1): void {
    if (!(figure >= 0 && weight > 0 && weight <= Number.MAX_SAFE_INTEGER)) return;
    const band = figure === 0 ? 0 : Math.ceil(Math.log2(figure) * 2) + OFFSET;
    const added = weight * this.#weight;
    this.#added++;
    this.#bands[Math.max(0, Math.min(BANDS - 1, band))]! += added;
    this.#sum += added;
  }

  /** The upper edge of the band in which the share `q` (0 to 1) of all figures is reached. */
  quantile(q: number): number | undefined {
    if (this.#sum === 0) return undefined;
    let left = (q - OVERLOOKED) * this.#sum;
    let band = 0;
    for (; band < BANDS - 1; band++) {
      const held = this.#bands[band]!;
      left -= held;
      if (held > 0 && left <= 0) break;
    }
    return bandEdge(band);
  }

  /** The share of each band in the total, in a new array; all 0 where nothing is held. */
  shares(): Float64Array {
    return this.#sum === 0 ? new Float64Array(BANDS) : this.#bands.map((held) => held / this.#sum);
  }

  /**
   * Fades all figures so far to `share` (0 to 1) of their weight, in O(1), but for one rescaling
   * in 40 halvings; 0 clears.
   */
  decay(share: number): void {
    if (this.#sum === 0 || !(share < 1)) return;
    this.#weight /= share;
    if (this.total < LEAST_TOTAL) this.#rescale(0);
    else if (this.#weight > MAX_WEIGHT) this.#rescale(1 / this.#weight);
  }

  #rescale(scale: number): void {
    this.#sum = 0;
    for (let band = 0; band < BANDS; band++) this.#sum += this.#bands[band]! *= scale;
    this.#weight = 1;
  }
}
