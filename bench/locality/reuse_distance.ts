/**
 * Reuse distances: how many other objects were touched between two uses of one, which is what decides
 * whether a cache still holds it.
 *
 * @module
 */

/** The distances of a run. */
export interface ReuseDistance {
  /** Half of the uses are at most so far from the one before. */
  readonly p50: number;
  /** 99 of a hundred are. */
  readonly p99: number;
  /** Objects that were used. */
  readonly objects: number;
}

/**
 * Measures the distances of uses, given by the number of the object; first uses have none.
 *
 * The distance of a use is the number of objects whose last use so far came after that of its own. A
 * Fenwick tree over time holds a one where an object was last used, so each takes O(log uses).
 */
export function reuseDistances(uses: ArrayLike<number>): ReuseDistance {
  const lastUse = new Map<number, number>();
  const tree = new LastUses(uses.length);
  const distances: number[] = [];
  for (let now = 0; now < uses.length; now++) {
    const object = uses[now]!;
    const last = lastUse.get(object);
    if (last !== undefined) {
      distances.push(lastUse.size - tree.countUpTo(last));
      tree.add(last, -1);
    }
    tree.add(now, 1);
    lastUse.set(object, now);
  }
  if (distances.length === 0) {
    throw new RangeError(
      "Cannot measure reuse distances: an object must be used twice: received none that is",
    );
  }
  const sorted = Uint32Array.from(distances).sort();
  const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
  return { p50: quantile(0.5), p99: quantile(0.99), objects: lastUse.size };
}

/** A Fenwick tree of counts over time. */
class LastUses {
  readonly #sums: Int32Array;

  constructor(length: number) {
    this.#sums = new Int32Array(length + 1);
  }

  add(time: number, count: number): void {
    for (let i = time + 1; i < this.#sums.length; i += i & -i) this.#sums[i]! += count;
  }

  countUpTo(time: number): number {
    let count = 0;
    for (let i = time + 1; i > 0; i -= i & -i) count += this.#sums[i]!;
    return count;
  }
}
