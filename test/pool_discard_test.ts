/** Why objects leave a pool, and how much one may hold. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type Adjustment,
  type DiscardReason,
  fixedScheduler,
  type GenerationOptions,
  Pool,
  type Scheduler,
} from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import {
  acquireMany,
  failsWith,
  makeIdle,
  type Thing,
  type ThingOptions,
  type ThingPool,
  thingPool,
} from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

const MB = 2 ** 20;

/** A scheduler that always decides the same. */
function always(adjustment: Adjustment): Scheduler {
  return { name: "always", decide: () => adjustment };
}

/** Runs ticks, some time apart. */
function tickEvery({ pool, host }: ThingPool, ms: number, times = 1): void {
  for (let i = 0; i < times; i++) {
    host.time += ms;
    pool.tick();
    checkStats(pool.stats(), true);
  }
}

/** A way to make a pool discard. */
interface DiscardCase {
  readonly reason: DiscardReason;
  readonly when: string;
  readonly options?: ThingOptions;
  readonly run: (subject: ThingPool) => void;
  readonly count: number;
  /** Whether `dispose` hears of it. @default {true} */
  readonly isDisposed?: boolean;
}

const only = (maxSize: number, ttlMs = 0): GenerationOptions[] => [{ name: "T0", maxSize, ttlMs }];

const CASES: readonly DiscardCase[] = [
  {
    reason: "full",
    when: "the ceilings are reached",
    options: { generations: only(2) },
    run: ({ pool }) => makeIdle(pool, 5),
    count: 3,
  },
  {
    reason: "ttl",
    when: "the last generation has a TTL that is over",
    options: { generations: only(9, 2000) },
    run(subject) {
      makeIdle(subject.pool, 3);
      tickEvery(subject, 500);
      subject.pool.release(subject.pool.acquire());
      tickEvery(subject, 1999);
      assertEquals(subject.pool.stats().idle, 3);
      tickEvery(subject, 1);
    },
    count: 2,
  },
  {
    reason: "cold",
    when: "generations are over their targets",
    options: { scheduler: fixedScheduler([1, 2, 0]) },
    run(subject) {
      makeIdle(subject.pool, 5);
      tickEvery(subject, 500);
    },
    count: 2,
  },
  {
    reason: "cold",
    when: "objects age into a generation whose ceiling is lower",
    options: {
      generations: [{ name: "T0", maxSize: 4, ttlMs: 500 }, { name: "T1", maxSize: 1, ttlMs: 0 }],
    },
    run(subject) {
      makeIdle(subject.pool, 4);
      tickEvery(subject, 500);
      assertEquals(subject.pool.stats().idle, 4);
      tickEvery(subject, 500);
    },
    count: 3,
  },
  {
    reason: "unused",
    when: "three whole cycles have not touched them",
    options: { cycleMs: 1000 },
    run(subject) {
      makeIdle(subject.pool, 3);
      tickEvery(subject, 1000);
      for (let i = 0; i < 2; i++) {
        subject.pool.release(subject.pool.acquire());
        tickEvery(subject, 1000);
      }
      assertEquals(subject.pool.stats().idle, 3);
      tickEvery(subject, 1000);
    },
    count: 2,
  },
  {
    reason: "pressure",
    when: "the scheduler sees moderate pressure",
    options: {
      scheduler: always({ pressure: "moderate" }),
      generations: [{ name: "T0", maxSize: 9, ttlMs: 500 }, { name: "T1", maxSize: 9, ttlMs: 0 }],
    },
    run(subject) {
      makeIdle(subject.pool, 3);
      tickEvery(subject, 500);
      subject.pool.release(subject.pool.acquire());
      tickEvery(subject, 500);
    },
    count: 2,
  },
  {
    reason: "pressure",
    when: "they come back under critical pressure",
    options: { scheduler: always({ pressure: "critical" }) },
    run(subject) {
      const held = acquireMany(subject.pool, 3);
      subject.pool.release(held[0]!);
      tickEvery(subject, 500);
      for (const thing of held.slice(1)) subject.pool.release(thing);
    },
    count: 3,
  },
  {
    reason: "budget",
    when: "the byte budget of sized objects is spent",
    options: { maxBytes: 25, sizeOf: (thing) => thing.size, generations: only(9) },
    run({ pool }) {
      const held = acquireMany(pool, 5);
      [10, 10, 10, 5, 1].forEach((size, i) => held[i]!.size = size);
      for (const thing of held) pool.release(thing);
      assertEquals(pool.stats().bytes, 25);
    },
    count: 2,
  },
  {
    reason: "budget",
    when: "the byte budget at 4 KB an object is spent",
    options: { maxBytes: 3 * 4096 + 4095, generations: only(9) },
    run: ({ pool }) => makeIdle(pool, 5),
    count: 2,
  },
  {
    reason: "invalid",
    when: "reset throws",
    options: {
      reset() {
        throw new Error("stuck");
      },
    },
    run: ({ pool }) => void failsWith("reset", () => pool.release(pool.acquire())),
    count: 1,
  },
  {
    reason: "bypass",
    when: "the scheduler finds that pooling does not pay",
    options: { scheduler: always({ bypass: true }) },
    run(subject) {
      const thing = subject.pool.acquire();
      makeIdle(subject.pool, 2);
      tickEvery(subject, 500);
      subject.pool.release(thing);
      assertEquals(subject.pool.stats().bypass, true);
    },
    count: 3,
  },
  {
    reason: "limbo",
    when: "limbo is full, without dispose since somebody may be reading",
    options: { maxLimbo: 1 },
    run({ pool }) {
      using guard = pool.guard();
      for (const thing of acquireMany(pool, 3)) guard.release(thing);
      assertEquals(guard.size, 1);
    },
    count: 2,
    isDisposed: false,
  },
  {
    reason: "closed",
    when: "the pool closes",
    run({ pool }) {
      makeIdle(pool, 2);
      pool.close();
    },
    count: 2,
  },
];

describe("Pool discards", () => {
  for (const { reason, when, options, run, count, isDisposed = true } of CASES) {
    it(`Pool discards objects as ${reason} when ${when}`, () => {
      const subject = thingPool(options);
      run(subject);
      const { discarded } = subject.pool.stats();
      const expected = Object.fromEntries(Object.keys(discarded).map((name) => [name, 0]));
      assertEquals({ ...discarded }, { ...expected, [reason]: count } as typeof discarded);
      assertEquals(subject.disposed.length, isDisposed ? count : 0);
      assert(subject.disposed.every((thing) => thing.disposed === 1));
      checkStats(subject.pool.stats());
    });
  }

  it("Pool discards as error what dispose throws on, whatever the reason was", () => {
    const subject = thingPool({
      generations: only(1),
      dispose() {
        throw new Error("stuck");
      },
    });
    makeIdle(subject.pool, 3);
    subject.pool.trim("critical");
    assertEquals(subject.pool.stats().discarded.error, 3);
    assertEquals(subject.errors.length, 3);
    checkStats(subject.pool.stats());
  });

  it("Pool discards from the bottom, the least recently used first", () => {
    const subject = thingPool({ scheduler: fixedScheduler([2, 0, 0]) });
    makeIdle(subject.pool, 5);
    tickEvery(subject, 500);
    assertEquals(subject.disposed.map((thing) => thing.id), [4, 3, 2]);
  });

  it("Pool disposes of at most 1024 objects a tick, and of the rest soon after", () => {
    const host = new FakeHost({ timers: true });
    const subject = thingPool({ host, scheduler: fixedScheduler(0) });
    makeIdle(subject.pool, 2500);
    host.advance(500);
    assertEquals(subject.pool.stats().idle, 2500 - 1024);
    checkStats(subject.pool.stats(), true);
    host.advance(32);
    assertEquals(subject.pool.stats().idle, 0);
    checkStats(subject.pool.stats(), true);
  });

  const unhelpful: Record<string, () => Adjustment> = {
    "says nothing more": () => ({}),
    "throws from then on": () => {
      throw new Error("stuck");
    },
  };
  for (const [how, later] of Object.entries(unhelpful)) {
    it(`Pool works off a backlog under a scheduler that ${how}`, () => {
      let decisions = 0;
      const scheduler: Scheduler = {
        name: "once",
        decide: () => decisions++ === 0 ? { targets: [0, 0, 0] } : later(),
      };
      const subject = thingPool({ scheduler });
      makeIdle(subject.pool, 2500);
      tickEvery(subject, 500, 3);
      assertEquals(subject.pool.stats().idle, 0);
    });
  }

  it("Pool keeps what is pinned, within ceilings, until pressure is critical", () => {
    const subject = thingPool({
      generations: only(4),
      scheduler: always({ targets: [0], floor: 6 }),
    });
    const busy = subject.pool.acquire();
    makeIdle(subject.pool, 8);
    tickEvery(subject, 500);
    assertEquals(subject.pool.stats().idle, 4);
    assertEquals(subject.pool.trim("high"), 0);
    subject.pool.acquire();
    subject.pool.acquire();
    // 6 levels are pinned, 3 of them in use.
    assertEquals(subject.pool.trim("high"), 0);
    assertEquals(subject.pool.trim("critical"), 2);
    subject.pool.release(busy);
    checkStats(subject.pool.stats());
  });

  it("Pool lets a pin go as soon as the scheduler does", () => {
    const adjustments: Adjustment[] = [{ targets: [1], floor: 3 }, {}];
    const subject = thingPool({
      generations: only(9),
      scheduler: { name: "two", decide: () => adjustments.shift() ?? {} },
    });
    makeIdle(subject.pool, 5);
    tickEvery(subject, 500);
    assertEquals(subject.pool.stats().idle, 3);
    tickEvery(subject, 500);
    assertEquals(subject.pool.stats().idle, 1);
  });
});

describe("Pool.stats().bytes", () => {
  it("Pool.stats().bytes follows sizes that grow while objects are leased", () => {
    const { pool } = thingPool({ sizeOf: (thing) => thing.size, maxBytes: 1000 });
    const [a, b] = acquireMany(pool, 2) as [Thing, Thing];
    a.size = 100;
    pool.release(a);
    b.size = 300;
    pool.release(b);
    assertEquals(pool.stats().bytes, 400);
    assertEquals(pool.acquire(), b);
    assertEquals(pool.stats().bytes, 100);
    b.size = 901;
    pool.release(b);
    assertEquals(pool.stats().bytes, 100);
    assertEquals(pool.stats().discarded.budget, 1);
    pool.trim("critical");
    assertEquals(pool.stats().bytes, 0);
  });

  it("Pool.stats().bytes counts 4 KB an object without sizeOf", () => {
    const { pool } = thingPool();
    makeIdle(pool, 3);
    assertEquals(pool.stats().bytes, 3 * 4096);
  });

  it("Pool.stats().bytes counts what sizeOf says that each object weighs", () => {
    const { pool } = thingPool({ sizeOf: 100, maxBytes: 450 });
    makeIdle(pool, 6);
    const { bytes, discarded, idle } = pool.stats();
    assertEquals([idle, bytes, discarded.full + discarded.budget], [4, 400, 2]);
    pool.trim("critical");
    assertEquals(pool.stats().bytes, 0);
  });

  it("Pool.stats().bytes is 0 where each object weighs nothing", () => {
    const { pool } = thingPool({ sizeOf: 0, maxBytes: 10 });
    makeIdle(pool, 3);
    assertEquals([pool.stats().idle, pool.stats().bytes], [3, 0]);
  });

  it("Pool.stats().bytes counts objects once that another pool has measured before", () => {
    const first = thingPool({ sizeOf: () => 100 });
    const thing = first.pool.acquire();
    first.pool.release(thing);
    first.pool.close();
    const { pool } = thingPool({ create: () => thing, sizeOf: () => 7, maxBytes: 50 });
    pool.release(pool.acquire());
    assertEquals(pool.stats().bytes, 7);
    assertEquals(first.pool.stats().bytes, 0);
  });
});

describe("Pool sizes itself", () => {
  const sizings: readonly {
    readonly by: string;
    readonly options?: ThingOptions;
    readonly limitBytes?: number;
    readonly memoryLimit?: number;
    readonly maxBytes: number;
    readonly maxSize: number;
  }[] = [
    { by: "512 MB where no limit is known", maxBytes: 128 * MB, maxSize: 32768 },
    { by: "the limit of the heap", limitBytes: 4096 * MB, maxBytes: 1024 * MB, maxSize: 262144 },
    { by: "the 128 MB of Workers", memoryLimit: 128 * MB, maxBytes: 32 * MB, maxSize: 8192 },
    {
      by: "the limit of the heap before that of the platform",
      limitBytes: 64 * MB,
      memoryLimit: 128 * MB,
      maxBytes: 16 * MB,
      maxSize: 4096,
    },
    {
      by: "memoryLimit before that of the heap",
      options: { memoryLimit: 16 * MB },
      limitBytes: 4096 * MB,
      maxBytes: 4 * MB,
      maxSize: 1024,
    },
    {
      by: "memoryFraction",
      options: { memoryFraction: 0.5 },
      memoryLimit: 128 * MB,
      maxBytes: 64 * MB,
      maxSize: 16384,
    },
    {
      by: "maxBytes before all limits",
      options: { maxBytes: 40960, memoryLimit: 512 * MB },
      limitBytes: 4096 * MB,
      maxBytes: 40960,
      maxSize: 10,
    },
    {
      by: "the size of the first object",
      options: { sizeOf: () => 1024 * 1024 },
      memoryLimit: 128 * MB,
      maxBytes: 32 * MB,
      maxSize: 32,
    },
    {
      by: "what each object weighs",
      options: { sizeOf: 1024 * 1024 },
      memoryLimit: 128 * MB,
      maxBytes: 32 * MB,
      maxSize: 32,
    },
    {
      by: "a bound of 4 million where objects have no size",
      options: { sizeOf: () => 0 },
      maxBytes: 128 * MB,
      maxSize: 2 ** 22,
    },
    {
      by: "its generations where they are given, without a budget",
      options: { generations: only(7) },
      limitBytes: 64 * MB,
      maxBytes: Number.MAX_SAFE_INTEGER,
      maxSize: 7,
    },
    {
      by: "its generations though sizes are known",
      options: { generations: only(7), sizeOf: () => 1024, maxBytes: 2048 },
      maxBytes: 2048,
      maxSize: 7,
    },
    { by: "nothing that is no number", limitBytes: NaN, maxBytes: 128 * MB, maxSize: 32768 },
    { by: "nothing of 0", limitBytes: 0, memoryLimit: NaN, maxBytes: 128 * MB, maxSize: 32768 },
    {
      by: "no infinite heap",
      limitBytes: Infinity,
      memoryLimit: -1,
      maxBytes: 128 * MB,
      maxSize: 32768,
    },
  ];
  for (const { by, options, limitBytes, memoryLimit, maxBytes, maxSize } of sizings) {
    it(`Pool sizes itself by ${by}`, () => {
      const host = new FakeHost(memoryLimit === undefined ? {} : { memoryLimit });
      if (limitBytes !== undefined) host.heapReading = { usedBytes: MB, limitBytes };
      const { pool } = thingPool({ ...options, host });
      pool.release(pool.acquire());
      const { generations, maxBytes: actual } = pool.stats();
      assertEquals(actual, maxBytes);
      assertEquals(
        new Set(generations.map((generation) => generation.maxSize)),
        new Set([maxSize]),
      );
    });
  }

  it("Pool sizes itself so that all generations together stay in the budget", () => {
    const { pool } = thingPool({ maxBytes: 10 * 4096 });
    makeIdle(pool, 30);
    assertEquals(pool.stats().idle, 10);
    assertEquals(pool.stats().discarded.budget, 20);
  });

  it("Pool holds nothing where the budget is 0", () => {
    for (const sizeOf of [undefined, () => 1, 1, 0]) {
      const { pool } = thingPool({ maxBytes: 0, ...(sizeOf === undefined ? {} : { sizeOf }) });
      makeIdle(pool, 3);
      assertEquals(pool.stats().idle, 0);
      checkStats(pool.stats());
    }
  });

  it("Pool runs on the host of this runtime where none is given", () => {
    const pool = new Pool({ create: () => ({}), reset: () => {} });
    const { runtime, maxBytes } = pool.stats();
    assert(["deno", "bun", "workers", "node"].includes(runtime), runtime);
    assert(maxBytes > MB);
    pool.close();
  });
});
