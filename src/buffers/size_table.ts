/**
 * Which size class serves a request.
 *
 * A request of n bytes has `bits(n) = 32 − clz32(n)` binary digits. `#first[bits]` is the smallest class
 * that any request of so many digits may need; classes lie far apart, so from there on one
 * compare or two find the exact one.
 *
 * Invariant: sizes rise; `sizes[at(n)] >= n`, and the class before it, if there is one, is smaller
 * than n.
 *
 * @module
 */

/** The most classes of a table. */
export const MAX_CLASSES = 16;
/** The largest class, in bytes: requests are compared as small integers. */
export const MAX_CLASS_BYTES = 2 ** 30;

/** Rising sizes with a look-up. */
export class SizeTable {
  /** The sizes of the classes, in bytes. */
  readonly sizes: readonly number[];
  /** By the number of binary digits of a request, where the search for its class begins. */
  readonly first: Uint8Array;
  /** The largest of them, in bytes. */
  readonly largest: number;

  /** Makes the table of sizes that rise. */
  constructor(sizes: readonly number[]) {
    this.sizes = sizes;
    this.largest = sizes.at(-1)!;
    this.first = Uint8Array.from({ length: 33 }, (_, bits) => {
      const least = bits === 0 ? 0 : 2 ** (bits - 1);
      const found = sizes.findIndex((size) => size >= least);
      return found < 0 ? sizes.length : found;
    });
  }

  /** The index of the class for a request, an integer from 0 up to the largest class. */
  at(bytes: number): number {
    let i = this.first[32 - Math.clz32(bytes)]!;
    while (this.sizes[i]! < bytes) i++;
    return i;
  }
}
