import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Pool } from "../mod.ts";
import { Cost } from "../src/cost.ts";
import { checkHeat } from "../src/heat.ts";
import { Sampling } from "../src/sampling.ts";
import type { Pressure } from "../src/pressure.ts";
import type { Adjustment, Sample } from "../src/scheduler.ts";
import { addSlot } from "../src/slot.ts";
import { Stocks } from "../src/stocks.ts";
import { TagHandle } from "../src/tag.ts";
import { TagTable } from "../src/tag_table.ts";
import { Ticker } from "../src/ticker.ts";
import { FakeHost } from "../testing/fake_host.ts";

const GENERATIONS = [
  { name: "T0", maxSize: 5000, ttlMs: 10 },
  { name: "T1", maxSize: 5000, ttlMs: 0 },
];

/** A ticker over an empty shelf, and the samples that its scheduler saw. */
function ticker(host: FakeHost, adjustment: Adjustment = {}, maxCreatesPerSecond?: number) {
  const heat = checkHeat("Cannot test");
  const stocks = new Stocks<object>({
    dispose: undefined,
    generations: GENERATIONS,
    heat,
    unitBytes: undefined,
    maxBytes: 1e9,
    report: () => {},
  });
  const { account, shelf } = stocks.main;
  const make = (name: string, id: number) =>
    new TagHandle<object>(name, id, {} as never, stocks.main, () => {}, undefined, 64);
  const tags = new TagTable(make, 9, heat);
  const samples: Sample[] = [];
  const scheduler = {
    name: "recorder",
    decide(sample: Sample) {
      samples.push(sample);
      return adjustment;
    },
  };
  const options = {
    scheduler,
    host,
    maxBytes: 1e9,
    memoryLimit: undefined,
    unitBytes: undefined,
    cycleMs: 30_000,
    tickMs: 500,
    hasOwnCeilings: true,
    maxCreatesPerSecond,
  };
  const parts = {
    stocks,
    tags,
    createCost: new Cost(),
    bareCost: new Cost(),
    watch: { settle() {} },
  };
  const errors: unknown[] = [];
  const subject = new Ticker(parts, options, new Sampling(), (error) => void errors.push(error));
  const lay = (count: number) => {
    for (let i = 0; i < count; i++) {
      account.add();
      shelf.push(addSlot({}, "pool"), 0);
    }
  };
  return { subject, samples, account, errors, shelf, stocks, tags, lay };
}

describe("Pool under a scheduler that fails", () => {
  it("Pool keeps objects again after the tick that ends a pressure", () => {
    const scheduler = {
      name: "failing",
      decide: () => {
        throw new Error("wrong");
      },
    };
    const errors: unknown[] = [];
    const pool = new Pool({
      create: () => ({}),
      reset() {},
      host: new FakeHost(),
      scheduler,
      onError: (error) => void errors.push(error),
    });
    pool.trim("critical");
    pool.release(pool.acquire());
    assertEquals(pool.stats().idle, 0);
    pool.tick();
    pool.release(pool.acquire());
    assertEquals([pool.stats().idle, errors.length], [1, 1]);
    pool.close();
  });
});

describe("Ticker", () => {
  it("Ticker.clock() stands still where the host's is behind or tells no number", () => {
    const host = new FakeHost();
    const { subject } = ticker(host);
    const times = [100, 200, 50, 60, NaN, 300, -1000, 310].map((time) => {
      host.time = time;
      return subject.clock();
    });
    assertEquals(times, [100, 200, 200, 200, 200, 300, 300, 310]);
  });

  it("Ticker ticks again soon where the host's clock was set back", () => {
    const host = new FakeHost();
    const { subject } = ticker(host);
    host.time = 3_600_000;
    subject.tickIfDue(subject.clock());
    for (let time = 0; time <= 2000; time += 100) {
      host.time = time;
      subject.tickIfDue(subject.clock());
    }
    assertEquals([subject.ticks, subject.now], [2, 3_600_500]);
  });

  it("Ticker.tickIfDue() ticks once a tick has passed", () => {
    const host = new FakeHost();
    const { subject } = ticker(host);
    const ticks = [0, 499, 500, 999, 1000, 9000, 9001].map((time) => {
      host.time = time;
      subject.tickIfDue(subject.clock());
      return subject.ticks;
    });
    assertEquals(ticks, [0, 0, 1, 1, 2, 3, 3]);
    assertEquals(subject.now, 9000);
  });

  it("Ticker.tick() samples the pool before it evicts", () => {
    const host = new FakeHost();
    const { subject, samples, account, lay } = ticker(host, { targets: [1, 0] });
    lay(4);
    host.time = 500;
    host.heapReading = { usedBytes: 7, limitBytes: 70 };
    host.majors = 2;
    subject.tick();
    const [sample] = samples;
    assertEquals(sample, {
      now: 500,
      elapsedMs: 500,
      cycle: 0,
      cycleEnded: false,
      acquires: 0,
      misses: 0,
      leased: 0,
      peak: 4,
      live: 4,
      hotLevels: 4,
      oldLevels: 0,
      generations: [
        { ...GENERATIONS[0]!, idle: 4, target: 5000 },
        { ...GENERATIONS[1]!, idle: 0, target: 5000 },
      ],
      shelves: [],
      tags: [],
      bytes: 0,
      maxBytes: 1e9,
      heap: { usedBytes: 7, limitBytes: 70 },
      memoryLimit: 70,
      gc: { minor: 0, major: 2, unknown: 0 },
    });
    assertEquals(account.live, 1);
  });

  it("Ticker.defer() arms one timer, which arms the next while anything lives", () => {
    const host = new FakeHost({ timers: true });
    const { subject, account, lay } = ticker(host);
    lay(1);
    subject.defer();
    subject.defer();
    assertEquals(host.waiting, 1);
    host.advance(2000);
    assertEquals([subject.ticks, host.waiting], [4, 1]);
    account.evict(1, "cold");
    host.advance(2000);
    assertEquals([subject.ticks, host.waiting], [5, 0]);
  });

  it("Ticker goes on where nothing lives, until there is no pressure", () => {
    const host = new FakeHost({ timers: true });
    const adjustment: { pressure: Pressure } = { pressure: "critical" };
    const { subject, account, lay, stocks } = ticker(host, adjustment);
    lay(1);
    subject.defer();
    host.advance(500);
    account.evict(1, "pressure");
    host.advance(1000);
    assertEquals([subject.ticks, host.waiting, stocks.main.retention.pressure], [3, 1, "critical"]);
    adjustment.pressure = "none";
    host.advance(1000);
    assertEquals([subject.ticks, host.waiting, stocks.main.retention.pressure], [4, 0, "none"]);
  });

  it("Ticker carries out what a tick had to leave every 16 ms, without another tick", () => {
    const host = new FakeHost({ timers: true });
    const { subject, account, lay } = ticker(host, { targets: [0, 0] });
    lay(2500);
    subject.defer();
    const live = [500, 16, 16, 500].map((after) => {
      host.advance(after);
      return account.live;
    });
    assertEquals(live, [2500 - 1024, 2500 - 2048, 0, 0]);
    assertEquals(subject.ticks, 1);
  });

  it("Ticker.defer() asks again where the host threw, and tells of that once", () => {
    const host = new FakeHost({ timers: true });
    const { subject, errors, lay } = ticker(host);
    lay(1);
    const { defer } = host;
    const broken = new Error("no timer");
    const breakHost = () => {
      host.defer = () => {
        throw broken;
      };
    };
    breakHost();
    subject.defer();
    subject.defer();
    assertEquals([errors, subject.isDeferred], [[broken], false]);
    host.defer = defer;
    subject.defer();
    assertEquals([host.waiting, subject.isDeferred], [1, true]);
    breakHost();
    host.advance(500);
    subject.defer();
    assertEquals([errors, subject.ticks], [[broken, broken], 1]);
  });

  it("Ticker has nothing bypassed where creations are limited", () => {
    for (const bypass of [true, ["a"]]) {
      for (const limit of [undefined, 5]) {
        const host = new FakeHost();
        const { subject, stocks, tags } = ticker(host, { bypass }, limit);
        const tag = tags.get("a");
        subject.tick();
        const isRetained = tag.stock === stocks.main && !stocks.main.retention.bypass;
        assertEquals(isRetained, limit !== undefined);
      }
    }
  });

  it("Ticker.close() cancels the timer, closes the host and ticks no more", () => {
    const host = new FakeHost({ timers: true });
    const { subject, lay } = ticker(host);
    lay(1);
    subject.defer();
    subject.close();
    subject.tick();
    host.advance(5000);
    assertEquals([subject.ticks, host.waiting, host.closed], [0, 0, 1]);
  });
});
