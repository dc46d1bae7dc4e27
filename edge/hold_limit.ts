/**
 * How long a request may hold a lease.
 *
 * A clock read for each request would cost more than its lease, so a timer counts quarters of the
 * limit, and a lease notes in which quarter it began. It expires once five have begun since: after
 * 1 to 1.25 times the limit. Leases begin in order, so those that are over stand at the front.
 *
 * @module
 */

import type { Host, Lease } from "../mod.ts";

/** The parts that the limit is counted in. */
const PARTS = 4;

/** What is held: a lease, or what ends as one. */
export type Holdable = Pick<Lease<object>, "release" | "expire">;

/** A context that asked for a lease, and the object that it got. */
export interface Asked {
  readonly context: object;
  readonly object: object;
}

/** A lease of a request, in the list of those that have not ended. */
export class HeldLease {
  /** The lease. */
  declare readonly lease: Holdable;
  /** What it was leased under. */
  declare readonly tag: string | undefined;
  /** Who asked for it, and got what, for who asks again: a lease does not tell once time has ended it. */
  declare readonly asked: Asked | undefined;
  /** In which part of time it began. */
  declare readonly part: number;
  /** Its neighbours while it is held. */
  declare previous: HeldLease | undefined;
  declare next: HeldLease | undefined;
  declare private readonly limit: HoldLimit;

  constructor(
    lease: Holdable,
    tag: string | undefined,
    asked: Asked | undefined,
    part: number,
    limit: HoldLimit,
  ) {
    this.lease = lease;
    this.tag = tag;
    this.asked = asked;
    this.part = part;
    this.previous = undefined;
    this.next = undefined;
    this.limit = limit;
  }

  /** What was given to a context that asked for it, by whoever has this limit. */
  givenTo(context: object, limit: HoldLimit): object | undefined {
    return this.limit === limit && this.asked?.context === context ? this.asked.object : undefined;
  }

  /**
   * Ends the lease, if time has not ended it.
   *
   * @param isDoubtful Whether somebody may still be using the object, which then is not used again.
   */
  end(isDoubtful: boolean): void {
    this.limit.end(this, isDoubtful);
  }
}

/** What is done with leases at their end. */
export interface LeaseEnds {
  /** Before a lease ends though somebody may still be using its object. */
  readonly expiring: (lease: Holdable) => void;
  /** After each end but an expiry. */
  readonly ended: () => void;
  /** A lease was held for too long. */
  readonly expired: (held: HeldLease) => void;
  /** A lease could not be ended. */
  readonly failed: (error: unknown) => void;
}

/** The leases that requests hold, oldest first, and the end of those that last too long. */
export class HoldLimit {
  readonly #host: Host;
  readonly #partMs: number;
  readonly #ends: LeaseEnds;
  #first: HeldLease | undefined;
  #last: HeldLease | undefined;
  #part = 0;
  #isArmed = false;
  /** Without timers: what the clock told last, and the time that it has told to pass, in ms. */
  #read = NaN;
  #passedMs = 0;

  /**
   * Arms no timer before the first lease.
   *
   * @param host Its clock and its timers; without timers each new lease looks at the clock.
   * @param maxHoldMs The limit in milliseconds; 0: none.
   * @param ends What is done at the end of leases.
   */
  constructor(host: Host, maxHoldMs: number, ends: LeaseEnds) {
    this.#host = host;
    this.#partMs = maxHoldMs / PARTS;
    this.#ends = ends;
  }

  /** Begins to watch a lease. */
  add(lease: Holdable, tag: string | undefined, asked?: Asked): HeldLease {
    if (!this.#isArmed && this.#partMs > 0) this.#tryArm();
    const held = new HeldLease(lease, tag, asked, this.#part, this);
    const last = this.#last;
    this.#last = held;
    if (last === undefined) this.#first = held;
    else {
      last.next = held;
      held.previous = last;
    }
    return held;
  }

  /** Ends a lease, if it has not ended. */
  end(held: HeldLease, isDoubtful: boolean): void {
    if (!this.#remove(held)) return;
    try {
      if (isDoubtful) this.#giveUp(held);
      else held.lease.release();
      this.#ends.ended();
    } catch (error) {
      this.#ends.failed(error);
    }
  }

  #giveUp({ lease }: HeldLease): void {
    try {
      this.#ends.expiring(lease);
    } finally {
      lease.expire();
    }
  }

  #remove(held: HeldLease): boolean {
    const { next, previous } = held;
    if (previous === undefined && this.#first !== held) return false;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    held.previous = held.next = undefined;
    return true;
  }

  /** A host that fails is told of, and may not cost a request its lease. */
  #tryArm(): void {
    try {
      this.#arm();
    } catch (error) {
      this.#ends.failed(error);
    }
  }

  /** Has the next part begin, or finds out whether it has where there are no timers. */
  #arm(): void {
    this.#isArmed = this.#host.defer(() => {
      this.#isArmed = false;
      this.#part++;
      this.#expire();
      if (this.#first !== undefined) this.#tryArm();
    }, this.#partMs) !== undefined;
    if (this.#isArmed) return;
    // A clock that goes back takes no time away, and one that tells nothing does not move.
    const now = this.#host.now();
    if (!Number.isFinite(now)) return;
    const passedMs = now - this.#read;
    this.#read = now;
    if (!(passedMs > 0)) return;
    this.#passedMs += passedMs;
    this.#part = Math.floor(this.#passedMs / this.#partMs);
    this.#expire();
  }

  #expire(): void {
    for (;;) {
      const held = this.#first;
      if (held === undefined || this.#part - held.part <= PARTS) return;
      this.#remove(held);
      try {
        this.#giveUp(held);
        this.#ends.expired(held);
      } catch (error) {
        this.#ends.failed(error);
      }
    }
  }
}
