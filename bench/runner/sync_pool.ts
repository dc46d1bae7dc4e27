/**
 * Go's `sync.Pool` on one processor, as the rival of several benches.
 *
 * The order is that of `sync/pool.go`: Put fills the private slot, then pushes on the shared stack.
 * Get takes the private object, the newest shared one, the victim's private one, the victim's oldest
 * shared one, and at last makes one. Go clears every pool at the beginning of each collection, which
 * JavaScript cannot be told of: so whoever holds one calls `clear`.
 *
 * @module
 */

/**
 * A `sync.Pool` of one processor: it keeps what was put until the second clearing from then on, and
 * checks nothing.
 *
 * @typeParam T The class of the pooled objects.
 */
export class SyncPool<T> {
  readonly #create: () => T;
  #own: T | undefined;
  #shared: T[] = [];
  /** What was here before the last clearing, in the order in which it is taken: the last one first. */
  #victim: T[] = [];

  /** Makes one that creates where it has nothing to hand out. */
  constructor(create: () => T) {
    this.#create = create;
  }

  /** Objects that wait to be got, the victim's included. */
  get idle(): number {
    return (this.#own === undefined ? 0 : 1) + this.#shared.length + this.#victim.length;
  }

  /** Go's Get. */
  acquire(): T {
    const own = this.#own;
    if (own !== undefined) {
      this.#own = undefined;
      return own;
    }
    return this.#shared.pop() ?? this.#victim.pop() ?? this.#create();
  }

  /** Go's Put. */
  release(object: T): void {
    if (this.#own === undefined) this.#own = object;
    else this.#shared.push(object);
  }

  /** What Go does at a collection. Returns what is dropped. */
  clear(): readonly T[] {
    const dropped = this.#victim;
    this.#victim = this.#shared.toReversed();
    if (this.#own !== undefined) this.#victim.push(this.#own);
    this.#own = undefined;
    this.#shared = [];
    return dropped;
  }
}
