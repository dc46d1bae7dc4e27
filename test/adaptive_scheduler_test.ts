import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Sample } from "../mod.ts";
import { adaptiveScheduler } from "../src/adaptive_scheduler.ts";
import { faultOf } from "../src/scheduler.ts";
import { FakeHost } from "./fixture/fake_host.ts";
import { sampleOf } from "./fixture/sample.ts";
import { assertGrammar, type ThingPool, thingPool } from "./fixture/thing.ts";
import { checkStats } from "./oracle.ts";

/** The targets that follow the last of some samples, 500 ms apart. */
function targetsAfter(samples: readonly Parameters<typeof sampleOf>[0][]): readonly number[] {
  const scheduler = adaptiveScheduler();
  let targets: readonly number[] = [];
  samples.forEach((sample, i) => {
    targets = scheduler.decide(sampleOf({ now: i * 500, ...sample })).targets!;
  });
  return targets;
}

describe("adaptiveScheduler()", () => {
  const cases: readonly (readonly [string, Parameters<typeof targetsAfter>[0], number[]])[] = [
    ["keeps nothing where nothing was needed", [{ idle: [3, 2, 1] }], [0, 0, 0]],
    ["keeps what the last tick needed", [{ peak: 10, idle: [10, 0, 0] }], [10, 0, 0]],
    ["counts leased objects as kept", [{ peak: 10, leased: 4, idle: [6, 0, 0] }], [6, 0, 0]],
    ["counts younger objects as kept", [{ peak: 10, leased: 1, idle: [4, 3, 9] }], [9, 5, 2]],
    ["asks for no less than nothing", [{ peak: 2, leased: 9, idle: [4, 3, 9] }], [0, 0, 0]],
    [
      "keeps no level only because it is hot and old",
      [{ hotLevels: 5, oldLevels: 5, idle: [0, 0, 9] }],
      [0, 0, 0],
    ],
    ["keeps a first peak for λ", [{ peak: 8 }, { now: 4999, idle: [0, 0, 8] }], [8, 8, 8]],
    ["drops a first peak after λ", [{ peak: 8 }, { now: 5000, idle: [0, 0, 8] }], [0, 0, 0]],
    ["keeps the highest of its peaks", [{ peak: 3 }, { peak: 9 }, { peak: 1 }], [9, 9, 9]],
  ];
  for (const [name, samples, targets] of cases) {
    it(`adaptiveScheduler() ${name}`, () => assertEquals(targetsAfter(samples), targets));
  }

  it("adaptiveScheduler() pins what is hot and old", () => {
    const scheduler = adaptiveScheduler();
    const floorOf = (patch: Partial<Sample>) => scheduler.decide(sampleOf(patch)).floor;
    assertEquals(floorOf({ peak: 9, hotLevels: 7, oldLevels: 4 }), 4);
    assertEquals(floorOf({ peak: 9, hotLevels: 2, oldLevels: 4 }), 2);
    // Nothing is pinned that is not worth its time.
    assertEquals(floorOf({ now: 60_000, hotLevels: 7, oldLevels: 4 }), 0);
  });

  const heaps: readonly (readonly [Partial<Sample>, string])[] = [
    [{}, "none"],
    [{ memoryLimit: 100 }, "none"],
    [{ heap: { usedBytes: 96 } }, "none"],
    [{ heap: { usedBytes: 10 }, memoryLimit: 100 }, "none"],
    [{ heap: { usedBytes: 70 }, memoryLimit: 100 }, "moderate"],
    [{ heap: { usedBytes: 85 }, memoryLimit: 100 }, "high"],
    [{ heap: { usedBytes: 96, limitBytes: 1e9 }, memoryLimit: 100 }, "critical"],
    [{ heap: { usedBytes: NaN }, memoryLimit: 100 }, "none"],
    [{ heap: { usedBytes: 96 }, memoryLimit: NaN }, "none"],
    [{ heap: { usedBytes: 96 }, memoryLimit: 0 }, "none"],
  ];
  for (const [patch, pressure] of heaps) {
    it(`adaptiveScheduler() sees pressure ${pressure} in ${JSON.stringify(patch)}`, () => {
      assertEquals(adaptiveScheduler().decide(sampleOf(patch)).pressure, pressure as never);
    });
  }

  it("adaptiveScheduler() tells the same of the same samples", () => {
    const [first, second] = [adaptiveScheduler(), adaptiveScheduler()];
    for (let i = 0; i < 100; i++) {
      const sample = sampleOf({ now: i * 500, peak: (i * 37) % 50, idle: [i % 9, i % 5, i % 3] });
      assertEquals(first.decide(sample), second.decide(sample));
    }
  });

  const bad: readonly (readonly [unknown, ErrorConstructor, string])[] = [
    [null, TypeError, "options must be an object: received null"],
    [5000, TypeError, "options must be an object: received 5000"],
    [
      { idleBudgetMs: -1 },
      RangeError,
      "idleBudgetMs must be a finite number of at least 0: received -1",
    ],
    [
      { idleBudgetMs: "5 s" },
      RangeError,
      'idleBudgetMs must be a finite number of at least 0: received "5 s"',
    ],
  ];
  for (const [given, type, message] of bad) {
    it(`adaptiveScheduler() says: ${message}`, () => {
      const error = assertThrows(() => adaptiveScheduler(given as never), type);
      assertEquals(error.message, `Cannot make adaptiveScheduler: ${message}`);
      assertGrammar(error);
    });
  }

  it("adaptiveScheduler() never asks for what cannot be, whatever it is shown", () => {
    const figure = fc.constantFrom(NaN, 0, -1, 1, 95, 100, Infinity);
    const sample = fc.record({
      elapsed: fc.constantFrom(0, 16, 500, 500, 500, 60_000),
      peak: fc.nat(5000),
      leased: fc.nat(5000),
      idle: fc.array(fc.nat(5000), { minLength: 3, maxLength: 3 }),
      hotLevels: fc.nat(5000),
      oldLevels: fc.nat(5000),
      heap: fc.option(fc.record({ usedBytes: figure }), { nil: undefined }),
      memoryLimit: fc.option(figure, { nil: undefined }),
    });
    fc.assert(fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), (samples) => {
      const scheduler = adaptiveScheduler();
      let now = 0;
      for (const { elapsed, heap, memoryLimit, ...rest } of samples) {
        now += elapsed;
        const adjustment = scheduler.decide(sampleOf({
          now,
          ...rest,
          ...(heap === undefined ? {} : { heap }),
          ...(memoryLimit === undefined ? {} : { memoryLimit }),
        }));
        assertEquals(faultOf(adjustment, 3), undefined);
        assert(adjustment.targets!.every((target) => Number.isSafeInteger(target) && target >= 0));
        assert(Number.isSafeInteger(adjustment.floor));
      }
    }));
  });
});

/** A pool under the adaptive scheduler, and a load on it in simulated seconds. */
function loaded(options: Parameters<typeof adaptiveScheduler>[0] = {}): ThingPool & {
  readonly run: (seconds: number, demand: (ms: number) => number) => void;
} {
  const host = new FakeHost({ timers: true });
  const subject = thingPool({ host, scheduler: adaptiveScheduler(options) });
  const { pool } = subject;
  const held: ReturnType<typeof pool.acquire>[] = [];
  return {
    ...subject,
    run(seconds, demand) {
      for (let ms = 0; ms < seconds * 1000; ms += 50) {
        const wanted = demand(ms);
        while (held.length < wanted) held.push(pool.acquire());
        while (held.length > wanted) pool.release(held.pop()!);
        host.advance(50);
      }
      checkStats(pool.stats());
    },
  };
}

describe("Pool under adaptiveScheduler()", () => {
  it("Pool under constant load does not oscillate", () => {
    const { pool, run } = loaded();
    // 90 to 110 at once, over and over.
    const demand = (ms: number) => 100 + [0, 10, 0, -10][(ms / 50) % 4]!;
    run(10, demand);
    const { created } = pool.stats();
    run(120, demand);
    assertEquals(pool.stats().created, created);
    assertEquals(created, 110);
  });

  it("Pool keeps the objects of a burst of one a second", () => {
    const { pool, run } = loaded();
    run(60, (ms) => ms % 1000 < 100 ? 480 : 0);
    assertEquals(pool.stats().created, 480);
    assertEquals(pool.stats().live, 480);
  });

  it("Pool keeps the objects of a burst every 4 s, and not those of one a minute", () => {
    for (const [period, isKept] of [[4000, true], [60_000, false]] as const) {
      const { pool, run } = loaded();
      run(180, (ms) => ms % period < 100 ? 300 : 0);
      assertEquals(pool.stats().created === 300, isKept, `${pool.stats().created} at ${period}`);
    }
  });

  const falls = [
    { from: 1000, to: 0, after: 5 },
    { from: 1000, to: 100, after: 5 },
    { from: 1000, to: 100, after: 200 },
    { from: 4800, to: 10, after: 60 },
  ];
  for (const { from, to, after } of falls) {
    it(`Pool gives back what a fall from ${from} to ${to} after ${after} s frees, within 10 s`, () => {
      const { pool, run } = loaded();
      run(after, () => from);
      assertEquals(pool.stats().live, from);
      run(10, () => to);
      const { live } = pool.stats();
      assert(live - to <= 0.1 * (from - to), `${live} live`);
    });
  }

  it("Pool keeps more, the more an object may idle", () => {
    const left = [0, 2000, 20_000].map((idleBudgetMs) => {
      const { pool, run } = loaded({ idleBudgetMs });
      run(1, () => 100);
      run(8, () => 0);
      return pool.stats().live;
    });
    assertEquals(left, [0, 0, 100]);
  });
});
