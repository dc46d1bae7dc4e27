/**
 * The pool against a naive model that keeps a timestamp per object.
 *
 * The model does by brute force what the shelf infers from one low-water mark: it remembers for
 * every idle object when a tick last saw it touched, sorts by that, and evicts one by one.
 */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  fixedScheduler,
  type GcReading,
  type GenerationOptions,
  type Guard,
  inertHost,
  type Lease,
  Pool,
  PoolError,
} from "../mod.ts";
import { Oracle, type Watched } from "../testing/oracle.ts";

const OPERATIONS = 12_000;
const GENERATIONS: readonly GenerationOptions[] = [
  { name: "T0", maxSize: 6, ttlMs: 10 },
  { name: "T1", maxSize: 4, ttlMs: 2000 },
  { name: "T2", maxSize: 3, ttlMs: 8000 },
];
const CYCLE_MS = 30_000;

interface Item extends Watched {
  readonly id: number;
}

/** An idle object as the model knows it. */
interface Lying {
  readonly item: Item;
  /** The tick and cycle that last saw it touched; `undefined`: touched since the last tick. */
  seen: { time: number; cycle: number } | undefined;
}

/** The naive model of one shelf. */
class ShelfModel {
  lying: Lying[] = [];

  constructor(
    /** The ceilings of its generations, youngest first. */
    public ceilings: readonly number[],
    readonly ttls: readonly number[],
  ) {}

  release(item: Item): "kept" | "full" {
    if (this.lying.length >= this.ceilings.reduce((sum, ceiling) => sum + ceiling)) return "full";
    this.lying.push({ item, seen: undefined });
    return "kept";
  }

  settle(time: number, cycle: number): void {
    for (const lying of this.lying) lying.seen ??= { time, cycle };
  }

  evict(now: number, cycle: number): Record<string, Item[]> {
    const gone: Record<string, Item[]> = { ttl: [], unused: [], cold: [] };
    const age = (lying: Lying) => now - lying.seen!.time;
    this.#take(gone.ttl!, (lying) => age(lying) >= this.ttls.at(-1)!);
    this.#take(gone.unused!, (lying) => cycle - lying.seen!.cycle > 3);
    // One by one: while the bands, filled from the youngest, cannot hold them all, the oldest goes.
    while (!this.#fits(age)) gone.cold!.push(this.lying.shift()!.item);
    return gone;
  }

  #take(gone: Item[], which: (lying: Lying) => boolean): void {
    gone.push(...this.lying.filter(which).map((lying) => lying.item));
    this.lying = this.lying.filter((lying) => !which(lying));
  }

  #fits(age: (lying: Lying) => number): boolean {
    const free = [...this.ceilings];
    return this.lying.toReversed().every((lying) => {
      const born = this.ttls.findIndex((ttlMs) => age(lying) < ttlMs);
      const band = free.findIndex((room, i) => i >= born && room > 0);
      if (band >= 0) free[band]!--;
      return band >= 0;
    });
  }
}

/** The naive model of one pool: a main shelf, and those that tags have. */
class Model {
  now = 0;
  cycle = 0;
  readonly main: ShelfModel;
  readonly own: Map<string, ShelfModel> = new Map();
  readonly #ceilings: readonly number[];
  readonly #ttls: readonly number[];
  #cycleStart = 0;

  constructor(generations: readonly GenerationOptions[]) {
    this.#ceilings = generations.map(({ maxSize }) => maxSize);
    this.#ttls = generations.map(({ ttlMs }) => ttlMs);
    this.main = new ShelfModel(this.#ceilings, this.#ttls);
  }

  /** What lies idle. */
  get idle(): Item[] {
    return [this.main, ...this.own.values()].flatMap(({ lying }) => lying.map(({ item }) => item));
  }

  /** What `acquire` hands out, or `undefined` where it creates. */
  acquire(tag?: string): Item | undefined {
    return (this.own.get(tag!)?.lying.pop() ?? this.main.lying.pop())?.item;
  }

  release(item: Item, tag?: string): "kept" | "full" {
    return (this.own.get(tag!) ?? this.main).release(item);
  }

  /** Runs a tick after which these tags have shelves; tells what went, in order, and why. */
  tick(now: number, majors: number, shelves: readonly string[] = []): Record<string, Item[]>[] {
    this.now = Math.max(this.now, now);
    for (const shelf of [this.main, ...this.own.values()]) shelf.settle(this.now, this.cycle);
    const lasted = this.now - this.#cycleStart;
    if (lasted >= CYCLE_MS || (majors > 0 && lasted >= 2000)) {
      this.cycle++;
      this.#cycleStart = this.now;
    }
    const lost = [...this.own].filter(([tag]) => !shelves.includes(tag)).map(([tag, shelf]) => {
      this.own.delete(tag);
      return { cold: shelf.lying.map(({ item }) => item) };
    });
    const part = this.#ceilings.map((ceiling) => Math.floor(ceiling / 16));
    for (const tag of shelves) {
      if (!this.own.has(tag)) this.own.set(tag, new ShelfModel(part, this.#ttls));
    }
    this.main.ceilings = this.#ceilings.map((all, i) => all - this.own.size * part[i]!);
    const evicted = [this.main, ...this.own.values()].map((shelf) =>
      shelf.evict(this.now, this.cycle)
    );
    return [...lost, ...evicted];
  }
}

type Operation =
  | { readonly kind: "acquire" | "lease"; readonly tag: number }
  | { readonly kind: "release" | "limbo"; readonly which: number; readonly tag: number }
  | { readonly kind: "tick"; readonly afterMs: number; readonly majors: number }
  | { readonly kind: "drop" | "with" }
  | { readonly kind: "misuse"; readonly which: number };

const tag = fc.integer({ min: 0, max: 3 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("acquire", "lease"), tag }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("release", "release", "release", "limbo"),
      which: fc.nat(),
      tag,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("tick"),
      afterMs: fc.constantFrom(0, 1, 500, 500, 500, 2500, 12_000),
      majors: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("drop", "with") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("misuse"), which: fc.nat() }) },
) as fc.Arbitrary<Operation>;

const TAGS = [undefined, "a", "b", "c"] as const;

/** Runs operations against pool and model; throws where they differ. Returns how many ran. */
function run(operations: readonly Operation[]): number {
  let clock = 0;
  let majors = 0;
  let made = 0;
  const disposed: Item[] = [];
  const host = {
    ...inertHost(),
    now: () => clock,
    gc: (): GcReading => ({ minor: 0, major: majors, unknown: 0 }),
  };
  const pool = new Pool<Item>({
    create: () => ({ id: made++, dirty: false, disposed: 0 }),
    reset: (item) => void (item.dirty = false),
    dispose(item) {
      item.disposed++;
      disposed.push(item);
    },
    onError: hear,
    generations: GENERATIONS,
    scheduler: fixedScheduler(),
    host,
    cycleMs: CYCLE_MS,
    maxTags: 2,
  });
  const model = new Model(GENERATIONS);
  const oracle = new Oracle(pool);
  const held: { item: Item; lease?: Lease<Item> }[] = [];
  let guard: Guard<Item> = pool.guard();
  let limbo: Item[] = [];
  let full = 0;
  const gone: Record<string, number> = { ttl: 0, unused: 0, cold: 0 };

  const expect = (item: Item) => {
    const expected = model.acquire();
    assertEquals(item.id, expected?.id ?? made - 1);
    oracle.acquired(item);
  };
  const giveBack = (item: Item, release: () => void) => {
    const before = disposed.length;
    release();
    oracle.released(item);
    const kept = model.release(item) === "kept";
    if (!kept) full++;
    assertEquals(disposed.slice(before), kept ? [] : [item]);
  };

  for (const op of operations) {
    switch (op.kind) {
      case "acquire": {
        const item = pool.acquire(TAGS[op.tag]);
        expect(item);
        held.push({ item });
        break;
      }
      case "lease": {
        const lease = pool.lease(TAGS[op.tag]);
        expect(lease.value);
        held.push({ item: lease.value, lease });
        break;
      }
      case "release":
      case "limbo": {
        const [one] = held.splice(op.which % Math.max(1, held.length), 1);
        if (one === undefined) break;
        const { item, lease } = one;
        if (lease !== undefined) giveBack(item, () => lease.release());
        else if (op.kind === "release") giveBack(item, () => pool.release(item, TAGS[op.tag]));
        else {
          guard.release(item);
          oracle.waited(item);
          limbo.push(item);
        }
        break;
      }
      case "drop": {
        const waiting = limbo;
        limbo = [];
        const before = disposed.length;
        guard.drop();
        const refused = waiting.filter((item) => {
          oracle.limbo.delete(item);
          return model.release(item) === "full";
        });
        full += refused.length;
        assertEquals(disposed.slice(before), refused);
        guard = pool.guard();
        break;
      }
      case "with":
        pool.with("a", (item) => {
          expect(item);
          // The pool takes it back when this returns.
          giveBack(item, () => {});
        });
        break;
      case "misuse": {
        // Whatever is idle, in limbo, discarded or held by a lease is nobody's to release raw.
        const leased = held.filter((one) => one.lease !== undefined).map((one) => one.item);
        const wrong = [...model.idle, ...limbo, ...disposed, ...leased];
        const item = wrong[op.which % Math.max(1, wrong.length)];
        if (item !== undefined) assertThrows(() => pool.release(item), PoolError);
        break;
      }
      case "tick": {
        clock += op.afterMs;
        majors = op.majors;
        const before = disposed.length;
        pool.tick();
        const [taken] = model.tick(clock, majors) as [Record<string, Item[]>];
        const all = [...taken.ttl!, ...taken.unused!, ...taken.cold!];
        assertEquals(disposed.slice(before), all);
        for (const reason of Object.keys(gone)) gone[reason]! += taken[reason]!.length;
        break;
      }
    }
    oracle.check(op.kind === "tick");
    const { discarded, cycles } = pool.stats();
    const { ttl, unused, cold } = discarded;
    assertEquals({ ttl, unused, cold, full: discarded.full }, { ...gone, full } as never);
    assertEquals(cycles, model.cycle);
  }
  const { idle } = model;
  pool.close();
  oracle.closed();
  assertEquals(
    disposed.slice(-idle.length || disposed.length).map((item) => item.id),
    idle.map((item) => item.id),
  );
  assertEquals(disposed.every((item) => item.disposed === 1), true);
  oracle.check();
  assertEquals(errors, []);
  return operations.length;
}

/** What the pools told `onError`, but for what a run still leased when it was dropped with its pool. */
const errors: Error[] = [];

function hear(error: Error): void {
  if (!(error instanceof PoolError && error.code === "leaked")) errors.push(error);
}

/** Room for a shelf of 3, 2 and 1 objects for each of up to 8 tags. */
const LARGE: readonly GenerationOptions[] = [
  { name: "T0", maxSize: 48, ttlMs: 10 },
  { name: "T1", maxSize: 32, ttlMs: 2000 },
  { name: "T2", maxSize: 16, ttlMs: 8000 },
];

type ShelvesOperation =
  | { readonly kind: "acquire"; readonly tag: number; readonly count: number }
  | {
    readonly kind: "release";
    readonly which: number;
    readonly count: number;
    readonly under: number | undefined;
  }
  | {
    readonly kind: "tick";
    readonly afterMs: number;
    readonly majors: number;
    readonly shelves: readonly string[];
  };

const count = fc.integer({ min: 1, max: 8 });
const shelvesOperation: fc.Arbitrary<ShelvesOperation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("acquire" as const), tag, count }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("release" as const),
      which: fc.nat(),
      count,
      under: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("tick" as const),
      afterMs: fc.constantFrom(0, 1, 500, 500, 500, 2500, 12_000),
      majors: fc.constantFrom(0, 0, 0, 1),
      shelves: fc.subarray(["a", "b", "c"]),
    }),
  },
);

/** Runs operations against a pool whose tags get and lose shelves, and its model. */
function runShelves(operations: readonly ShelvesOperation[]): number {
  let [clock, majors, made, ran] = [0, 0, 0, 0];
  let shelves: readonly string[] = [];
  const disposed: Item[] = [];
  const pool = new Pool<Item>({
    create: () => ({ id: made++, dirty: false, disposed: 0 }),
    reset: (item) => void (item.dirty = false),
    dispose(item) {
      item.disposed++;
      disposed.push(item);
    },
    onError: hear,
    generations: LARGE,
    scheduler: {
      name: "told",
      decide: () => ({ shelves: new Map(shelves.map((tag) => [tag, {}])) }),
    },
    host: {
      ...inertHost(),
      now: () => clock,
      gc: (): GcReading => ({ minor: 0, major: majors, unknown: 0 }),
    },
    cycleMs: CYCLE_MS,
  });
  // A tag is bound to its shelf at a tick.
  for (const name of TAGS.slice(1)) pool.tag(name!);
  const model = new Model(LARGE);
  const oracle = new Oracle(pool);
  const held: { readonly item: Item; readonly tag: string | undefined }[] = [];
  const gone: Record<string, number> = { ttl: 0, unused: 0, cold: 0, full: 0 };
  for (const op of operations) {
    const before = disposed.length;
    if (op.kind === "acquire") {
      for (let i = 0; i < op.count; i++, ran++) {
        const tag = TAGS[op.tag];
        const item = pool.acquire(tag);
        assertEquals(item.id, model.acquire(tag)?.id ?? made - 1);
        oracle.acquired(item);
        held.push({ item, tag });
      }
    } else if (op.kind === "release") {
      for (let i = 0; i < op.count && held.length > 0; i++, ran++) {
        const [{ item, tag }] = held.splice(op.which % held.length, 1) as [typeof held[0]];
        const under = op.under === undefined ? undefined : TAGS[op.under];
        const former = disposed.length;
        pool.release(item, under);
        oracle.released(item);
        const isKept = model.release(item, under ?? tag) === "kept";
        if (!isKept) gone.full!++;
        assertEquals(disposed.slice(former), isKept ? [] : [item]);
      }
    } else {
      ran++;
      clock += op.afterMs;
      ({ majors, shelves } = op);
      pool.tick();
      const taken = model.tick(clock, majors, shelves);
      const items = taken.flatMap((reasons) => Object.values(reasons).flat());
      assertEquals(disposed.slice(before).map(({ id }) => id), items.map(({ id }) => id));
      for (const reasons of taken) {
        for (const [reason, items] of Object.entries(reasons)) gone[reason]! += items.length;
      }
    }
    oracle.check(op.kind === "tick");
    const { ttl, unused, cold, full } = pool.stats().discarded;
    assertEquals({ ttl, unused, cold, full }, gone as never);
  }
  const { idle } = model;
  pool.close();
  oracle.closed();
  assertEquals(disposed.slice(disposed.length - idle.length), idle);
  assertEquals(disposed.every((item) => item.disposed === 1), true);
  oracle.check();
  assertEquals(errors, []);
  return ran;
}

describe("Pool against a naive model", () => {
  it(`agrees over at least ${OPERATIONS} random operations`, () => {
    let operations = 0;
    const property = fc.property(
      fc.array(operation, { minLength: 200, maxLength: 600, size: "max" }),
      (ops) => {
        operations += run(ops);
      },
    );
    // fast-check prints seed and path where it fails; a seed of its own each time.
    while (operations < OPERATIONS) {
      fc.assert(property, { numRuns: 10, seed: Date.now() ^ operations });
    }
  });

  it(`agrees over at least ${OPERATIONS} random operations while tags get and lose shelves`, () => {
    let operations = 0;
    const property = fc.property(
      fc.array(shelvesOperation, { minLength: 100, maxLength: 400, size: "max" }),
      (ops) => {
        operations += runShelves(ops);
      },
    );
    while (operations < OPERATIONS) {
      fc.assert(property, { numRuns: 10, seed: Date.now() ^ operations });
    }
  });
});
