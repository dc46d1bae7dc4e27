/**
 * A buddy allocator: which pages of a chunk are in use, as pure arithmetic.
 *
 * A complete binary tree stands over the pages. A node of depth d stands for 2^(height − d) pages
 * that begin at a multiple of as many, and `#room[node]` is the depth of the largest free run below
 * it (height + 1: nothing is free). So a run of a depth exists exactly where the root's room is at most that
 * depth, and is found by one walk down; freeing walks up and merges wherever both buddies are whole.
 * A run is known by its node, which tells its place and its size: no list, no header, no search.
 *
 * Invariant: `room[node] == depth(node)` where all of it is free, `height + 1` where it was handed
 * out or nothing is left, else `min(room[left], room[right])`.
 *
 * Knuth, The Art of Computer Programming 1, 2.5; the tree is that of Netty's PoolChunk (4.1), after
 * jemalloc.
 *
 * @module
 */

/** Pages in runs of powers of two. */
export class BuddyTree {
  /** The number of pages is 2 to the power of this. */
  readonly height: number;
  readonly #room: Uint8Array;
  #free: number;

  /** Makes a tree over 2^height free pages. */
  constructor(height: number) {
    this.height = height;
    this.#free = 2 ** height;
    this.#room = new Uint8Array(2 ** (height + 1));
    for (let node = 1; node < this.#room.length; node++) this.#room[node] = depthOf(node);
  }

  /** Pages that are free. */
  get free(): number {
    return this.#free;
  }

  /** Whether a run of 2^order pages is free. */
  fits(order: number): boolean {
    return this.#room[1]! <= this.height - order;
  }

  /**
   * Takes a run of 2^order pages, the lowest of the smallest that will do.
   *
   * @returns Its node, or 0 where none is free.
   */
  take(order: number): number {
    const room = this.#room;
    const depth = this.height - order;
    if (room[1]! > depth) return 0;
    let node = 1;
    while (depthOf(node) < depth) {
      const left = 2 * node;
      // Into the half that has less to offer, so that large runs stay whole.
      const isLeft = room[left]! <= depth &&
        (room[left]! >= room[left + 1]! || room[left + 1]! > depth);
      node = isLeft ? left : left + 1;
    }
    room[node] = this.height + 1;
    this.#free -= 2 ** order;
    this.#update(node);
    return node;
  }

  /** Gives a run back that `take` told and that was not given back since. */
  give(node: number): void {
    this.#room[node] = depthOf(node);
    this.#free += this.pages(node);
    this.#update(node);
  }

  /** How many pages a run has. */
  pages(node: number): number {
    return 2 ** (this.height - depthOf(node));
  }

  /** The first page of a run. */
  page(node: number): number {
    return (node - 2 ** depthOf(node)) * this.pages(node);
  }

  /** Brings the nodes above one up to date. */
  #update(node: number): void {
    const room = this.#room;
    for (let parent = node >> 1; parent >= 1; parent >>= 1) {
      const left = room[2 * parent]!;
      const right = room[2 * parent + 1]!;
      const whole = depthOf(parent) + 1;
      room[parent] = left === whole && right === whole ? whole - 1 : Math.min(left, right);
    }
  }
}

/** The depth of a node; the root, 1, is at 0. */
function depthOf(node: number): number {
  return 31 - Math.clz32(node);
}
