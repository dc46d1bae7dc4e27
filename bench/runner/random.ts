/**
 * Random numbers that are the same in every run.
 *
 * @module
 */

/** A source of random numbers, seeded with a text. */
export class Random {
  // Tommy Ettinger's mulberry32: 2³² numbers are more than any trace draws.
  #state: number;

  /** Makes a source; the same seed gives the same numbers. */
  constructor(seed: string) {
    // FNV-1a: seeds that differ in one letter must not give sources that resemble each other.
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#state = hash | 0;
  }

  /** Draws from 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Draws evenly from `least` up to `most`. */
  uniform(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** Draws so that every order of magnitude from `least` up to `most` is as likely. */
  logUniform(least: number, most: number): number {
    return least * Math.pow(most / least, this.next());
  }

  /** Draws the time until the next of events that come independently, `mean` apart on average. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Draws an integer from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** Draws an order, each of which is as likely. */
  shuffle<T>(items: readonly T[]): T[] {
    const drawn = [...items];
    for (let i = drawn.length - 1; i > 0; i--) {
      const k = this.below(i + 1);
      [drawn[i], drawn[k]] = [drawn[k]!, drawn[i]!];
    }
    return drawn;
  }
}
