import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type DiscardReason, discardReasons } from "../src/stats.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { makeIdle, thingPool } from "./fixture/thing.ts";

describe("discardReasons", () => {
  it("discardReasons are those of the design, in its order", () => {
    const expected: readonly DiscardReason[] = [
      "full",
      "ttl",
      "cold",
      "unused",
      "pressure",
      "budget",
      "invalid",
      "bypass",
      "limbo",
      "leaked",
      "expired",
      "error",
      "closed",
    ];
    assertEquals([...discardReasons], [...expected]);
  });
});

describe("PoolStats", () => {
  it("PoolStats of a new pool are all zero", () => {
    const { pool } = thingPool({
      host: new FakeHost(),
      name: "contexts",
      maxBytes: 1000,
      generations: [{ name: "T0", maxSize: 3, ttlMs: 0 }],
    });
    assertEquals(pool.stats(), {
      name: "contexts",
      runtime: "fake",
      scheduler: "fixed",
      created: 0,
      live: 0,
      leased: 0,
      idle: 0,
      limbo: 0,
      peak: 0,
      acquires: 0,
      hits: 0,
      misses: 0,
      waiting: 0,
      refused: 0,
      bytes: 0,
      maxBytes: 1000,
      ticks: 0,
      cycles: 0,
      pressure: "none",
      bypass: false,
      hotLevels: 0,
      pinnedLevels: 0,
      misuses: 0,
      closed: false,
      generations: [{ name: "T0", idle: 0, target: 3, maxSize: 3, ttlMs: 0 }],
      tags: [],
      discarded: Object.fromEntries(discardReasons.map((reason) => [reason, 0])) as never,
    });
  });

  it("PoolStats.peak is the most in use since the last tick", () => {
    const { pool } = thingPool();
    const peaks: number[] = [];
    const held = [pool.acquire(), pool.acquire()];
    makeIdle(pool, 3);
    peaks.push(pool.stats().peak);
    pool.tick();
    peaks.push(pool.stats().peak);
    pool.release(held.pop()!);
    const guard = pool.guard();
    guard.release(held.pop()!);
    peaks.push(pool.stats().peak);
    pool.tick();
    peaks.push(pool.stats().peak);
    pool.trim("critical");
    peaks.push(pool.stats().peak);
    assertEquals(peaks, [5, 2, 2, 1, 1]);
  });

  it("PoolStats survive JSON", () => {
    const { pool } = thingPool();
    makeIdle(pool, 3);
    pool.tick();
    assertEquals(JSON.parse(JSON.stringify(pool.stats())), pool.stats());
  });
});
