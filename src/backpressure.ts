/**
 * What happens where a pool may not create: who is refused, who waits, and who gets what comes free.
 *
 * Waiters are served in the order of their arrival, and nobody overtakes them:
 *
 * - Nobody waits while anything lies idle (`waiting > 0 ⇒ idle == 0`), so a newcomer never finds an
 *   object on a shelf, but comes here, and is refused or waits behind the others.
 * - While anybody waits no shelf takes anything (`Shelf.isDiverted`). So a release comes, by the
 *   compare that it makes anyway, to where objects are refused, and from there to the oldest waiter.
 * - An object that leaves the pool, or a creation that fails, makes room for another, which is made
 *   for the oldest waiter at once. One that the rate has to allow first is made by a timer.
 *
 * Each waiter arms its own timer, in its own request. Workers end a request that has nothing else to
 * wait for as hung, and a timer ends with the request that armed it. There a request may also end
 * while it waits, and then takes no more notice of what it is given. Therefore nothing is given for
 * good before the waiter itself has gone on: what it has not taken when its time is up is taken back.
 *
 * @module
 */

import type { Admission } from "./admission.ts";
import { PoolError, type PoolErrorCode } from "./error.ts";
import { type Host, MAX_DELAY_MS } from "./host.ts";
import type { Shelf } from "./shelf.ts";
import type { Slot } from "./slot.ts";
import type { Stock, Stocks } from "./stocks.ts";
import type { TagHandle } from "./tag.ts";
import { type Wait, Waiter, WaiterQueue } from "./waiter.ts";

/** A pool as its waiters need it. */
export interface Source<T extends object> {
  needOpen(action: string): void;
  /** The pool's clock, in ms; it is the user's and may do anything. */
  clock(): number;
  tickIfDue(now: number): void;
  takeSlow(tag: TagHandle<T>, holder: number, isServed: true): Slot<T>;
  /** Begins a lease of an object that is nobody's; says whether it could, or else discards it. */
  hand(slot: Slot<T>, tag: TagHandle<T>, holder: number, now: number): boolean;
  /** Ends a lease that nobody took up. */
  takeBack(slot: Slot<T>, tag: TagHandle<T>): void;
  report(error: unknown): void;
}

const ACTION = "Cannot acquire from Pool";

/** How often waiters wake at most to see what the rate allows, in ms. */
const MIN_TURN_MS = 16;

/** The errors of who is refused by a limit. */
const REFUSALS: readonly PoolErrorCode[] = ["exhausted", "throttled", "timeout"];

/** The refused and the waiting of a pool. */
export class Backpressure<T extends object> {
  /** Acquires that were refused, or waited too long. */
  refused = 0;

  readonly #source: Source<T>;
  readonly #stocks: Stocks<T>;
  readonly #host: Host;
  readonly #admission: Admission;
  readonly #maxWaiters: number;
  readonly #queue: WaiterQueue<T> = new WaiterQueue();
  /** Those that were given something and have not gone on yet. */
  readonly #given: Set<Waiter<T>> = new Set();
  #isServing = false;
  /** Who is out of the queue while an object is made for it, and may have to go back: 0 or 1. */
  #served = 0;
  #isClosed = false;
  /** Cancels the timer that serves when the rate allows it. */
  #retry: (() => void) | undefined;

  constructor(
    source: Source<T>,
    stocks: Stocks<T>,
    host: Host,
    admission: Admission,
    maxWaiters: number,
  ) {
    this.#source = source;
    this.#stocks = stocks;
    this.#host = host;
    this.#admission = admission;
    this.#maxWaiters = maxWaiters;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Whether an object may be made ahead of demand. */
  get isOpen(): boolean {
    if (!this.#admission.isLimited) return true;
    const waitMs = this.#waitMs(this.#source.clock());
    return this.#queue.size === 0 && waitMs === 0;
  }

  /**
   * Begins the making of an object, whose end `made` has to be told; or finds an idle object on any
   * shelf instead; or refuses.
   */
  admit(action: string, tag: TagHandle<T> | undefined, isServed: boolean): Shelf<T> | undefined {
    if (!this.#admission.isLimited) return undefined;
    const now = this.#source.clock();
    if (!isServed) this.catchUp();
    const waitMs = this.#waitMs(now);
    const isNext = isServed || this.#queue.size === 0;
    if (waitMs === 0 && isNext) {
      this.#admission.begin(now);
      return undefined;
    }
    const shelf = tag === undefined ? undefined : this.#stocks.borrow(tag.stock);
    if (shelf !== undefined) return shelf;
    if (!isServed) this.refused++;
    throw waitMs > 0 ? this.#admission.refusal(action, waitMs) : this.#behind(action);
  }

  /** The making of an object has ended, well or not. */
  made(): void {
    if (this.#admission.isLimited) this.#admission.end();
  }

  /** Takes an object, or waits for one; `begin` makes of its slot what the acquire is to get. */
  async take<R>(
    tag: TagHandle<T>,
    holder: number,
    { timeoutMs, signal }: Wait,
    begin: (slot: Slot<T>) => R,
  ): Promise<R> {
    const source = this.#source;
    signal?.throwIfAborted();
    source.needOpen(ACTION);
    const now = source.clock();
    source.tickIfDue(now);
    this.catchUp();
    let refusal: PoolError | undefined;
    if (this.#queue.size === 0) {
      try {
        return begin(source.takeSlow(tag, holder, true));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refusal = error;
      }
    }
    // The user's functions have run since, and may have done either.
    signal?.throwIfAborted();
    source.needOpen(ACTION);
    this.#needPlace(now);
    let result: R;
    const waiter = new Waiter<T>(tag, holder, timeoutMs, now, (slot) => result = begin(slot));
    this.#queue.push(waiter);
    this.#stocks.divert(true);
    const abort = () => {
      if (this.#leave(waiter, signal!.reason)) this.serve();
    };
    try {
      this.#guard(waiter, () => signal?.addEventListener("abort", abort));
      this.serve();
      this.#arm(waiter, refusal ?? this.#behind(ACTION));
      await waiter.over;
    } finally {
      this.#attempt(() => waiter.cancel?.());
      this.#attempt(() => signal?.removeEventListener("abort", abort));
    }
    if (!this.#given.delete(waiter)) throw this.#late(waiter);
    return result!;
  }

  /** Gives an object that was released to the oldest waiter; says whether there was one. */
  give(slot: Slot<T>, stock: Stock<T>): boolean {
    const now = this.#source.clock();
    this.#dropLate(now);
    const waiter = this.#queue.head;
    if (waiter === undefined) return false;
    this.#remove(waiter);
    const { tag, holder } = waiter;
    if (tag.stock !== stock) stock.account.move(1, tag.stock.account);
    if (this.#source.hand(slot, tag, holder, now)) this.#settle(waiter, slot);
    else {
      this.#queue.unshift(waiter);
      this.#stocks.divert(true);
      this.serve();
    }
    return true;
  }

  /** Serves the waiters as far as objects may be made for them. */
  serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      while (this.#queue.size > 0 && this.#serveNext());
    } finally {
      this.#isServing = false;
    }
  }

  /**
   * Serves by a timer, where there are timers that outlive a request. For a collector's turn, which on
   * Workers belongs to no request: who is given something there goes on without its own I/O.
   */
  serveSoon(): void {
    if (this.#queue.size > 0) this.#retryIn(0);
  }

  /** Takes back what was not taken in time, and serves. */
  catchUp(): void {
    const now = this.#given.size > 0 ? this.#source.clock() : 0;
    for (const waiter of this.#given) {
      if (now <= waiter.deadline) continue;
      this.#given.delete(waiter);
      this.refused++;
      const { held, tag } = waiter;
      if (held !== undefined) this.#attempt(() => this.#source.takeBack(held, tag));
    }
    this.serve();
  }

  /** Sends all waiters away. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
    for (const waiter of this.#queue) this.#leave(waiter, closed());
  }

  /** Serves the oldest waiter; says whether it could. */
  #serveNext(): boolean {
    const now = this.#source.clock();
    this.#dropLate(now);
    const waiter = this.#queue.head;
    if (waiter === undefined) return false;
    const waitMs = this.#waitMs(now);
    if (waitMs > 0) {
      if (waitMs < Infinity) this.#retryIn(waitMs);
      return false;
    }
    // Out of the queue before `create` runs, so that nobody else serves it.
    this.#remove(waiter);
    this.#served = 1;
    try {
      this.#settle(waiter, this.#source.takeSlow(waiter.tag, waiter.holder, true));
      return true;
    } catch (error) {
      if (!isRefusal(error)) {
        waiter.refuse(error);
        return true;
      }
    } finally {
      this.#served = 0;
    }
    // The clock, which is the user's, took what there was. Nothing else has run since.
    if (this.#isClosed) this.#sendAway(waiter, closed());
    else if (waiter.ending !== undefined) this.#sendAway(waiter, waiter.ending.reason);
    else {
      this.#queue.unshift(waiter);
      this.#stocks.divert(true);
    }
    return false;
  }

  /** Serves when the rate allows it, where there are timers that outlive a request. */
  #retryIn(waitMs: number): void {
    const run = () => {
      this.#retry = undefined;
      this.serve();
    };
    // A timer that runs out too early asks for another.
    const delayMs = Math.min(Math.ceil(waitMs), MAX_DELAY_MS);
    this.#retry ??= this.#attempt(() => this.#host.defer(run, delayMs));
    // The host itself may have closed the pool.
    if (this.#isClosed) this.#cancelRetry();
  }

  #cancelRetry(): void {
    this.#attempt(() => this.#retry?.());
    this.#retry = undefined;
  }

  /** Arms a waiter's timer in the waiter's own request. */
  #arm(waiter: Waiter<T>, refusal: PoolError): void {
    if (waiter.isSettled) return;
    const stepMs = this.#stepMs(waiter);
    this.#guard(waiter, () => {
      const run = () => this.#wake(waiter, stepMs, refusal);
      const cancel = this.#host.timeout(run, stepMs);
      waiter.cancel = cancel;
      // Without timers nobody can wait.
      if (cancel === undefined) this.#leave(waiter, refusal);
    });
  }

  /**
   * How long a waiter sleeps, in ms. Where no other timer serves when the rate allows it, each waiter
   * wakes at its turn, one every `intervalMs`, and then serves all whose turn it is. So however many
   * wait, few wake at once: n wake ln(n) times as often as one.
   */
  #stepMs(waiter: Waiter<T>): number {
    const { intervalMs } = this.#admission;
    if (intervalMs === undefined || this.#retry !== undefined) return waiter.leftMs;
    const turn = Math.max(intervalMs, MIN_TURN_MS) * (this.#queue.before(waiter) + 1);
    return Math.min(waiter.leftMs, Math.ceil(turn));
  }

  #wake(waiter: Waiter<T>, stepMs: number, refusal: PoolError): void {
    waiter.cancel = undefined;
    waiter.leftMs -= stepMs;
    this.catchUp();
    if (waiter.leftMs > 0) this.#arm(waiter, refusal);
    else if (this.#leave(waiter, this.#late(waiter))) this.serve();
  }

  /** Throws where no more may wait. */
  #needPlace(now: number): void {
    if (this.#queue.size + this.#served < this.#maxWaiters) return;
    for (const waiter of this.#queue) {
      if (now > waiter.deadline) this.#leave(waiter, this.#late(waiter));
    }
    if (this.#queue.size + this.#served < this.#maxWaiters) return;
    this.refused++;
    const rule = `the waiters must be fewer than maxWaiters: received ${this.#maxWaiters}`;
    throw new PoolError("exhausted", `${ACTION}: ${rule}`);
  }

  /** Drops the oldest waiters whose time is up: their request may have ended. */
  #dropLate(now: number): void {
    for (const waiter of this.#queue) {
      if (now <= waiter.deadline) break;
      this.#leave(waiter, this.#late(waiter));
    }
  }

  #settle(waiter: Waiter<T>, slot: Slot<T>): void {
    this.#given.add(waiter);
    waiter.give(slot);
  }

  /** Ends a wait without an object, unless it has ended; says whether it did. */
  #leave(waiter: Waiter<T>, reason: unknown): boolean {
    if (waiter.isSettled) return false;
    if (!this.#remove(waiter)) {
      waiter.ending ??= { reason };
      return false;
    }
    this.#sendAway(waiter, reason);
    return true;
  }

  #sendAway(waiter: Waiter<T>, reason: unknown): void {
    if (reason instanceof PoolError && REFUSALS.includes(reason.code)) this.refused++;
    waiter.refuse(reason);
  }

  #remove(waiter: Waiter<T>): boolean {
    if (!this.#queue.remove(waiter)) return false;
    if (this.#queue.size === 0) this.#stocks.divert(false);
    return true;
  }

  /** How long until an object may be made, in ms. */
  #waitMs(now: number): number {
    return this.#admission.waitMs(this.#stocks.live, now);
  }

  #behind(action: string): PoolError {
    const rule = `nobody must be waiting already: received ${this.#queue.size} waiters`;
    return new PoolError("exhausted", `${action}: ${rule}`);
  }

  #late({ timeoutMs }: Waiter<T>): PoolError {
    const rule = `an object must come free within timeoutMs: received none in ${timeoutMs} ms`;
    return new PoolError("timeout", `${ACTION}: ${rule}`);
  }

  /** Runs what may not fail the caller. */
  #attempt<R>(run: () => R): R | undefined {
    try {
      return run();
    } catch (error) {
      this.#source.report(error);
      return undefined;
    }
  }

  /** Runs what a wait depends on: if it fails, so does the wait. */
  #guard(waiter: Waiter<T>, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#leave(waiter, error);
    }
  }
}

/** Whether an error says that an object could not be made now. */
function isRefusal(error: unknown): error is PoolError {
  return error instanceof PoolError && (error.code === "exhausted" || error.code === "throttled");
}

function closed(): PoolError {
  const rule = "the pool must be open: received one that was closed meanwhile";
  return new PoolError("closed", `${ACTION}: ${rule}`);
}
