/**
 * The shelves of a pool, each with its account, its bounds and the heat of its levels.
 *
 * There is the main shelf; those that tags have earned, so that what one tag makes of its objects is
 * not carried to the others; and one that holds nothing, for tags under which pooling does not pay.
 *
 * Which stock an object belongs to is known to a fault: an object that was leased before its tag
 * moved comes back to another stock than the one that counts it. `settle` sets that right, and the
 * sum over all stocks is exact at any time.
 *
 * @module
 */

import { Account, noTotals, type Totals } from "./account.ts";
import type { GenerationOptions } from "./generation.ts";
import { type HeatOptions, LevelHeat } from "./heat.ts";
import { Retention } from "./retention.ts";
import { MAX_SHELVES } from "./scheduler.ts";
import { Shelf } from "./shelf.ts";
import type { GenerationStats } from "./stats.ts";

/** A shelf and what belongs to it. */
export interface Stock<T extends object> {
  /** What it is for: all tags, one tag, or those under which nothing is retained. */
  readonly place: "main" | "own" | "none";
  readonly shelf: Shelf<T>;
  readonly account: Account<T>;
  readonly retention: Retention<T>;
  readonly heat: LevelHeat;
}

/** What all stocks of a pool have in common. */
export interface StocksOptions<T extends object> {
  readonly dispose: ((object: T) => void) | undefined;
  readonly generations: readonly GenerationOptions[];
  readonly heat: Required<HeatOptions>;
  /** What each object weighs, in bytes; `undefined` where each is measured. */
  readonly unitBytes: number | undefined;
  readonly maxBytes: number;
  readonly report: (error: unknown) => void;
  /** Hears that an object in use has gone. */
  readonly freed?: () => void;
}

/** A tag's shelf may hold one part in this many of what the pool may. */
const PARTS = 2 * MAX_SHELVES;

/** The stocks of a pool. */
export class Stocks<T extends object> {
  /** The main shelf's. */
  readonly main: Stock<T>;
  /** That of the tags under which nothing is retained. */
  readonly none: Stock<T>;
  /** Those of the tags that have earned a shelf, by their names. */
  readonly own: Map<string, Stock<T>> = new Map();

  /** What all accounts count together. */
  readonly totals: Totals = noTotals();

  readonly #options: StocksOptions<T>;
  /** What `holding` and `all` tell: kept, since each tick goes over them often. */
  #holding: readonly Stock<T>[] = [];
  #all: readonly Stock<T>[] = [];
  /** What each generation of the pool may hold. */
  #ceilings: readonly number[];
  /** Those of tags that have been given their part of it, and hold it while anything lies there. */
  readonly #granted: Set<Stock<T>> = new Set();
  /** Those that tags have lost, while anything lies there. */
  readonly #leaving: Set<Stock<T>> = new Set();
  #isDiverted = false;

  constructor(options: StocksOptions<T>) {
    this.#options = options;
    this.#ceilings = options.generations.map(({ maxSize }) => maxSize);
    this.main = this.#make("main");
    this.none = this.#make("none");
    this.#list();
    this.none.retention.apply({}, "none", true);
  }

  /** The stocks that hold something, the main one first. */
  get holding(): readonly Stock<T>[] {
    return this.#holding;
  }

  /** All stocks, the main one first. */
  get all(): readonly Stock<T>[] {
    return this.#all;
  }

  /** Adds up a figure of all stocks. */
  sum(figure: (stock: Stock<T>) => number): number {
    let sum = 0;
    for (const stock of this.all) sum += figure(stock);
    return sum;
  }

  /** Objects in existence. */
  get live(): number {
    return this.sum(({ account }) => account.live);
  }

  /** Recorded size of all idle objects, in bytes. */
  get bytes(): number {
    return this.sum(({ retention }) => retention.bytes);
  }

  /** Whether what is released goes to who waits for it: then no shelf takes anything. */
  divert(isDiverted: boolean): void {
    this.#isDiverted = isDiverted;
    for (const { shelf } of this.all) shelf.divert(isDiverted);
  }

  /** Any shelf with something on it, which counts with `to` from now on; `undefined`: all are empty. */
  borrow(to: Stock<T>): Shelf<T> | undefined {
    const from = this.holding.find(({ shelf }) => shelf.idle > 0);
    if (from !== undefined && from !== to) from.account.move(1, to.account);
    return from?.shelf;
  }

  /** Sizes the ceilings by what one object takes. */
  resize(size: number): void {
    this.main.retention.resize(size);
    this.#ceilings = this.main.retention.ceilings;
  }

  /** Gives a tag a shelf of its own, if there is anything that it may hold; says which it has. */
  earn(tag: string): Stock<T> {
    const known = this.own.get(tag);
    if (known !== undefined) return known;
    if (this.#part.every((ceiling) => ceiling === 0)) return this.main;
    // Each that is being emptied still holds a part of what the pool may.
    if (this.own.size + this.#leaving.size >= MAX_SHELVES) return this.main;
    const stock = this.#make("own");
    this.own.set(tag, stock);
    this.#list();
    this.allot();
    return stock;
  }

  /**
   * Takes a tag's shelf away. What is in use goes over to the main one. What lies there is evicted, up
   * to `most` objects at once and the rest by `sweep`; before that `rebind` has to bind the tag to
   * another stock, because a dispose may lease and release.
   */
  lose(tag: string, rebind: () => void, most = Infinity): void {
    const stock = this.own.get(tag);
    if (stock === undefined) return;
    this.own.delete(tag);
    this.#leaving.add(stock);
    this.#list();
    stock.retention.retire();
    stock.account.handOver(this.main.account);
    rebind();
    this.sweep(most);
  }

  /**
   * Evicts up to `most` objects of the shelves that tags have lost, and allots what these held. Says
   * how many objects there were.
   */
  sweep(most: number): number {
    let gone = 0;
    for (const stock of this.#leaving) {
      gone += stock.account.evict(most - gone, "cold");
      if (stock.shelf.idle > 0) break;
      this.#leaving.delete(stock);
      this.#granted.delete(stock);
    }
    this.#list();
    this.allot();
    return gone;
  }

  /** Gives and takes nothing any more. */
  shut(): void {
    for (const { retention } of this.all) retention.shut();
  }

  /** Retains nothing any more, and disposes of all that is idle. */
  close(): void {
    // First all of them, so that no dispose is handed what lies on the next one.
    this.shut();
    for (const { retention } of this.all) retention.close();
  }

  /** Looks at all shelves, and sets right which stock counts the objects whose tag has moved. */
  settle(time: number, cycle: number): void {
    const { all } = this;
    for (const { shelf, account } of all) {
      for (const other of all) {
        const missing = shelf.idle - account.live;
        if (missing <= 0) break;
        if (other.account !== account) {
          other.account.move(Math.min(missing, other.account.inUse), account);
        }
      }
    }
    for (const { shelf, account, heat } of all) {
      account.foldPeak();
      shelf.settle(time, cycle);
      account.restartPeak();
      heat.tick(account.lastPeak);
    }
  }

  /** The generations of all shelves together, as a snapshot shows them. */
  generations(now: number): GenerationStats[] {
    const [first, ...others] = this.holding.map(({ retention }) => retention.generations(now));
    return first!.map((generation, i) => ({
      ...generation,
      idle: others.reduce((sum, shelf) => sum + shelf[i]!.idle, generation.idle),
      target: others.reduce((sum, shelf) => sum + shelf[i]!.target, generation.target),
      maxSize: others.reduce((sum, shelf) => sum + shelf[i]!.maxSize, generation.maxSize),
    }));
  }

  /** Divides what the pool may hold among the shelves. */
  allot(): void {
    const { main, own } = this;
    const { maxBytes } = this.#options;
    const part = this.#part;
    const less = (parts: number) => this.#ceilings.map((ceiling, i) => ceiling - parts * part[i]!);
    // What the main shelf still holds beyond its part a new one may not hold as well.
    for (const stock of own.values()) {
      const rest = less(this.#granted.size + 1).reduce((sum, ceiling) => sum + ceiling, 0);
      if (main.shelf.idle <= rest) this.#granted.add(stock);
    }
    const free = Math.max(0, maxBytes - this.bytes);
    let left = maxBytes;
    for (const { retention } of this.#leaving) left -= retention.bytes;
    for (const stock of own.values()) {
      const { retention } = stock;
      const share = Math.floor(retention.bytes + free / (2 * own.size));
      retention.allot(this.#granted.has(stock) ? part : part.map(() => 0), share);
      left -= share;
    }
    main.retention.allot(less(this.#granted.size), left, less(own.size + this.#leaving.size));
  }

  #list(): void {
    this.#holding = [this.main, ...this.own.values(), ...this.#leaving];
    this.#all = [...this.#holding, this.none];
  }

  get #part(): readonly number[] {
    return this.#ceilings.map((ceiling) => Math.floor(ceiling / PARTS));
  }

  #make(place: Stock<T>["place"]): Stock<T> {
    const { dispose, freed, generations, heat, maxBytes, report, unitBytes } = this.#options;
    const shelf = new Shelf<T>(unitBytes === undefined);
    shelf.divert(this.#isDiverted);
    const account = new Account(shelf, this.totals, dispose, report, freed);
    return {
      place,
      shelf,
      account,
      retention: new Retention(shelf, account, { generations, maxBytes, unitBytes }),
      heat: new LevelHeat(heat),
    };
  }
}
