/**
 * Which size class is missing, learnt from a sample of the requests.
 *
 * Requests are counted in bands, eight to a doubling, as jemalloc spaces its classes. A class at the
 * end of a band would serve what now goes to the next larger one, and save the difference. It is
 * proposed where that is a good part of all that the larger one hands out: many requests of exactly
 * 8 KB waste half of 16 KB each. All tags are counted together, because all of them share the classes.
 *
 * @module
 */

/** Bands to a doubling: the last of their bits after the leading one. */
const BAND_BITS = 3;
const BANDS = 2 ** BAND_BITS;
/** Smaller classes would save nothing that a view does not cost, in bytes. */
const LEAST_BYTES = 64;
/** Requests between two proposals; all counts are then halved. */
const WINDOW = 2 ** 14;
/** So many of them must ask for a class. */
const ENOUGH = WINDOW / 8;
/** One of a sample stands for no more than so many, or a few of them alone would propose a class. */
const MOST_PER_SAMPLE = 64;
/** So much of what the larger class hands out must be saved. */
const LEAST_SAVED = 1 / 4;

/** The band that a request falls into: its binary digits and the bits after the first one. */
function bandOf(bytes: number): number {
  // One less, so that the end of a band belongs to it.
  const last = Math.max(LEAST_BYTES, bytes) - 1;
  const exponent = 31 - Math.clz32(last);
  return exponent * BANDS + (last >> (exponent - BAND_BITS)) - BANDS;
}

/** The end of a band, in bytes. */
function endOf(band: number): number {
  return (BANDS + band % BANDS + 1) * 2 ** (Math.floor(band / BANDS) - BAND_BITS);
}

/** The end of the band that a request falls into, in bytes: the least (9 + k) · 2^e that holds it. */
export function bandEnd(bytes: number): number {
  return endOf(bandOf(bytes));
}

/** A learner of size classes. */
export class SizeLearning {
  /** Requests by band. */
  readonly #counts: Float64Array = new Float64Array(32 * BANDS);
  #seen = 0;

  /**
   * Takes note of a request.
   *
   * @param bytes Its size, no more than the largest class.
   * @param requests How many requests it stands for.
   * @param sizes The classes that there are, rising.
   * @param isFit Whether there may be a class of a size.
   * @returns A class that is worth having, now and then.
   */
  add(
    bytes: number,
    requests: number,
    sizes: readonly number[],
    isFit: (bytes: number) => boolean = () => true,
  ): number | undefined {
    const weight = Math.min(requests, MOST_PER_SAMPLE);
    this.#counts[bandOf(bytes)]! += weight;
    if ((this.#seen += weight) < WINDOW) return undefined;
    this.#seen = 0;
    const best = this.#propose(sizes, isFit);
    for (let band = 0; band < this.#counts.length; band++) this.#counts[band]! /= 2;
    return best;
  }

  /** The class that saves the most bytes, of those that save enough. Allocates nothing. */
  #propose(sizes: readonly number[], isFit: (bytes: number) => boolean): number | undefined {
    const counts = this.#counts;
    let best: number | undefined;
    let most = 0;
    let first = 0;
    for (const size of sizes) {
      // A class serves the bands that end within it; those around the end of another it shares.
      let last = first;
      let asked = 0;
      while (last < counts.length && endOf(last) <= size) asked += counts[last++]!;
      let served = 0;
      for (let band = first; band < last; band++) {
        served += counts[band]!;
        const saved = served * (size - endOf(band));
        if (served < ENOUGH || saved < LEAST_SAVED * asked * size || saved <= most) continue;
        if (counts[band] === 0 || !isFit(endOf(band))) continue;
        best = endOf(band);
        most = saved;
      }
      first = last;
    }
    return best;
  }
}
