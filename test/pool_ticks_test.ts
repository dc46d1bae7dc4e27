/** What makes a pool tick, and what no host or scheduler can do to it. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { adaptiveScheduler, type Pool, PoolError, type Sample, type Scheduler } from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { acquireMany, failsWith, makeIdle, type Thing, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

/** A scheduler that keeps the samples it is given. */
function recorder(): Scheduler & { readonly samples: Sample[] } {
  const samples: Sample[] = [];
  return {
    name: "recorder",
    samples,
    decide(sample) {
      samples.push(sample);
      return {};
    },
  };
}

/** Enough leases that some are timed. */
function work(pool: Pool<Thing>, leases = 200): void {
  for (let i = 0; i < leases; i++) pool.release(pool.acquire());
}

describe("Pool ticks by timers", () => {
  it("Pool arms no timer before its first object exists", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host });
    pool.tag("a");
    pool.guard();
    assertEquals(host.waiting, 0);
    pool.acquire();
    assertEquals(host.waiting, 1);
  });

  it("Pool.poll() reads no clock while a timer will run the next tick", () => {
    const fake = new FakeHost({ timers: true });
    let reads = 0;
    const host = Object.assign(fake, {
      now() {
        reads++;
        return fake.time;
      },
    });
    const { pool } = thingPool({ host });
    pool.acquire();
    reads = 0;
    for (let i = 0; i < 10; i++) pool.poll();
    assertEquals(reads, 0);
    pool.close();
  });

  it("Pool.poll() ticks all the same where a timer is armed and never fires", () => {
    const host = new FakeHost();
    host.defer = () => () => {};
    const { pool } = thingPool({ host });
    pool.acquire();
    host.time += 500;
    for (let i = 0; i < 64; i++) pool.poll();
    assertEquals(pool.stats().ticks, 1);
    pool.close();
  });

  it("Pool ticks every tickMs while it has objects, with one timer", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host, tickMs: 100 });
    acquireMany(pool, 5);
    host.advance(1000);
    assertEquals(pool.stats().ticks, 10);
    assertEquals(host.waiting, 1);
  });

  it("Pool stops ticking where it has no objects, and starts again", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host });
    makeIdle(pool, 1);
    pool.trim("critical");
    host.advance(5000);
    assertEquals(pool.stats().ticks, 1);
    assertEquals(host.waiting, 0);
    pool.acquire();
    host.advance(1000);
    assert(pool.stats().ticks >= 2);
  });

  it("Pool that falls idle under pressure says so until it is over, and none once closed", () => {
    const host = new FakeHost({ timers: true });
    let pressure: "critical" | "none" = "critical";
    const { pool } = thingPool({ host, scheduler: { name: "s", decide: () => ({ pressure }) } });
    const press = () => {
      pressure = "critical";
      makeIdle(pool, 1);
      host.advance(1000);
      assertEquals([pool.stats().live, pool.stats().pressure], [0, "critical"]);
    };
    press();
    pressure = "none";
    host.advance(500);
    assertEquals([pool.stats().pressure, host.waiting], ["none", 0]);
    press();
    pool.close();
    assertEquals([pool.stats().pressure, host.waiting], ["none", 0]);
  });

  it("Pool ticks at a timer that fires a little early", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host });
    pool.acquire();
    const defer = host.defer.bind(host);
    host.defer = (callback, ms) => defer(callback, ms - 0.5);
    host.advance(2000);
    assert(pool.stats().ticks >= 3, `${pool.stats().ticks}`);
  });

  it("Pool.close() leaves no timer", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host });
    makeIdle(pool, 3);
    pool.close();
    assertEquals(host.waiting, 0);
    host.advance(5000);
    assertEquals(pool.stats().ticks, 0);
  });

  it("Pool that its own tick closes leaves no timer", () => {
    const host = new FakeHost({ timers: true });
    const scheduler: Scheduler = {
      name: "closer",
      decide() {
        pool.close();
        return { targets: [9, 9, 9] };
      },
    };
    const { pool } = thingPool({ host, scheduler });
    const thing = pool.acquire();
    makeIdle(pool, 3);
    host.advance(500);
    assertEquals(host.waiting, 0);
    pool.release(thing);
    assertEquals(pool.stats().idle, 0);
    assertEquals(pool.stats().discarded.closed, 4);
    checkStats(pool.stats());
  });
});

describe("Pool ticks by work", () => {
  it("Pool without timers ticks while it works, and not before a tick is due", () => {
    const { pool, host } = thingPool();
    work(pool);
    assertEquals(pool.stats().ticks, 0);
    host.time += 499;
    work(pool);
    assertEquals(pool.stats().ticks, 0);
    host.time += 1;
    work(pool);
    assertEquals(pool.stats().ticks, 1);
    work(pool);
    assertEquals(pool.stats().ticks, 1);
  });

  it("Pool takes a long pause for one long tick", () => {
    const scheduler = recorder();
    const { pool, host } = thingPool({ scheduler });
    work(pool);
    host.time += 3_600_000;
    work(pool);
    assertEquals(scheduler.samples.map((sample) => sample.elapsedMs), [3_600_000]);
  });

  it("Pool.poll() ticks where a tick is due", () => {
    const { pool, host } = thingPool();
    pool.acquire();
    for (const [after, ticks] of [[0, 0], [499, 0], [1, 1], [0, 1], [500, 2]] as const) {
      host.time += after;
      pool.poll();
      assertEquals(pool.stats().ticks, ticks);
    }
  });

  it("Pool does not close, lose or duplicate where a tick comes within acquire", () => {
    const { pool, host } = thingPool({
      scheduler: { name: "none", decide: () => ({ targets: [0, 0, 0] }) },
    });
    for (let i = 0; i < 2000; i++) {
      host.time += 100;
      const held = acquireMany(pool, 3);
      assertEquals(new Set(held).size, 3);
      for (const thing of held) pool.release(thing);
    }
    assert(pool.stats().ticks > 10);
    checkStats(pool.stats());
  });

  it("Pool that a tick within acquire closes hands out nothing", () => {
    const scheduler: Scheduler = {
      name: "closer",
      decide() {
        pool.close();
        return {};
      },
    };
    const { pool, host } = thingPool({ scheduler });
    work(pool);
    host.time += 500;
    failsWith("closed", () => work(pool, 100_000));
    assertEquals(pool.stats().leased, 0);
    assertEquals(pool.stats().hits + pool.stats().misses, pool.stats().acquires);
    checkStats(pool.stats());
  });
});

describe("Pool on a clock that misbehaves", () => {
  it("Pool goes on ticking, and makes nothing younger, after the clock was set back", () => {
    const scheduler = recorder();
    const { pool, host } = thingPool({ scheduler });
    makeIdle(pool, 3);
    host.time = 10_000;
    pool.poll();
    host.time = 13_000;
    pool.poll();
    assertEquals(pool.stats().generations.map(({ idle }) => idle), [0, 0, 3]);
    host.time = 50;
    pool.poll();
    assertEquals(pool.stats().ticks, 2);
    pool.prewarm(1);
    // Only what goes on by itself is no other request's clock.
    for (const time of [550, 1060, 1560]) {
      host.time = time;
      pool.poll();
    }
    assertEquals(scheduler.samples.map(({ now }) => now), [10_000, 13_000, 13_500]);
    assertEquals(scheduler.samples.map(({ elapsedMs }) => elapsedMs), [10_000, 3000, 500]);
    assertEquals(pool.stats().generations.map(({ idle }) => idle), [1, 0, 3]);
    checkStats(pool.stats(), true);
  });

  for (const broken of [NaN, undefined, -Infinity, Infinity, "now"]) {
    it(`Pool stands a clock that says ${String(broken)}, at first or later`, () => {
      const host = new FakeHost();
      host.time = broken as number;
      const scheduler = recorder();
      const { pool } = thingPool({ host, scheduler });
      work(pool);
      pool.tick();
      host.time = 1000;
      pool.poll();
      host.time = broken as number;
      work(pool);
      pool.prewarm(3);
      pool.tick();
      host.time = 2000;
      pool.poll();
      assertEquals(scheduler.samples.map(({ now }) => now), [0, 1000, 1000, 2000]);
      assert(pool.stats().tags.every(({ holdMs }) => holdMs === undefined || holdMs.p99 >= 0));
      checkStats(pool.stats(), true);
    });
  }

  it("Pool on a clock that stands still ticks where it is told to", () => {
    const host = new FakeHost({ timers: true });
    const scheduler = recorder();
    const { pool } = thingPool({ host, scheduler });
    work(pool, 1000);
    assertEquals(pool.stats().ticks, 0);
    pool.tick();
    pool.tick();
    assertEquals(scheduler.samples.map(({ elapsedMs }) => elapsedMs), [0, 0]);
    checkStats(pool.stats(), true);
  });
});

describe("Pool on a host that misbehaves", () => {
  it("Pool ticks where readings throw, and says so", () => {
    const scheduler = recorder();
    const host = new FakeHost();
    const { pool, errors } = thingPool({ host, scheduler });
    host.heap = () => {
      throw new Error("heap");
    };
    host.gc = () => {
      throw new Error("gc");
    };
    makeIdle(pool, 2);
    pool.tick();
    assertEquals(errors.map((error) => error.message).sort(), ["gc", "heap"]);
    const [sample] = scheduler.samples;
    assertEquals(sample!.gc, { minor: 0, major: 0, unknown: 0 });
    assertEquals("heap" in sample!, false);
  });

  it("Pool shows a scheduler no heap of which the use is no number", () => {
    const scheduler = recorder();
    const host = new FakeHost({ memoryLimit: NaN });
    const { pool } = thingPool({ host, scheduler });
    for (const usedBytes of [NaN, undefined, Infinity]) {
      host.heapReading = { usedBytes: usedBytes as number, limitBytes: 100 };
      pool.tick();
    }
    host.heapReading = { usedBytes: 5, limitBytes: NaN };
    pool.tick();
    assertEquals(scheduler.samples.map(({ heap }) => heap), [
      undefined,
      undefined,
      undefined,
      { usedBytes: 5 },
    ]);
    assert(scheduler.samples.every((sample) => !("memoryLimit" in sample)));
  });

  it("Pool tells a scheduler the limit of the user, the heap, the platform, in this order", () => {
    const cases = [
      { options: { memoryLimit: 1 }, limitBytes: 2, memoryLimit: 3, expected: 1 },
      { options: {}, limitBytes: 2, memoryLimit: 3, expected: 2 },
      { options: {}, memoryLimit: 3, expected: 3 },
      { options: {}, expected: undefined },
    ];
    for (const { options, limitBytes, memoryLimit, expected } of cases) {
      const scheduler = recorder();
      const host = new FakeHost(memoryLimit === undefined ? {} : { memoryLimit });
      host.heapReading = limitBytes === undefined ? { usedBytes: 1 } : { usedBytes: 1, limitBytes };
      const { pool } = thingPool({ ...options, host, scheduler });
      pool.tick();
      assertEquals(scheduler.samples[0]!.memoryLimit, expected);
    }
  });
});

describe("Pool under a scheduler that misbehaves", () => {
  const garbage: readonly unknown[] = [
    undefined,
    null,
    7,
    "adjust",
    Promise.resolve({}),
    { targets: 3 },
    { targets: [] },
    { targets: [1, 2, 3, 4] },
    { targets: [1, 2, NaN] },
    { targets: [1, -1, 2] },
    { targets: [1, undefined, 2] },
    { targets: [1, "many", 2] },
    { floor: NaN },
    { floor: -1 },
    { floor: "low" },
    { pressure: "extreme" },
    { pressure: 1 },
  ];
  for (const adjustment of garbage) {
    const shown = JSON.stringify(
      adjustment,
      (_, value) => value === undefined ? "undefined" : value,
    );
    it(`Pool reports an adjustment of ${shown} and keeps the former`, () => {
      const adjustments = [{ targets: [2, 0, 0] }, adjustment];
      const { pool, host, errors } = thingPool({
        scheduler: { name: "garbage", decide: () => adjustments.shift() as never },
      });
      makeIdle(pool, 5);
      for (const _ of [1, 2]) {
        host.time += 500;
        pool.tick();
        checkStats(pool.stats(), true);
        makeIdle(pool, 5);
      }
      assertEquals((errors as PoolError[]).map((error) => error.code), ["scheduler"]);
      host.time += 500;
      assertEquals(pool.stats().generations.map(({ target }) => target), [2, 0, 0]);
    });
  }

  it("Pool reports a scheduler that throws, and ticks on", () => {
    const cause = new Error("stuck");
    const { pool, host, errors } = thingPool({
      scheduler: {
        name: "thrower",
        decide() {
          throw cause;
        },
      },
    });
    makeIdle(pool, 3);
    host.time += 500;
    pool.tick();
    pool.tick();
    assertEquals(errors.map((error) => error.cause), [cause, cause]);
    assert(errors[0] instanceof PoolError);
    assertEquals(pool.stats().ticks, 2);
    assertEquals(pool.stats().idle, 3);
  });

  it("Pool takes infinite and fractional targets, under its ceilings", () => {
    const { pool } = thingPool({
      generations: [{ name: "T0", maxSize: 4, ttlMs: 9 }, { name: "T1", maxSize: 4, ttlMs: 0 }],
      scheduler: { name: "wide", decide: () => ({ targets: [Infinity, 1.9] }) },
    });
    makeIdle(pool, 8);
    pool.tick();
    assertEquals(pool.stats().idle, 5);
    checkStats(pool.stats(), true);
  });

  it("Pool does not tick within its own tick", () => {
    let decisions = 0;
    const scheduler: Scheduler = {
      name: "nested",
      decide() {
        decisions++;
        pool.tick();
        pool.poll();
        pool.release(pool.acquire());
        return { targets: [0, 0, 0] };
      },
    };
    const { pool } = thingPool({ scheduler });
    makeIdle(pool, 3);
    pool.tick();
    assertEquals(decisions, 1);
    checkStats(pool.stats(), true);
  });
});

describe("Pool counts cycles", () => {
  const cases: readonly {
    readonly when: string;
    readonly steps: readonly (readonly [number, number])[];
    readonly cycles: number;
  }[] = [
    { when: "a major collection comes after 2 s", steps: [[500, 0], [1500, 1]], cycles: 1 },
    { when: "a major collection comes too early", steps: [[500, 1], [1499, 1]], cycles: 0 },
    { when: "30 s pass", steps: [[29_999, 0], [1, 0]], cycles: 1 },
    { when: "collections come at every tick", steps: Array(8).fill([500, 1]), cycles: 2 },
    { when: "one tick is long", steps: [[300_000, 9]], cycles: 1 },
  ];
  for (const { when, steps, cycles } of cases) {
    it(`Pool counts ${cycles} cycles when ${when}`, () => {
      const { pool, host } = thingPool();
      for (const [after, majors] of steps) {
        host.time += after;
        host.majors = majors;
        pool.tick();
      }
      assertEquals(pool.stats().cycles, cycles);
    });
  }

  it("Pool learns heat of tags by the cycle", () => {
    const { pool, host } = thingPool({ cycleMs: 1000 });
    const uses = [100, 0, 0, 0, 60];
    const seen = uses.map((count) => {
      for (let i = 0; i < count; i++) pool.release(pool.acquire("tag"));
      host.time += 1000;
      pool.tick();
      const { heat, hot } = pool.stats().tags[0]!;
      return [heat, hot];
    });
    assertEquals(seen, [[100, true], [75, true], [50, true], [25, false], [60, true]]);
  });

  it("Pool shares one overflow profile among tags past maxTags", () => {
    const { pool } = thingPool({ maxTags: 2 });
    for (let i = 0; i < 1000; i++) pool.release(pool.acquire(`/users/${i}`));
    assertEquals(pool.stats().tags.map(({ name, acquires }) => [name, acquires]), [
      ["(other)", 998],
      ["/users/0", 1],
      ["/users/1", 1],
    ]);
    assertEquals(pool.tag("new"), pool.tag("newer"));
  });
});

describe("Pool under load", () => {
  it("Pool keeps bursts of one a second, and gives them back when they end", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host, scheduler: adaptiveScheduler() });
    const burst = (size: number) => {
      for (const thing of acquireMany(pool, size).toReversed()) pool.release(thing);
      host.advance(1000);
    };
    for (let second = 0; second < 30; second++) burst(500);
    assertEquals(pool.stats().created, 500);
    for (let second = 0; second < 10; second++) burst(10);
    const { idle } = pool.stats();
    assert(idle - 10 <= 0.1 * (500 - 10), `${idle} idle`);
    checkStats(pool.stats());
  });

  it("Pool gives 4 800 objects back within 10 s, though a tick disposes of 1024 only", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ host, scheduler: adaptiveScheduler() });
    for (let second = 0; second < 100; second++) {
      makeIdle(pool, 4800);
      host.advance(1000);
    }
    assertEquals(pool.stats().created, 4800);
    host.advance(10_000);
    assert(pool.stats().idle <= 480, `${pool.stats().idle} idle`);
  });
});
