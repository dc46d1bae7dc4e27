/** The verbs of a pool, and callbacks that fail. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { fixedScheduler, Pool, PoolError } from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { acquireMany, failsWith, makeIdle, type Thing, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

/** What a test expects of the account; the rest must be 0. */
function assertAccount(
  pool: Pool<Thing>,
  expected: { created: number; leased?: number; idle?: number; limbo?: number },
): void {
  const stats = pool.stats();
  const { created, leased, idle, limbo } = stats;
  assertEquals({ created, leased, idle, limbo }, { leased: 0, idle: 0, limbo: 0, ...expected });
  checkStats(stats);
}

describe("Pool.acquire()", () => {
  it("Pool.acquire() creates where nothing is idle", () => {
    const { pool, made } = thingPool();
    assertEquals(acquireMany(pool, 3), made);
    assertAccount(pool, { created: 3, leased: 3 });
  });

  it("Pool.acquire() hands out the last one released first", () => {
    const { pool } = thingPool();
    const [a, b, c] = acquireMany(pool, 3) as [Thing, Thing, Thing];
    for (const thing of [b, a, c]) pool.release(thing);
    assertEquals(acquireMany(pool, 3), [c, a, b]);
    assertAccount(pool, { created: 3, leased: 3 });
  });

  it("Pool.acquire() hands out objects that reset has seen", () => {
    const { pool } = thingPool();
    const thing = pool.acquire();
    thing.dirty = true;
    pool.release(thing);
    assert(!pool.acquire().dirty);
  });

  it("Pool.acquire() counts hits and misses by tag", () => {
    const { pool } = thingPool();
    pool.release(pool.acquire());
    pool.release(pool.acquire("a"));
    pool.release(pool.acquire("a"), "b");
    const tags = pool.stats().tags.map(({ name, hits, misses }) => ({ name, hits, misses }));
    assertEquals(tags, [
      { name: "(untagged)", hits: 0, misses: 1 },
      { name: "a", hits: 2, misses: 0 },
    ]);
    const { acquires, hits, misses } = pool.stats();
    assertEquals({ acquires, hits, misses }, { acquires: 3, hits: 2, misses: 1 });
  });

  it("Pool.acquire() counts exactly over many timed leases", () => {
    const { pool } = thingPool();
    for (let i = 0; i < 10_000; i++) pool.release(pool.acquire(i % 3 === 0 ? "third" : undefined));
    assertEquals(pool.stats().acquires, 10_000);
    assertEquals(pool.stats().tags.map((tag) => tag.acquires), [6666, 3334]);
    assertEquals(pool.stats().misses, 1);
  });

  it("Pool.acquire() learns hold times in the host's milliseconds", () => {
    const { pool, host } = thingPool();
    for (let i = 0; i < 1000; i++) {
      const thing = pool.acquire("slow");
      host.time += 8;
      pool.release(thing);
    }
    assertEquals(pool.stats().tags[0]!.holdMs, { p50: 8, p99: 8 });
  });
});

describe("Pool.release()", () => {
  it("Pool.release() may come under another tag, in any order and through a handle", () => {
    const { pool } = thingPool();
    const [a, b, c, d] = acquireMany(pool, 4, "in") as [Thing, Thing, Thing, Thing];
    pool.release(c);
    pool.release(a, "out");
    pool.tag("out").release(d);
    pool.tag("in").release(b);
    assertAccount(pool, { created: 4, idle: 4 });
  });

  it("Pool.release() works on objects of every kind", () => {
    const kinds: Record<string, () => object> = {
      "null prototype": () => Object.create(null),
      array: () => [],
      map: () => new Map(),
      bytes: () => new Uint8Array(4),
      function: () => () => {},
      frozen: () => Object.freeze({ id: 1 }),
      sealed: () => Object.seal({ id: 1 }),
      "not extensible": () => Object.preventExtensions({ id: 1 }),
      proxy: () => new Proxy({}, {}),
      "of a class": () => new (class Thing {})(),
    };
    for (const [kind, create] of Object.entries(kinds)) {
      const pool = new Pool({ create, reset: () => {}, host: new FakeHost() });
      const object = pool.acquire();
      pool.release(object);
      failsWith("double", () => pool.release(object));
      const lease = pool.lease("tag");
      assertStrictEquals(lease.value, object, kind);
      lease.release();
      checkStats(pool.stats());
      assertEquals(pool.stats().idle, 1, kind);
      pool.close();
    }
  });

  it("Pool.release() leaves an object's own keys alone", () => {
    const { pool } = thingPool();
    const thing = pool.acquire();
    assertEquals(Object.keys(thing), ["id", "dirty", "disposed", "size"]);
    assertEquals(Object.getOwnPropertySymbols({ ...thing }), []);
    assertEquals(JSON.parse(JSON.stringify(thing)), { ...thing });
  });
});

describe("Pool.with()", () => {
  it("Pool.with() releases when the function has returned", () => {
    const { pool, made } = thingPool();
    assertEquals(pool.with("tag", (thing) => thing.id), 0);
    assertEquals(pool.with(undefined, (thing) => thing === made[0]), true);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.with() releases when the function has thrown", () => {
    const { pool } = thingPool();
    const cause = new Error("handler");
    const thrown = assertThrows(() =>
      pool.with("tag", () => {
        throw cause;
      })
    );
    assertStrictEquals(thrown, cause);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.with() releases when the promise has settled, not before", async () => {
    const { pool } = thingPool();
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const result = pool.with("tag", async (thing) => {
      await gate;
      return thing.id;
    });
    assertAccount(pool, { created: 1, leased: 1 });
    open();
    assertEquals(await result, 0);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.with() releases when the promise has rejected", async () => {
    const { pool } = thingPool();
    const cause = new Error("handler");
    const thrown = await assertRejects(() => pool.with("tag", () => Promise.reject(cause)));
    assertStrictEquals(thrown, cause);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.with() takes any thenable for a promise", async () => {
    const { pool } = thingPool();
    const thenable: PromiseLike<number> = {
      then: (resolve) => Promise.resolve(7).then(resolve),
    };
    const result = pool.with("tag", () => thenable);
    assertEquals(pool.stats().leased, 1);
    assertEquals(await result, 7);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.with() releases where even looking at the result throws", () => {
    const { pool } = thingPool();
    const result = {
      get then(): never {
        throw new Error("getter");
      },
    };
    assertThrows(() => pool.with("tag", () => result), Error, "getter");
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.with() nests", () => {
    const { pool } = thingPool();
    const ids = pool.with("a", (a) => pool.with("b", (b) => [a.id, b.id]));
    assertEquals(ids, [0, 1]);
    assertAccount(pool, { created: 2, idle: 2 });
  });

  it("Pool.with() lets the error of the function come before that of reset", () => {
    const { pool, errors } = thingPool({
      reset() {
        throw new Error("reset");
      },
    });
    const fail = () => {
      throw new Error("handler");
    };
    assertThrows(() => pool.with("tag", fail), Error, "handler");
    assertEquals((errors as PoolError[]).map((error) => error.code), ["reset"]);
    failsWith("reset", () => pool.with("tag", () => 1));
    assertAccount(pool, { created: 2 });
    assertEquals(pool.stats().discarded.invalid, 2);
  });

  it("Pool.with() rejects with the error of reset after an async function", async () => {
    const { pool } = thingPool({
      reset() {
        throw new Error("reset");
      },
    });
    await assertRejects(() => pool.with("tag", () => Promise.resolve(1)), PoolError, "reset");
    assertEquals(pool.stats().discarded.invalid, 1);
  });

  it("Pool.with() refuses what is no function, and keeps the object", () => {
    const { pool } = thingPool();
    assertThrows(() => pool.with("tag", 3 as never), TypeError);
    assertEquals(pool.stats().leased, 0);
    checkStats(pool.stats());
  });
});

describe("Pool.prewarm()", () => {
  it("Pool.prewarm() makes idle objects that are neither hits nor misses", () => {
    const { pool, host } = thingPool();
    assertEquals(pool.prewarm(5), 5);
    const { created, idle, acquires, misses, peak } = pool.stats();
    assertEquals({ created, idle, acquires, misses, peak }, {
      created: 5,
      idle: 5,
      acquires: 0,
      misses: 0,
      peak: 5,
    });
    pool.acquire();
    assertEquals(pool.stats().hits, 1);
    host.time += 500;
    pool.tick();
    checkStats(pool.stats(), true);
  });

  it("Pool.prewarm() is undone by the adaptive scheduler only when nobody comes for λ", () => {
    const host = new FakeHost();
    const pool = new Pool({ create: () => ({}), reset: () => {}, host });
    pool.prewarm(7);
    const idleAfter = (ms: number) => {
      for (let left = ms; left > 0; left -= 500) {
        host.time += 500;
        pool.tick();
      }
      return pool.stats().idle;
    };
    assertEquals(idleAfter(5000), 7);
    assertEquals(idleAfter(1000), 0);
  });

  const limits = {
    "ceilings": { generations: [{ name: "only", maxSize: 3, ttlMs: 0 }] },
    "budget of objects of unknown size": { maxBytes: 3 * 4096 + 1 },
    "budget of sized objects": { maxBytes: 3, sizeOf: () => 1 },
  };
  for (const [limit, options] of Object.entries(limits)) {
    it(`Pool.prewarm() makes no more than the ${limit} allows`, () => {
      const { pool } = thingPool(options);
      pool.acquire();
      assertEquals(pool.prewarm(10), 3);
      assertEquals(pool.prewarm(10), 0);
      const { idle, leased, created } = pool.stats();
      const wasted = Object.values(pool.stats().discarded).reduce((sum, n) => sum + n, 0);
      assertEquals({ idle, leased, created }, { idle: 3, leased: 1, created: 4 + wasted });
      checkStats(pool.stats());
    });
  }

  it("Pool.prewarm() leaves the ages of older objects alone", () => {
    const { pool, host } = thingPool({
      generations: [{ name: "T0", maxSize: 9, ttlMs: 1000 }, { name: "T1", maxSize: 9, ttlMs: 0 }],
    });
    makeIdle(pool, 2);
    host.time += 500;
    pool.tick();
    host.time += 1000;
    pool.prewarm(3);
    pool.tick();
    assertEquals(pool.stats().generations.map((generation) => generation.idle), [3, 2]);
  });

  it("Pool.prewarm() keeps what was made before create threw", () => {
    let left = 3;
    const { pool } = thingPool({
      create() {
        if (left-- === 0) throw new Error("no more");
        return { id: left, dirty: false, disposed: 0, size: 1 };
      },
    });
    failsWith("create", () => pool.prewarm(5));
    assertAccount(pool, { created: 3, idle: 3 });
    assertEquals(pool.stats().peak, 3);
  });
});

describe("Pool.trim()", () => {
  it("Pool.trim() leaves a critical pressure critical until the next tick", () => {
    const { pool } = thingPool();
    pool.trim("critical");
    pool.trim("moderate");
    makeIdle(pool, 2);
    const { pressure, idle, discarded } = pool.stats();
    assertEquals([pressure, idle, discarded.pressure], ["critical", 0, 2]);
    pool.tick();
    makeIdle(pool, 2);
    assertEquals([pool.stats().pressure, pool.stats().idle], ["none", 2]);
  });

  const aged = () => {
    const { pool, host } = thingPool();
    makeIdle(pool, 6);
    for (const [after, keep] of [[500, 4], [500, 2], [1800, 6]] as const) {
      const busy = acquireMany(pool, 6 - keep);
      for (const thing of busy.toReversed()) pool.release(thing);
      host.time += after;
      pool.tick();
    }
    return pool;
  };
  const cases = [
    { pressure: "none", left: [0, 4, 2], gone: 0 },
    { pressure: "moderate", left: [0, 4, 0], gone: 2 },
    { pressure: "high", left: [0, 0, 0], gone: 6 },
    { pressure: "critical", left: [0, 0, 0], gone: 6 },
  ] as const;
  for (const { pressure, left, gone } of cases) {
    it(`Pool.trim() gives back ${gone} of 6 objects when pressure is ${pressure}`, () => {
      const pool = aged();
      assertEquals(pool.stats().generations.map((generation) => generation.idle), [0, 4, 2]);
      assertEquals(pool.trim(pressure), gone);
      assertEquals(pool.stats().generations.map((generation) => generation.idle), [...left]);
      assertEquals(pool.stats().discarded.pressure, gone);
      assertEquals(pool.stats().pressure, pressure);
      checkStats(pool.stats());
    });
  }

  it("Pool.trim() spares T0 when pressure is high", () => {
    const { pool } = thingPool();
    makeIdle(pool, 6);
    assertEquals(pool.trim("high"), 0);
    assertEquals(pool.stats().idle, 6);
  });

  it("Pool.trim() retires T0 when pressure is critical, and retains nothing until a tick", () => {
    const { pool, host } = thingPool();
    const thing = pool.acquire();
    makeIdle(pool, 6);
    assertEquals(pool.trim("critical"), 6);
    pool.release(thing);
    assertEquals(pool.prewarm(1), 0);
    assertEquals(pool.stats().discarded.pressure, 7);
    host.time += 500;
    pool.tick();
    assertEquals(pool.stats().pressure, "none");
    makeIdle(pool, 2);
    assertEquals(pool.stats().idle, 2);
  });
});

describe("Pool.close()", () => {
  it("Pool.close() disposes of idle objects once, and of leased ones when they come back", () => {
    const { pool, host, made, disposed } = thingPool();
    const [a, b] = acquireMany(pool, 2) as [Thing, Thing];
    const lease = pool.lease();
    const guard = pool.guard();
    guard.release(a);
    makeIdle(pool, 2);
    pool.close();
    pool.close();
    assertEquals(host.closed, 1);
    assertEquals(disposed.length, 2);
    assertEquals(pool.stats().closed, true);
    pool.release(b);
    lease.release();
    guard.drop();
    assertEquals(made.map((thing) => thing.disposed), [1, 1, 1, 1, 1]);
    assertEquals(pool.stats().discarded.closed, 5);
    assertAccount(pool, { created: 5 });
  });

  it("Pool.close() is not undone by a dispose that ticks, trims and releases", () => {
    const { pool, host, disposed } = thingPool({
      dispose: (thing) => {
        thing.disposed++;
        disposed.push(thing);
        host.time += 500;
        pool.tick();
        pool.poll();
        pool.trim("critical");
        const [late] = leased.splice(0);
        if (late !== undefined) pool.release(late);
      },
    });
    const leased = [pool.acquire()];
    makeIdle(pool, 3);
    pool.close();
    assertEquals([pool.stats().idle, pool.stats().ticks, disposed.length], [0, 0, 4]);
    assert(disposed.every((thing) => thing.disposed === 1));
    assertEquals(pool.stats().discarded.closed, 4);
    assertAccount(pool, { created: 4 });
  });

  it("Pool[Symbol.dispose]() closes", () => {
    const { pool } = thingPool();
    {
      using same = pool;
      same.release(same.acquire());
    }
    assertEquals(pool.stats().closed, true);
    assertEquals(pool.stats().discarded.closed, 1);
  });

  it("Pool.close() leaves verbs that give back, and refuses those that hand out", () => {
    const { pool } = thingPool();
    const auth = pool.tag("auth");
    pool.close();
    const refused: Record<string, () => unknown> = {
      acquire: () => pool.acquire(),
      "acquire with a tag": () => pool.acquire("auth"),
      lease: () => pool.lease(),
      with: () => pool.with("auth", () => {}),
      "Tag.acquire": () => auth.acquire(),
      "Tag.lease": () => auth.lease(),
      "Tag.with": () => auth.with(() => {}),
      guard: () => pool.guard(),
      prewarm: () => pool.prewarm(1),
    };
    for (const run of Object.values(refused)) failsWith("closed", run);
    assertEquals(pool.stats().misuses, Object.keys(refused).length);
    pool.tick();
    pool.poll();
    assertEquals(pool.trim("critical"), 0);
    assertEquals(pool.stats().acquires, 0);
    assertAccount(pool, { created: 0 });
  });
});

describe("Pool with callbacks that fail", () => {
  const notObjects: readonly [unknown, string][] = [
    [null, "null"],
    [undefined, "undefined"],
    [7, "7"],
    ["text", '"text"'],
    [Symbol("s"), "Symbol(s)"],
    [Promise.resolve({}), "a promise"],
    [{ then: () => {} }, "a promise"],
  ];
  for (const [made, shown] of notObjects) {
    it(`Pool.acquire() refuses a create that returns ${shown}`, () => {
      const { pool } = thingPool({ create: () => made as Thing });
      const error = failsWith("create", () => pool.acquire());
      assertEquals(
        error.message,
        `Cannot acquire from Pool: create must return an object: received ${shown}`,
      );
      failsWith("create", () => pool.prewarm(1));
      assertAccount(pool, { created: 0 });
      assertEquals(pool.stats().acquires, 0);
    });
  }

  it("Pool.acquire() wraps what create throws, and keeps its account", () => {
    const cause = new RangeError("no memory");
    const { pool } = thingPool({
      create() {
        throw cause;
      },
    });
    for (let i = 0; i < 200; i++) {
      const error = failsWith("create", () => i % 2 === 0 ? pool.acquire() : pool.lease("tag"));
      assertStrictEquals(error.cause, cause);
    }
    assertAccount(pool, { created: 0 });
    assertEquals(pool.stats().acquires, 0);
    assertEquals(pool.stats().misses, 0);
  });

  it("Pool.acquire() refuses a create that returns the same object twice", () => {
    const thing: Thing = { id: 0, dirty: false, disposed: 0, size: 1 };
    const { pool } = thingPool({ create: () => thing });
    assertStrictEquals(pool.acquire(), thing);
    failsWith("create", () => pool.acquire());
    pool.release(thing);
    assertStrictEquals(pool.acquire(), thing);
    assertAccount(pool, { created: 1, leased: 1 });
  });

  it("Pool.prewarm() refuses a create that returns the same object twice, even a former one", () => {
    const thing: Thing = { id: 0, dirty: false, disposed: 0, size: 1 };
    const { pool } = thingPool({ create: () => thing });
    pool.release(pool.acquire());
    pool.trim("moderate");
    pool.trim("critical");
    pool.tick();
    failsWith("create", () => pool.prewarm(2));
    assertAccount(pool, { created: 2, idle: 1 });
  });

  it("Pool.acquire() refuses an object that another pool has, until that pool discards it", () => {
    const first = thingPool();
    const thing = first.pool.acquire();
    const { pool } = thingPool({ create: () => thing });
    failsWith("create", () => pool.acquire());
    first.pool.release(thing);
    failsWith("create", () => pool.acquire());
    first.pool.close();
    assertStrictEquals(pool.acquire(), thing);
    failsWith("foreign", () => first.pool.release(thing));
    pool.release(thing);
    assertAccount(pool, { created: 1, idle: 1 });
    assertAccount(first.pool, { created: 1 });
  });

  it("Pool.acquire() hands out nothing from a create that closed the pool", () => {
    const { pool, disposed } = thingPool({
      create: () => {
        pool.close();
        return { id: 0, dirty: false, disposed: 0, size: 1 };
      },
    });
    failsWith("closed", () => pool.acquire());
    assertEquals(disposed.length, 1);
    assertEquals(pool.stats().discarded.closed, 1);
    assertAccount(pool, { created: 1 });
  });

  it("Pool.acquire() hands out nothing after the first sizeOf closed the pool", () => {
    const { pool } = thingPool({
      sizeOf: () => {
        pool.close();
        return 1;
      },
    });
    failsWith("closed", () => pool.acquire());
    assertEquals(pool.stats().discarded.closed, 1);
    assertAccount(pool, { created: 1 });
  });

  it("Pool.acquire() serves a create that acquires and releases", () => {
    let depth = 0;
    const { pool } = thingPool({
      create: () => {
        const id = depth;
        if (depth++ < 3) pool.release(pool.acquire());
        return { id, dirty: false, disposed: 0, size: 1 };
      },
    });
    pool.acquire();
    assertAccount(pool, { created: 4, leased: 1, idle: 3 });
  });

  it("Pool.release() discards what reset could not bring back", () => {
    const cause = new Error("stuck");
    const { pool, disposed } = thingPool({
      reset() {
        throw cause;
      },
    });
    const thing = pool.acquire();
    assertStrictEquals(failsWith("reset", () => pool.release(thing)).cause, cause);
    failsWith("double", () => pool.release(thing));
    assertEquals(disposed, [thing]);
    assertEquals(pool.stats().discarded.invalid, 1);
    assertAccount(pool, { created: 1 });
  });

  it("Pool.release() calls it a double release where reset releases its own object", () => {
    const { pool } = thingPool({ reset: (thing) => pool.release(thing) });
    const error = failsWith("reset", () => pool.release(pool.acquire()));
    assertEquals((error.cause as PoolError).code, "double");
    assertEquals(pool.stats().discarded.invalid, 1);
    assertAccount(pool, { created: 1 });
  });

  it("Pool.release() only counts it where reset releases its own object and the guard is off", () => {
    const { pool } = thingPool({ guard: "off", reset: (thing) => pool.release(thing) });
    pool.release(pool.acquire());
    assertEquals(pool.stats().misuses, 1);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.release() retains nothing where reset closed the pool", () => {
    const { pool, disposed } = thingPool({ reset: () => pool.close() });
    pool.release(pool.acquire());
    assertEquals(disposed.length, 1);
    assertAccount(pool, { created: 1 });
  });

  it("Pool.release() serves a reset that acquires, ticks and trims", () => {
    let depth = 0;
    const { pool } = thingPool({
      reset: () => {
        if (depth++ > 0) return;
        const other = pool.acquire();
        pool.tick();
        pool.release(other);
        pool.trim("critical");
      },
    });
    pool.release(pool.acquire());
    assertAccount(pool, { created: 2 });
    assertEquals(pool.stats().discarded.pressure, 2);
  });

  const sizes: readonly unknown[] = [NaN, -1, Infinity, undefined, null, "8", 8n, {}];
  for (const size of sizes) {
    const shown = typeof size === "bigint" ? `${size}n` : JSON.stringify(size) ?? "undefined";
    it(`Pool.release() discards an object of size ${size === null ? "null" : shown}`, () => {
      const { pool, disposed } = thingPool({ sizeOf: () => size as number });
      const thing = pool.acquire();
      failsWith("sizeOf", () => pool.release(thing));
      assertEquals(disposed, [thing]);
      assertEquals(pool.stats().discarded.invalid, 1);
      assertEquals(pool.stats().bytes, 0);
      assertAccount(pool, { created: 1 });
      failsWith("sizeOf", () => pool.prewarm(1));
      assertAccount(pool, { created: 2 });
    });
  }

  it("Pool.release() discards an object that sizeOf throws on", () => {
    const { pool } = thingPool({
      sizeOf() {
        throw new Error("no size");
      },
    });
    failsWith("sizeOf", () => pool.release(pool.acquire()));
    failsWith("sizeOf", () => pool.prewarm(1));
    assertEquals(pool.stats().discarded.invalid, 2);
    assertAccount(pool, { created: 2 });
  });

  it("Pool.close() reports a dispose that throws, counts it, and goes on", () => {
    const { pool, errors } = thingPool({
      dispose(thing) {
        if (thing.id % 2 === 0) throw new Error("stuck");
      },
    });
    makeIdle(pool, 5);
    pool.close();
    assertEquals((errors as PoolError[]).map((error) => error.code), Array(3).fill("dispose"));
    assertEquals(pool.stats().discarded.error, 3);
    assertEquals(pool.stats().discarded.closed, 2);
    assertAccount(pool, { created: 5 });
  });

  it("Pool.close() survives what cannot even be shown", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const { pool } = thingPool({
      dispose() {
        throw proxy;
      },
    });
    makeIdle(pool, 2);
    pool.close();
    assertEquals(pool.stats().discarded.error, 2);
  });

  it("Pool.trim() survives a dispose that acquires, releases, trims and closes", () => {
    const leased: Thing[] = [];
    const { pool, disposed } = thingPool({
      dispose: (thing) => {
        thing.disposed++;
        disposed.push(thing);
        if (disposed.length === 1) leased.push(...acquireMany(pool, 2));
        if (disposed.length === 2) pool.release(leased.pop()!);
        if (disposed.length === 3) pool.trim("critical");
        if (disposed.length === 6) pool.close();
      },
    });
    makeIdle(pool, 8);
    pool.trim("critical");
    pool.release(leased.pop()!);
    assert(disposed.every((thing) => thing.disposed === 1));
    assertEquals(disposed.length, 8);
    assertAccount(pool, { created: 8 });
  });

  it("Pool survives an onError that throws", () => {
    const { pool } = thingPool({
      guard: "report",
      onError() {
        throw new Error("logger");
      },
    });
    const thing = pool.acquire();
    pool.release(thing);
    pool.release(thing);
    assertEquals(pool.stats().misuses, 1);
    assertAccount(pool, { created: 1, idle: 1 });
  });

  it("Pool.stats() is data that later events do not change", () => {
    const { pool } = thingPool({ scheduler: fixedScheduler(2) });
    makeIdle(pool, 1);
    const before = pool.stats();
    const copy = JSON.parse(JSON.stringify(before));
    makeIdle(pool, 3);
    pool.close();
    assertEquals(JSON.parse(JSON.stringify(before)), copy);
  });
});
