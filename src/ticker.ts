/**
 * When a pool learns: the clock, the ticks, the cycles.
 *
 * Where there are timers one of them ticks, and the work itself does as well; where there are none
 * the work alone does. Whatever time has passed since the last tick, the next one is one tick.
 *
 * @module
 */

import type { Account } from "./account.ts";
import { PoolError, show } from "./error.ts";
import { type GcReading, noGc } from "./gc.ts";
import { type HeatOptions, LevelHeat } from "./heat.ts";
import type { HeapReading, Host } from "./host.ts";
import type { Retention } from "./retention.ts";
import type { Sampling } from "./sampling.ts";
import { type Adjustment, faultOf, type Sample, type Scheduler } from "./scheduler.ts";
import type { Shelf } from "./shelf.ts";
import type { TagTable } from "./tag_table.ts";

/** The parts of a pool that a tick looks at and acts on. */
export interface Ticked<T extends object> {
  readonly account: Account<T>;
  readonly retention: Retention<T>;
  readonly shelf: Shelf<T>;
  readonly tags: TagTable<T>;
}

/** What a ticker needs to know. */
export interface TickerOptions {
  readonly scheduler: Scheduler;
  readonly host: Host;
  readonly maxBytes: number;
  readonly memoryLimit: number | undefined;
  readonly cycleMs: number;
  readonly tickMs: number;
  readonly heat: Required<HeatOptions>;
}

/** How soon the eviction that a tick had to leave goes on, in ms. */
const BACKLOG_MS = 16;
/** The least length of a cycle that a collection ends, in ms. */
const MIN_CYCLE_MS = 2000;

/** The clock of a pool, and what it does at each tick. */
export class Ticker<T extends object> {
  readonly #pool: Ticked<T>;
  readonly #options: TickerOptions;
  readonly #host: Host;
  readonly #sampling: Sampling;
  readonly #report: (error: unknown) => void;
  readonly #heat: LevelHeat;
  /** The latest time that `clock` told. */
  #latest: number;
  /** What the clock has jumped back by so far. */
  #skew = 0;
  /** The time of the last tick. */
  #now: number;
  /** When objects were last evicted. */
  #evicted = 0;
  #ticks = 0;
  #cycle = 0;
  #cycleStart: number;
  #ticking = false;
  #closed = false;
  #isTimerless = false;
  #cancel: (() => void) | undefined;

  constructor(
    pool: Ticked<T>,
    options: TickerOptions,
    sampling: Sampling,
    report: (error: unknown) => void,
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#host = options.host;
    this.#sampling = sampling;
    this.#report = report;
    this.#heat = new LevelHeat(options.heat);
    this.#latest = this.#now = this.#cycleStart = finite(this.#host.now()) ?? 0;
  }

  /** The time of the last tick. */
  get now(): number {
    return this.#now;
  }

  /** Ticks so far. */
  get ticks(): number {
    return this.#ticks;
  }

  /** Cycles so far. */
  get cycles(): number {
    return this.#cycle;
  }

  /** Levels 1 to this are hot. */
  get hotLevels(): number {
    return this.#heat.hot;
  }

  /** The host's clock, except that it stands still where that one jumps back or tells no number. */
  clock(): number {
    const reading = finite(this.#host.now());
    if (reading === undefined) return this.#latest;
    this.#skew = Math.max(this.#skew, this.#latest - reading);
    return this.#latest = reading + this.#skew;
  }

  get #dueMs(): number {
    const { tickMs } = this.#options;
    return this.#pool.retention.backlog > 0 ? Math.min(BACKLOG_MS, tickMs) : tickMs;
  }

  /** Runs a tick if one is due at this time of the clock, or goes on with what the last one left. */
  tickIfDue(now: number): void {
    if (now - this.#now >= this.#options.tickMs) this.tick();
    else if (this.#pool.retention.backlog > 0 && now - this.#evicted >= BACKLOG_MS) {
      this.#evict(now);
    }
  }

  /** Has the host run the next tick. A pool that nobody holds any more stops ticking by itself. */
  defer(): void {
    if (this.#cancel !== undefined || this.#isTimerless) return;
    const host = this.#host;
    const self = new WeakRef(this);
    this.#cancel = host.defer(() => {
      const ticker = self.deref();
      if (ticker === undefined) host.close();
      else ticker.#runDeferred();
    }, this.#dueMs);
    this.#isTimerless = this.#cancel === undefined;
  }

  #runDeferred(): void {
    this.#cancel = undefined;
    // A timer may fire a little before its time.
    this.tickIfDue(this.clock() + 1);
    if (this.#pool.account.live > 0 && !this.#closed) this.defer();
  }

  /** Ticks no more. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#host.close();
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
      if (adjustment !== undefined) this.#pool.retention.apply(adjustment);
      this.#evict(this.#now);
    } finally {
      this.#ticking = false;
    }
  }

  #evict(now: number): void {
    this.#evicted = now;
    // Ages are those of the last tick: what it decided is carried out, not decided anew.
    this.#pool.retention.evict(this.#now, this.#cycle);
  }

  #sample(): Sample {
    const { maxBytes, memoryLimit } = this.#options;
    const { account, retention, shelf, tags } = this.#pool;
    const host = this.#host;
    const before = this.#now;
    this.#now = this.clock();
    this.#ticks++;
    this.#sampling.tick();
    const { peak, live } = account;
    this.#heat.tick(peak);
    shelf.settle(this.#now, this.#cycle);
    account.restartPeak();
    const gc = this.#read(() => host.gc()) ?? noGc;
    const heap = this.#read(() => checkHeap(host.heap()));
    const cycleEnded = this.#endCycle(gc);
    const used = tags.sample();
    const ages = retention.ages(this.#now);
    const held = retention.generations(this.#now);
    const limit = memoryLimit ?? heap?.limitBytes ?? finite(host.memoryLimit);
    return {
      now: this.#now,
      elapsedMs: this.#now - before,
      cycle: this.#cycle,
      cycleEnded,
      acquires: used.reduce((sum, tag) => sum + tag.acquires, 0),
      misses: used.reduce((sum, tag) => sum + tag.misses, 0),
      leased: account.inUse,
      peak,
      live,
      hotLevels: this.#heat.hot,
      oldLevels: this.#heat.old,
      generations: held.map((generation, i) => ({ ...generation, idle: ages[i]! })),
      tags: used,
      bytes: retention.bytes,
      maxBytes,
      ...(heap === undefined ? {} : { heap }),
      ...(limit === undefined ? {} : { memoryLimit: limit }),
      gc,
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

  /** Ends the cycle at a major collection, or when it has lasted long enough. */
  #endCycle(gc: GcReading): boolean {
    const lasted = this.#now - this.#cycleStart;
    const isOver = lasted >= this.#options.cycleMs || (gc.major > 0 && lasted >= MIN_CYCLE_MS);
    if (!isOver) return false;
    this.#cycleStart = this.#now;
    this.#cycle++;
    this.#heat.cycle(this.#pool.account.live);
    this.#pool.tags.endCycle();
    return true;
  }

  #decide(sample: Sample): Adjustment | undefined {
    try {
      const adjustment = this.#options.scheduler.decide(sample);
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

/** A heap reading whose figures are figures, or `undefined`. */
function checkHeap(heap: HeapReading | undefined): HeapReading | undefined {
  if (heap === undefined || finite(heap.usedBytes) === undefined) return undefined;
  if (heap.limitBytes === undefined || heap.limitBytes > 0) return heap;
  const { limitBytes: _, ...rest } = heap;
  return rest;
}

/** A figure, or `undefined` for anything that is not one. */
function finite(figure: number | undefined): number | undefined {
  return Number.isFinite(figure) ? figure : undefined;
}
