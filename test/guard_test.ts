import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { acquireMany, failsWith, type Thing, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

describe("Guard", () => {
  it("Guard keeps what is released through it, unreset, until it drops", () => {
    const { pool } = thingPool();
    const guard = pool.guard();
    const thing = pool.acquire();
    thing.dirty = true;
    guard.release(thing);
    assertEquals([guard.size, pool.stats().limbo, pool.stats().leased], [1, 1, 0]);
    const others = acquireMany(pool, 3);
    assertEquals(others.includes(thing), false);
    assertEquals(thing.dirty, true);
    guard.drop();
    assertEquals([guard.size, pool.stats().limbo, thing.dirty], [0, 0, false]);
    assertStrictEquals(pool.acquire(), thing);
    checkStats(pool.stats());
  });

  it("Guard delays no other guard", () => {
    const { pool } = thingPool();
    const [slow, fast] = [pool.guard(), pool.guard()];
    const [a, b] = acquireMany(pool, 2) as [Thing, Thing];
    slow.release(a);
    fast.release(b);
    fast.drop();
    assertStrictEquals(pool.acquire(), b);
    assertEquals([slow.size, fast.size], [1, 0]);
  });

  it("Guard drops with its block", () => {
    const { pool } = thingPool();
    {
      using guard = pool.guard();
      guard.release(pool.acquire());
    }
    assertEquals(pool.stats().idle, 1);
  });

  it("Guard.release() takes a tag", () => {
    const { pool } = thingPool();
    using guard = pool.guard();
    guard.release(pool.acquire("a"), "b");
    assertEquals(pool.stats().limbo, 1);
  });

  it("Guard.drop() does nothing the second time, Guard.release() is stale from the first", () => {
    const { pool } = thingPool();
    const guard = pool.guard();
    guard.release(pool.acquire());
    guard.drop();
    guard.drop();
    const thing = pool.acquire();
    failsWith("stale", () => guard.release(thing));
    pool.release(thing);
    assertEquals(pool.stats().idle, 1);
    checkStats(pool.stats());
  });

  it("Guard.drop() releases the others though reset throws on some, throws the first and tells the rest", () => {
    const { pool, errors } = thingPool({
      reset(thing) {
        if (thing.id % 2 === 1) throw new Error(`stuck ${thing.id}`);
      },
    });
    const guard = pool.guard();
    for (const thing of acquireMany(pool, 5)) guard.release(thing);
    const error = failsWith("reset", () => guard.drop());
    assertEquals((error.cause as Error).message, "stuck 1");
    assertEquals(errors.map(({ cause }) => (cause as Error).message), ["stuck 3"]);
    const { idle, limbo, discarded } = pool.stats();
    assertEquals([idle, limbo, discarded.invalid], [3, 0, 2]);
    checkStats(pool.stats());
  });

  it("Guard.drop() serves a reset that acquires and releases through guards", () => {
    let depth = 0;
    const { pool } = thingPool({
      reset: () => {
        if (depth++ > 0) return;
        failsWith("stale", () => guard.release(pool.acquire()));
        using other = pool.guard();
        other.release(pool.acquire());
      },
    });
    const guard = pool.guard();
    guard.release(pool.acquire());
    guard.drop();
    assertEquals([pool.stats().limbo, pool.stats().leased, pool.stats().idle], [0, 1, 2]);
    checkStats(pool.stats());
  });

  it("Guard lets go of what limbo has no room for, and of no more", () => {
    const { pool, disposed } = thingPool({ maxLimbo: 2 });
    const [first, second] = [pool.guard(), pool.guard()];
    const things = acquireMany(pool, 4);
    things.forEach((thing, i) => (i % 2 === 0 ? first : second).release(thing));
    assertEquals([first.size, second.size, pool.stats().discarded.limbo], [1, 1, 2]);
    failsWith("double", () => pool.release(things[3]!));
    first.drop();
    first.drop();
    second.drop();
    assertEquals([pool.stats().idle, disposed.length], [2, 0]);
    checkStats(pool.stats());
  });

  it("Guard of a closed pool still drops, into nothing", () => {
    const { pool, disposed } = thingPool();
    const guard = pool.guard();
    const [a, b] = acquireMany(pool, 2) as [Thing, Thing];
    guard.release(a);
    pool.close();
    guard.release(b);
    assertEquals(disposed.length, 0);
    guard.drop();
    assertEquals(disposed, [a, b]);
    assertEquals(pool.stats().discarded.closed, 2);
    checkStats(pool.stats());
  });
});
