/**
 * When a pool learns: the clock, the ticks, the cycles.
 *
 * Where there are timers one of them ticks, and the work itself does as well; where there are none
 * the work alone does. Whatever time has passed since the last tick, the next one is one tick.
 *
 * @module
 */

import { SteadyClock } from "./clock.ts";
import type { Cost } from "./cost.ts";
import { PoolError, show } from "./error.ts";
import { type GcReading, GcSum, noGc } from "./gc.ts";
import type { HeapReading, Host } from "./host.ts";
import { abandon, disown, entrust } from "./orphan.ts";
import type { Sampling } from "./sampling.ts";
import {
  type Adjustment,
  faultOf,
  type LevelSample,
  type Sample,
  type Scheduler,
  type ShelfAdjustment,
  type ShelfSample,
} from "./scheduler.ts";
import type { Stock, Stocks } from "./stocks.ts";
import type { TagTable } from "./tag_table.ts";

/** The parts of a pool that a tick looks at and acts on. */
export interface Ticked<T extends object> {
  readonly stocks: Stocks<T>;
  readonly tags: TagTable<T>;
  /** What a creation costs, and what one of an object without fields does. */
  readonly createCost: Cost;
  readonly bareCost: Cost;
  /** The leases that a tick finds open. */
  readonly watch: { settle(): void };
}

/** What a ticker needs to know. */
export interface TickerOptions {
  readonly scheduler: Scheduler;
  readonly host: Host;
  readonly maxBytes: number;
  readonly memoryLimit: number | undefined;
  /** What each object weighs, in bytes, where that is known and the same for all. */
  readonly unitBytes: number | undefined;
  /** Whether a user gave the generations. */
  readonly hasOwnCeilings: boolean;
  /** Where creations are limited, none is cheap enough for a bypass. */
  readonly maxCreatesPerSecond: number | undefined;
  readonly cycleMs: number;
  readonly tickMs: number;
}

/** How soon the eviction that a tick had to leave goes on, in ms. */
const BACKLOG_MS = 16;
/** The most disposals of one tick. */
const MAX_DISPOSALS = 1024;
/** The least length of a cycle that a collection ends, in ms. */
const MIN_CYCLE_MS = 2000;

/** The clock of a pool, and what it does at each tick. */
export class Ticker<T extends object> {
  readonly #pool: Ticked<T>;
  readonly #options: TickerOptions;
  readonly #host: Host;
  readonly #closeHost: () => void;
  readonly #sampling: Sampling;
  readonly #report: (error: unknown) => void;
  readonly #clock: SteadyClock;
  /** The time of the last tick. */
  #now: number;
  /** When objects were last evicted, and how many had to wait. */
  #evicted = 0;
  #backlog = 0;
  #ticks = 0;
  #elapsedMs = 0;
  #memoryLimit: number | undefined;
  #heap: HeapReading | undefined;
  readonly #gc: GcSum = new GcSum();
  #cycle = 0;
  #cycleStart: number;
  #ticking = false;
  #closed = false;
  #isTimerless = false;
  /** Whether the host threw when it was last asked for a timer. */
  #isDeferBroken = false;
  #isProbeDue = false;
  /** Whether some tags have left the main shelf. */
  #isScattered = false;
  readonly #runDeferred: () => void;
  #cancel: (() => void) | undefined;

  constructor(
    pool: Ticked<T>,
    options: TickerOptions,
    sampling: Sampling,
    report: (error: unknown) => void,
  ) {
    this.#pool = pool;
    this.#options = options;
    const { host } = options;
    this.#host = host;
    this.#sampling = sampling;
    this.#report = report;
    const first = host.now();
    this.#clock = new SteadyClock(first);
    this.#now = this.#cycleStart = this.#clock.tell(first);
    const closeHost = this.#closeHost = closerOf(host);
    const self = refTo<Ticker<T>>(this);
    this.#runDeferred = () => {
      const ticker = self.deref();
      if (ticker === undefined) abandon(closeHost);
      else ticker.#tickDeferred();
    };
  }

  /** The time of the last tick. */
  get now(): number {
    return this.#now;
  }

  /** Milliseconds between the last two ticks. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** What the last tick saw of the memory. */
  get limits(): { memoryLimit?: number; usedBytes?: number } {
    return {
      ...(this.#memoryLimit === undefined ? {} : { memoryLimit: this.#memoryLimit }),
      ...(this.#heap === undefined ? {} : { usedBytes: this.#heap.usedBytes }),
    };
  }

  /** The heap as the last tick saw it, where the runtime shows it. */
  get heap(): HeapReading | undefined {
    return this.#heap;
  }

  /** The collections that all ticks were told. */
  get gc(): GcReading {
    return this.#gc.look();
  }

  /** Ticks so far. */
  get ticks(): number {
    return this.#ticks;
  }

  /** Cycles so far. */
  get cycles(): number {
    return this.#cycle;
  }

  /** Whether the lease that asks is the one at which creation is to be measured. */
  takeProbe(): boolean {
    const isDue = this.#isProbeDue;
    this.#isProbeDue = false;
    return isDue;
  }

  /**
   * The host's clock, except that it stands still where that one is behind or tells no number, and goes
   * on from there where that one was set back.
   */
  clock(): number {
    return this.#clock.tell(this.read());
  }

  /** The host's clock as it is, in ms; not a number where it tells none. */
  read(): number {
    try {
      return this.#host.now();
    } catch (error) {
      this.#report(error);
      return NaN;
    }
  }

  get #dueMs(): number {
    const { tickMs } = this.#options;
    return this.#backlog > 0 ? Math.min(BACKLOG_MS, tickMs) : tickMs;
  }

  /** Runs a tick if one is due at this time of the clock, or goes on with what the last one left. */
  tickIfDue(now: number): void {
    if (now - this.#now >= this.#options.tickMs) this.tick();
    else if (this.#backlog > 0 && now - this.#evicted >= BACKLOG_MS && !this.#ticking) {
      this.#ticking = true;
      try {
        this.#evict(now);
      } finally {
        this.#ticking = false;
      }
    }
  }

  /** Whether the host runs the next tick, so that nobody has to look at the clock for it. */
  get isDeferred(): boolean {
    return this.#cancel !== undefined && this.#backlog === 0;
  }

  /** Has the host run the next tick. A pool that nobody holds any more stops ticking by itself. */
  defer(): void {
    if (this.#closed || this.#cancel !== undefined || this.#isTimerless) return;
    try {
      this.#cancel = this.#host.defer(this.#runDeferred, this.#dueMs);
      this.#isTimerless = this.#cancel === undefined;
      this.#isDeferBroken = false;
    } catch (error) {
      // It is asked again at each creation, but told once.
      if (!this.#isDeferBroken) this.#report(error);
      this.#isDeferBroken = true;
    }
    // The host itself may have closed the pool.
    if (this.#closed) this.#disarm();
  }

  #disarm(): void {
    this.#read(() => this.#cancel?.());
    this.#cancel = undefined;
  }

  #tickDeferred(): void {
    this.#cancel = undefined;
    // A timer may fire a little before its time.
    this.tickIfDue(this.clock() + 1);
    const { live, main } = this.#pool.stocks;
    // A pressure that nobody looks at again would be told for ever.
    if (live > 0 || main.retention.pressure !== "none") this.defer();
  }

  /** Ticks no more. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    disown(this.#closeHost);
    this.#read(this.#closeHost);
  }

  /** Samples, asks the scheduler, and evicts. */
  tick(): void {
    if (this.#closed || this.#ticking) return;
    this.#ticking = true;
    try {
      const sample = this.#sample();
      const adjustment = this.#decide(sample);
      // A scheduler has no way to the pool, but its author may have.
      if (this.#closed) return;
      // Without one a pressure ends all the same: it lasts until the next tick.
      this.#apply(adjustment ?? {});
      this.#evict(this.#now);
    } finally {
      this.#ticking = false;
    }
  }

  /** Takes over what the scheduler decided. */
  #apply(adjustment: Adjustment): void {
    const { pressure = "none", shelves, youngMs, probe = false } = adjustment;
    const isLimited = this.#options.maxCreatesPerSecond !== undefined;
    const bypass = isLimited ? false : adjustment.bypass ?? false;
    const { stocks } = this.#pool;
    this.#isProbeDue = probe;
    const bypassed = typeof bypass === "boolean" ? [] : bypass;
    if (shelves !== undefined) {
      for (const tag of stocks.own.keys()) {
        // What lies there goes with what else this tick and the next ones evict.
        if (!shelves.has(tag)) stocks.lose(tag, () => this.#bind(bypassed), 0);
      }
      for (const tag of shelves.keys()) stocks.earn(tag);
    }
    stocks.main.retention.apply(adjustment, pressure, bypass === true);
    for (const [tag, { retention }] of stocks.own) {
      retention.apply(shelves?.get(tag) ?? {}, pressure, bypass === true);
    }
    if (youngMs !== undefined && !this.#options.hasOwnCeilings) {
      for (const { retention } of stocks.all) retention.moveYoung(youngMs);
    }
    const isScattered = stocks.own.size > 0 || bypassed.length > 0;
    // Mostly all of them are at the main one, and stay there.
    if (isScattered || this.#isScattered) this.#bind(bypassed);
    this.#isScattered = isScattered;
  }

  /** Binds each tag to its stock: the one that it has earned, that of the bypassed, or the main one. */
  #bind(bypassed: readonly string[]): void {
    const { stocks, tags } = this.#pool;
    const none = new Set(bypassed);
    tags.bind((tag) => none.has(tag) ? stocks.none : stocks.own.get(tag) ?? stocks.main);
  }

  #evict(now: number): void {
    this.#evicted = now;
    const { stocks } = this.#pool;
    let most = MAX_DISPOSALS;
    // First of all, so that the others have the room that it makes.
    if (stocks.holding.length > 1) most -= stocks.sweep(most);
    let backlog = 0;
    for (const { account, retention } of stocks.all) {
      const { live } = account;
      // Ages are those of the last tick: what it decided is carried out, not decided anew.
      retention.evict(this.#now, this.#cycle, most);
      most = Math.max(0, most - (live - account.live));
      backlog += retention.backlog;
    }
    this.#backlog = backlog;
    if (!this.#closed && stocks.own.size > 0) stocks.allot();
  }

  #sample(): Sample {
    const { maxBytes, maxCreatesPerSecond, memoryLimit, unitBytes } = this.#options;
    const { bareCost, createCost, stocks, tags, watch } = this.#pool;
    const before = this.#now;
    this.#now = this.clock();
    // Where no timer is armed that would notice that nobody holds the pool. Before a host is asked for
    // collections it has nothing to stop.
    if (this.#ticks++ === 0) entrust(this, this.#closeHost);
    this.#sampling.tick();
    stocks.settle(this.#now, this.#cycle);
    watch.settle();
    const gc = this.#readGc();
    const heap = this.#heap = this.#readHeap();
    const cycleEnded = this.#endCycle(gc);
    const used = tags.sample();
    const limit = memoryLimit ?? heap?.limitBytes ?? finite(this.#host.memoryLimit);
    const createUs = createCost.us;
    const bareUs = bareCost.us;
    let acquires = 0;
    let misses = 0;
    for (const tag of used) {
      acquires += tag.acquires;
      misses += tag.misses;
    }
    const shelves: ShelfSample[] = [];
    for (const [tag, stock] of stocks.own) shelves.push({ tag, ...this.#look(stock) });
    this.#elapsedMs = this.#now - before;
    this.#memoryLimit = limit;
    return {
      now: this.#now,
      elapsedMs: this.#elapsedMs,
      cycle: this.#cycle,
      cycleEnded,
      acquires,
      misses,
      ...this.#look(stocks.main),
      shelves,
      tags: used,
      ...(createUs === undefined ? {} : { createUs }),
      ...(bareUs === undefined ? {} : { bareUs }),
      ...(unitBytes === undefined ? {} : { unitBytes }),
      ...(maxCreatesPerSecond === undefined ? {} : { maxCreatesPerSecond }),
      bytes: stocks.bytes,
      maxBytes,
      ...(heap === undefined ? {} : { heap }),
      ...(limit === undefined ? {} : { memoryLimit: limit }),
      gc,
    };
  }

  /** What a scheduler may know of a stock. */
  #look({ account, heat, retention }: Stock<T>): LevelSample {
    return {
      leased: Math.max(0, account.inUse),
      peak: account.lastPeak,
      live: account.live,
      hotLevels: heat.hot,
      oldLevels: heat.old,
      generations: retention.sample(this.#now),
    };
  }

  #read<R>(reading: () => R): R | undefined {
    try {
      return reading();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  /** The collections since the last tick; none where the host cannot tell. */
  #readGc(): GcReading {
    let gc = noGc;
    try {
      gc = this.#host.gc() ?? noGc;
      this.#gc.addReading(gc);
    } catch (error) {
      this.#report(error);
    }
    return gc;
  }

  /** The heap now, where the runtime shows it: a reading whose figures are figures. */
  #readHeap(): HeapReading | undefined {
    try {
      const heap = this.#host.heap();
      if (heap === undefined || finite(heap.usedBytes) === undefined) return undefined;
      if (heap.limitBytes === undefined || heap.limitBytes > 0) return heap;
      const { limitBytes: _, ...rest } = heap;
      return rest;
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  /** Ends the cycle at a major collection, or when it has lasted long enough. */
  #endCycle(gc: GcReading): boolean {
    const lasted = this.#now - this.#cycleStart;
    const isOver = lasted >= this.#options.cycleMs || (gc.major > 0 && lasted >= MIN_CYCLE_MS);
    if (!isOver) return false;
    this.#cycleStart = this.#now;
    this.#cycle++;
    for (const { account, heat } of this.#pool.stocks.all) heat.cycle(account.live);
    this.#pool.tags.endCycle();
    return true;
  }

  #decide(sample: Sample): Adjustment | undefined {
    try {
      // Read once: what is checked here is what is applied.
      const adjustment = copyOf(this.#options.scheduler.decide(sample));
      const fault = faultOf(adjustment, sample.generations.length);
      if (fault === undefined) return adjustment;
      this.#report(new PoolError("scheduler", `Cannot adjust Pool: ${fault}`));
    } catch (cause) {
      const rule = `the scheduler must not throw: received ${show(cause)}`;
      this.#report(new PoolError("scheduler", `Cannot adjust Pool: ${rule}`, cause));
    }
    return undefined;
  }
}

/**
 * A weak reference; where there are none, one that holds: Workers of an old compatibility date have no
 * timers either that would hold it. A function of its own, whose closure alone knows the target.
 */
function refTo<R extends object>(target: R): { deref(): R | undefined } {
  return typeof WeakRef === "undefined" ? { deref: () => target } : new WeakRef(target);
}

/** What closes a host, once. */
function closerOf(host: Host): () => void {
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    host.close();
  };
}

/**
 * The fields of an adjustment, each read once, and what they hold, which a dispose may change;
 * anything that is not what it should be stays what it is.
 */
function copyOf(adjustment: Adjustment): Adjustment {
  if (typeof adjustment !== "object" || adjustment === null) return adjustment;
  const { shelves, youngMs, pressure, probe, bypass } = adjustment;
  const { then } = adjustment as { then?: unknown };
  const copy = {
    ...copyOfShelf(adjustment),
    shelves: shelves instanceof Map
      ? new Map(Array.from(shelves, ([tag, shelf]) => [tag, copyOfShelf(shelf)]))
      : shelves,
    youngMs,
    pressure,
    probe,
    bypass: copyOfArray(bypass),
    then,
  };
  return copy as Adjustment;
}

function copyOfShelf(shelf: ShelfAdjustment): ShelfAdjustment {
  if (typeof shelf !== "object" || shelf === null) return shelf;
  const { targets, floor, objectBytes } = shelf;
  return { targets: copyOfArray(targets), floor, objectBytes } as ShelfAdjustment;
}

function copyOfArray<V>(value: V): V {
  return Array.isArray(value) ? [...value] as V : value;
}

/** A figure that can be reckoned with, or `undefined` for anything else. */
function finite(figure: number | undefined): number | undefined {
  return Math.abs(figure ?? NaN) <= Number.MAX_SAFE_INTEGER ? figure : undefined;
}
