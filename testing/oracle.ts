/**
 * The invariants of a pool, asserted by one oracle that every suite uses.
 *
 * @module
 */

import type { Pool, PoolStats } from "../mod.ts";
import { assert, assertEquals } from "./_assert.ts";

/**
 * Asserts what a snapshot alone can tell: that its counts add up, and that nothing is over its bounds.
 *
 * @param stats What `pool.stats()` returned.
 * @param afterTick Whether a tick was the last thing that happened, so that no generation may hold more
 * than its target.
 * @throws {Error} Something does not hold.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { checkStats } from "@siliconflow/pool/testing";
 *
 * const pool = new Pool({ create: () => ({ n: 0 }), reset: (o) => void (o.n = 0) });
 * pool.release(pool.acquire());
 * checkStats(pool.stats());
 * pool.tick();
 * checkStats(pool.stats(), true);
 * pool.close();
 * ```
 */
export function checkStats(stats: PoolStats, afterTick = false): void {
  const idle = stats.generations.reduce((sum, generation) => sum + generation.idle, 0);
  const ceiling = stats.generations.reduce((sum, generation) => sum + generation.maxSize, 0);
  const discarded = Object.values(stats.discarded).reduce((sum, count) => sum + count, 0);
  const shown = `received ${JSON.stringify(stats)}`;
  assertEquals(stats.created, stats.leased + idle + stats.limbo + discarded, "created");
  assertEquals(stats.idle, idle, "the sum of idle objects");
  assertEquals(stats.live, stats.leased + stats.idle + stats.limbo, "live");
  assertEquals(stats.hits + stats.misses, stats.acquires, "hits and misses together");
  assert(stats.idle <= ceiling, `idle must be within the ceilings: ${shown}`);
  assert(stats.bytes <= stats.maxBytes, `bytes must be within the budget: ${shown}`);
  assert(stats.waiting === 0 || stats.idle === 0, `nobody must wait beside idle objects: ${shown}`);
  assert(
    stats.peak >= stats.leased + stats.limbo,
    `peak must be at least what is in use: ${shown}`,
  );
  const { created, leased, limbo, bytes, misses, waiting, refused } = stats;
  const figures = [created, leased, stats.idle, limbo, bytes, misses, waiting, refused];
  assert(
    figures.every((figure) => Number.isSafeInteger(figure) && figure >= 0),
    `counts must be integers of at least 0: ${shown}`,
  );
  if (!afterTick) return;
  for (const { idle, target, maxSize } of stats.generations) {
    assert(
      idle <= Math.min(target, maxSize),
      `a generation must be within its target and its ceiling: ${shown}`,
    );
  }
}

/** What an oracle sees of each pooled object: whether reset has run, and who disposed of it. */
export interface Watched {
  /** Written by every holder; cleared by reset. */
  dirty: boolean;
  /** How often it was disposed of. */
  disposed: number;
}

/**
 * An observer with its own account of who holds what. A test tells it what it acquires and releases,
 * and it throws where the pool hands out what it must not, or counts something else.
 *
 * @typeParam T The class of the pooled objects, which note whether they were reset and disposed of.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { Oracle } from "@siliconflow/pool/testing";
 *
 * const pool = new Pool({
 *   create: () => ({ dirty: false, disposed: 0 }),
 *   reset: (o) => void (o.dirty = false),
 *   dispose: (o) => void o.disposed++,
 * });
 * const oracle = new Oracle(pool);
 * const object = pool.acquire();
 * oracle.acquired(object);
 * oracle.check();
 * oracle.released(object);
 * pool.release(object);
 * oracle.check();
 * pool.close();
 * oracle.closed();
 * ```
 */
export class Oracle<T extends Watched> {
  /** What is on lease. */
  readonly leased: Set<T> = new Set();
  /** What waits for a guard. */
  readonly limbo: Set<T> = new Set();
  readonly #pool: Pool<T>;
  readonly #maxLeases: number;
  #closed = false;

  /**
   * Observes a pool, none of whose objects is on lease yet.
   *
   * @param pool The pool.
   * @param maxLeases That of its options.
   */
  constructor(pool: Pool<T>, maxLeases: number = Infinity) {
    this.#pool = pool;
    this.#maxLeases = maxLeases;
  }

  /** An object was handed out: to nobody else, reset, not disposed of, by an open pool. */
  acquired(object: T): void {
    assert(!this.#closed, "the pool must be open: received an object after close");
    assert(
      !this.leased.has(object),
      "an object must have one holder: received it for a second one",
    );
    assert(
      !this.limbo.has(object),
      "an object must stay in limbo until its guard drops: received it",
    );
    assertEquals(object.disposed, 0, "disposals before an object is handed out");
    assert(!object.dirty, "an object must be reset before it is handed out: received a dirty one");
    object.dirty = true;
    this.leased.add(object);
  }

  /** An object was released. */
  released(object: T): void {
    this.leased.delete(object);
  }

  /** An object went into limbo. */
  waited(object: T): void {
    this.leased.delete(object);
    this.limbo.add(object);
  }

  /** The pool was closed. */
  closed(): void {
    this.#closed = true;
    assertEquals(this.#pool.stats().idle, 0, "idle after close");
  }

  /** Asserts everything that can be asserted now. */
  check(afterTick = false): void {
    const stats = this.#pool.stats();
    checkStats(stats, afterTick);
    assert(
      stats.live <= this.#maxLeases,
      `objects must be within maxLeases: received ${stats.live} of ${this.#maxLeases}`,
    );
    assertEquals(stats.leased, this.leased.size, "leased");
    assertEquals(stats.limbo, this.limbo.size, "limbo");
  }
}
