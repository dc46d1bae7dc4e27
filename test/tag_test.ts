import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { fixedScheduler } from "../mod.ts";
import { needTagName, type TagHandle } from "../src/tag.ts";
import {
  acquireMany,
  assertGrammar,
  failsWith,
  makeIdle,
  type Thing,
  thingPool,
} from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

describe("needTagName()", () => {
  it("needTagName() takes 1 to 256 characters", () => {
    for (const name of ["a", "/users/:id", " ", "\u0000", "ü".repeat(256)]) {
      needTagName("Cannot test", name);
    }
  });

  const bad: readonly (readonly [unknown, string])[] = [
    ["", '""'],
    ["x".repeat(257), "a string of 257 characters"],
    ["x".repeat(1e6), "a string of 1000000 characters"],
    [undefined, "undefined"],
    [0, "0"],
    [new String("auth"), "an object"],
  ];
  for (const [name, shown] of bad) {
    it(`needTagName() refuses ${shown}`, () => {
      const error = assertThrows(() => needTagName("Cannot test", name), TypeError);
      assertEquals(
        error.message,
        `Cannot test: tag must be a string of 1 to 256 characters: received ${shown}`,
      );
      assertGrammar(error);
    });
  }
});

describe("Tag", () => {
  it("Tag is found again by its name", () => {
    const { pool } = thingPool();
    const auth = pool.tag("auth");
    assertStrictEquals(pool.tag("auth"), auth);
    assertEquals(auth.name, "auth");
    assertEquals(pool.tag("__proto__").name, "__proto__");
  });

  it("Tag.acquire() and Tag.release() share the idle objects of all tags", () => {
    const { pool } = thingPool();
    const [a, b] = [pool.tag("a"), pool.tag("b")];
    const thing = a.acquire();
    a.release(thing);
    assertStrictEquals(b.acquire(), thing);
    a.release(thing);
    assertStrictEquals(pool.acquire(), thing);
    pool.release(thing);
    assertEquals(pool.stats().tags.map(({ name, acquires }) => [name, acquires]), [
      ["(untagged)", 1],
      ["a", 1],
      ["b", 1],
    ]);
    checkStats(pool.stats());
  });

  it("Tag.release() refuses what its pool has not leased", () => {
    const { pool } = thingPool();
    const other = thingPool().pool.tag("a").acquire();
    failsWith("foreign", () => pool.tag("a").release(other));
    const thing = pool.tag("a").acquire();
    pool.tag("a").release(thing);
    failsWith("double", () => pool.tag("a").release(thing));
    failsWith("double", () => pool.tag("b").release(thing));
  });

  it("Tag.lease() leases under its name", () => {
    const { pool } = thingPool();
    using lease = pool.tag("a").lease();
    assertEquals(lease.value.id, 0);
    assertEquals(pool.stats().tags[0]!.name, "a");
  });

  it("Tag.with() serves sync and async functions", async () => {
    const { pool } = thingPool();
    const tag = pool.tag("a");
    assertEquals(tag.with((thing) => thing.id + 1), 1);
    assertEquals(await tag.with((thing) => Promise.resolve(thing.id + 2)), 2);
    await assertRejects(() => tag.with(() => Promise.reject(new Error("late"))), Error, "late");
    assertEquals(pool.stats().leased, 0);
    assertEquals(pool.stats().created, 1);
  });

  it("Tag.with() counts every lease exactly, whichever are timed", () => {
    const { pool } = thingPool();
    const tag = pool.tag("a");
    for (let i = 0; i < 5000; i++) tag.with(() => {});
    assertEquals(pool.stats().tags[0]!.acquires, 5000);
    assertEquals(pool.stats().misses, 1);
  });

  it("Tag.acquire() leaves no reference past a tick or close, so that a leak could be found", () => {
    const { pool } = thingPool({ scheduler: fixedScheduler() });
    const count = () => shelf.slots.filter((slot) => slot !== undefined).length;
    const { shelf } = pool.tag("a") as TagHandle<Thing>;
    makeIdle(pool, 5);
    pool.tick();
    const held = acquireMany(pool, 3, "a");
    pool.tick();
    assertEquals(count(), 2);
    for (const thing of held) pool.release(thing);
    // The fast path, which does not lower the low-water mark, and the slow one alike.
    acquireMany(pool, 5, "a");
    pool.close();
    assertEquals(count(), 0);
  });

  it("Tag of a full table shares the overflow profile", () => {
    const { pool } = thingPool({ maxTags: 0 });
    const tag = pool.tag("a");
    assertEquals(tag.name, "(other)");
    assertStrictEquals(pool.tag("b"), tag);
    tag.release(tag.acquire());
    assertEquals(pool.stats().tags.map(({ name }) => name), ["(other)"]);
  });
});
