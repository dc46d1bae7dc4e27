import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Sample, Scheduler } from "../mod.ts";
import { adaptiveScheduler } from "../src/adaptive_scheduler.ts";
import { faultOf } from "../src/scheduler.ts";
import { Sketch } from "../src/sketch.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { generationSample, sampleOf } from "./fixture/sample.ts";
import { assertGrammar, type ThingPool, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

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

  it("adaptiveScheduler() has the main shelf take all sizes until the elected have shelves", () => {
    const scheduler = adaptiveScheduler();
    const tagOf = (name: string, acquires: number, kb: number) => {
      const sketch = new Sketch();
      sketch.add(kb, 1000);
      const sizesKb = { shares: sketch.weights, total: sketch.total };
      return { name, acquires, misses: 0, heat: 0, hot: false, sizesKb };
    };
    const tags = [tagOf("page", 300, 2), tagOf("upload", 20, 1024)];
    const isNamed = () => scheduler.explain!().some(({ about }) => about === "tag upload");
    const before = scheduler.decide(sampleOf({ tags }));
    assert(before.shelves!.has("upload"));
    assertEquals([before.objectBytes, isNamed()], [undefined, false]);
    const { leased, peak, live, hotLevels, oldLevels, generations } = sampleOf({});
    const shelf = { tag: "upload", leased, peak, live, hotLevels, oldLevels, generations };
    const after = scheduler.decide(sampleOf({ now: 500, tags, shelves: [shelf] }));
    assertEquals([after.objectBytes, isNamed()], [4096, true]);
  });

  it("adaptiveScheduler() tells the same of the same samples", () => {
    const [first, second] = [adaptiveScheduler(), adaptiveScheduler()];
    for (let i = 0; i < 100; i++) {
      const sample = sampleOf({ now: i * 500, peak: (i * 37) % 50, idle: [i % 9, i % 5, i % 3] });
      assertEquals(first.decide(sample), second.decide(sample));
    }
  });

  const budgets: readonly (readonly [Partial<Sample>, string])[] = [
    [{ bytes: 500 }, "none"],
    [{ bytes: 750 }, "moderate"],
    [{ bytes: 900 }, "high"],
    // A full budget takes no more by itself.
    [{ bytes: 1000 }, "high"],
    [{ bytes: 900, heap: { usedBytes: 1 } }, "high"],
    [{ bytes: 900, heap: { usedBytes: 1 }, memoryLimit: 100 }, "none"],
    [{ bytes: 900, memoryLimit: 100 }, "high"],
  ];
  for (const [patch, pressure] of budgets) {
    it(`adaptiveScheduler() sees pressure ${pressure} of the budget in ${JSON.stringify(patch)}`, () => {
      const { pressure: seen } = adaptiveScheduler().decide(sampleOf({ maxBytes: 1000, ...patch }));
      assertEquals(seen, pressure as never);
    });
  }

  it("adaptiveScheduler() sees no pressure of an empty budget, and never a critical one", () => {
    const bytes = fc.integer({ min: 0, max: 1000 });
    const history = fc.array(fc.record({ bytes, maxBytes: fc.constantFrom(0, 1000) }));
    fc.assert(fc.property(history, (samples) => {
      const scheduler = adaptiveScheduler();
      for (const [i, { bytes, maxBytes }] of samples.entries()) {
        const sample = sampleOf({ now: i * 500, bytes: Math.min(bytes, maxBytes), maxBytes });
        const { pressure } = scheduler.decide(sample);
        assert(pressure !== "critical");
        if (maxBytes === 0) assertEquals(pressure, "none");
      }
    }));
  });

  it("adaptiveScheduler() never sees less pressure where the heap is fuller, all else equal", () => {
    const levels = ["none", "moderate", "high", "critical"];
    const share = fc.double({ min: 0, max: 1.2, noNaN: true });
    const steps = fc.array(
      fc.record({
        shares: fc.tuple(share, share),
        peak: fc.nat(100),
        idle: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(fc.property(steps, (steps) => {
      const [emptier, fuller] = [adaptiveScheduler(), adaptiveScheduler()];
      for (const [i, { shares, ...rest }] of steps.entries()) {
        const [less, more] = shares.toSorted((a, b) => a - b).map((usedBytes) =>
          sampleOf({ now: i * 500, ...rest, heap: { usedBytes }, memoryLimit: 1 })
        );
        const { pressure: lower, ...first } = emptier.decide(less!);
        const { pressure: higher, ...second } = fuller.decide(more!);
        assert(levels.indexOf(higher!) >= levels.indexOf(lower!), `${higher} after ${lower}`);
        assertEquals(second, first);
      }
    }));
  });

  it("adaptiveScheduler() never sees pressure fall while the share rises", () => {
    const levels = ["none", "moderate", "high", "critical"];
    const share = fc.double({ min: 0, max: 1.2, noNaN: true });
    fc.assert(fc.property(fc.array(share), (shares) => {
      const scheduler = adaptiveScheduler();
      const seen = shares.toSorted((a, b) => a - b).map((usedBytes, i) => {
        const sample = sampleOf({ now: i * 500, heap: { usedBytes }, memoryLimit: 1 });
        return levels.indexOf(scheduler.decide(sample).pressure!);
      });
      assertEquals(seen, seen.toSorted((a, b) => a - b));
    }));
  });

  it("adaptiveScheduler() changes targets at most once in the last 20 of 100 ticks alike", () => {
    const load = fc.record({
      base: fc.integer({ min: 1, max: 3000 }),
      /** What the peaks are multiplied with, over and over. */
      noise: fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), {
        minLength: 1,
        maxLength: 6,
      }),
      held: fc.double({ min: 0, max: 1, noNaN: true }),
      createUs: fc.option(fc.constantFrom(0.1, 4, 100), { nil: undefined }),
      usedBytes: fc.constantFrom(0.5, 0.7, 0.9),
    });
    fc.assert(fc.property(load, ({ base, noise, held, createUs, usedBytes }) => {
      const scheduler = adaptiveScheduler();
      const peaks = noise.map((factor) => Math.ceil(factor * base));
      const leased = Math.floor(held * Math.min(...peaks));
      const live = Math.max(...peaks);
      const told = Array.from({ length: 100 }, (_, i) =>
        scheduler.decide(sampleOf({
          now: i * 500,
          peak: peaks[i % peaks.length]!,
          leased,
          idle: [live - leased, 0, 0],
          acquires: 1000,
          heap: { usedBytes },
          memoryLimit: 1,
          ...(createUs === undefined ? {} : { createUs }),
        })).targets![0]!);
      const last = told.slice(-20);
      // The deepest level of all may come and go: of a band that is hardly reached little is known.
      const changes = last.filter((target, i) =>
        Math.abs(target - told[told.length - 21 + i]!) > Math.max(1, live / 100)
      );
      assert(changes.length <= 1, `${last}`);
    }));
  });

  const odd: readonly (readonly [string, Partial<Sample>])[] = [
    ["a pause of NaN", { gc: { minor: 1, major: 0, unknown: 0, pauseMs: NaN } }],
    ["an endless pause", { gc: { minor: 1, major: 0, unknown: 0, pauseMs: Infinity } }],
    ["a pause below 0", { gc: { minor: 1, major: 0, unknown: 0, pauseMs: -1e9 } }],
    ["NaN allocated bytes", { heap: { usedBytes: 1, allocatedBytes: NaN } }],
    ["endless allocated bytes", { heap: { usedBytes: 1, allocatedBytes: Infinity } }],
  ];
  for (const [what, patch] of odd) {
    it(`adaptiveScheduler() forgets ${what}`, () => {
      const [disturbed, calm] = [adaptiveScheduler(), adaptiveScheduler()];
      const sizesKb = { shares: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], total: 9 };
      const used = { name: "a", acquires: 1000, misses: 0, heat: 0, hot: false };
      const tag = { ...used, releaseUs: 1, sizesKb };
      const decide = (scheduler: Scheduler, i: number, more: Partial<Sample> = {}) =>
        scheduler.decide(sampleOf({
          now: i * 500,
          idle: [10, 0, 0],
          bytes: 10 * 64,
          acquires: 1000,
          createUs: 0.01,
          tags: [tag],
          heap: { usedBytes: 1, allocatedBytes: 1e6 * i },
          // 0.1 µs for 64 bytes.
          gc: { minor: 1, major: 0, unknown: 0, pauseMs: 1.5 },
          ...more,
        }));
      for (let i = 0; i < 200; i++) {
        decide(disturbed, i, i === 3 ? patch : {});
        decide(calm, i);
      }
      const [seen, expected] = [disturbed, calm].map((scheduler) =>
        scheduler.explain!().find(({ about }) => about === "tag a")?.inputs.allocateUs
      );
      assertAlmostEquals(expected!, 0.01 + 0.1, 0.01);
      assertAlmostEquals(seen ?? NaN, expected!, 0.01);
    });
  }

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
    const counts = fc.array(fc.nat(5000), { minLength: 3, maxLength: 3 });
    const levels = {
      peak: fc.nat(5000),
      leased: fc.nat(5000),
      hotLevels: fc.nat(5000),
      oldLevels: fc.nat(5000),
    };
    const tag = fc.record({
      name: fc.constantFrom("page", "upload", "image", "(other)", "(untagged)"),
      acquires: fc.nat(5000),
      misses: fc.nat(5000),
      heat: fc.nat(100),
      hot: fc.boolean(),
      releaseUs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      sizesKb: fc.record({
        shares: fc.array(fc.nat(100), { minLength: 64, maxLength: 64 }),
        total: fc.nat(1000),
      }),
    }, { requiredKeys: ["name", "acquires", "misses", "heat", "hot"] });
    const shelf = fc.record({
      tag: fc.constantFrom("page", "upload", "image"),
      idle: counts,
      ...levels,
    });
    const always = {
      elapsed: fc.constantFrom(0, 16, 500, 500, 500, 60_000),
      ...levels,
      idle: counts,
      acquires: fc.nat(5000),
      misses: fc.nat(5000),
      bytes: fc.nat(1e9),
      maxBytes: fc.constantFrom(0, 1e6, 1e9),
      tags: fc.uniqueArray(tag, { selector: ({ name }) => name, maxLength: 5 }),
      shelves: fc.uniqueArray(shelf, { selector: ({ tag }) => tag }),
      gc: fc.record(
        { minor: figure, major: figure, unknown: figure, pauseMs: figure },
        { requiredKeys: ["minor", "major", "unknown"] },
      ),
    };
    const sample = fc.record({
      ...always,
      createUs: fc.constantFrom(1e-9, 0.01, 4, 1e9),
      heap: fc.record(
        { usedBytes: figure, limitBytes: figure, externalBytes: figure, allocatedBytes: figure },
        { requiredKeys: ["usedBytes"] },
      ),
      memoryLimit: figure,
    }, { requiredKeys: Object.keys(always) as (keyof typeof always)[] });
    fc.assert(fc.property(fc.array(sample, { minLength: 1, maxLength: 60 }), (samples) => {
      const scheduler = adaptiveScheduler();
      let now = 0;
      for (const { elapsed, shelves, ...rest } of samples) {
        now += elapsed;
        const adjustment = scheduler.decide(sampleOf({
          now,
          elapsedMs: elapsed,
          ...rest,
          shelves: shelves.map(({ idle, ...shelf }) => ({
            ...shelf,
            live: shelf.leased,
            generations: idle.map((count) => generationSample({ idle: count })),
          })),
        }));
        assertEquals(faultOf(adjustment, 3), undefined);
        const all = [adjustment, ...adjustment.shelves!.values()];
        for (const { floor = 0, objectBytes = 1, targets = [] } of all) {
          assert(targets.every((target) => Number.isSafeInteger(target) && target >= 0));
          assert(Number.isSafeInteger(floor) && floor >= 0);
          assert(objectBytes > 0 && objectBytes < Infinity, `${objectBytes} bytes`);
        }
        assert(adjustment.shelves!.size <= 8 && !adjustment.shelves!.has("(other)"));
        assert(adjustment.youngMs! >= 10 && adjustment.youngMs! <= 500, `${adjustment.youngMs}`);
        for (const { about, inputs } of scheduler.explain!()) {
          for (const [name, value] of Object.entries(inputs)) {
            assert(Number.isFinite(value), `${about}: ${name} is ${value}`);
          }
        }
      }
    }));
  });
});

/** A pool under the adaptive scheduler, and a load on it in simulated seconds. */
function loaded(
  options: Parameters<typeof adaptiveScheduler>[0] = {},
  createUs = 0,
): ThingPool & {
  readonly run: (seconds: number, demand: (ms: number) => number) => void;
} {
  const host = new FakeHost({ timers: true });
  const subject = thingPool({
    host,
    scheduler: adaptiveScheduler(options),
    create: () => {
      host.time += createUs / 1000;
      return { id: 0, dirty: false, disposed: 0, size: 1 };
    },
  });
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

  const loads: readonly (readonly [string, (ms: number) => number])[] = [
    ["a load that breathes", (ms) => 700 + [0, 300, 0, 150][(ms / 50) % 4]!],
    ["a constant load", () => 1000],
  ];
  for (const [what, demand] of loads) {
    for (const createUs of [0, 4, 30, 1000]) {
      it(`Pool gives 90 % back within 10 s after ${what}, of creations of ${createUs} µs`, () => {
        const { pool, run } = loaded({}, createUs);
        run(20, demand);
        assert(pool.stats().live >= 1000);
        run(10, () => 50);
        const { live } = pool.stats();
        assert(live - 50 <= 0.1 * (1000 - 50), `${live} live`);
      });
    }
  }

  for (const periodMs of [500, 1000, 2500, 4000]) {
    for (const burst of [3, 60, 900]) {
      it(`Pool finds the ${burst} objects of a burst every ${periodMs} ms still there`, () => {
        const { pool, run } = loaded();
        const demand = (ms: number) => ms % periodMs < 200 ? burst : 1;
        run(12, demand);
        const { misses } = pool.stats();
        run(40, demand);
        assertEquals(pool.stats().misses, misses);
      });
    }
  }

  it("Pool does not change what it keeps in the last 20 of 100 ticks of a constant load", () => {
    const { pool, host } = loaded();
    const held: ReturnType<typeof pool.acquire>[] = [];
    const kept: number[] = [];
    for (let ms = 0; ms < 50_000; ms += 50) {
      const wanted = 100 + [0, 40, -30, 10, -60][(ms / 50) % 5]!;
      while (held.length < wanted) held.push(pool.acquire());
      while (held.length > wanted) pool.release(held.shift()!);
      host.advance(50);
      if (ms % 500 === 450) kept.push(pool.stats().live);
    }
    assertEquals(new Set(kept.slice(-20)), new Set([140]));
  });

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
