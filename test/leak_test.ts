/** Leaks on the real runtime, found by its real collector. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { detectHost, type Host, inertHost, Pool, type PoolError } from "../mod.ts";
import { checkStats } from "../testing/oracle.ts";
import { assertGrammar } from "./fixture/thing.ts";

const scope = globalThis as { Bun?: { gc(force: boolean): void }; gc?(): void };
const skip = scope.Bun === undefined && scope.gc === undefined;

/** Has everything collected that nobody holds, once a turn of the event loop, until `done`. */
async function collectUntil(done: () => boolean, act: () => void = () => {}): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!done() && Date.now() < deadline) {
    act();
    scope.Bun?.gc(true);
    scope.gc?.();
    // Registries are told in a turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** How many turns nothing more is heard after all has been found. */
const QUIET = 5;

interface Body {
  n: number;
  self?: Body;
}

interface SubjectOptions {
  readonly debug: boolean;
  readonly isFrozen?: boolean;
  readonly maxLeases?: number;
}

function poolOf({ isFrozen = false, ...options }: SubjectOptions) {
  const errors: Error[] = [];
  const pool = new Pool<Body>({
    create: () => {
      const body: Body = { n: 0 };
      body.self = body;
      return isFrozen ? Object.freeze(body) : body;
    },
    reset: () => {},
    host: detectHost(),
    onError: (error) => void errors.push(error),
    ...options,
  });
  return { pool, errors };
}

type Subject = ReturnType<typeof poolOf>["pool"];

/** Ways to lose an object. */
const losses: Readonly<Record<string, (pool: Subject) => void>> = {
  "a raw lease": (pool) => void pool.acquire("lost"),
  "a raw lease of an idle object": (pool) => {
    pool.prewarm(1);
    pool.acquire("lost");
  },
  "a stamped lease": (pool) => void pool.lease("lost"),
  "a with() whose promise never settles": (pool) =>
    void pool.with("lost", () => new Promise(() => {})),
};

describe("Pool finds leaks", () => {
  for (const isFrozen of [false, true]) {
    for (const [way, lose] of Object.entries(losses)) {
      const kind = isFrozen ? " of frozen objects" : "";
      it(`Pool in debug finds ${way}${kind}, once`, { skip }, async () => {
        const { pool, errors } = poolOf({ debug: true, isFrozen });
        const held = pool.acquire("held");
        lose(pool);
        const tick = () => pool.tick();
        await collectUntil(() => errors.length > 0, tick);
        let turns = 0;
        await collectUntil(() => turns++ > QUIET, tick);
        assertEquals(errors.length, 1);
        const [error] = errors as [PoolError];
        assertEquals(error.code, "leaked");
        assertGrammar(error);
        assertMatch(error.message, /one of tag "lost", found \d+ ms after it was acquired at .+/);
        assertMatch((error.cause as Error).stack!, /^acquired\n/);
        const stats = pool.stats();
        assertEquals([stats.discarded.leaked, stats.leased], [1, 1]);
        checkStats(stats);
        assertEquals(pool.explain().watched.leases, 1, "the held one");
        assertEquals(held.n, 0);
        pool.release(held);
        pool.close();
        checkStats(pool.stats());
        assertEquals(pool.stats().live, 0);
      });
    }
  }

  it("Pool finds what a forgotten guard holds, in whichever stock that is", { skip }, async () => {
    const { pool, errors } = poolOf({ debug: false });
    // The first guard is one of those that are watched without debug.
    (function forget() {
      const guard = pool.guard();
      for (const tag of ["a", "a", "b"]) guard.release(pool.acquire(tag));
      pool.guard();
      const dropped = pool.guard();
      dropped.release(pool.acquire("a"));
      dropped.drop();
    })();
    const kept = pool.guard();
    kept.release(pool.acquire("kept"));
    assertEquals(pool.stats().limbo, 4);
    await collectUntil(() => errors.length > 0);
    let turns = 0;
    await collectUntil(() => turns++ > QUIET);
    assertEquals(errors.length, 1);
    const [error] = errors as [PoolError];
    assertEquals(error.code, "leaked");
    assertGrammar(error);
    assertMatch(error.message, /one with 3 objects of tags "a", "b"$/);
    const { discarded, idle, limbo, leased } = pool.stats();
    assertEquals([discarded.leaked, limbo, leased, idle], [3, 1, 0, 0]);
    checkStats(pool.stats());
    kept.drop();
    pool.close();
    assertEquals(pool.stats().live, 0);
  });

  it("Pool without debug finds those that were timed, and only those", { skip }, async () => {
    const { pool, errors } = poolOf({ debug: false });
    (function lose() {
      for (let i = 0; i < 500; i++) pool.acquire("lost");
    })();
    const { leases } = pool.explain().watched;
    assert(leases > 0);
    await collectUntil(() => pool.stats().discarded.leaked === leases, () => pool.tick());
    const stats = pool.stats();
    assertEquals([stats.discarded.leaked, stats.leased], [leases, 500 - leases]);
    assertEquals(errors.length, leases);
    assertEquals(errors[0]!.cause, undefined);
    checkStats(stats);
    pool.close();
  });

  it("Pool counts what is lost after close, and under a tag that has moved", { skip }, async () => {
    const { pool, errors } = poolOf({ debug: true });
    (function lose() {
      pool.acquire("a");
    })();
    pool.close();
    await collectUntil(() => errors.length > 0);
    assertEquals([pool.stats().discarded.leaked, pool.stats().live], [1, 0]);
    checkStats(pool.stats());

    const errorsOfMoved: Error[] = [];
    let shelves = new Map<string, Record<string, never>>();
    const moved = new Pool<Body>({
      create: () => ({ n: 0 }),
      reset: () => {},
      scheduler: { name: "mover", decide: () => ({ shelves }) },
      onError: (error) => void errorsOfMoved.push(error),
      debug: true,
    });
    for (const tags of [["a"], [], ["a"]]) {
      const before = errorsOfMoved.length;
      (function lose() {
        for (let i = 0; i < 3; i++) moved.acquire("a");
      })();
      shelves = new Map(tags.map((tag) => [tag, {}]));
      moved.tick();
      checkStats(moved.stats());
      await collectUntil(() => errorsOfMoved.length === before + 3, () => moved.tick());
      checkStats(moved.stats());
      assertEquals([moved.stats().leased, errorsOfMoved.length], [0, before + 3]);
    }
    const body = moved.acquire("a");
    moved.tick();
    moved.release(body);
    moved.tick();
    checkStats(moved.stats());
    moved.close();
    assertEquals(moved.stats().live, 0);
  });

  it("Pool that nobody holds goes, with what it watches", { skip }, async () => {
    let gone = 0;
    const registry = new FinalizationRegistry<void>(() => void gone++);
    const errors: Error[] = [];
    const POOLS = 10;
    (function drop() {
      for (let i = 0; i < POOLS; i++) {
        const { pool, errors: mine } = poolOf({ debug: true });
        registry.register(pool, undefined);
        pool.acquire();
        pool.lease();
        pool.release(pool.acquire());
        errors.push(...mine);
      }
    })();
    // Not all of them: a collector may take what lies in a register for a reference.
    await collectUntil(() => gone >= POOLS - 2);
    assert(gone >= POOLS - 2, `${gone} of ${POOLS} pools were collected`);
  });

  it("stops ticking, and closes its host, where its timer goes on after it", { skip }, async () => {
    const POOLS = 10;
    let closed = 0;
    let due: (() => void)[] = [];
    (function drop() {
      for (let i = 0; i < POOLS; i++) {
        const host: Host = {
          ...inertHost(),
          now: () => performance.now(),
          defer: (callback) => {
            due.push(callback);
            return () => {};
          },
          close: () => void closed++,
        };
        const pool = new Pool<Body>({ create: () => ({ n: 0 }), reset: () => {}, host });
        pool.release(pool.acquire());
      }
    })();
    assertEquals(due.length, POOLS);
    let turn = 0;
    const act = () => {
      // What a timer has asked a WeakRef for stays until its turn ends.
      if (turn++ % 2 === 0) return;
      const callbacks = due;
      due = [];
      for (const callback of callbacks) callback();
    };
    await collectUntil(() => closed >= POOLS - 2, act);
    assert(closed >= POOLS - 2, `${closed} of ${POOLS} hosts were closed`);
  });

  for (const timers of [true, false]) {
    const where = timers ? "whose timer has run out" : "without timers";
    it(`has its host closed once where it is dropped empty, ${where}`, { skip }, async () => {
      const POOLS = 10;
      const closes = new Array<number>(POOLS).fill(0);
      let due: (() => void)[] = [];
      (function drop() {
        for (let i = 0; i < POOLS; i++) {
          const host: Host = {
            ...inertHost(),
            defer: (callback) => {
              due.push(callback);
              return timers ? () => {} : undefined;
            },
            close: () => {
              closes[i]!++;
              throw new Error("Nobody is left to be told.");
            },
          };
          const pool = new Pool<Body>({ create: () => ({ n: 0 }), reset: () => {}, host });
          pool.release(pool.acquire());
          pool.tick();
          pool.trim("critical");
        }
      })();
      const callbacks = timers ? due : [];
      due = [];
      for (const callback of callbacks) callback();
      const closed = () => closes.filter((count) => count > 0).length;
      await collectUntil(() => closed() >= POOLS - 2);
      assert(closed() >= POOLS - 2, `${closed()} of ${POOLS} hosts were closed`);
      assert(closes.every((count) => count <= 1), `${closes}`);
    });
  }

  it("closes no host a second time that its owner has closed", { skip }, async () => {
    let [closed, gone] = [0, 0];
    const registry = new FinalizationRegistry<void>(() => void gone++);
    const POOLS = 10;
    (function drop() {
      for (let i = 0; i < POOLS; i++) {
        const host: Host = { ...inertHost(), close: () => void closed++ };
        const pool = new Pool<Body>({ create: () => ({ n: 0 }), reset: () => {}, host });
        registry.register(pool, undefined);
        pool.tick();
        pool.close();
      }
    })();
    await collectUntil(() => gone >= POOLS - 2);
    let turns = 0;
    await collectUntil(() => turns++ > QUIET);
    assertEquals(closed, POOLS);
  });
});

describe("Pool with waiters", () => {
  it("gives them the places of what a forgotten guard held", { skip }, async () => {
    const { pool } = poolOf({ debug: false, maxLeases: 1 });
    (function forget() {
      pool.guard().release(pool.acquire());
    })();
    let given: Body | undefined;
    const waiting = pool.acquireAsync({ timeoutMs: 20_000 }).then((body) => given = body);
    assertEquals(pool.stats().waiting, 1);
    await collectUntil(() => given !== undefined, () => pool.poll());
    assert(given !== undefined);
    pool.release(await waiting);
    checkStats(pool.stats());
    pool.close();
  });

  it("gives them the places of objects that were collected", { skip }, async () => {
    const { pool, errors } = poolOf({ debug: true, maxLeases: 1 });
    losses["a stamped lease"]!(pool);
    // From here on it is the collector alone that tells.
    pool.tick();
    let given: Body | undefined;
    const waiting = pool.acquireAsync({ timeoutMs: 20_000 }).then((body) => given = body);
    assertEquals(pool.stats().waiting, 1);
    // Its turn belongs to no request on Workers, where the next request gives the place.
    const act = pool.stats().runtime === "workers" ? () => pool.poll() : () => {};
    await collectUntil(() => given !== undefined, act);
    assert(given !== undefined);
    const { created, leased, waiting: left, discarded } = pool.stats();
    assertEquals([created, leased, left, discarded.leaked, errors.length], [2, 1, 0, 1, 1]);
    pool.release(await waiting);
    checkStats(pool.stats());
    pool.close();
  });
});
