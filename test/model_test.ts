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
import { Oracle, type Watched } from "./oracle.ts";

const OPERATIONS = 12_000;
const GENERATIONS: readonly GenerationOptions[] = [
  { name: "T0", maxSize: 6, ttlMs: 10 },
  { name: "T1", maxSize: 4, ttlMs: 2000 },
  { name: "T2", maxSize: 3, ttlMs: 8000 },
];
const ROOM = 13;
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

/** The naive model of one pool under a fixed scheduler. */
class Model {
  lying: Lying[] = [];
  now = 0;
  cycle = 0;
  #cycleStart = 0;

  /** What `acquire` hands out, or `undefined` where it creates. */
  acquire(): Item | undefined {
    return this.lying.pop()?.item;
  }

  release(item: Item): "kept" | "full" {
    if (this.lying.length >= ROOM) return "full";
    this.lying.push({ item, seen: undefined });
    return "kept";
  }

  tick(now: number, majors: number): Record<string, Item[]> {
    this.now = Math.max(this.now, now);
    for (const lying of this.lying) lying.seen ??= { time: this.now, cycle: this.cycle };
    const lasted = this.now - this.#cycleStart;
    if (lasted >= CYCLE_MS || (majors > 0 && lasted >= 2000)) {
      this.cycle++;
      this.#cycleStart = this.now;
    }
    const gone: Record<string, Item[]> = { ttl: [], unused: [], cold: [] };
    const age = (lying: Lying) => this.now - lying.seen!.time;
    this.#take(gone.ttl!, (lying) => age(lying) >= GENERATIONS.at(-1)!.ttlMs);
    this.#take(gone.unused!, (lying) => this.cycle - lying.seen!.cycle > 3);
    // One by one: while the bands, filled from the youngest, cannot hold them all, the oldest goes.
    while (!this.#fits(age)) gone.cold!.push(this.lying.shift()!.item);
    return gone;
  }

  #take(gone: Item[], which: (lying: Lying) => boolean): void {
    gone.push(...this.lying.filter(which).map((lying) => lying.item));
    this.lying = this.lying.filter((lying) => !which(lying));
  }

  #fits(age: (lying: Lying) => number): boolean {
    const free = GENERATIONS.map((generation) => generation.maxSize);
    return this.lying.toReversed().every((lying) => {
      const born = GENERATIONS.findIndex((generation) => age(lying) < generation.ttlMs);
      const band = free.findIndex((room, i) => i >= born && room > 0);
      if (band >= 0) free[band]!--;
      return band >= 0;
    });
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
    generations: GENERATIONS,
    scheduler: fixedScheduler(),
    host,
    cycleMs: CYCLE_MS,
    maxTags: 2,
  });
  const model = new Model();
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
        const wrong = [...model.lying.map(({ item }) => item), ...limbo, ...disposed, ...leased];
        const item = wrong[op.which % Math.max(1, wrong.length)];
        if (item !== undefined) assertThrows(() => pool.release(item), PoolError);
        break;
      }
      case "tick": {
        clock += op.afterMs;
        majors = op.majors;
        const before = disposed.length;
        pool.tick();
        const taken = model.tick(clock, majors);
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
  const idle = model.lying.map((lying) => lying.item);
  pool.close();
  oracle.closed();
  assertEquals(
    disposed.slice(-idle.length || disposed.length).map((item) => item.id),
    idle.map((item) => item.id),
  );
  assertEquals(disposed.every((item) => item.disposed === 1), true);
  oracle.check();
  return operations.length;
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
});
