/**
 * Who waits for an object, and in which order.
 *
 * A waiter is settled exactly once, and synchronously: whoever takes it out of the queue settles it,
 * and only who finds it there may do so. So an abort or a timeout that comes after an object was
 * given finds nothing to settle, and the object is not lost.
 *
 * @module
 */

import type { Slot } from "./slot.ts";
import type { TagHandle } from "./tag.ts";

/** How an acquire may wait. */
export interface WaitOptions {
  /** A label to learn under. */
  readonly tag?: string;
  /** The longest wait, in milliseconds, from 0 to 2³¹ − 1. */
  readonly timeoutMs: number;
  /** Ends the wait at once when it is aborted. */
  readonly signal?: AbortSignal;
}

/** The same, read and checked. */
export interface Wait {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** An acquire that waits. */
export class Waiter<T extends object> {
  readonly tag: TagHandle<T>;
  /** The number that its lease is to be marked with. */
  readonly holder: number;
  readonly timeoutMs: number;
  /** When it has waited too long, in ms of the pool's clock. */
  readonly deadline: number;
  /** Settled when the wait is over, in whatever request that happens. */
  readonly over: Promise<void>;
  /** What is left of the wait, in ms, as its own timer counts it. */
  leftMs: number;
  /** Cancels that timer. */
  cancel: (() => void) | undefined;
  /** Its number in the order of arrival, and its neighbours there. */
  number = 0;
  before: Waiter<T> | undefined;
  after: Waiter<T> | undefined;
  /** Whether it was given an object or an error. */
  isSettled = false;
  /** What would have ended the wait while an object was being made for it. */
  ending: { readonly reason: unknown } | undefined;

  readonly #begin: (slot: Slot<T>) => void;
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;
  #slot: Slot<T> | undefined;

  /** Makes a waiter; `begin` begins the lease of the object that it is given. */
  constructor(
    tag: TagHandle<T>,
    holder: number,
    timeoutMs: number,
    now: number,
    begin: (slot: Slot<T>) => void,
  ) {
    this.tag = tag;
    this.holder = holder;
    this.timeoutMs = this.leftMs = timeoutMs;
    this.deadline = now + timeoutMs;
    this.#begin = begin;
    // Not `new Promise`: once V8 has compiled that into its caller, workerd does not learn whose promise
    // it is, and who waits goes on in the request that gives, whose I/O is not theirs.
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.over = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Ends the wait with an object. */
  give(slot: Slot<T>): void {
    this.isSettled = true;
    this.#begin(slot);
    this.#slot = slot;
    this.#resolve();
  }

  /** Ends the wait without one. */
  refuse(reason: unknown): void {
    this.isSettled = true;
    this.#reject(reason);
  }

  /** What it was given, unless a raw release that came too late has ended its lease. */
  get held(): Slot<T> | undefined {
    const slot = this.#slot;
    return slot !== undefined && Math.abs(slot.holder) === this.holder ? slot : undefined;
  }
}

/** Waiters in the order of their arrival; any of them leaves in O(1). */
export class WaiterQueue<T extends object> {
  #head: Waiter<T> | undefined;
  #tail: Waiter<T> | undefined;
  #size = 0;
  #arrived = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** The oldest. */
  get head(): Waiter<T> | undefined {
    return this.#head;
  }

  /** At most how many are before a waiter. */
  before(waiter: Waiter<T>): number {
    // One that is out of the queue to be served may be older than the head.
    return Math.max(0, waiter.number - (this.#head?.number ?? waiter.number));
  }

  /** Adds one behind all others. */
  push(waiter: Waiter<T>): void {
    waiter.number = ++this.#arrived;
    waiter.before = this.#tail;
    if (this.#tail === undefined) this.#head = waiter;
    else this.#tail.after = waiter;
    this.#tail = waiter;
    this.#size++;
  }

  /** Puts one that was the oldest back before all others. */
  unshift(waiter: Waiter<T>): void {
    waiter.after = this.#head;
    if (this.#head === undefined) this.#tail = waiter;
    else this.#head.before = waiter;
    this.#head = waiter;
    this.#size++;
  }

  /** Takes one out; says whether it was there. */
  remove(waiter: Waiter<T>): boolean {
    const { before, after } = waiter;
    if (before === undefined && this.#head !== waiter) return false;
    if (before === undefined) this.#head = after;
    else before.after = after;
    if (after === undefined) this.#tail = before;
    else after.before = before;
    waiter.before = waiter.after = undefined;
    this.#size--;
    return true;
  }

  /** All of them, the oldest first; the one that was told last may be taken out. */
  *[Symbol.iterator](): Generator<Waiter<T>> {
    let waiter = this.#head;
    while (waiter !== undefined) {
      const { after } = waiter;
      yield waiter;
      waiter = after;
    }
  }
}
