/**
 * The slow half of a pool: everything but a hit.
 *
 * @module
 */

import { Admission } from "./admission.ts";
import { Backpressure, type Source } from "./backpressure.ts";
import { Cost } from "./cost.ts";
import { PoolError, type PoolErrorCode, show } from "./error.ts";
import type { Explanation } from "./explanation.ts";
import type { GenerationOptions } from "./generation.ts";
import type { Limbo, Waiting } from "./guard.ts";
import { type GuardRecord, GuardWatch } from "./guard_watch.ts";
import type { HeatOptions } from "./heat.ts";
import type { Host } from "./host.ts";
import { Inspection } from "./inspection.ts";
import type { Pressure } from "./pressure.ts";
import { UNKNOWN_SIZE } from "./retention.ts";
import { Sampling } from "./sampling.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Shelf, UNBOUNDED } from "./shelf.ts";
import { addSlot, DISCARDED, IDLE, LIMBO, type Slot, slotOf } from "./slot.ts";
import { bandEdge, BANDS } from "./sketch.ts";
import type { Snapshot } from "./snapshot.ts";
import type { PoolStats } from "./stats.ts";
import { type Stock, Stocks } from "./stocks.ts";
import { needTagName, type TagCore, TagHandle } from "./tag.ts";
import { TagTable } from "./tag_table.ts";
import { Ticker } from "./ticker.ts";
import { causeOf, placeOf, traceHere } from "./trace.ts";
import type { Wait } from "./waiter.ts";
import { type Leak, type TimedLease, Watch } from "./watch.ts";

/** What a core needs, checked and complete. */
export interface CoreOptions<T extends object> {
  readonly name: string;
  readonly create: () => T;
  readonly reset: (object: T) => void;
  readonly dispose: ((object: T) => void) | undefined;
  readonly sizeOf: ((object: T) => number) | undefined;
  /** What each object weighs, in bytes, where that is known and the same for all. */
  readonly unitBytes: number | undefined;
  readonly generations: readonly GenerationOptions[];
  /** Whether a user gave the ceilings. */
  readonly hasOwnCeilings: boolean;
  readonly scheduler: Scheduler;
  readonly host: Host;
  readonly maxBytes: number;
  readonly memoryLimit: number | undefined;
  readonly maxTags: number;
  readonly maxLimbo: number;
  readonly maxLeases: number | undefined;
  readonly maxWaiters: number;
  readonly maxCreatesPerSecond: number | undefined;
  readonly cycleMs: number;
  readonly tickMs: number;
  readonly heat: Required<HeatOptions>;
  readonly guard: "throw" | "report" | "off";
  readonly debug: boolean;
  readonly leakAfterMs: number;
  readonly onError: (error: Error) => void;
}

/** More sizes of a tag than this are forgotten by half. */
const MANY_SIZES = 256;
/** The time that a creation must take to be timed alone, in µs. */
const LONG_US = 20;
/** Shorter ones are timed together, for about as long as this, in µs, and at most so many. */
const PROBE_US = 100;
const MOST_PROBED = 1024;

/** More than any object weighs, in bytes, and a small integer on every engine. */
const HUGE = 2 ** 30 - 1;

/** One poll in so many looks at the clock although a timer is armed: it may never fire. */
const POLLS = 64;

/** The slow half of a pool. */
export class Core<T extends object> implements TagCore<T>, Limbo<T>, Source<T> {
  readonly options: CoreOptions<T>;
  readonly tags: TagTable<T>;
  /** Hears of each lease that is about to be timed, and how many it stands for. */
  onTimed: ((tag: string, leases: number) => void) | undefined;
  /** Hears of each lease whose object is about to be created. */
  onMiss: (() => void) | undefined;
  /** Hears what objects weighed together that were collected on lease or in a guard: 0 without `weightOf`. */
  onLost: ((weight: number) => void) | undefined;
  weightOf: ((object: T) => number) | undefined;
  readonly guards: GuardWatch<TagHandle<T>>;

  readonly #stocks: Stocks<T>;
  readonly #createCost: Cost = new Cost(1 / 2);
  readonly #bareCost: Cost = new Cost(1 / 2);
  /** What it costs to read the clock, which is part of every other reading. */
  readonly #clockCost: Cost = new Cost();
  readonly #sampling: Sampling;
  readonly #watch: Watch<TagHandle<T>> = new Watch((lease) => this.#collected(lease));
  readonly #inspection: Inspection<T> | undefined;
  readonly #ticker: Ticker<T>;
  readonly #backpressure: Backpressure<T>;
  /** The size of the last object that was too large for its shelf, in bytes. */
  #oddSize: number | undefined;
  /** Polls since the last one that looked at the clock in any case. */
  #polls = 0;
  #closed = false;

  constructor(options: CoreOptions<T>) {
    this.#inspection = options.debug ? new Inspection(options) : undefined;
    this.options = { ...options, ...this.#inspection?.callbacks };
    this.#sampling = new Sampling(options.debug);
    this.guards = new GuardWatch((record) => this.#forgotten(record), options.debug);
    const { dispose, generations, maxBytes, maxTags, reset, sizeOf, heat } = this.options;
    this.#stocks = new Stocks({
      dispose,
      generations,
      heat,
      unitBytes: sizeOf === undefined ? options.unitBytes ?? UNKNOWN_SIZE : undefined,
      maxBytes,
      report: (error) => this.report(error),
      freed: () => this.#backpressure.serve(),
    });
    this.tags = new TagTable(
      (name, id) =>
        new TagHandle(
          name,
          id,
          this,
          this.#stocks.own.get(name) ?? this.#stocks.main,
          reset,
          sizeOf,
          this.#sampling.nextGap(0),
        ),
      maxTags,
      heat,
    );
    const parts = {
      stocks: this.#stocks,
      tags: this.tags,
      createCost: this.#createCost,
      bareCost: this.#bareCost,
      watch: this.#watch,
    };
    this.#ticker = new Ticker(parts, options, this.#sampling, (error) => this.report(error));
    const { host, maxCreatesPerSecond, maxLeases, maxWaiters } = options;
    const admission = new Admission(maxLeases, maxCreatesPerSecond);
    this.#backpressure = new Backpressure(this, this.#stocks, host, admission, maxWaiters);
  }

  // Leases

  /** Throws if the pool is closed. */
  needOpen(action: string): void {
    if (!this.#closed) return;
    this.#stocks.totals.misuses++;
    const received = `a closed one (${show(this.options.name)})`;
    throw new PoolError("closed", `${action}: the pool must be open: received ${received}`);
  }

  /**
   * Hands out a slot where the fast path could not: pops where the shelf was never so low before,
   * creates where it is empty, times a lease. Without a tag it creates an object ahead of demand.
   * `isServed`: for an acquire that waits or may wait, and did not try the fast path.
   *
   * In one piece on purpose. V8 inlines up to 460 bytes of bytecode, and while a service warms up
   * this is called often enough for that; in the midst of a hit it would double the hit's price.
   */
  takeSlow(tag: TagHandle<T> | undefined, holder: number, isServed = false): Slot<T> {
    const action = tag === undefined ? "Cannot prewarm Pool" : "Cannot acquire from Pool";
    // The fast path counts a lease down only after its first compare has passed.
    const isTimed = tag !== undefined &&
      ((!isServed && tag.shelf.top - 1 >= tag.shelf.low) || --tag.left === 0);
    let since = 0;
    let isMaking = false;
    const period = isTimed ? tag.period : 0;
    if (isTimed) {
      tag.startPeriod(this.#sampling.nextGap(tag.acquiresBefore));
      since = this.#ticker.clock();
      this.#ticker.tickIfDue(since);
    }
    try {
      this.needOpen(action);
      if (isTimed) this.onTimed?.(tag.name, period);
      const stock = tag?.stock ?? this.#stocks.main;
      const shelf = (tag === undefined ? undefined : this.#shelfFor(stock)) ??
        this.#backpressure.admit(action, tag, isServed);
      let slot: Slot<T>;
      if (shelf !== undefined) {
        slot = shelf.pop();
        slot.had = shelf.sizeAt(shelf.top);
      } else {
        isMaking = true;
        const isClocked = tag !== undefined && this.#isCreateClocked();
        const begun = isClocked ? this.#ticker.read() : 0;
        let object: T;
        if (tag !== undefined) this.onMiss?.();
        try {
          object = this.options.create();
        } catch (cause) {
          // A budget that is spent is no fault of create's, and the caller's to know.
          if (cause instanceof PoolError && cause.code === "budget") throw cause;
          const rule = `create must not throw: received ${show(cause)}`;
          throw new PoolError("create", `${action}: ${rule}`, cause);
        }
        if (isClocked) this.#learnCreate((this.#ticker.read() - begun) * 1000);
        const fault = faultOfNew(object);
        if (fault !== undefined) throw new PoolError("create", `${action}: create ${fault}`);
        slot = addSlot(object, this);
        slot.had = -1;
        // Looked up anew: create may have run a tick in which the tag moved.
        const { account } = tag?.stock ?? this.#stocks.main;
        account.add();
        isMaking = false;
        this.#backpressure.made();
        if (this.#stocks.totals.created === 1) this.#sizeCeilings(object);
        this.#ticker.defer();
        if (this.#closed) {
          // create, sizeOf or the host's defer itself closed the pool.
          account.discard(slot, "closed");
          this.needOpen(action);
        }
        if (tag !== undefined) tag.misses++;
      }
      if (isTimed && !this.#beginTimed(slot, tag, since)) {
        const rule = "an idle object must not be frozen";
        throw new PoolError("released", `${action}: ${rule}: received a frozen one`);
      }
      slot.holder = isTimed ? -holder : holder;
      return slot;
    } catch (error) {
      if (tag !== undefined) tag.acquiresBefore--;
      if (isMaking) {
        this.#backpressure.made();
        this.#backpressure.serve();
      }
      throw error;
    }
  }

  /** A shelf with something on it for a lease of this stock; `undefined`: the lease has to create. */
  #shelfFor(stock: Stock<T>): Shelf<T> | undefined {
    const { main, none } = this.#stocks;
    if (stock.shelf.idle > 0) return stock.shelf;
    if (stock === main || stock === none || main.shelf.idle === 0) return undefined;
    main.account.move(1, stock.account);
    return main.shelf;
  }

  /** Whether the next creation is clocked: the first few, and then one in eight. */
  #isCreateClocked(): boolean {
    const { created } = this.#stocks.totals;
    return created < 32 || created % 8 === 0 || this.#createCost.us === undefined;
  }

  /** A creation alone is too short for most clocks, if it is not long. */
  #learnCreate(us: number): void {
    if (us > LONG_US) this.#createCost.add(us);
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
    if (isSize(size)) this.#stocks.resize(size);
  }

  releaseSlow(object: T, tag?: TagHandle<T>): void {
    this.endRaw("Cannot release to Pool", object, tag, false);
  }

  /**
   * Ends a raw lease, under whichever tag it began: gives the object back under `to`, if that is
   * given, or lays it into limbo. In one piece for the reason that `takeSlow` gives.
   */
  endRaw(
    action: string,
    object: T,
    to: TagHandle<T> | undefined,
    isGuarded: boolean,
  ): Waiting<T> | undefined {
    const slot = slotOf<T>(object);
    if (slot?.owner !== this) {
      const received = slot === undefined ? show(object) : "an object of another pool";
      const rule = `the object must come from this pool: received ${received}`;
      this.misuse("foreign", `${action}: ${rule}`);
      return undefined;
    }
    const holder = Math.abs(slot.holder);
    const owner = this.tags.heldBy(holder);
    if (owner === undefined) {
      if (holder === IDLE || holder === DISCARDED) {
        const state = holder === IDLE ? "released" : "discarded";
        const rule = `the object must be leased: received one already ${state}`;
        this.misuse("double", `${action}: ${rule}`);
      } else {
        const by = holder === LIMBO ? "a guard" : "a lease or with()";
        const rule = `the object must be released by its holder: received one held by ${by}`;
        this.misuse("leased", `${action}: ${rule}`);
      }
      return undefined;
    }
    const tag = to ?? owner;
    const { totals } = this.#stocks;
    if (isGuarded) this.#unwatch(slot);
    if (isGuarded && totals.limbo >= this.options.maxLimbo) {
      owner.stock.account.discard(slot, "limbo");
      return undefined;
    }
    if (tag.stock !== owner.stock) owner.stock.account.move(1, tag.stock.account);
    if (isGuarded) {
      slot.holder = LIMBO;
      totals.limbo++;
      return { tag, slot };
    }
    if (slot.holder < 0) this.endTimed(owner, slot, tag);
    else tag.giveBack(slot);
    return undefined;
  }

  /** Ends a stamped lease that is timed; anything else is stale. */
  endSlow(tag: TagHandle<T>, slot: Slot<T>, stamp: number): void {
    if (slot.stamp === stamp && slot.holder === -(tag.id + 1)) return this.endTimed(tag, slot);
    this.#endStale();
  }

  /** Ends a stamped lease whose object may still be in use. */
  expire(tag: TagHandle<T>, slot: Slot<T>, stamp: number): void {
    const isCurrent = slot.stamp === stamp && Math.abs(slot.holder) === tag.id + 1;
    if (!isCurrent) return this.#endStale();
    this.#unwatch(slot);
    tag.stock.account.discard(slot, "expired");
  }

  #endStale(): void {
    this.misuse("stale", "Cannot end lease: it must not have ended: received an ended one");
  }

  /**
   * Ends a timed lease and learns from it: how long it was, what its end costs, what it made of the
   * object, and, if that is due, what a creation costs. In one piece for the reason that `takeSlow`
   * gives.
   */
  endTimed(tag: TagHandle<T>, slot: Slot<T>, to: TagHandle<T> = tag): void {
    const { had } = slot;
    const { since } = slot.timed!;
    // Nobody's before the clock is read, which is the user's as well.
    slot.holder = IDLE;
    this.#unwatch(slot);
    const ticker = this.#ticker;
    const heldMs = ticker.clock() - since;
    tag.holds.add(heldMs);
    tag.held.add(heldMs);
    const { create } = this.options;
    const { shelf } = to;
    const top = shelf.top;
    this.#oddSize = undefined;
    const before = ticker.read();
    const begun = ticker.read();
    to.giveBack(slot);
    const ended = ticker.read();
    this.#clockCost.add((begun - before) * 1000);
    const isKept = shelf.top === top + 1;
    // In debug most of it is the inspection, for which a scheduler must not give the pool up. A refused object is
    // disposed of, which is no price of a pool that keeps it: once bypassed, a tag would never come back.
    if (this.#inspection === undefined && isKept) {
      to.releases.add((ended - begun) * 1000 - (this.#clockCost.us ?? 0));
    }
    // What an object weighed already is no work of this lease.
    const size = isKept ? shelf.sizeAt(top) : this.#oddSize;
    if (to.sizeOf !== undefined && size !== undefined && size > had) {
      if (tag.sizes.total > MANY_SIZES) tag.sizes.decay(1 / 2);
      tag.sizes.add(size / 1024);
    }
    if (!this.#ticker.takeProbe()) return;
    // One creation alone, and where that is short as many as the clock and the engine need; these
    // objects go at once. A pool that creates nothing would else never learn that it has become cheap.
    const made: T[] = [];
    try {
      const start = ticker.read();
      made.push(create());
      const alone = (ticker.read() - start) * 1000;
      this.#learnCreate(alone);
      if (alone <= LONG_US) {
        const count = Math.min(MOST_PROBED, Math.ceil(PROBE_US / Math.max(alone, 0.01)));
        const again = ticker.read();
        for (let i = 0; i < count; i++) made.push(create());
        const between = ticker.read();
        this.#createCost.add((between - again) * 1000 / count);
        const bare: object[] = [];
        for (let i = 0; i < count; i++) bare.push(createBare());
        this.#bareCost.add((ticker.read() - between) * 1000 / count);
      }
    } catch {
      // The next miss will say so, to somebody who can do something about it.
    }
    // What is no new object of the user's is not ours to dispose of.
    for (const object of new Set(made)) {
      if (faultOfNew(object) === undefined) this.#stocks.main.account.waste(object);
    }
  }

  /** Discards what could not be reset or measured, and says so. */
  callbackFailed(
    tag: TagHandle<T> | undefined,
    slot: Slot<T>,
    code: "reset" | "sizeOf",
    cause: unknown,
    action = "Cannot release to Pool",
  ): never {
    (tag?.stock ?? this.#stocks.main).account.discard(slot, "invalid");
    if (cause instanceof PoolError && cause.code === "unclean") throw cause;
    const rule = `${code} must not throw: received ${show(cause)}`;
    throw new PoolError(code, `${action}: ${rule}`, cause);
  }

  /** The size of a large object: infinite where its shelf is for smaller ones, and has no room for it. */
  oddSize(tag: TagHandle<T>, slot: Slot<T>, size: unknown): number {
    if (isSize(size)) {
      this.#oddSize = size;
      return tag.shelf.largest === UNBOUNDED ? size : Infinity;
    }
    return this.#badSize(tag, slot, size);
  }

  /** Discards what `sizeOf` told no size of, and says so. */
  #badSize(
    tag: TagHandle<T> | undefined,
    slot: Slot<T>,
    size: unknown,
    action = "Cannot release to Pool",
  ): never {
    (tag?.stock ?? this.#stocks.main).account.discard(slot, "invalid");
    const rule = `sizeOf must return a finite number of at least 0: received ${show(size)}`;
    throw new PoolError("sizeOf", `${action}: ${rule}`);
  }

  /** Gives what the shelf does not take to who waits for it; discards what it has no room for. */
  refuse(tag: TagHandle<T>, slot: Slot<T>): void {
    const { stock } = tag;
    // Those who wait while the pool closes are sent away.
    if (this.#closed || this.#backpressure.waiting === 0) {
      return stock.account.discard(slot, stock.retention.reasonToRefuse);
    }
    // Where all of them had waited too long, the shelf takes things again.
    if (!this.#backpressure.give(slot, stock)) tag.giveBack(slot);
  }

  /** Moves a raw lease into limbo; `undefined` where it is no lease, or limbo is full. */
  enterLimbo(object: T, name: string | undefined): Waiting<T> | undefined {
    const action = "Cannot release through Guard";
    if (name !== undefined) needTagName(action, name);
    return this.endRaw(action, object, name === undefined ? undefined : this.tags.get(name), true);
  }

  /** Takes an object out of limbo and releases it. */
  leaveLimbo({ tag, slot }: Waiting<T>): void {
    this.#stocks.totals.limbo--;
    tag.giveBack(slot);
  }

  // Backpressure

  /** Takes an object, or waits for one. */
  take<R>(
    tag: TagHandle<T>,
    holder: number,
    wait: Wait,
    begin: (slot: Slot<T>) => R,
  ): Promise<R> {
    return this.#backpressure.take(tag, holder, wait, begin);
  }

  /**
   * Begins a lease of an object that has just been reset and lies nowhere; says whether it could, and
   * discards the object where it could not.
   */
  hand(slot: Slot<T>, tag: TagHandle<T>, holder: number, now: number): boolean {
    const isTimed = --tag.left === 0;
    if (isTimed) {
      tag.startPeriod(this.#sampling.nextGap(tag.acquiresBefore));
      if (!this.#beginTimed(slot, tag, now)) {
        tag.acquiresBefore--;
        return false;
      }
    }
    slot.holder = isTimed ? -holder : holder;
    // What it weighs is not known here, and so nothing is learnt from what it comes to weigh.
    slot.had = HUGE;
    return true;
  }

  /** Ends a lease that nobody took up: there is nothing to learn from it. */
  takeBack(slot: Slot<T>, tag: TagHandle<T>): void {
    this.#unwatch(slot);
    tag.giveBack(slot);
  }

  /** The clock, in ms. */
  clock(): number {
    return this.#ticker.clock();
  }

  /** Runs the scheduler if that is due. */
  tickIfDue(now: number): void {
    this.#ticker.tickIfDue(now);
  }

  // Watched leases

  /** Lists the leases that have lasted for too long. */
  leaks(): Leak[] {
    return this.#watch.leaks(this.#ticker.clock(), this.options.leakAfterMs);
  }

  /** Begins a timed lease; discards an object that somebody froze while it was idle. */
  #beginTimed(slot: Slot<T>, tag: TagHandle<T>, since: number): boolean {
    const { object } = slot;
    const trace = this.#inspection === undefined ? undefined : traceHere();
    if (trace !== undefined && !this.#inspection!.handOut(object, trace)) {
      tag.stock.account.discard(slot, "invalid");
      return false;
    }
    const timed = this.#watch.begin(object, tag, since, trace);
    timed.weight = this.weightOf?.(object) ?? 0;
    slot.timed = timed;
    return true;
  }

  /** Watches a lease no more, if it was watched. */
  #unwatch(slot: Slot<T>): void {
    const { timed } = slot;
    slot.timed = undefined;
    if (timed !== undefined) this.#watch.end(timed as TimedLease<TagHandle<T>>);
  }

  /**
   * Counts an object that was collected on lease, and says so. Which stock counted it is known to a
   * fault if its tag has moved since; see there.
   */
  #collected({ tag, since, trace, weight }: TimedLease<TagHandle<T>>): void {
    tag!.stock.account.lose();
    this.onLost?.(weight);
    this.#backpressure.serveSoon();
    // The time of the last tick: on Workers a collector's turn belongs to no request, and the clock there
    // tells 0.
    const age = `${Math.round(this.#ticker.now - since)} ms after it was acquired`;
    const place = trace === undefined ? "" : ` at ${placeOf(trace)}`;
    const received = `one of tag ${show(tag!.name)}, found ${age}${place}`;
    const rule = "a leased object must be released before it is dropped";
    const cause = trace === undefined ? undefined : causeOf("acquired", trace);
    this.report(
      new PoolError("leaked", `Cannot find object of Pool: ${rule}: received ${received}`, cause),
    );
  }

  /** Counts the objects of a guard that was forgotten, and says so. */
  #forgotten({ tags, weight }: GuardRecord<TagHandle<T>>): void {
    this.#stocks.totals.limbo -= tags.length;
    for (const { stock } of tags) stock.account.lose();
    this.onLost?.(weight);
    this.#backpressure.serveSoon();
    const names = [...new Set(tags.map(({ name }) => show(name)))].join(", ");
    const rule = "a guard must drop before it is forgotten";
    const received = `one with ${tags.length} objects of tags ${names}`;
    this.report(
      new PoolError("leaked", `Cannot find Guard of Pool: ${rule}: received ${received}`),
    );
  }

  // Errors

  /** Counts a misuse and does with it what the pool was told to. */
  misuse(code: PoolErrorCode, message: string): void {
    this.#stocks.totals.misuses++;
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
    this.#backpressure.catchUp();
  }

  /** Runs the scheduler if it is due. */
  poll(): void {
    this.#polls = (this.#polls + 1) % POLLS;
    if (this.#polls !== 0 && this.#ticker.isDeferred) return;
    this.#ticker.tickIfDue(this.#ticker.clock());
    this.#backpressure.catchUp();
  }

  /** Gives memory back at once; says how many objects went. */
  trim(pressure: Pressure): number {
    if (this.#closed) return 0;
    return this.#stocks.holding.reduce(
      (sum, { retention }) => sum + retention.trim(pressure, this.#ticker.now),
      0,
    );
  }

  /** Gives the oldest idle objects of each shelf up; says how many went. */
  evict(count: number): number {
    return this.#stocks.holding.reduce(
      (sum, { account }) => sum + account.evict(count - sum, "budget"),
      0,
    );
  }

  /** Gives all idle objects up that `isUnwanted` names; says how many went. */
  sift(isUnwanted: (object: T) => boolean): number {
    const inspection = this.#inspection;
    const isPicked = inspection === undefined
      ? isUnwanted
      : (object: T) => inspection.peek(object, isUnwanted);
    return this.#stocks.holding.reduce(
      (sum, { account }) => sum + account.sift(isPicked, "budget"),
      0,
    );
  }

  /** Objects that lie idle. */
  get idle(): number {
    return this.#stocks.sum(({ shelf }) => shelf.idle);
  }

  /** Creates up to `count` idle objects; says how many there was room for, and leave to create. */
  prewarm(count: number): number {
    const action = "Cannot prewarm Pool";
    this.needOpen(action);
    const { account, retention, shelf } = this.#stocks.main;
    let made = 0;
    while (made < count && shelf.top < shelf.limit && this.#backpressure.isOpen) {
      const slot = this.takeSlow(undefined, IDLE);
      const size = this.#sizeNew(slot, action);
      const fits = shelf.bytes + size <= shelf.maxBytes &&
        (size <= shelf.largest || shelf.largest === UNBOUNDED);
      if (!fits || shelf.top >= shelf.limit) {
        account.discard(slot, fits ? retention.reasonToRefuse : "budget");
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
      this.callbackFailed(undefined, slot, "sizeOf", cause, action);
    }
    if (!isSize(size)) this.#badSize(undefined, slot, size, action);
    return size;
  }

  /** Disposes of all idle objects and hands out no more. Leased ones go when they come back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before the host is called, which is the user's and may acquire: a hit does not ask who is closed.
    this.#stocks.shut();
    this.#ticker.close();
    this.#backpressure.close();
    // No tick will.
    this.#watch.settle();
    this.#stocks.close();
  }

  /** Takes a snapshot. */
  stats(): PoolStats {
    const { name, host, scheduler, maxBytes } = this.options;
    const stocks = this.#stocks;
    const { created, limbo, misuses, discarded } = stocks.totals;
    const { main } = stocks;
    const { live } = stocks;
    const { idle } = this;
    const tags = this.tags.stats();
    const acquires = tags.reduce((sum, tag) => sum + tag.acquires, 0);
    const misses = tags.reduce((sum, tag) => sum + tag.misses, 0);
    return {
      name,
      runtime: host.runtime,
      scheduler: scheduler.name,
      created,
      live,
      leased: live - idle - limbo,
      idle,
      limbo,
      peak: stocks.sum(({ account }) => account.peak),
      acquires,
      hits: acquires - misses,
      misses,
      waiting: this.#backpressure.waiting,
      refused: this.#backpressure.refused,
      bytes: stocks.bytes,
      maxBytes,
      ticks: this.#ticker.ticks,
      cycles: this.#ticker.cycles,
      gc: this.#ticker.gc,
      ...(this.#ticker.heap === undefined ? {} : { heap: { ...this.#ticker.heap } }),
      pressure: this.#closed ? "none" : main.retention.pressure,
      bypass: main.retention.bypass ||
        (tags.length > 0 && tags.every(({ shelf }) => shelf === "none")),
      hotLevels: main.heat.hot,
      pinnedLevels: main.retention.floor,
      misuses,
      closed: this.#closed,
      generations: stocks.generations(this.#ticker.now),
      tags,
      discarded: { ...discarded },
    };
  }

  /** Takes a snapshot of everything. */
  snapshot(): Snapshot {
    return {
      schema: 1,
      now: this.#ticker.clock(),
      stats: this.stats(),
      explanation: this.explain(),
      leaks: this.leaks(),
      sketches: {
        edgesMs: Array.from({ length: BANDS }, (_, band) => bandEdge(band)),
        tags: this.tags.sketches(),
      },
    };
  }

  /** Explains the last decisions. */
  explain(): Explanation {
    const { scheduler, maxBytes } = this.options;
    const { entropy } = this.tags;
    return {
      scheduler: scheduler.name,
      decisions: scheduler.explain?.() ?? [],
      now: this.#ticker.now,
      ticks: this.#ticker.ticks,
      limits: { maxBytes, ...this.#ticker.limits },
      generations: this.#stocks.generations(this.#ticker.now),
      ...ageQuantiles(this.#stocks.all.map(({ shelf }) => shelf), this.#ticker.now),
      ...(entropy === undefined ? {} : { entropy }),
      tags: this.tags.explain(this.#ticker.elapsedMs, this.options.unitBytes),
      watched: { leases: this.#watch.size, missed: this.#watch.missed },
      ...(this.#inspection === undefined ? {} : { notCovered: this.#inspection.notCovered }),
    };
  }
}

/** Quantiles of the idle ages at time `now`; nothing where nothing lies still. */
function ageQuantiles<T>(shelves: readonly Shelf<T>[], now: number): Pick<Explanation, "ages"> {
  const runs = shelves.flatMap((shelf) => shelf.ages()).sort((a, b) => b.time - a.time);
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return {};
  const at = (q: number): number => {
    let left = q * total;
    return now - runs.find(({ count }) => (left -= count) <= 0)!.time;
  };
  return { ages: { p50: at(0.5), p90: at(0.9), p99: at(0.99) } };
}

/** The cheapest object there is: the measure of what is too cheap to be pooled. */
function createBare(): object {
  return {};
}

/** Says what is wrong with what `create` returned, or `undefined`. */
function faultOfNew(object: unknown): string | undefined {
  if ((typeof object !== "object" && typeof object !== "function") || object === null) {
    return `must return an object: received ${show(object)}`;
  }
  let former: Slot<object> | undefined;
  try {
    if (typeof (object as { then?: unknown }).then === "function") {
      return "must return an object: received a promise";
    }
    former = slotOf(object);
  } catch (error) {
    // A revoked Proxy, a getter that throws.
    return `must return an object that can be read: received one that throws ${show(error)}`;
  }
  if (former === undefined || former.holder === DISCARDED) return undefined;
  return "must return a new object: received one that is in a pool already";
}

function isSize(size: unknown): size is number {
  return typeof size === "number" && size >= 0 && size <= Number.MAX_SAFE_INTEGER;
}
