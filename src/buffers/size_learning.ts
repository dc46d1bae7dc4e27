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
/** Requests in the sample between two proposals; all counts are then halved. */
const WINDOW = 256;
/** So many of them must ask for a class. */
const ENOUGH = 32;
/** So much of what the larger class hands out must be saved. */
const LEAST_SAVED = 1 / 4;

/** The end of the band that a request falls into, in bytes: the least (8 + k) · 2^e that holds it. */
export function bandEnd(bytes: number): number {
  if (bytes <= LEAST_BYTES) return LEAST_BYTES;
  const step = 2 ** (31 - Math.clz32(bytes - 1) - BAND_BITS);
  return Math.ceil(bytes / step) * step;
}

/** A learner of size classes. */
export class SizeLearning {
  /** Requests by the end of their band. */
  readonly #counts: Map<number, number> = new Map();
  #seen = 0;

  /**
   * Takes note of a request.
   *
   * @param bytes Its size, no more than the largest class.
   * @param sizes The classes that there are, rising.
   * @returns A class that is worth having, now and then.
   */
  add(bytes: number, sizes: readonly number[]): number | undefined {
    const end = bandEnd(bytes);
    this.#counts.set(end, (this.#counts.get(end) ?? 0) + 1);
    if (++this.#seen < WINDOW) return undefined;
    this.#seen = 0;
    const best = this.#propose(sizes);
    for (const [band, count] of this.#counts) {
      if (count < 1) this.#counts.delete(band);
      else this.#counts.set(band, count / 2);
    }
    return best;
  }

  #propose(sizes: readonly number[]): number | undefined {
    let best: number | undefined;
    let most = 0;
    let before = -1;
    for (const size of sizes) {
      const bands = [...this.#counts].filter(([end]) => end > before && end <= size)
        .sort(([a], [b]) => a - b);
      before = size;
      const handedOut = size * bands.reduce((sum, [, count]) => sum + count, 0);
      let served = 0;
      for (const [end, count] of bands) {
        served += count;
        const saved = served * (size - end);
        if (served < ENOUGH || saved < LEAST_SAVED * handedOut || saved <= most) continue;
        best = end;
        most = saved;
      }
    }
    return best;
  }
}

/** How many bands there are at most, which is what a learner may grow to. */
export const MAX_BANDS: number = BANDS * 31;
