/**
 * Guards: holders of released objects that somebody may still be reading.
 *
 * @module
 */

import { PoolError } from "./error.ts";
import type { Slot } from "./slot.ts";
import type { TagHandle } from "./tag.ts";

/**
 * A holder of released objects: what is released through it is neither reset nor handed out before
 * the guard drops. Each guard has a limbo of its own, so one that stays open delays nobody else.
 *
 * @typeParam T The class of the pooled objects.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({ n: 0 }), reset: (o) => void (o.n = 0) });
 * const guard = pool.guard();
 * const object = pool.acquire();
 * object.n = 7;
 * guard.release(object);
 * assertEquals(object.n, 7); // still readable
 * guard.drop();
 * assertEquals(object.n, 0); // reset, idle
 * pool.close();
 * ```
 */
export interface Guard<T extends object> extends Disposable {
  /** Objects waiting in this guard's limbo. */
  readonly size: number;
  /**
   * Ends a raw lease; the object waits until the guard drops. If the pool's limbo is full
   * (`maxLimbo`) the object is discarded as `limbo`, without `dispose`, because somebody may still
   * be reading it.
   *
   * @param object An object that was acquired from the pool.
   * @param tag The tag to release it under, if not the one it was acquired under.
   * @throws {PoolError} The guard has dropped, or the object is not on raw lease from the pool.
   */
  release(object: T, tag?: string): void;
  /**
   * Releases everything that waited. Dropping twice does nothing.
   *
   * @throws {PoolError} `reset` failed on an object; the others are released all the same.
   */
  drop(): void;
  /** Drops the guard: what `using` calls. */
  [Symbol.dispose](): void;
}

/** The pool as a guard needs it. */
export interface Limbo<T extends object> {
  enterLimbo(object: T, tag: string | undefined): Waiting<T> | undefined;
  leaveLimbo(waiting: Waiting<T>): void;
}

/** An object in limbo and the tag it is to be released under. */
export interface Waiting<T extends object> {
  readonly tag: TagHandle<T>;
  readonly slot: Slot<T>;
}

/** A guard by its list of waiting objects. */
export class LimboGuard<T extends object> implements Guard<T> {
  readonly #limbo: Limbo<T>;
  #waiting: Waiting<T>[] = [];
  #dropped = false;

  constructor(limbo: Limbo<T>) {
    this.#limbo = limbo;
  }

  get size(): number {
    return this.#waiting.length;
  }

  release(object: T, tag?: string): void {
    if (this.#dropped) {
      throw new PoolError(
        "stale",
        "Cannot release through Guard: the guard must not have dropped: received a dropped one",
      );
    }
    const waiting = this.#limbo.enterLimbo(object, tag);
    if (waiting !== undefined) this.#waiting.push(waiting);
  }

  drop(): void {
    this.#dropped = true;
    const all = this.#waiting;
    this.#waiting = [];
    const errors: unknown[] = [];
    for (const waiting of all) {
      try {
        this.#limbo.leaveLimbo(waiting);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.dispose](): void {
    this.drop();
  }
}
