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
      gc: { minor: 0, major: 0, unknown: 0 },
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

  it("PoolStats.gc is the sum of all readings, and heap that of the last tick", () => {
    const host = new FakeHost();
    const { pool } = thingPool({ host });
    makeIdle(pool, 1);
    assertEquals(pool.stats().heap, undefined);
    for (const [majors, usedBytes] of [[2, 500], [1, 700]] as const) {
      host.majors = majors;
      host.heapReading = { usedBytes };
      pool.tick();
    }
    const { gc, heap } = pool.stats();
    assertEquals([gc, heap], [{ minor: 0, major: 3, unknown: 0 }, { usedBytes: 700 }]);
  });

  it("PoolStats.tags counts all hold times that were timed, and forgets none", () => {
    const host = new FakeHost();
    const { pool } = thingPool({ host, debug: true });
    for (const heldMs of [0, 1, 3, 3, 90_000_000]) {
      const thing = pool.acquire("a");
      host.time += heldMs;
      pool.release(thing, "a");
      for (let i = 0; i < 200; i++) pool.tick();
    }
    const { counts, edges, sum } = pool.stats().tags[0]!.holds;
    const held = counts.flatMap((count, i) => count === 0 ? [] : [[edges[i], count]]);
    assertEquals(held, [[4 ** -4, 1], [1, 1], [4, 2], [undefined, 1]]);
    assertEquals([sum, counts.length], [90_000_007, edges.length + 1]);
  });

  it("Pool.snapshot() holds all that the pool tells, and survives JSON", () => {
    const host = new FakeHost();
    const { pool } = thingPool({ host, debug: true, leakAfterMs: 100 });
    const late = pool.acquire("late");
    host.time += 5000;
    pool.release(pool.acquire("quick"));
    pool.tick();
    const snapshot = pool.snapshot();
    assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
    const { explanation, leaks, now, schema, sketches, stats } = snapshot;
    assertEquals([schema, now], [1, 5000]);
    assertEquals([stats, explanation, leaks], [pool.stats(), pool.explain(), pool.leaks()]);
    assertEquals(leaks.map(({ tag, heldMs }) => [tag, heldMs]), [["late", 5000]]);
    const quick = sketches.tags.find(({ name }) => name === "quick")!;
    assertEquals(quick.shares.map((share, i) => share && sketches.edgesMs[i]).filter(Boolean), [
      sketches.edgesMs[0],
    ]);
    pool.release(late);
  });

  it("PoolStats survive JSON", () => {
    const { pool } = thingPool();
    makeIdle(pool, 3);
    pool.tick();
    assertEquals(JSON.parse(JSON.stringify(pool.stats())), pool.stats());
  });
});
