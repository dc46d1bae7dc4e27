/**
 * Guards: holders of released objects that somebody may still be reading.
 *
 * @module
 */

import { PoolError } from "./error.ts";
import type { GuardRecord, GuardWatch } from "./guard_watch.ts";
import type { Slot } from "./slot.ts";
import type { TagHandle } from "./tag.ts";

/**
 * A holder of released objects: what is released through it is neither reset nor handed out before
 * the guard drops. Each guard has a limbo of its own, so one that stays open delays nobody else. One that
 * is forgotten loses its objects. One in 64 is watched, with `debug` each: then `onError` is told
 * (`"leaked"`) once the collector has found it, and its objects no longer count.
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
   * @throws {PoolError} `reset` failed on an object; the others are released all the same, and what fails
   * on them is told to `onError`.
   */
  drop(): void;
  /** Drops the guard: what `using` calls. */
  [Symbol.dispose](): void;
}

/** The pool as a guard needs it. */
export interface Limbo<T extends object> {
  readonly guards: GuardWatch<TagHandle<T>>;
  /** What each object weighs, where that is to be known once it is lost. */
  readonly weightOf: ((object: T) => number) | undefined;
  enterLimbo(object: T, tag: string | undefined): Waiting<T> | undefined;
  leaveLimbo(waiting: Waiting<T>): void;
  report(error: unknown): void;
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
  /** Tells of what waits, should the guard be forgotten. */
  #record: GuardRecord<TagHandle<T>> | undefined;
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
    if (waiting === undefined) return;
    if (this.#waiting.push(waiting) === 1) this.#record = this.#limbo.guards.begin(this);
    if (this.#record === undefined) return;
    this.#record.tags.push(waiting.tag);
    this.#record.weight += this.#limbo.weightOf?.(waiting.slot.object) ?? 0;
  }

  drop(): void {
    this.#dropped = true;
    if (this.#record !== undefined) this.#limbo.guards.end(this.#record);
    this.#record = undefined;
    const all = this.#waiting;
    this.#waiting = [];
    let first: { readonly error: unknown } | undefined;
    for (const waiting of all) {
      try {
        this.#limbo.leaveLimbo(waiting);
      } catch (error) {
        // Only one can be thrown.
        if (first === undefined) first = { error };
        else this.#limbo.report(error);
      }
    }
    if (first !== undefined) throw first.error;
  }

  [Symbol.dispose](): void {
    this.drop();
  }
}
