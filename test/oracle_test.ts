import { describe, it } from "node:test";
import { assertStringIncludes, assertThrows } from "@std/assert";
import type { PoolStats } from "../mod.ts";
import { checkStats, Oracle } from "../testing/oracle.ts";
import { assertGrammar, makeIdle, type Thing, thingPool } from "./fixture/thing.ts";

/** Asserts that something fails, in the grammar of errors, with a text. */
function fails(run: () => void, text: string): void {
  const error = assertThrows(run, Error);
  assertGrammar(error);
  assertStringIncludes(error.message, text);
}

describe("checkStats()", () => {
  const wrong: Readonly<Record<string, (stats: PoolStats) => Partial<PoolStats>>> = {
    "created must be": (stats) => ({ created: stats.created + 1 }),
    "the sum of idle objects must be": (stats) => ({ idle: stats.idle + 1 }),
    "live must be": (stats) => ({ live: stats.live + 1 }),
    "hits and misses together must be": (stats) => ({ hits: stats.hits + 1 }),
    "bytes must be within": (stats) => ({ bytes: stats.maxBytes + 1 }),
    "peak must be at least": (stats) => ({ peak: stats.leased - 1 }),
    "counts must be integers": () => ({ bytes: -1 }),
    "idle must be within": (stats) => ({
      generations: stats.generations.map((generation) => ({ ...generation, maxSize: 0 })),
    }),
    "a generation must be within": (stats) => ({
      generations: stats.generations.map((generation) => ({ ...generation, target: 0 })),
    }),
  };
  for (const [text, change] of Object.entries(wrong)) {
    it(`checkStats() says that ${text} what it is not`, () => {
      const { pool } = thingPool();
      makeIdle(pool, 3);
      pool.acquire();
      pool.tick();
      const stats = pool.stats();
      checkStats(stats, true);
      fails(() => checkStats({ ...stats, ...change(stats) }, true), text);
      pool.close();
    });
  }
});

describe("Oracle", () => {
  function subject() {
    const { pool } = thingPool();
    return { pool, oracle: new Oracle<Thing>(pool) };
  }

  it("Oracle.acquired() refuses what no holder may be given", () => {
    const { pool, oracle } = subject();
    const thing = pool.acquire();
    oracle.acquired(thing);
    fails(() => oracle.acquired(thing), "an object must have one holder");
    oracle.waited(thing);
    fails(() => oracle.acquired(thing), "an object must stay in limbo");
    oracle.limbo.delete(thing);
    fails(() => oracle.acquired(thing), "an object must be reset");
    thing.dirty = false;
    thing.disposed = 1;
    fails(() => oracle.acquired(thing), "disposals before an object is handed out must be 0");
    pool.close();
    oracle.closed();
    fails(() => oracle.acquired(thing), "the pool must be open");
  });

  it("Oracle.check() compares its own account with the pool's", () => {
    const { pool, oracle } = subject();
    makeIdle(pool, 3);
    pool.acquire();
    fails(() => oracle.check(), "leased must be 0: received 1");
    const guard = pool.guard();
    const thing = pool.acquire();
    oracle.leased.add(thing);
    guard.release(thing);
    oracle.leased.clear();
    oracle.leased.add({ ...thing });
    fails(() => oracle.check(), "limbo must be 0: received 1");
    fails(() => oracle.closed(), "idle after close must be 0: received 1");
  });
});
