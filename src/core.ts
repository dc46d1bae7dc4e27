/**
 * The slow half of a pool: everything but a hit.
 *
 * @module
 */

import { Account } from "./account.ts";
import { PoolError, type PoolErrorCode, show } from "./error.ts";
import type { GenerationOptions } from "./generation.ts";
import type { Limbo, Waiting } from "./guard.ts";
import type { HeatOptions } from "./heat.ts";
import type { Host } from "./host.ts";
import type { Pressure } from "./pressure.ts";
import { Retention } from "./retention.ts";
import { Sampling } from "./sampling.ts";
import type { Scheduler } from "./scheduler.ts";
import { Shelf } from "./shelf.ts";
import { addSlot, DISCARDED, IDLE, LIMBO, type Slot, slotOf } from "./slot.ts";
import type { PoolStats } from "./stats.ts";
import { needTagName, type TagCore, TagHandle } from "./tag.ts";
import { TagTable } from "./tag_table.ts";
import { Ticker } from "./ticker.ts";

/** What a core needs, checked and complete. */
export interface CoreOptions<T extends object> {
  readonly name: string;
  readonly create: () => T;
  readonly reset: (object: T) => void;
  readonly dispose: ((object: T) => void) | undefined;
  readonly sizeOf: ((object: T) => number) | undefined;
  readonly generations: readonly GenerationOptions[];
  /** Whether a user gave the ceilings. */
  readonly hasOwnCeilings: boolean;
  readonly scheduler: Scheduler;
  readonly host: Host;
  readonly maxBytes: number;
  readonly memoryLimit: number | undefined;
  readonly maxTags: number;
  readonly maxLimbo: number;
  readonly cycleMs: number;
  readonly tickMs: number;
  readonly heat: Required<HeatOptions>;
  readonly guard: "throw" | "report" | "off";
  readonly onError: (error: Error) => void;
}

/** The slow half of a pool. */
export class Core<T extends object> implements TagCore<T>, Limbo<T> {
  readonly options: CoreOptions<T>;
  readonly tags: TagTable<T>;

  readonly #shelf: Shelf<T>;
  readonly #account: Account<T>;
  readonly #retention: Retention<T>;
  readonly #sampling: Sampling = new Sampling();
  readonly #ticker: Ticker<T>;
  #closed = false;

  constructor(options: CoreOptions<T>) {
    const { dispose, generations, maxBytes, maxTags, reset, sizeOf, heat } = options;
    this.options = options;
    this.#shelf = new Shelf(sizeOf !== undefined);
    this.#account = new Account(this.#shelf, dispose, (error) => this.report(error));
    this.#retention = new Retention(this.#shelf, this.#account, {
      generations,
      maxBytes,
      isSized: sizeOf !== undefined,
    });
    this.tags = new TagTable(
      (name, id) =>
        new TagHandle(name, id, this, this.#shelf, reset, sizeOf, this.#sampling.nextGap()),
      maxTags,
      heat,
    );
    const parts = {
      account: this.#account,
      retention: this.#retention,
      shelf: this.#shelf,
      tags: this.tags,
    };
    this.#ticker = new Ticker(parts, options, this.#sampling, (error) => this.report(error));
  }

  // Leases

  /** Throws if the pool is closed. */
  needOpen(action: string): void {
    if (!this.#closed) return;
    this.#account.misuses++;
    const received = `a closed one (${show(this.options.name)})`;
    throw new PoolError("closed", `${action}: the pool must be open: received ${received}`);
  }

  /**
   * Hands out a slot where the fast path could not: pops where the shelf was never so low before,
   * creates where it is empty, times a lease. Without a tag it creates an object ahead of demand.
   *
   * In one piece on purpose. V8 inlines up to 460 bytes of bytecode, and while a service warms up
   * this is called often enough for that; in the midst of a hit it would double the hit's price.
   */
  takeSlow(tag: TagHandle<T> | undefined, holder: number): Slot<T> {
    const action = tag === undefined ? "Cannot prewarm Pool" : "Cannot acquire from Pool";
    const shelf = this.#shelf;
    // The fast path counts a lease down only after its first compare has passed.
    const isTimed = tag !== undefined && (shelf.top - 1 >= shelf.low || --tag.left === 0);
    let since = 0;
    if (isTimed) {
      tag.startPeriod(this.#sampling.nextGap());
      since = this.#ticker.clock();
      this.#ticker.tickIfDue(since);
    }
    try {
      this.needOpen(action);
      let slot: Slot<T>;
      if (tag !== undefined && shelf.idle > 0) {
        slot = shelf.pop();
      } else {
        let object: T;
        try {
          object = this.options.create();
        } catch (cause) {
          const rule = `create must not throw: received ${show(cause)}`;
          throw new PoolError("create", `${action}: ${rule}`, cause);
        }
        const fault = faultOfNew(object);
        if (fault !== undefined) throw new PoolError("create", `${action}: create ${fault}`);
        slot = addSlot(object, this);
        this.#account.add();
        if (this.#account.created === 1) this.#sizeCeilings(object);
        if (this.#closed) {
          // create or sizeOf itself closed the pool.
          this.#account.discard(slot, "closed");
          this.needOpen(action);
        }
        this.#ticker.defer();
        if (tag !== undefined) tag.misses++;
      }
      slot.holder = isTimed ? -holder : holder;
      slot.since = since;
      return slot;
    } catch (error) {
      if (tag !== undefined) tag.acquiresBefore--;
      throw error;
    }
  }

  /** Where nobody gave ceilings, the first object tells how many fit into the byte budget. */
  #sizeCeilings(first: T): void {
    const { sizeOf, hasOwnCeilings } = this.options;
    if (sizeOf === undefined || hasOwnCeilings) return;
    let size: number;
    try {
      size = sizeOf(first);
    } catch {
      // The first release will say so, to somebody who can do something about it.
      return;
    }
    if (isSize(size)) this.#retention.resize(size);
  }

  releaseSlow(object: T, tag?: TagHandle<T>): void {
    const slot = this.#ownSlot("Cannot release to Pool", object);
    const owner = slot && this.#endRaw("Cannot release to Pool", slot);
    if (owner !== undefined) (tag ?? owner).giveBack(slot!);
  }

  /** The slot of an object of this pool; anything else is a misuse. */
  #ownSlot(action: string, object: T): Slot<T> | undefined {
    const slot = slotOf<T>(object);
    if (slot?.owner === this) return slot;
    const received = slot === undefined ? show(object) : "an object of another pool";
    const rule = `the object must come from this pool: received ${received}`;
    this.misuse("foreign", `${action}: ${rule}`);
    return undefined;
  }

  /** The tag that holds a slot in a raw lease, which ends here; anything else is a misuse. */
  #endRaw(action: string, slot: Slot<T>): TagHandle<T> | undefined {
    const holder = Math.abs(slot.holder);
    const owner = this.tags.heldBy(holder);
    if (owner !== undefined) {
      if (slot.holder < 0) this.learnHold(owner, slot);
      return owner;
    }
    if (holder === IDLE || holder === DISCARDED) {
      const state = holder === IDLE ? "released" : "discarded";
      this.misuse("double", `${action}: the object must be leased: received one already ${state}`);
    } else {
      const by = holder === LIMBO ? "a guard" : "a lease or with()";
      const rule = `the object must be released by its holder: received one held by ${by}`;
      this.misuse("leased", `${action}: ${rule}`);
    }
    return undefined;
  }

  endSlow(tag: TagHandle<T>, slot: Slot<T>, stamp: number): void {
    const isTimed = slot.stamp === stamp && slot.holder === -(tag.id + 1);
    if (!isTimed) {
      return this.misuse(
        "stale",
        "Cannot end lease: it must not have ended: received an ended one",
      );
    }
    this.learnHold(tag, slot);
    tag.giveBack(slot);
  }

  learnHold(tag: TagHandle<T>, slot: Slot<T>): void {
    tag.holds.add(this.#ticker.clock() - slot.since);
  }

  /** Discards what could not be reset or measured, and says so. */
  callbackFailed(
    slot: Slot<T>,
    code: "reset" | "sizeOf",
    cause: unknown,
    action = "Cannot release to Pool",
  ): never {
    this.#account.discard(slot, "invalid");
    const rule = `${code} must not throw: received ${show(cause)}`;
    throw new PoolError(code, `${action}: ${rule}`, cause);
  }

  badSize(slot: Slot<T>, size: unknown, action = "Cannot release to Pool"): never {
    this.#account.discard(slot, "invalid");
    const rule = `sizeOf must return a finite number of at least 0: received ${show(size)}`;
    throw new PoolError("sizeOf", `${action}: ${rule}`);
  }

  /** Discards what the shelf has no room for. */
  refuse(slot: Slot<T>): void {
    this.#account.discard(slot, this.#retention.reasonToRefuse);
  }

  /** Moves a raw lease into limbo; `undefined` where it is no lease, or limbo is full. */
  enterLimbo(object: T, name: string | undefined): Waiting<T> | undefined {
    const action = "Cannot release through Guard";
    if (name !== undefined) needTagName(action, name);
    const slot = this.#ownSlot(action, object);
    const owner = slot && this.#endRaw(action, slot);
    if (slot === undefined || owner === undefined) return undefined;
    if (this.#account.limbo >= this.options.maxLimbo) {
      this.#account.discard(slot, "limbo");
      return undefined;
    }
    slot.holder = LIMBO;
    this.#account.limbo++;
    return { tag: name === undefined ? owner : this.tags.get(name), slot };
  }

  /** Takes an object out of limbo and releases it. */
  leaveLimbo({ tag, slot }: Waiting<T>): void {
    this.#account.limbo--;
    tag.giveBack(slot);
  }

  // Errors

  /** Counts a misuse and does with it what the pool was told to. */
  misuse(code: PoolErrorCode, message: string): void {
    this.#account.misuses++;
    const error = new PoolError(code, message);
    if (this.options.guard === "throw") throw error;
    if (this.options.guard === "report") this.report(error);
  }

  /** Tells an error that no caller can be given. */
  report(error: unknown): void {
    try {
      this.options.onError(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // What reports errors must not make any.
    }
  }

  // What the owner calls

  /** Runs the scheduler. */
  tick(): void {
    this.#ticker.tick();
  }

  /** Runs the scheduler if it is due. */
  poll(): void {
    this.#ticker.tickIfDue(this.#ticker.clock());
  }

  /** Gives memory back at once; says how many objects went. */
  trim(pressure: Pressure): number {
    return this.#closed ? 0 : this.#retention.trim(pressure, this.#ticker.now);
  }

  /** Creates up to `count` idle objects; says how many there was room for. */
  prewarm(count: number): number {
    const action = "Cannot prewarm Pool";
    this.needOpen(action);
    const shelf = this.#shelf;
    let made = 0;
    while (made < count && shelf.top < shelf.limit) {
      const slot = this.takeSlow(undefined, IDLE);
      const size = this.#sizeNew(slot, action);
      const fits = shelf.bytes + size <= shelf.maxBytes;
      if (!fits || shelf.top >= shelf.limit) {
        this.#account.discard(slot, fits ? this.#retention.reasonToRefuse : "budget");
        break;
      }
      // The shelf's lowest point stays, so that to the peak the object was in use until now: who
      // asks for it expects to need it, and a scheduler that saw no demand would take it away.
      shelf.push(slot, size);
      made++;
    }
    return made;
  }

  #sizeNew(slot: Slot<T>, action: string): number {
    const { sizeOf } = this.options;
    if (sizeOf === undefined) return 0;
    let size: number;
    try {
      size = sizeOf(slot.object);
    } catch (cause) {
      this.callbackFailed(slot, "sizeOf", cause, action);
    }
    if (!isSize(size)) this.badSize(slot, size, action);
    return size;
  }

  /** Disposes of all idle objects and hands out no more. Leased ones go when they come back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticker.close();
    this.#retention.close();
  }

  /** Takes a snapshot. */
  stats(): PoolStats {
    const { name, host, scheduler, maxBytes } = this.options;
    const { created, live, inUse, limbo, peak, misuses, discarded } = this.#account;
    const tags = this.tags.stats();
    const acquires = tags.reduce((sum, tag) => sum + tag.acquires, 0);
    const misses = tags.reduce((sum, tag) => sum + tag.misses, 0);
    return {
      name,
      runtime: host.runtime,
      scheduler: scheduler.name,
      created,
      live,
      leased: inUse - limbo,
      idle: live - inUse,
      limbo,
      peak,
      acquires,
      hits: acquires - misses,
      misses,
      bytes: this.#retention.bytes,
      maxBytes,
      ticks: this.#ticker.ticks,
      cycles: this.#ticker.cycles,
      pressure: this.#retention.pressure,
      bypass: this.#retention.bypass,
      hotLevels: this.#ticker.hotLevels,
      pinnedLevels: this.#retention.floor,
      misuses,
      closed: this.#closed,
      generations: this.#retention.generations(this.#ticker.now),
      tags,
      discarded: { ...discarded },
    };
  }
}

/** Says what is wrong with what `create` returned, or `undefined`. */
function faultOfNew(object: unknown): string | undefined {
  if ((typeof object !== "object" && typeof object !== "function") || object === null) {
    return `must return an object: received ${show(object)}`;
  }
  if (typeof (object as { then?: unknown }).then === "function") {
    return "must return an object: received a promise";
  }
  const former = slotOf(object);
  if (former === undefined || former.holder === DISCARDED) return undefined;
  return "must return a new object: received one that is in a pool already";
}

function isSize(size: number): boolean {
  return typeof size === "number" && size >= 0 && size <= Number.MAX_SAFE_INTEGER;
}
