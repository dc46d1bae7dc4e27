import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { PoolError } from "../mod.ts";
import { checkStats } from "../testing/oracle.ts";
import { acquireMany, assertGrammar, failsWith, makeIdle, thingPool } from "./fixture/thing.ts";

describe("Pool, for somebody else's need", () => {
  it("Pool.evict() gives the oldest idle objects back, as budget, and retains again", () => {
    const { pool, disposed } = thingPool();
    makeIdle(pool, 5);
    assertEquals([pool.evict(2), pool.idle], [2, 3]);
    // Of objects that all came back at once the deepest is the oldest.
    assertEquals(disposed.map(({ id }) => id), [4, 3]);
    assertEquals([pool.evict(9), pool.evict(1), pool.idle], [3, 0, 0]);
    assertEquals(pool.stats().discarded.budget, 5);
    makeIdle(pool, 2);
    assertEquals(pool.idle, 2);
    checkStats(pool.stats());
    for (const count of [-1, 0.5, NaN]) {
      assertGrammar(assertThrows(() => pool.evict(count), RangeError));
    }
    pool.close();
  });

  it("Pool.sift() gives those back that are named, wherever they lie", () => {
    const { pool, disposed } = thingPool();
    makeIdle(pool, 6);
    assertEquals(pool.sift(({ id }) => id % 2 === 0), 3);
    assertEquals(disposed.map(({ id }) => id), [4, 2, 0]);
    assertEquals([pool.acquire().id, pool.acquire().id, pool.acquire().id], [1, 3, 5]);
    checkStats(pool.stats());
    assertEquals(pool.sift(() => true), 0, "what is leased is not idle");
    assertGrammar(assertThrows(() => pool.sift(7 as unknown as () => boolean), TypeError));
    pool.close();
  });

  it("Pool.sift() counts all of them before a dispose takes their shelf away", () => {
    let shelves = new Map([["a", {}]]);
    const { pool, disposed } = thingPool({
      scheduler: { name: "test", decide: () => ({ shelves }) },
      dispose: (thing) => {
        disposed.push(thing);
        shelves = new Map();
        pool.tick();
      },
    });
    pool.release(pool.acquire("a"), "a");
    pool.tick();
    for (const thing of acquireMany(pool, 3, "a")) pool.release(thing, "a");
    assertEquals(pool.sift(() => true), 3);
    const { created, idle, leased } = pool.stats();
    assertEquals([created, idle, leased, disposed.length], [3, 0, 0, 3]);
    checkStats(pool.stats());
    pool.close();
  });

  it("A create that throws that a budget is spent is not wrapped", () => {
    const spent = new PoolError("budget", "Cannot a: b must c: received d");
    const { pool } = thingPool({
      create() {
        throw spent;
      },
    });
    assertEquals(failsWith("budget", () => pool.acquire()), spent);
    assertEquals(pool.stats().acquires, 0);
    pool.close();
  });
});
