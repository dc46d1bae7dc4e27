/**
 * The account of a shelf's objects: those that lie there and those that were taken from there.
 *
 * `created == leased + idle + limbo + Σ discarded`. Only the slow events are counted; the rest is
 * derived: `live = created − Σ discarded`, `in use = live − idle`, and, since the shelf knows its
 * lowest point, the peak of objects in use since the last tick is `live − lowest`. `#peak` keeps
 * what that was before `live` changed.
 *
 * Each shelf has an account of its own. Objects may move from one to another, so that
 * `live = created − Σ discarded` holds for all accounts of a pool together.
 *
 * @module
 */

import { PoolError, show } from "./error.ts";
import type { Shelf } from "./shelf.ts";
import { DISCARDED, type Slot } from "./slot.ts";
import { type DiscardReason, discardReasons } from "./stats.ts";

/** What all accounts of a pool count together. */
export interface Totals {
  /** Objects made so far. */
  created: number;
  /** Objects in use that wait for their guard to drop. */
  limbo: number;
  /** Misuses so far. */
  misuses: number;
  /** Objects that left, by reason. */
  readonly discarded: Record<DiscardReason, number>;
}

/** The totals of a pool that has made nothing yet. */
export function noTotals(): Totals {
  const discarded = Object.fromEntries(discardReasons.map((reason) => [reason, 0]));
  return { created: 0, limbo: 0, misuses: 0, discarded: discarded as Totals["discarded"] };
}

/** The account of a shelf's objects, and their way out of the pool. */
export class Account<T extends object> {
  /** Objects in existence: in use or idle. */
  live = 0;

  readonly #shelf: Shelf<T>;
  readonly #totals: Totals;
  readonly #dispose: ((object: T) => void) | undefined;
  readonly #report: (error: unknown) => void;
  readonly #freed: () => void;
  #peak = 0;
  #lastPeak = 0;

  /** Makes an empty account; `freed` hears that an object in use has gone. */
  constructor(
    shelf: Shelf<T>,
    totals: Totals,
    dispose: ((object: T) => void) | undefined,
    report: (error: unknown) => void,
    freed: () => void = () => {},
  ) {
    this.#shelf = shelf;
    this.#totals = totals;
    this.#dispose = dispose;
    this.#report = report;
    this.#freed = freed;
  }

  /** Objects leased or in limbo. */
  get inUse(): number {
    return this.live - this.#shelf.idle;
  }

  /** The most objects in use at once since the last tick. */
  get peak(): number {
    return Math.max(this.#peak, this.live - this.#shelf.lowest);
  }

  /** The peak that the last tick found. */
  get lastPeak(): number {
    return this.#lastPeak;
  }

  /** Keeps the peak before `live` or the shelf's lowest point changes. */
  foldPeak(): void {
    this.#peak = this.peak;
  }

  /** Begins a tick; the shelf has just been settled. */
  restartPeak(): void {
    this.#lastPeak = this.#peak;
    this.#peak = this.inUse;
  }

  /** An object was made. */
  add(): void {
    this.foldPeak();
    this.#totals.created++;
    this.live++;
  }

  /** Hands objects over to another account, as far as it has any. */
  move(count: number, to: Account<T>): void {
    const moved = Math.max(0, Math.min(count, this.live));
    this.foldPeak();
    to.foldPeak();
    this.live -= moved;
    to.live += moved;
  }

  /** Hands over what is in use, owed objects as well: those that came back to another account. */
  handOver(to: Account<T>): void {
    to.foldPeak();
    const { inUse } = this;
    to.live += inUse;
    this.live -= inUse;
    this.#peak = 0;
  }

  /** Discards an object in use. */
  discard(slot: Slot<T>, reason: DiscardReason): void {
    this.foldPeak();
    this.#drop(slot, reason);
    this.#freed();
  }

  /** An object in use is gone: it was collected. Whoever waits for its place is not told by this. */
  lose(): void {
    this.foldPeak();
    this.live--;
    this.#totals.discarded.leaked++;
  }

  /** Discards the oldest idle objects; says how many there were. */
  evict(count: number, reason: DiscardReason): number {
    if (count <= 0) return 0;
    this.foldPeak();
    return this.#shelf.evict(count, (slot) => this.#drop(slot, reason));
  }

  /** Discards the idle objects that `isUnwanted` names; says how many there were. */
  sift(isUnwanted: (object: T) => boolean, reason: DiscardReason): number {
    const { base, slots, top } = this.#shelf;
    const unwanted = slots.slice(base, top).filter((slot) => isUnwanted(slot!.object));
    this.foldPeak();
    const gone: Slot<T>[] = [];
    this.#shelf.evictAll(new Set(unwanted as Slot<T>[]), (slot) => void gone.push(slot));
    // All are counted before any is disposed of: a dispose may take the shelf itself away, and with it
    // whatever this account still holds.
    for (const slot of gone) this.#strike(slot, reason);
    for (const { object } of gone) this.#free(object, reason);
    return gone.length;
  }

  /** Makes and discards an object that was created to be measured only. */
  waste(object: T): void {
    this.#totals.created++;
    this.#totals.discarded.cold++;
    this.#free(object, "cold");
  }

  /** Counts before it disposes, so that whoever looks from within a dispose sees all objects. */
  #drop(slot: Slot<T>, reason: DiscardReason): void {
    this.#strike(slot, reason);
    this.#free(slot.object, reason);
  }

  /** Counts an object as discarded. */
  #strike(slot: Slot<T>, reason: DiscardReason): void {
    slot.holder = DISCARDED;
    this.live--;
    this.#totals.discarded[reason]++;
  }

  /** Disposes of an object that has been counted. */
  #free(object: T, reason: DiscardReason): void {
    const { discarded } = this.#totals;
    if (this.#isDisposed(object, reason)) return;
    discarded[reason]--;
    discarded.error++;
  }

  #isDisposed(object: T, reason: DiscardReason): boolean {
    // Neither a limbo that overflows nor a lease that lasts too long can wait, yet somebody may still
    // be using the object.
    if (this.#dispose === undefined || reason === "limbo" || reason === "expired") return true;
    try {
      const dispose = this.#dispose;
      dispose(object);
      return true;
    } catch (cause) {
      const rule = `dispose must not throw: received ${show(cause)}`;
      this.#report(new PoolError("dispose", `Cannot discard from Pool: ${rule}`, cause));
      return false;
    }
  }
}
