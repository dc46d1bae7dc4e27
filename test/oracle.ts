/**
 * The invariants of a pool, asserted by one oracle that every suite uses.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Pool, PoolStats } from "../mod.ts";

/** Asserts what a snapshot alone can tell: invariants 1, 3 and 4 of the design. */
export function checkStats(stats: PoolStats, afterTick = false): void {
  const idle = stats.generations.reduce((sum, generation) => sum + generation.idle, 0);
  const ceiling = stats.generations.reduce((sum, generation) => sum + generation.maxSize, 0);
  const discarded = Object.values(stats.discarded).reduce((sum, count) => sum + count, 0);
  const shown = JSON.stringify(stats);
  assertEquals(stats.created, stats.leased + idle + stats.limbo + discarded, shown);
  assertEquals(stats.idle, idle, shown);
  assertEquals(stats.live, stats.leased + stats.idle + stats.limbo, shown);
  assertEquals(stats.hits + stats.misses, stats.acquires, shown);
  assert(stats.idle <= ceiling, `idle over the ceilings: ${shown}`);
  assert(stats.bytes <= stats.maxBytes, `over the byte budget: ${shown}`);
  assert(stats.waiting === 0 || stats.idle === 0, `waiting beside idle objects: ${shown}`);
  assert(stats.peak >= stats.leased + stats.limbo, `peak below what is in use: ${shown}`);
  const { created, leased, limbo, bytes, misses, waiting, refused } = stats;
  const figures = [created, leased, stats.idle, limbo, bytes, misses, waiting, refused];
  assert(figures.every((figure) => Number.isSafeInteger(figure) && figure >= 0), shown);
  if (!afterTick) return;
  for (const { idle, target, maxSize } of stats.generations) {
    assert(idle <= Math.min(target, maxSize), `over target or ceiling: ${shown}`);
  }
}

/** What an oracle sees of each pooled object: whether reset has run, and who disposed of it. */
export interface Watched {
  /** Written by every holder; cleared by reset. */
  dirty: boolean;
  /** How often it was disposed of. */
  disposed: number;
}

/** An observer with its own account of who holds what. */
export class Oracle<T extends Watched> {
  readonly leased = new Set<T>();
  readonly limbo = new Set<T>();
  readonly #pool: Pool<T>;
  readonly #maxLeases: number;
  #closed = false;

  constructor(pool: Pool<T>, maxLeases = Infinity) {
    this.#pool = pool;
    this.#maxLeases = maxLeases;
  }

  /** An object was handed out: invariants 2, 5, 6 and 7. */
  acquired(object: T): void {
    assert(!this.#closed, "handed out after close");
    assert(!this.leased.has(object), "handed to two holders");
    assert(!this.limbo.has(object), "handed out from limbo");
    assertEquals(object.disposed, 0, "handed out after disposal");
    assert(!object.dirty, "handed out without reset");
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
    assertEquals(this.#pool.stats().idle, 0);
  }

  /** Asserts everything that can be asserted now. */
  check(afterTick = false): void {
    const stats = this.#pool.stats();
    checkStats(stats, afterTick);
    assert(stats.live <= this.#maxLeases, `over maxLeases: ${JSON.stringify(stats)}`);
    assertEquals(stats.leased, this.leased.size, "leased");
    assertEquals(stats.limbo, this.limbo.size, "limbo");
  }
}
