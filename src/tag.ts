/**
 * Tags: labels whose leases a pool tells apart; and the fast path itself.
 *
 * A hit is a pop, a store that marks the holder, and a count down. Everything else sits behind
 * three compares: `n < low` (the shelf is empty, or has not been this low since the last tick), the
 * countdown (a lease to time), and `holder !== id` (any misuse). No field here is `#private`: on
 * V8 that measured three times as slow.
 *
 * How this file is cut follows from what JavaScriptCore inlines: functions of up to 170 bytes of
 * bytecode that is really run, five deep from the caller's own to the user's `reset`. One level or
 * one statement more doubled the price of a pair. So the choice between `put` and `putSized` is
 * written out wherever a lease ends, and the words for what went wrong stand in {@linkcode TagCore}.
 *
 * @module
 */

import { needFunction, show } from "./error.ts";
import { type Lease, StampedLease } from "./lease.ts";
import type { Shelf } from "./shelf.ts";
import { Cost } from "./cost.ts";
import { Tally } from "./histogram.ts";
import { Sketch } from "./sketch.ts";
import type { Stock } from "./stocks.ts";
import { IDLE as idleHolder, type Slot, type Slotted } from "./slot.ts";

// V8 folds a module's own constants into its code, imported ones it loads each time.
const IDLE: typeof idleHolder = idleHolder;

/**
 * A label of a pool's leases, with acquire and release that need no look-up.
 *
 * @typeParam T The class of the pooled objects.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({ n: 0 }), reset: (o) => void (o.n = 0) });
 * const auth = pool.tag("auth");
 * const object = auth.acquire();
 * object.n = 1;
 * auth.release(object);
 * assertEquals(auth.with((o) => o.n), 0);
 * pool.close();
 * ```
 */
export interface Tag<T extends object> {
  /** Its name. */
  readonly name: string;
  /**
   * Hands out an object, an idle one if there is one.
   *
   * @returns An object that nobody else holds.
   * @throws {PoolError} The pool is closed, a limit is reached, or `create` failed.
   */
  acquire(): T;
  /**
   * Takes an object back, resets it and keeps it if there is room.
   *
   * @param object An object of this pool that was acquired, under this tag or another.
   * @throws {PoolError} The object is not on lease from this pool (see `guard`), or `reset` or
   * `sizeOf` failed.
   */
  release(object: T): void;
  /**
   * Hands out an object in a stamped lease, which cannot be ended for somebody else's.
   *
   * @returns The lease.
   * @throws {PoolError} The pool is closed, a limit is reached, or `create` failed.
   */
  lease(): Lease<T>;
  /**
   * Runs a function with an object and takes the object back when the function has ended: when it
   * returned, threw, or the promise it returned has settled.
   *
   * @param fn What to run. It must not keep the object.
   * @returns What the function returned.
   * @throws {PoolError} As acquire and release. An error of `fn` itself comes first.
   */
  with<R>(fn: (object: T) => R): R;
}

/** The slow half of a pool, as a tag needs it. */
export interface TagCore<T extends object> {
  takeSlow(tag: TagHandle<T>, holder: number): Slot<T>;
  releaseSlow(object: T, tag?: TagHandle<T>): void;
  endSlow(tag: TagHandle<T>, slot: Slot<T>, stamp: number): void;
  endTimed(tag: TagHandle<T>, slot: Slot<T>): void;
  expire(tag: TagHandle<T>, slot: Slot<T>, stamp: number): void;
  callbackFailed(
    tag: TagHandle<T>,
    slot: Slot<T>,
    code: "reset" | "sizeOf",
    cause: unknown,
  ): never;
  oddSize(tag: TagHandle<T>, slot: Slot<T>, size: unknown): number;
  refuse(tag: TagHandle<T>, slot: Slot<T>): void;
  report(error: unknown): void;
}

/** What the last tick saw of a tag. */
export interface Seen {
  /** Its acquires and misses. */
  acquires: number;
  misses: number;
  /** Its acquires at the end of the last cycle. */
  cycle: number;
  /** Its acquires since the tick before. */
  recent: number;
  /** How many hold times it had learnt, and their median, in ms. */
  added: number;
  holdMs: number | undefined;
}

/** The longest name of a tag, in characters. */
const MAX_NAME = 256;

/** Throws unless `name` can name a tag. */
export function needTagName(action: string, name: unknown): void {
  if (typeof name !== "string" || name.length < 1 || name.length > MAX_NAME) {
    throw new TypeError(
      `${action}: tag must be a string of 1 to ${MAX_NAME} characters: received ${show(name)}`,
    );
  }
}

/**
 * A tag and what is learnt of it. The fields that a hit touches come first: JavaScriptCore keeps
 * the first six in the object itself. For `declare` see {@linkcode Slot}.
 */
export class TagHandle<T extends object> implements Tag<T> {
  /** Holds raw leases; the odd number after it holds stamped ones. */
  declare readonly id: number;
  /** That of `stock`. */
  declare shelf: Shelf<T>;
  /** Leases left until the next one that is timed. */
  declare left: number;
  declare readonly reset: (object: T) => void;
  declare readonly sizeOf: ((object: T) => number) | undefined;
  declare readonly core: TagCore<T>;
  declare readonly name: string;
  /** What `left` started from. */
  declare period: number;
  /** Acquires before the current period. */
  declare acquiresBefore: number;
  /** Acquires that had to create. */
  declare misses: number;
  /** What the last tick saw. */
  declare readonly seen: Seen;
  /** Uses a cycle, decayed. */
  declare heat: number;
  /** Hold times, in ms. */
  declare readonly holds: Sketch;
  /** All of them, none of which fades. */
  declare readonly held: Tally;
  /** What it costs to take an object back, in microseconds. */
  declare readonly releases: Cost;
  /** Sizes in KB that it gave to objects that came new or smaller. */
  declare readonly sizes: Sketch;
  /** Where its objects come from and go to. */
  declare stock: Stock<T>;

  constructor(
    name: string,
    id: number,
    core: TagCore<T>,
    stock: Stock<T>,
    reset: (object: T) => void,
    sizeOf: ((object: T) => number) | undefined,
    period: number,
  ) {
    this.id = id;
    this.shelf = stock.shelf;
    this.left = period;
    this.reset = reset;
    this.sizeOf = sizeOf;
    this.core = core;
    this.name = name;
    this.period = period;
    this.acquiresBefore = 0;
    this.misses = 0;
    this.seen = { acquires: 0, misses: 0, cycle: 0, recent: 0, added: 0, holdMs: undefined };
    this.heat = 0;
    this.holds = new Sketch();
    this.held = new Tally();
    this.releases = new Cost();
    this.sizes = new Sketch();
    this.stock = stock;
  }

  /** Binds it to another stock. */
  bind(stock: Stock<T>): void {
    this.stock = stock;
    this.shelf = stock.shelf;
  }

  /** Acquires so far. */
  get acquires(): number {
    return this.acquiresBefore + this.period - this.left;
  }

  /** Starts counting down to the next timed lease. */
  startPeriod(gap: number): void {
    this.acquiresBefore += this.period;
    this.left = this.period = gap;
  }

  acquire(): T {
    return this.take(this.id).object;
  }

  release(object: T): void {
    const slot = (object as Slotted<T> | undefined)?.["@siliconflow/pool slot"];
    if (slot === undefined || slot === null || slot.holder !== this.id || slot.object !== object) {
      return this.core.releaseSlow(object, this);
    }
    if (this.sizeOf === undefined) this.put(slot, object);
    else this.putSized(slot, object);
  }

  /** Releases an object under whichever tag it was acquired; this one is only tried first. */
  releaseAny(object: T): void {
    const slot = (object as Slotted<T> | undefined)?.["@siliconflow/pool slot"];
    if (slot === undefined || slot === null || slot.holder !== this.id || slot.object !== object) {
      return this.core.releaseSlow(object);
    }
    if (this.sizeOf === undefined) this.put(slot, object);
    else this.putSized(slot, object);
  }

  lease(): Lease<T> {
    return new StampedLease(this, this.take(this.id + 1));
  }

  with<R>(fn: (object: T) => R): R {
    const slot = this.take(this.id + 2);
    let result: R;
    try {
      result = fn(slot.object);
    } catch (error) {
      this.quit(slot);
      needFunction("Cannot run with()", "fn", fn);
      throw error;
    }
    return this.finish(result, slot);
  }

  /** Pops an object for `holder`. */
  take(holder: number): Slot<T> {
    const shelf = this.shelf;
    const n = shelf.top - 1;
    if (n < shelf.low || --this.left === 0) return this.core.takeSlow(this, holder);
    shelf.top = n;
    // Left where it was until the next tick: see Shelf.settle.
    const slot = shelf.slots[n]!;
    slot.holder = holder;
    return slot;
  }

  /** Takes back an object whose lease has ended. */
  giveBack(slot: Slot<T>): void {
    if (this.sizeOf === undefined) this.put(slot, slot.object);
    else this.putSized(slot, slot.object);
  }

  /** Resets an object and pushes it. */
  put(slot: Slot<T>, object: T): void {
    // Nobody's before reset runs: a reset that releases its own object is a double release.
    slot.holder = IDLE;
    const reset = this.reset;
    try {
      reset(object);
    } catch (cause) {
      this.core.callbackFailed(this, slot, "reset", cause);
    }
    const shelf = this.shelf;
    const n = shelf.top;
    if (n >= shelf.limit) return this.core.refuse(this, slot);
    shelf.slots[n] = slot;
    shelf.top = n + 1;
  }

  /** The same for objects whose size is known. */
  putSized(slot: Slot<T>, object: T): void {
    const size = this.measure(slot, object);
    const shelf = this.shelf;
    const n = shelf.top;
    const end = shelf.ends[n]! + size;
    if (n >= shelf.limit || end > shelf.maxEnd) return this.core.refuse(this, slot);
    shelf.ends[n + 1] = end;
    shelf.slots[n] = slot;
    shelf.top = n + 1;
  }

  /** Resets an object and tells its size. */
  measure(slot: Slot<T>, object: T): number {
    slot.holder = IDLE;
    const { reset, sizeOf } = this;
    let size: number | undefined;
    try {
      reset(object);
      size = NaN;
      size = sizeOf!(object);
    } catch (cause) {
      this.core.callbackFailed(this, slot, size === undefined ? "reset" : "sizeOf", cause);
    }
    if (typeof size === "number" && size >= 0 && size <= this.shelf.largest) return size;
    return this.core.oddSize(this, slot, size);
  }

  /** Ends a stamped lease. */
  end(slot: Slot<T>, stamp: number): void {
    if (slot.holder !== this.id + 1 || slot.stamp !== stamp) {
      return this.core.endSlow(this, slot, stamp);
    }
    if (this.sizeOf === undefined) this.put(slot, slot.object);
    else this.putSized(slot, slot.object);
  }

  /** Ends a stamped lease without taking the object back. */
  expire(slot: Slot<T>, stamp: number): void {
    this.core.expire(this, slot, stamp);
  }

  /** Ends a `with` whose function returned. */
  finish<R>(result: R, slot: Slot<T>): R {
    if (typeof result === "object" && this.isPending(result, slot)) {
      return this.settle(result as PromiseLike<unknown>, slot) as R;
    }
    if (slot.holder < 0) this.core.endTimed(this, slot);
    else if (this.sizeOf === undefined) this.put(slot, slot.object);
    else this.putSized(slot, slot.object);
    return result;
  }

  /** Ends a `with` where another error is on its way already. */
  quit(slot: Slot<T>): void {
    try {
      this.finish(undefined, slot);
    } catch (error) {
      this.core.report(error);
    }
  }

  /** Whether what the function of a `with` returned is a promise. */
  isPending(result: object | null, slot: Slot<T>): boolean {
    try {
      return typeof (result as PromiseLike<unknown> | null)?.then === "function";
    } catch (error) {
      this.quit(slot);
      throw error;
    }
  }

  /** Ends a `with` when its promise has settled. */
  async settle<R>(result: PromiseLike<R>, slot: Slot<T>): Promise<R> {
    let value: R;
    try {
      value = await result;
    } catch (error) {
      this.quit(slot);
      throw error;
    }
    this.finish(undefined, slot);
    return value;
  }
}
