/**
 * Guards of a buffer pool: one of each class that a block is released of.
 *
 * @module
 */

import { type Guard, LimboGuard } from "../guard.ts";
import type { Block, PooledBlock } from "./block.ts";
import type { SizeClass } from "./size_class.ts";

/** The buffer pool as a guard needs it. */
export interface BufferGuardCore {
  ownerOf(block: unknown): SizeClass;
}

/** A guard by the guards of classes. */
export class BufferGuard implements Guard<Block> {
  readonly #core: BufferGuardCore;
  readonly #guards: Map<SizeClass, Guard<PooledBlock>> = new Map();
  #dropped = false;

  /** Opens a guard. */
  constructor(core: BufferGuardCore) {
    this.#core = core;
  }

  get size(): number {
    return [...this.#guards.values()].reduce((sum, { size }) => sum + size, 0);
  }

  release(block: Block, tag?: string): void {
    const owner = this.#core.ownerOf(block);
    let guard = this.#guards.get(owner);
    if (guard === undefined) {
      // Not the pool's own `guard`, which is for open pools: this one has been opened long ago.
      guard = new LimboGuard(owner.pool["core"]);
      if (this.#dropped) guard.drop();
      else this.#guards.set(owner, guard);
    }
    guard.release(block as PooledBlock, tag);
  }

  drop(): void {
    this.#dropped = true;
    let first: { readonly error: unknown } | undefined;
    for (const [owner, guard] of this.#guards) {
      try {
        guard.drop();
      } catch (error) {
        // Only one can be thrown.
        if (first === undefined) first = { error };
        else owner.pool["core"].report(error);
      }
    }
    if (first !== undefined) throw first.error;
  }

  [Symbol.dispose](): void {
    this.drop();
  }
}
