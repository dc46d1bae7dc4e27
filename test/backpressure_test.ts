/** Limits, and who waits for what they hold back. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { inertHost, type Lease, PoolError, type PoolErrorCode, type WaitOptions } from "../mod.ts";
import type { Adjustment } from "../mod.ts";
import type { TagHandle } from "../src/tag.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { acquireMany, assertGrammar, failsWith, type Thing, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

const WAIT: WaitOptions = { timeoutMs: 1000 };

/** Lets every promise that has been settled run on. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}

/** Follows a promise: what it was settled with, and how often. */
function follow<T>(promise: Promise<T>): { value?: T; error?: unknown; settled: number } {
  const followed: { value?: T; error?: unknown; settled: number } = { settled: 0 };
  promise.then((value) => {
    followed.value = value;
    followed.settled++;
  }, (error) => {
    followed.error = error;
    followed.settled++;
  });
  return followed;
}

/** Asserts that a promise is rejected with a pool's error in the grammar of errors. */
async function rejectsWith(code: PoolErrorCode, promise: Promise<unknown>): Promise<PoolError> {
  const error = await promise.then(() => undefined, (error) => error);
  assertInstanceOf(error, PoolError);
  assertEquals(error.code, code, error.message);
  assertGrammar(error);
  return error;
}

describe("Pool with maxLeases", () => {
  it("Pool.acquire() fails at once where maxLeases are in use, and tells how often", () => {
    const { pool } = thingPool({ maxLeases: 2 });
    const [first] = acquireMany(pool, 2);
    failsWith("exhausted", () => pool.acquire());
    failsWith("exhausted", () => pool.lease("tag"));
    failsWith("exhausted", () => pool.with("tag", () => {}));
    const { acquires, misses, refused, created } = pool.stats();
    assertEquals([acquires, misses, refused, created], [2, 2, 3, 2]);
    pool.release(first!);
    assertStrictEquals(pool.acquire(), first);
    checkStats(pool.stats());
  });

  it("Pool counts what waits for a guard as in use, and what has gone not any more", () => {
    const { pool } = thingPool({ maxLeases: 2, maxLimbo: 1 });
    const guard = pool.guard();
    for (const thing of acquireMany(pool, 2)) guard.release(thing);
    // The second did not fit into limbo, and went.
    assertEquals(pool.stats().discarded.limbo, 1);
    const lease = pool.lease();
    failsWith("exhausted", () => pool.acquire());
    lease.expire();
    pool.acquire();
    failsWith("exhausted", () => pool.acquire());
    guard.drop();
    pool.acquire();
    checkStats(pool.stats());
  });

  for (const tag of ["own", "none", "other"]) {
    it(`Pool finds an idle object on any shelf for a tag with ${tag} shelf before it refuses`, () => {
      const adjustment: Adjustment = { shelves: new Map([["own", {}]]), bypass: ["none"] };
      const { pool } = thingPool({
        maxLeases: 1,
        scheduler: { name: "test", decide: () => adjustment },
      });
      pool.acquire("own");
      pool.tick();
      failsWith("exhausted", () => pool.acquire(tag));
      const { pool: other, made } = thingPool({
        maxLeases: 1,
        scheduler: { name: "test", decide: () => adjustment },
      });
      other.tick();
      const lies = tag === "own" ? "other" : "own";
      other.release(other.acquire(lies));
      assertEquals(other.stats().idle, 1);
      const thing = other.acquire(tag);
      assertEquals([made.length, other.stats().live, other.stats().idle], [1, 1, 0]);
      other.release(thing);
      other.tick();
      checkStats(other.stats(), true);
    });
  }

  it("Pool.prewarm() makes no more than maxLeases", () => {
    const { pool } = thingPool({ maxLeases: 3 });
    pool.acquire();
    assertEquals(pool.prewarm(10), 2);
    assertEquals([pool.stats().idle, pool.stats().live, pool.stats().refused], [2, 3, 0]);
  });

  it("Pool counts an object while create makes it", () => {
    const made: Thing[] = [];
    let errors = 0;
    const { pool } = thingPool({
      maxLeases: 2,
      create() {
        const thing = { id: made.length, dirty: false, disposed: 0, size: 1 };
        made.push(thing);
        try {
          if (made.length < 9) pool.acquire();
        } catch (error) {
          if (error instanceof PoolError && error.code === "exhausted") errors++;
          else throw error;
        }
        return thing;
      },
    });
    pool.acquire();
    assertEquals([pool.stats().live, errors, made.length], [2, 1, 2]);
  });

  it("Pool does not count a creation that failed", () => {
    let fails = true;
    const { pool } = thingPool({
      maxLeases: 1,
      create() {
        if (fails) throw new Error("no");
        return { id: 0, dirty: false, disposed: 0, size: 1 };
      },
    });
    for (let i = 0; i < 3; i++) failsWith("create", () => pool.acquire());
    fails = false;
    pool.acquire();
    failsWith("exhausted", () => pool.acquire());
  });

  it("Pool makes objects to measure creation beside the limits", () => {
    const { pool } = thingPool({
      maxLeases: 1,
      maxCreatesPerSecond: 1,
      scheduler: { name: "test", decide: () => ({ probe: true }) },
    });
    const tag = pool.tag("tag") as TagHandle<Thing>;
    pool.tick();
    tag.left = 1;
    const thing = tag.acquire();
    tag.release(thing);
    const { created, refused, live } = pool.stats();
    assert(created > 1);
    assertEquals([refused, live], [0, 1]);
    assertStrictEquals(tag.acquire(), thing);
  });
});

describe("Pool with maxCreatesPerSecond", () => {
  it("Pool.acquire() fails beyond the rate and tells when to try again; hits go on", () => {
    const { pool, host } = thingPool({ maxCreatesPerSecond: 4 });
    const things = acquireMany(pool, 4);
    assertEquals(failsWith("throttled", () => pool.acquire()).retryAfterMs, 250);
    pool.release(things[0]!);
    pool.acquire();
    host.time += 100;
    assertEquals(failsWith("throttled", () => pool.acquire()).retryAfterMs, 150);
    host.time += 150;
    pool.acquire();
    assertEquals([pool.stats().created, pool.stats().refused], [5, 2]);
  });

  it("Pool allows no more where its clock stands still, is behind or was set back", () => {
    const { pool, host } = thingPool({ maxCreatesPerSecond: 2 });
    host.time = 1e6;
    acquireMany(pool, 2);
    for (const time of [5, 505, 1e6, 0, 500, 1001]) {
      host.time = time;
      assertEquals(failsWith("throttled", () => pool.acquire()).retryAfterMs, 500);
    }
    host.time = 1501;
    pool.acquire();
    host.time = NaN;
    failsWith("throttled", () => pool.acquire());
  });

  it("Pool.prewarm() makes what the rate allows", () => {
    const { pool, host } = thingPool({ maxCreatesPerSecond: 3 });
    assertEquals([pool.prewarm(9), pool.prewarm(9)], [3, 0]);
    host.time += 1000;
    assertEquals(pool.prewarm(9), 3);
  });
});

describe("Pool.acquireAsync()", () => {
  it("Pool.acquireAsync() takes at once what is there, or may be made, and arms nothing", async () => {
    const { pool, host } = thingPool({ maxLeases: 2 });
    const thing = pool.acquire();
    pool.release(thing);
    const signal = new AbortController().signal;
    assertStrictEquals(await pool.acquireAsync({ ...WAIT, signal }), thing);
    await pool.acquireAsync({ ...WAIT, tag: "tag" });
    const { acquires, hits, waiting, refused, tags } = pool.stats();
    assertEquals([acquires, hits, waiting, refused, host.waiting], [3, 1, 0, 0, 0]);
    assertEquals(tags.map(({ name, acquires }) => [name, acquires]), [["(untagged)", 2], [
      "tag",
      1,
    ]]);
  });

  it("Pool.acquireAsync() works without limits, and on a host that knows nothing", async () => {
    const { pool } = thingPool();
    await pool.acquireAsync({ timeoutMs: 0 });
    const other = thingPool({ host: inertHost() as FakeHost, maxLeases: 1 });
    await other.pool.acquireAsync(WAIT);
    // Without timers nobody waits.
    await rejectsWith("exhausted", other.pool.acquireAsync(WAIT));
    assertEquals([other.pool.stats().waiting, other.pool.stats().refused], [0, 1]);
  });

  it("Pool.release() gives to who has waited longest, under its own tag, as a hit", async () => {
    const { pool, host, made } = thingPool({ maxLeases: 2 });
    const [a, b] = acquireMany(pool, 2, "first");
    const waiters = ["x", "y", "z"].map((tag) => follow(pool.acquireAsync({ ...WAIT, tag })));
    await turn();
    assertEquals([pool.stats().waiting, host.waiting], [3, 3]);
    pool.release(b!);
    pool.release(a!);
    // The pool knows at once, the waiters when it is their turn.
    assertEquals([pool.stats().waiting, pool.stats().leased, pool.stats().idle], [1, 2, 0]);
    await turn();
    assertStrictEquals(waiters[0]!.value, b);
    assertStrictEquals(waiters[1]!.value, a);
    assertEquals([waiters[2]!.settled, host.waiting], [0, 1]);
    pool.release(a!, "first");
    await turn();
    assertStrictEquals(waiters[2]!.value, a);
    assertEquals([host.waiting, made.length], [0, 2]);
    const { tags } = pool.stats();
    assertEquals(tags.map(({ name, acquires, hits }) => [name, acquires, hits]), [
      ["first", 2, 0],
      ["x", 1, 1],
      ["y", 1, 1],
      ["z", 1, 1],
    ]);
    failsWith("double", () => {
      pool.release(b!);
      pool.release(b!);
    });
    checkStats(pool.stats());
  });

  it("Pool.acquireAsync() is counted like any acquire", async () => {
    const { pool } = thingPool();
    for (let i = 0; i < 200; i++) {
      const [a, b] = [await pool.acquireAsync(WAIT), pool.acquire()];
      pool.release(a);
      pool.release(b);
    }
    assertEquals([pool.stats().acquires, pool.stats().hits], [400, 398]);
  });

  it("What is given on counts with the shelf of who got it", async () => {
    const seen: unknown[] = [];
    const { pool } = thingPool({
      maxLeases: 1,
      scheduler: {
        name: "test",
        decide({ live, leased, shelves }) {
          seen.push([live, leased, ...shelves.map(({ live, leased }) => [live, leased])]);
          return { shelves: new Map([["own", {}]]) };
        },
      },
    });
    pool.tick();
    const thing = pool.acquire("own");
    pool.tick();
    const waiting = pool.acquireAsync(WAIT);
    pool.release(thing);
    await waiting;
    pool.tick();
    assertEquals(seen, [[0, 0], [0, 0, [1, 1]], [1, 1, [0, 0]]]);
  });

  it("Pool resets what it gives on, and keeps what comes back when nobody waits any more", async () => {
    const { pool } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    thing.dirty = true;
    const waiting = pool.acquireAsync(WAIT);
    pool.release(thing);
    assertEquals((await waiting).dirty, false);
    pool.release(thing);
    assertEquals(pool.stats().idle, 1);
  });

  it("Nobody overtakes who waits", async () => {
    const { pool } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const waiters = [1, 2, 3].map(() => follow(pool.acquireAsync(WAIT)));
    const order: number[] = [];
    for (let i = 0; i < 3; i++) {
      pool.release(thing);
      failsWith("exhausted", () => pool.acquire());
      assertEquals(pool.prewarm(1), 0);
      await turn();
      order.push(waiters.filter(({ settled }) => settled > 0).length);
    }
    assertEquals(order, [1, 2, 3]);
  });

  it("Pool keeps the shelves shut while anybody waits, whatever opens room", async () => {
    const decide = (): Adjustment => ({ shelves: new Map([["own", {}]]), targets: [9] });
    const { pool, host } = thingPool({
      maxLeases: 2,
      generations: [{ name: "x", maxSize: 64, ttlMs: 0 }],
      scheduler: { name: "test", decide },
    });
    const [a, b] = [pool.acquire("own"), pool.acquire("none")];
    const waiters = [1, 2].map(() => follow(pool.acquireAsync({ ...WAIT, tag: "own" })));
    host.time += 500;
    pool.tick();
    pool.trim("critical");
    pool.tick();
    assertEquals(pool.stats().tags.find(({ name }) => name === "own")?.shelf, "own");
    pool.release(a);
    pool.release(b);
    await turn();
    assertEquals(waiters.map(({ value }) => value), [a, b]);
    for (const thing of [a, b]) pool.release(thing);
    assertEquals(pool.stats().idle, 2);
    pool.tick();
    checkStats(pool.stats(), true);
  });

  it("Pool gives sized objects, large and small, whatever the byte budget", async () => {
    const { pool } = thingPool({ maxLeases: 1, sizeOf: ({ size }) => size, maxBytes: 10 });
    const thing = pool.acquire();
    for (const size of [1, 1000]) {
      thing.size = size;
      const waiting = pool.acquireAsync(WAIT);
      pool.release(thing);
      assertStrictEquals(await waiting, thing);
      checkStats(pool.stats());
    }
    pool.release(thing);
    assertEquals(pool.stats().discarded.budget, 1);
  });

  it("Every way to hold gives to who waits", async () => {
    const { pool } = thingPool({ maxLeases: 1 });
    const guard = pool.guard();
    const ways: Record<string, (object: Lease<Thing>) => void> = {
      lease: (lease) => lease.release(),
      with: (lease) => {
        lease.release();
        pool.with("with", () => void waits.push(follow(pool.acquireAsync(WAIT))));
      },
      timed: (lease) => {
        lease.release();
        const tag = pool.tag("timed") as TagHandle<Thing>;
        tag.left = 1;
        const thing = tag.acquire();
        waits.push(follow(pool.acquireAsync(WAIT)));
        tag.release(thing);
      },
      guard: (lease) => {
        lease.release();
        const thing = pool.acquire();
        waits.push(follow(pool.acquireAsync(WAIT)));
        guard.release(thing);
        assertEquals(pool.stats().waiting, 1);
        guard.drop();
      },
    };
    const waits: ReturnType<typeof follow<Thing>>[] = [];
    for (const [name, end] of Object.entries(ways)) {
      const lease = pool.lease();
      if (name === "lease") waits.push(follow(pool.acquireAsync(WAIT)));
      end(lease);
      await turn();
      const { settled, value } = waits.at(-1)!;
      assertEquals([settled, pool.stats().waiting, pool.stats().leased], [1, 0, 1], name);
      pool.release(value!);
    }
  });

  it("Pool.leaseAsync() gives a stamped lease, which a former one cannot end", async () => {
    const { pool } = thingPool({ maxLeases: 1, guard: "off" });
    const former = pool.lease("tag");
    const waiting = pool.leaseAsync({ ...WAIT, tag: "tag" });
    const { value } = former;
    former.release();
    former.release();
    const lease = await waiting;
    assertStrictEquals(lease.value, value);
    assertEquals([pool.stats().misuses, pool.stats().leased], [1, 1]);
    lease.release();
    assertEquals(pool.stats().leased, 0);
    const timed = pool.tag("tag") as TagHandle<Thing>;
    const again = pool.lease("tag");
    timed.left = 1;
    const next = pool.leaseAsync({ ...WAIT, tag: "tag" });
    again.release();
    (await next).release();
    assert(pool.stats().tags[0]!.holdMs !== undefined);
    checkStats(pool.stats());
  });

  it("Pool.acquireAsync() times out, and leaves nothing behind", async () => {
    const { pool, host } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const signal = new AbortController().signal;
    const waits = [100, 50, 0].map((timeoutMs) => pool.acquireAsync({ timeoutMs, signal }));
    const [first, ...others] = waits.map((wait) => rejectsWith("timeout", wait));
    host.advance(50);
    await Promise.all(others);
    assertEquals([pool.stats().waiting, pool.stats().refused, host.waiting], [1, 2, 1]);
    host.advance(50);
    await first;
    assertEquals([pool.stats().waiting, pool.stats().refused, host.waiting], [0, 3, 0]);
    pool.release(thing);
    assertEquals(pool.stats().idle, 1);
  });

  it("Pool passes over who has waited too long though its timer did not fire", async () => {
    const { pool, host } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const late = rejectsWith("timeout", pool.acquireAsync({ timeoutMs: 10 }));
    const waiting = pool.acquireAsync(WAIT);
    host.time += 11;
    pool.release(thing);
    assertStrictEquals(await waiting, thing);
    await late;
    // And where nobody is left it keeps the object.
    const last = rejectsWith("timeout", pool.acquireAsync({ timeoutMs: 10 }));
    host.time += 11;
    pool.release(thing);
    await last;
    assertEquals([pool.stats().idle, pool.stats().refused], [1, 2]);
  });

  it("Pool takes back what was given to who did not go on in time", async () => {
    for (const verb of ["acquireAsync", "leaseAsync"] as const) {
      const { pool, host, made } = thingPool({ maxLeases: 1 });
      const thing = pool.acquire();
      const gone = rejectsWith("timeout", pool[verb]({ timeoutMs: 10 }));
      pool.release(thing);
      // As a request that has ended never goes on, and this one did not yet.
      host.time += 10;
      failsWith("exhausted", () => pool.acquire());
      host.time += 1;
      assertStrictEquals(pool.acquire(), thing);
      await gone;
      assertEquals([made.length, pool.stats().leased, pool.stats().refused], [1, 1, 2]);
      pool.release(thing);
      checkStats(pool.stats());
    }
  });

  it("A poll, a tick and a waiter's timer take it back as well", async () => {
    for (const way of ["poll", "tick", "timer"] as const) {
      const { pool, host } = thingPool({ maxLeases: 1 });
      const thing = pool.acquire();
      const gone = rejectsWith("timeout", pool.acquireAsync({ timeoutMs: 10 }));
      const waiting = follow(pool.acquireAsync({ timeoutMs: 20 }));
      pool.release(thing);
      if (way === "timer") host.advance(20);
      else {
        host.time += 15;
        pool[way]();
      }
      await gone;
      await turn();
      assertStrictEquals(waiting.value, thing, way);
    }
  });

  it("Pool bounds the waiters, and counts those not whose time is up", async () => {
    const { pool, host } = thingPool({ maxLeases: 1, maxWaiters: 2 });
    const thing = pool.acquire();
    const first = follow(pool.acquireAsync(WAIT));
    const second = rejectsWith("timeout", pool.acquireAsync({ timeoutMs: 5 }));
    await rejectsWith("exhausted", pool.acquireAsync(WAIT));
    assertEquals([pool.stats().waiting, pool.stats().refused], [2, 1]);
    host.time += 6;
    const third = follow(pool.acquireAsync(WAIT));
    await second;
    assertEquals(pool.stats().waiting, 2);
    for (const waiter of [first, third]) {
      pool.release(thing);
      await turn();
      assertStrictEquals(waiter.value, thing);
    }
    const none = thingPool({ maxLeases: 1, maxWaiters: 0 });
    none.pool.acquire();
    await rejectsWith("exhausted", none.pool.acquireAsync(WAIT));
  });

  it("Pool.close() sends all waiters away", async () => {
    const { pool, host } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const waits = [1, 2, 3].map(() => rejectsWith("closed", pool.acquireAsync(WAIT)));
    pool.close();
    await Promise.all(waits);
    assertEquals([pool.stats().waiting, pool.stats().refused, host.waiting], [0, 0, 0]);
    pool.release(thing);
    assertEquals(pool.stats().discarded.closed, 1);
    await rejectsWith("closed", pool.acquireAsync(WAIT));
  });
});

describe("Pool.acquireAsync() with a signal", () => {
  /** A signal that counts its listeners. */
  function watched(): {
    controller: AbortController;
    signal: AbortSignal;
    listeners: () => number;
  } {
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    return { controller, signal, listeners: () => listeners };
  }
  const reason = { reason: "mine" };

  it("A signal that was aborted before takes nothing", async () => {
    const { pool } = thingPool();
    const wait = pool.acquireAsync({ ...WAIT, signal: AbortSignal.abort(reason) });
    assertStrictEquals(await wait.catch((error) => error), reason);
    assertEquals([pool.stats().created, pool.stats().refused], [0, 0]);
  });

  it("A signal that is aborted while it waits ends the wait at once", async () => {
    const { pool, host } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const { controller, signal, listeners } = watched();
    const before = follow(pool.acquireAsync(WAIT));
    const waiting = follow(pool.acquireAsync({ ...WAIT, signal }));
    const after = follow(pool.acquireAsync(WAIT));
    assertEquals([pool.stats().waiting, listeners()], [3, 1]);
    controller.abort(reason);
    assertEquals(pool.stats().waiting, 2);
    await turn();
    assertStrictEquals(waiting.error, reason);
    assertEquals([waiting.settled, listeners(), host.waiting, pool.stats().refused], [1, 0, 2, 0]);
    for (const { value } of [before, after]) assertEquals(value, undefined);
    pool.release(thing);
    await turn();
    pool.release(thing);
    await turn();
    assertEquals([before.value, after.value], [thing, thing]);
  });

  it("A signal that is aborted after the object was given does not lose it", async () => {
    const { pool, host } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const { controller, signal, listeners } = watched();
    const waiting = pool.acquireAsync({ ...WAIT, signal });
    pool.release(thing);
    controller.abort(reason);
    assertStrictEquals(await waiting, thing);
    assertEquals([pool.stats().leased, listeners(), host.waiting], [1, 0, 0]);
  });

  it("A listener is removed in every outcome", async () => {
    for (const outcome of ["given", "timeout", "closed", "create"]) {
      let fails = false;
      const { pool, host } = thingPool({
        maxLeases: 1,
        create() {
          if (fails) throw new Error("no");
          return { id: 0, dirty: false, disposed: 0, size: 1 };
        },
      });
      const lease = pool.lease();
      const { signal, listeners } = watched();
      const waiting = follow(pool.acquireAsync({ timeoutMs: 10, signal }));
      assertEquals(listeners(), 1);
      fails = true;
      if (outcome === "given") lease.release();
      else if (outcome === "timeout") host.advance(10);
      else if (outcome === "closed") pool.close();
      else lease.expire();
      await turn();
      assertEquals([waiting.settled, listeners(), host.waiting], [1, 0, 0], outcome);
    }
  });
});

describe("Pool with waiters and objects that go", () => {
  const GOES: Record<string, (pool: ReturnType<typeof thingPool>["pool"]) => () => void> = {
    "an expired lease": (pool) => {
      const lease = pool.lease();
      return () => lease.expire();
    },
    "a limbo that overflows": (pool) => {
      const thing = pool.acquire();
      return () => pool.guard().release(thing);
    },
    "a reset that throws": (pool) => {
      const thing = pool.acquire();
      thing.size = -1;
      return () => failsWith("reset", () => pool.release(thing));
    },
    "a size that is none": (pool) => {
      const thing = pool.acquire();
      thing.size = NaN;
      return () => failsWith("sizeOf", () => pool.release(thing));
    },
  };
  for (const [name, begin] of Object.entries(GOES)) {
    it(`${name} makes room for a new object, which goes to who waited longest`, async () => {
      const { pool, made } = thingPool({
        maxLeases: 1,
        maxLimbo: 0,
        sizeOf: ({ size }) => size,
        reset(thing) {
          if (thing.size < 0) throw new Error("no");
        },
      });
      const end = begin(pool);
      const [first, second] = [1, 2].map(() => follow(pool.acquireAsync({ ...WAIT, tag: "w" })));
      end();
      await turn();
      assertEquals([first!.value?.id, second!.settled, made.length], [1, 0, 2]);
      const { tags, live } = pool.stats();
      assertEquals(tags.find(({ name }) => name === "w")?.misses, 1);
      assertEquals(live, 1);
      checkStats(pool.stats());
    });
  }

  it("A create that throws rejects that waiter only", async () => {
    let left = 3;
    const { pool } = thingPool({
      maxLeases: 1,
      create() {
        if (--left === 1) throw new Error("no");
        return { id: left, dirty: false, disposed: 0, size: 1 };
      },
    });
    const lease = pool.lease();
    const waits = [1, 2, 3].map(() => follow(pool.acquireAsync(WAIT)));
    lease.expire();
    await turn();
    assertInstanceOf(waits[0]!.error, PoolError);
    assertEquals((waits[0]!.error as PoolError).code, "create");
    assertEquals([waits[1]!.value?.id, waits[2]!.settled, pool.stats().waiting], [0, 0, 1]);
    assertEquals(pool.stats().refused, 0);
  });

  it("A creation that fails gives its place to who came meanwhile", async () => {
    const waits: ReturnType<typeof follow<Thing>>[] = [];
    let isFirst = true;
    const { pool } = thingPool({
      maxLeases: 1,
      create() {
        if (!isFirst) return { id: 7, dirty: false, disposed: 0, size: 1 };
        isFirst = false;
        waits.push(follow(pool.acquireAsync(WAIT)));
        throw new Error("no");
      },
    });
    failsWith("create", () => pool.acquire());
    await turn();
    assertEquals([waits[0]!.value?.id, pool.stats().live], [7, 1]);
  });

  it("A reset that waits for its own object gets it", async () => {
    const waits: ReturnType<typeof follow<Thing>>[] = [];
    const { pool } = thingPool({
      maxLeases: 1,
      reset: () => void waits.push(follow(pool.acquireAsync(WAIT))),
    });
    const thing = pool.acquire();
    pool.release(thing);
    await turn();
    assertStrictEquals(waits[0]!.value, thing);
  });
});

describe("Pool with waiters and a rate", () => {
  for (const timers of [true, false]) {
    const where = timers ? "a timer of the pool" : "timers of their own, as on Workers";
    it(`Pool serves waiters when the rate allows it, by ${where}`, async () => {
      const { pool, host } = thingPool({
        maxCreatesPerSecond: 2,
        host: new FakeHost({ timers }),
      });
      acquireMany(pool, 2);
      const waits = [1, 2, 3].map(() => follow(pool.acquireAsync({ timeoutMs: 5000 })));
      await turn();
      assertEquals(pool.stats().waiting, 3);
      const settled = () => waits.map(({ settled }) => settled);
      for (const [ms, now] of [[499, [0, 0, 0]], [1, [1, 0, 0]], [500, [1, 1, 0]]] as const) {
        host.advance(ms);
        await turn();
        assertEquals(settled(), [...now]);
      }
      host.advance(500);
      await turn();
      assertEquals([...settled(), pool.stats().waiting, pool.stats().created], [1, 1, 1, 0, 5]);
      checkStats(pool.stats());
    });

    it(`Who waits behind those who left is served, by ${where}`, async () => {
      const { pool, host } = thingPool({ maxCreatesPerSecond: 2, host: new FakeHost({ timers }) });
      acquireMany(pool, 2);
      const controller = new AbortController();
      const { signal } = controller;
      const gone = [1, 2, 3, 4].map(() => follow(pool.acquireAsync({ timeoutMs: 5000, signal })));
      const last = follow(pool.acquireAsync({ timeoutMs: 5000 }));
      controller.abort();
      // Where only its own timer can serve it, that is set for its turn, which is the fifth.
      host.advance(timers ? 500 : 2500);
      await turn();
      assertEquals([...gone.map(({ settled }) => settled), last.settled], [1, 1, 1, 1, 1]);
      assert(last.value !== undefined);
    });

    it(`What is released comes before the rate allows anything, with ${where}`, async () => {
      const { pool, host } = thingPool({ maxCreatesPerSecond: 1, host: new FakeHost({ timers }) });
      const thing = pool.acquire();
      const waiting = follow(pool.acquireAsync({ timeoutMs: 5000 }));
      host.advance(100);
      pool.release(thing);
      await turn();
      assertStrictEquals(waiting.value, thing);
    });
  }

  it("Waiters wake seldom, however many they are and however high the rate is", async () => {
    const { pool, host } = thingPool({ maxLeases: 1, maxCreatesPerSecond: 1e6 });
    const thing = pool.acquire();
    let timers = 0;
    const timeout = host.timeout.bind(host);
    host.timeout = (callback, delayMs) => {
      timers++;
      return timeout(callback, delayMs);
    };
    const waits = Array.from({ length: 500 }, () => follow(pool.acquireAsync({ timeoutMs: 1e6 })));
    host.advance(1600);
    // A hundred turns, and for 500 waiters about ln(500) as many.
    assert(timers - 500 < 100 * 8, `received ${timers}`);
    assertEquals(pool.stats().waiting, 500);
    pool.release(thing);
    await turn();
    assertStrictEquals(waits[0]!.value, thing);
    pool.close();
    await turn();
  });

  it("A newcomer has those served whom the rate allows by now, and is refused itself", async () => {
    const { pool, host } = thingPool({ maxCreatesPerSecond: 1 });
    acquireMany(pool, 1);
    const waiting = follow(pool.acquireAsync({ timeoutMs: 5000 }));
    host.time += 1000;
    assertEquals(failsWith("throttled", () => pool.acquire()).retryAfterMs, 1000);
    await turn();
    assertEquals([waiting.settled, pool.stats().live], [1, 2]);
  });

  it("Nobody overtakes who waits even where the rate allows several", async () => {
    const codes: string[] = [];
    let isWatching = false;
    const { pool, host } = thingPool({
      maxCreatesPerSecond: 2,
      create() {
        try {
          if (isWatching) pool.acquire();
        } catch (error) {
          codes.push((error as PoolError).code);
        }
        return { id: 0, dirty: false, disposed: 0, size: 1 };
      },
    });
    acquireMany(pool, 2);
    const waits = [1, 2].map(() => follow(pool.acquireAsync(WAIT)));
    isWatching = true;
    host.time += 1000;
    pool.poll();
    await turn();
    assertEquals(waits.map(({ value }) => value?.id), [0, 0]);
    // While the first was made the second waited; while that was made the rate allowed no third.
    assertEquals(codes, ["exhausted", "throttled"]);
  });

  it("An abort has the next one served at once where the rate allows it by now", async () => {
    const { pool, host } = thingPool({ maxCreatesPerSecond: 1 });
    pool.acquire();
    const controller = new AbortController();
    const gone = follow(pool.acquireAsync({ timeoutMs: 5000, signal: controller.signal }));
    const next = follow(pool.acquireAsync({ timeoutMs: 5000 }));
    host.time += 1000;
    controller.abort();
    await turn();
    assertEquals([gone.settled, next.settled], [1, 1]);
    assert(next.value !== undefined);
  });

  it("Where both limits hold, room that comes free is used when the rate allows it", async () => {
    for (const timers of [true, false]) {
      const host = new FakeHost({ timers });
      const { pool } = thingPool({ maxLeases: 1, maxCreatesPerSecond: 1, host });
      const lease = pool.lease();
      const waiting = follow(pool.acquireAsync({ timeoutMs: 5000 }));
      await turn();
      host.advance(200);
      lease.expire();
      await turn();
      assertEquals(waiting.settled, 0);
      host.advance(800);
      await turn();
      assertEquals([waiting.settled, pool.stats().live], [1, 1]);
    }
  });

  it("Pool asks for no longer delay than a timer can tell, and then for another", async () => {
    const host = new FakeHost({ timers: true });
    // One in 116 days.
    const { pool } = thingPool({ maxCreatesPerSecond: 1e-7, tickMs: 2 ** 31 - 1, host });
    const delays: number[] = [];
    host.defer = (callback, delayMs) => {
      delays.push(delayMs);
      return host.timeout(callback, delayMs);
    };
    pool.acquire();
    const waiting = follow(pool.acquireAsync({ timeoutMs: 2 ** 31 - 1 }));
    host.advance(2 ** 31 - 2);
    const late = follow(pool.acquireAsync({ timeoutMs: 2 ** 31 - 1 }));
    host.advance(1);
    await turn();
    assertEquals(delays.filter((ms) => ms !== 2 ** 31 - 1), []);
    assert(delays.length > 2, `${delays}`);
    assertEquals([(waiting.error as PoolError).code, late.settled], ["timeout", 0]);
    pool.close();
    await turn();
  });

  it("Pool.close() cancels the timer that would serve", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({ maxCreatesPerSecond: 1, host });
    pool.acquire();
    follow(pool.acquireAsync(WAIT));
    const { waiting } = host;
    pool.close();
    // The tick's and the retry's; the waiter takes its own along when it goes on.
    assertEquals(host.waiting, waiting - 2);
  });
});

describe("Pool with waiters and a clock that calls it", () => {
  /** Has the clock do something once, at the first reading of which a test is true. */
  function interrupt(host: FakeHost, isTime: () => boolean, run: () => void): void {
    let isDone = false;
    host.now = () => {
      if (!isDone && isTime()) {
        isDone = true;
        run();
      }
      return host.time;
    };
  }

  const MEANWHILE = {
    "an abort": (_: unknown, controller: AbortController) => controller.abort("reason"),
    "a close": (pool: ReturnType<typeof thingPool>["pool"]) => pool.close(),
    nothing: () => {},
  };
  for (const [name, meanwhile] of Object.entries(MEANWHILE)) {
    it(`Who was about to be served when another took the place waits on, after ${name}`, async () => {
      const { pool, host } = thingPool({ maxLeases: 1, maxWaiters: 1 });
      const lease = pool.lease();
      const controller = new AbortController();
      // No timed lease: the clock is read where it is decided whether an object may be made.
      (pool.tag("untimed") as TagHandle<Thing>).startPeriod(100);
      const options = { ...WAIT, tag: "untimed", signal: controller.signal };
      const waiting = follow(pool.acquireAsync(options));
      let taken: Thing | undefined;
      let full: Promise<PoolError> | undefined;
      // It is out of the queue while an object is made for it.
      interrupt(host, () => pool.stats().waiting === 0, () => {
        taken = pool.acquire();
        full = rejectsWith("exhausted", pool.acquireAsync(WAIT));
        meanwhile(pool, controller);
      });
      lease.expire();
      await full;
      await turn();
      assert(taken !== undefined);
      if (name === "nothing") {
        assertEquals([waiting.settled, pool.stats().waiting], [0, 1]);
        pool.release(taken);
        await turn();
        assertStrictEquals(waiting.value, taken);
      } else {
        assertEquals([waiting.settled, pool.stats().waiting, host.waiting], [1, 0, 0]);
        const { error } = waiting;
        assertEquals(
          error instanceof PoolError ? error.code : error,
          {
            "an abort": "reason",
            "a close": "closed",
          }[name],
        );
      }
    });

    it(`Who is about to wait sees ${name}`, async () => {
      const { pool, host } = thingPool({ maxLeases: 1 });
      pool.acquire();
      const controller = new AbortController();
      let readings = 0;
      interrupt(host, () => ++readings === 2, () => meanwhile(pool, controller));
      const waiting = follow(pool.acquireAsync({ ...WAIT, signal: controller.signal }));
      await turn();
      const isOver = name !== "nothing";
      assertEquals([waiting.settled, pool.stats().waiting], isOver ? [1, 0] : [0, 1]);
      assert(readings >= 2);
    });
  }
});

describe("Pool with waiters on a host that fails", () => {
  it("A timer that cannot be armed ends the wait with what was thrown", async () => {
    const { pool, host } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const fault = new Error("no timers at module scope");
    host.timeout = () => {
      throw fault;
    };
    assertStrictEquals(await pool.acquireAsync(WAIT).catch((error) => error), fault);
    pool.release(thing);
    // What is there is taken without a timer.
    assertStrictEquals(await pool.acquireAsync(WAIT), thing);
    assertEquals([pool.stats().waiting, pool.stats().refused], [0, 0]);
  });

  it("A host that gives an object while it arms the timer loses none", async () => {
    const { pool, host, errors } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    host.timeout = () => {
      pool.release(thing);
      throw new Error("afterwards");
    };
    assertStrictEquals(await pool.acquireAsync(WAIT), thing);
    host.timeout = () => () => {
      throw new Error("cancel");
    };
    const waiting = pool.acquireAsync(WAIT);
    pool.release(thing);
    assertStrictEquals(await waiting, thing);
    assertEquals(errors.map(({ message }) => message), ["cancel"]);
    assertEquals(pool.stats().leased, 1);
  });
});
