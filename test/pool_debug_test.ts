/** What `debug: true` finds, and that it changes nothing else. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { contextPool } from "../edge/mod.ts";
import {
  adaptiveScheduler,
  fixedScheduler,
  Pool,
  type PoolError,
  type PoolOptions,
} from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkStats } from "../testing/oracle.ts";
import { assertGrammar, failsWith } from "./fixture/thing.ts";

interface Body {
  user: string;
  size: number;
  nested: { items: string[] };
}

/** A pool in debug, on a host that a test moves, and what `onError` heard. */
function debugPool(options: Partial<PoolOptions<Body>> = {}) {
  const host = new FakeHost();
  const errors: Error[] = [];
  const pool = new Pool<Body>({
    create: () => ({ user: "", size: 1, nested: { items: [] } }),
    reset: (body) => {
      body.user = "";
      body.nested.items.length = 0;
    },
    scheduler: fixedScheduler(),
    onError: (error) => void errors.push(error),
    debug: true,
    host,
    ...options,
  });
  return { pool, host, errors };
}

/** What an object throws that is read while it lies idle. */
function faultOf(body: Body): PoolError {
  return assertThrows(() => body.user) as PoolError;
}

type Hold = (pool: Pool<Body>) => Body;

/** The ways to hold an object and let go of it. */
const ways: Readonly<Record<string, Hold>> = {
  "acquire and release": (pool) => {
    const body = pool.acquire();
    pool.release(body);
    return body;
  },
  "a tag's acquire and release": (pool) => {
    const body = pool.tag("a").acquire();
    pool.tag("a").release(body);
    return body;
  },
  "a release under another tag": (pool) => {
    const body = pool.acquire("a");
    pool.release(body, "b");
    return body;
  },
  "a lease": (pool) => {
    const lease = pool.lease("a");
    const { value } = lease;
    lease.release();
    return value;
  },
  "with()": (pool) => pool.with("a", (body) => body),
  "a guard": (pool) => {
    const guard = pool.guard();
    const body = pool.acquire();
    guard.release(body);
    assertEquals(body.user, "", "readable in limbo");
    guard.drop();
    return body;
  },
};

describe("Pool.sift() in debug", () => {
  it("leaves alone what a caller against the rules leases or has disposed of meanwhile", () => {
    const disposed: Body[] = [];
    const { pool } = debugPool({ dispose: (body) => void disposed.push(body) });
    pool.release(pool.acquire());
    let leased: Body | undefined;
    pool.sift(() => (leased = pool.acquire(), false));
    assertEquals(leased!.user, "");
    pool.release(leased!);
    pool.sift(() => pool.evict(1) < 0);
    assertEquals(disposed.map(({ user }) => user), [""]);
    checkStats(pool.stats());
    pool.close();
  });

  it("shows each idle object as it is, and has it throw again where it was released", () => {
    let made = 0;
    const create = () => ({ user: "", size: ++made, nested: { items: [] } });
    const { pool } = debugPool({ create });
    const bodies = [pool.acquire(), pool.acquire(), pool.acquire()];
    for (const body of bodies) pool.release(body);
    const { message } = faultOf(bodies[0]!);
    const seen: number[] = [];
    const isLarge = ({ size, user }: Body) => seen.push(size) > 0 && user === "" && size > 2;
    assertEquals(pool.sift(isLarge), 1);
    assertEquals(seen.toSorted(), [1, 2, 3]);
    assertEquals(faultOf(bodies[0]!).message, message);
    assertThrows(
      () =>
        pool.sift(() => {
          throw new Error("mine");
        }),
      Error,
      "mine",
    );
    assertEquals(faultOf(bodies[1]!).code, "released");
    checkStats(pool.stats());
    assertEquals([pool.acquire().size, pool.acquire().size].toSorted(), [1, 2]);
    pool.close();
  });
});

describe("Pool({ debug: true }): use after release", () => {
  for (const [way, hold] of Object.entries(ways)) {
    for (const sizeOf of [undefined, (body: Body) => body.size]) {
      const kind = sizeOf === undefined ? "" : " of known size";
      it(`Pool makes the fields of an object${kind} throw after ${way}`, () => {
        const { pool, errors } = debugPool(sizeOf && { sizeOf });
        for (let round = 0; round < 3; round++) {
          const body = hold(pool);
          const error = failsWith("released", () => body.user);
          assertMatch(error.message, /^Cannot read field "user": .*released at .*, acquired at .*/);
          const write = failsWith("released", () => body.user = "eve");
          assertStringIncludes(write.message, 'Cannot write field "user"');
          failsWith("released", () => body.nested);
        }
        assertEquals([pool.stats().created, pool.stats().idle], [1, 1]);
        assertEquals([errors, pool.explain().watched.leases], [[], 0]);
        checkStats(pool.stats());
        pool.close();
      });
    }
  }

  it("Pool hands out an object whose descriptors are those of its first lease", () => {
    const { pool } = debugPool();
    const body = pool.acquire();
    const were = Object.getOwnPropertyDescriptors(body);
    pool.release(body);
    assert(pool.acquire() === body);
    assertEquals(Object.getOwnPropertyDescriptors(body), were);
    pool.close();
  });

  it("Pool tells where an object was released and acquired", () => {
    const { pool } = debugPool();
    // Neither ends in the call: JavaScriptCore would keep no frame of it.
    function takes(): Body {
      const body = pool.acquire();
      body.user = "";
      return body;
    }
    function gives(body: Body): boolean {
      pool.release(body);
      return true;
    }
    const body = takes();
    gives(body);
    const { cause, message } = failsWith("released", () => body.user);
    const released = cause as Error;
    assertMatch(released.stack!, /^released\n.*\bgives\b/);
    assertMatch((released.cause as Error).stack!, /^acquired\n.*\btakes\b/);
    assertMatch(message, /released at .*gives.*, acquired at .*takes/);
    pool.close();
  });

  it("Pool keeps the fields of what it discarded poisoned, unless dispose took it over", () => {
    const { pool } = debugPool({ generations: [{ name: "T0", maxSize: 0, ttlMs: 0 }] });
    const body = pool.acquire();
    pool.release(body);
    assertEquals(pool.stats().discarded.full, 1);
    failsWith("released", () => body.user);
    pool.close();

    const seen: string[] = [];
    const other = debugPool({ dispose: (body) => void seen.push(`${body.user}${body.size}`) });
    other.pool.release(other.pool.acquire());
    other.pool.close();
    assertEquals([seen, other.errors], [["1"], []]);
  });

  it("Pool gives an object that was frozen while idle to nobody", () => {
    const { pool } = debugPool();
    const body = pool.acquire();
    pool.release(body);
    Object.freeze(body);
    const error = failsWith("released", () => pool.acquire());
    assertStringIncludes(error.message, "Cannot acquire from Pool");
    assertEquals(pool.stats().discarded.invalid, 1);
    checkStats(pool.stats());
    assert(pool.acquire() !== body);
    pool.close();
  });

  it("Pool lists the classes that it cannot cover", () => {
    class Opaque {
      #n = 1;
      get n(): number {
        return this.#n;
      }
    }
    const kinds: readonly [string, () => object][] = [
      ["Opaque", () => new Opaque()],
      ["Map", () => new Map()],
      ["Uint8Array", () => new Uint8Array(4)],
      ["Object (sealed)", () => Object.freeze({ a: 1 })],
      ["Object (too large)", () => ({ list: new Array(20_000).fill(1) })],
    ];
    for (const [name, create] of kinds) {
      const pool = new Pool({ create, reset: () => {}, host: new FakeHost(), debug: true });
      assertEquals(pool.explain().notCovered, []);
      for (let i = 0; i < 3; i++) pool.release(pool.acquire());
      assertEquals(pool.explain().notCovered, [name]);
      pool.close();
    }
    assertEquals("notCovered" in debugPool({ debug: false }).pool.explain(), false);
  });

  it("Pool covers a request's context from end to end", () => {
    const pool = contextPool({ debug: true, host: new FakeHost() });
    const context = pool.with("/", (context) => {
      context.headers.set("accept", "text/plain");
      return context;
    });
    failsWith("released", () => context.headers);
    pool.with("/", (again) => assert(again === context && again.headers.size === 0));
    pool.close();
  });
});

describe("Pool({ debug: true }): what reset leaves", () => {
  it("Pool refuses an object that reset left unclean, and names the paths, not the values", () => {
    const { pool } = debugPool({ reset: (body) => void (body.user = "") });
    const body = pool.acquire("auth");
    body.user = "ada";
    body.nested.items.push("hunter2");
    const error = failsWith("unclean", () => pool.release(body));
    assertEquals(
      error.message,
      "Cannot release to Pool: reset must clear what a holder wrote: " +
        "received nested.items[0] (a string of 7)",
    );
    assertMatch((error.cause as Error).stack!, /^acquired\n/);
    assertEquals([pool.stats().discarded.invalid, pool.stats().idle], [1, 0]);
    assertEquals(body.nested.items, ["hunter2"], "readable, to be looked into");
    checkStats(pool.stats());
    pool.close();
  });

  it("Pool tells onError where another error comes first", () => {
    const { pool, errors } = debugPool({ reset: () => {} });
    assertThrows(
      () =>
        pool.with("a", (body) => {
          body.user = "ada";
          throw new Error("mine");
        }),
      Error,
      "mine",
    );
    assertEquals(errors.map((error) => (error as PoolError).code), ["unclean"]);
    pool.close();
  });

  it("Pool tells a reset that throws as it is", () => {
    const { pool } = debugPool({
      reset: () => {
        throw new Error("broken");
      },
    });
    const body = pool.acquire();
    failsWith("reset", () => pool.release(body));
    assertEquals(body.user, "");
    pool.close();
  });

  it("Pool tells a sizeOf that throws as it is", () => {
    const { pool } = debugPool({
      sizeOf: (body) => {
        if (body.user === "") throw new Error("broken");
        return 1;
      },
    });
    failsWith("sizeOf", () => pool.release(pool.acquire()));
    checkStats(pool.stats());
    pool.close();
  });

  it("Pool without debug takes it back", () => {
    const { pool } = debugPool({ reset: () => {}, debug: false });
    const body = pool.acquire();
    body.user = "ada";
    pool.release(body);
    assertEquals([pool.stats().idle, body.user], [1, "ada"]);
    pool.close();
  });
});

describe("Pool({ debug: true }): the rest", () => {
  it("Pool times every lease", () => {
    const { pool, host } = debugPool();
    for (let i = 0; i < 1000; i++) {
      const body = pool.acquire();
      host.time += i % 20 === 0 ? 64 : 1;
      pool.release(body);
    }
    const { holdMs, acquires, misses } = pool.stats().tags[0]!;
    assertEquals([acquires, misses], [1000, 1]);
    assert(holdMs!.p50 < 2 && holdMs!.p99 > 45, JSON.stringify(holdMs));
    pool.close();
  });

  it("Pool learns nothing of what an end of a lease costs, which is the inspection", () => {
    for (const debug of [true, false]) {
      const { pool, host } = debugPool({ debug, scheduler: adaptiveScheduler() });
      host.now = () => host.time += 0.001;
      for (let tick = 0; tick < 4; tick++) {
        for (let i = 0; i < 300; i++) pool.release(pool.acquire());
        host.time += 500;
        pool.tick();
      }
      assertEquals(pool.explain().tags[0]!.releaseUs === undefined, debug);
      pool.close();
    }
  });

  it("Pool prewarms, trims and closes as ever", () => {
    const { pool, errors } = debugPool({ sizeOf: (body) => body.size, dispose: () => {} });
    assertEquals(pool.prewarm(5), 5);
    const bodies = Array.from({ length: 5 }, () => pool.acquire());
    assertEquals([pool.stats().created, bodies.map(({ user }) => user).join("")], [5, ""]);
    for (const body of bodies) pool.release(body);
    assertEquals(pool.trim("critical"), 5);
    pool.close();
    assertEquals(errors, []);
    checkStats(pool.stats());
  });
});

describe("Pool.leaks()", () => {
  it("Pool.leaks() lists leases beyond leakAfterMs, the oldest first, until they end", () => {
    const { pool, host } = debugPool({ leakAfterMs: 100 });
    function handler(): Body {
      const body = pool.acquire("old");
      body.user = "";
      return body;
    }
    const body = handler();
    host.time = 50;
    const lease = pool.lease("young");
    assertEquals(pool.leaks(), []);
    host.time = 150;
    const leaks = pool.leaks();
    assertEquals(leaks.map(({ tag, heldMs }) => ({ tag, heldMs })), [
      { tag: "old", heldMs: 150 },
      { tag: "young", heldMs: 100 },
    ]);
    assertMatch(leaks[0]!.stack!, /^ *at .*handler/);
    assertEquals(JSON.parse(JSON.stringify(leaks)), leaks);
    pool.release(body);
    lease.expire();
    assertEquals([pool.leaks(), pool.explain().watched], [[], { leases: 0, missed: 0 }]);
    pool.close();
  });

  it("Pool.leaks() lists none in limbo, even where limbo is full", () => {
    const { pool, host } = debugPool({ leakAfterMs: 0, maxLimbo: 1 });
    const guard = pool.guard();
    for (const body of [pool.acquire(), pool.acquire()]) guard.release(body);
    host.time = 5;
    assertEquals([pool.leaks(), pool.explain().watched.leases], [[], 0]);
    guard.drop();
    pool.close();
  });

  it("Pool.leaks() lists a with() that has not settled, and after close as well", async () => {
    const { pool, host } = debugPool({ leakAfterMs: 10 });
    const gate = Promise.withResolvers<void>();
    const done = pool.with("slow", () => gate.promise);
    host.time = 10;
    pool.close();
    assertEquals(pool.leaks().map(({ tag }) => tag), ["slow"]);
    gate.resolve();
    await done;
    assertEquals(pool.leaks(), []);
  });

  it("Pool.leaks() without debug knows the timed leases, without a stack", () => {
    const { pool, host } = debugPool({ debug: false });
    const held = Array.from({ length: 1000 }, () => pool.acquire());
    host.time = 60_000;
    const leaks = pool.leaks();
    assert(leaks.length > 0 && leaks.length < 500, `${leaks.length}`);
    assertEquals(leaks[0], { tag: "(untagged)", heldMs: 60_000 });
    for (const body of held) pool.release(body);
    assertEquals(pool.leaks(), []);
    pool.close();
  });
});

describe("Pool({ debug, leakAfterMs })", () => {
  for (const debug of ["yes", 1, null]) {
    it(`Pool refuses debug ${JSON.stringify(debug)}`, () => {
      const error = assertThrows(() => debugPool({ debug: debug as never }), TypeError);
      assertGrammar(error);
    });
  }
  for (const leakAfterMs of [-1, NaN, Infinity, "1"]) {
    it(`Pool refuses leakAfterMs ${leakAfterMs}`, () => {
      const error = assertThrows(
        () => debugPool({ leakAfterMs: leakAfterMs as never }),
        RangeError,
      );
      assertGrammar(error);
    });
  }
});
