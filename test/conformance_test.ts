/**
 * What the suites of well-known pools promise, asked of this one.
 *
 * Each case is a promise in our own words, under the name of the pool whose suite makes it. Where
 * this pool differs on purpose the name says so, behind "here", and the case asserts what it does
 * instead.
 */

import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertLess,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { fixedScheduler, Pool, PoolError, type PoolOptions } from "../mod.ts";
import { Random } from "../bench/runner/random.ts";
import { canCollect, collectAll } from "./fixture/collection.ts";
import { FakeHost } from "../testing/fake_host.ts";
import {
  acquireMany,
  failsWith,
  makeIdle,
  type Thing,
  type ThingOptions,
  type ThingPool,
  thingPool,
} from "./fixture/thing.ts";
import { Oracle } from "../testing/oracle.ts";

/** A promise of a pool's suite. */
interface Case {
  readonly promise: string;
  readonly check: () => void | Promise<void>;
  /** Whether the runtime must collect on demand. @default {false} */
  readonly collects?: boolean;
}

/** One generation of so many objects. */
function room(maxSize: number, ttlMs = 0): ThingOptions {
  return { generations: [{ name: "T0", maxSize, ttlMs }] };
}

/** Lets other tasks run, a seeded number of times. */
async function giveWay(random: Random): Promise<void> {
  for (let turns = random.below(4); turns > 0; turns--) await undefined;
}

/** Runs tasks at once that give way to each other in a seeded order. */
async function interleave(
  seed: string,
  count: number,
  task: (random: Random) => Promise<void>,
): Promise<void> {
  try {
    await Promise.all(Array.from({ length: count }, (_, i) => task(new Random(`${seed} ${i}`))));
  } catch (cause) {
    throw new Error(`Cannot run: no task must fail: received seed "${seed}"`, { cause });
  }
}

const GO: readonly Case[] = [
  {
    promise: "an empty pool makes a new value for each Get",
    check() {
      const { pool, made } = thingPool();
      assertEquals(acquireMany(pool, 2), made);
      assertEquals(made.map(({ id }) => id), [0, 1]);
    },
  },
  {
    promise: "what was put is got before New is called again, and only once",
    check() {
      const { pool, made } = thingPool();
      const thing = pool.acquire();
      pool.release(thing);
      assertStrictEquals(pool.acquire(), thing);
      assertEquals(made.length, 1);
      assertNotStrictEquals(pool.acquire(), thing);
      assertEquals(made.length, 2);
    },
  },
  {
    promise: "the order of Gets is nobody's to rely on; here the last one put comes first",
    check() {
      const { pool, made } = thingPool();
      for (const thing of acquireMany(pool, 3)) pool.release(thing);
      assertEquals(acquireMany(pool, 3), made.toReversed());
    },
  },
  {
    promise: "Get of a pool without New gives nothing; here a pool must have create",
    check() {
      assertThrows(() => new Pool({ reset: () => {} } as never), TypeError, "create must be");
    },
  },
  {
    promise: "Put takes anything; here what did not come from the pool is refused",
    check() {
      const { pool } = thingPool();
      failsWith("foreign", () => pool.release({ id: 42, dirty: false, disposed: 0, size: 1 }));
      assertEquals(pool.stats().idle, 0);
    },
  },
  {
    promise: "collections may empty the pool; here what is used stays through any number of them",
    check() {
      const { pool, host, made } = thingPool();
      for (let i = 0; i < 10; i++) {
        pool.release(pool.acquire());
        host.time += 2000;
        host.majors = 1;
        pool.tick();
      }
      assertEquals(pool.stats().cycles, 10);
      assertEquals(made.length, 1);
    },
  },
  {
    promise: "what nobody gets for two collections goes; here for three whole cycles",
    check() {
      const { pool, host, disposed } = thingPool();
      makeIdle(pool, 5);
      const idle = Array.from({ length: 5 }, () => {
        host.time += 2000;
        host.majors = 1;
        pool.tick();
        return pool.stats().idle;
      });
      assertEquals(idle, [5, 5, 5, 0, 0]);
      assertEquals(disposed.length, 5);
    },
  },
  {
    promise: "the pool keeps nothing alive that was got and dropped",
    collects: true,
    async check() {
      const { pool } = emptyHanded();
      makeIdle(pool, 100);
      const refs = weakly(acquireMany(pool, 100));
      // What was popped is forgotten at the next tick.
      pool.tick();
      assertLess(await collectAll(refs, 10), 11);
      assertEquals(pool.stats().idle, 0);
    },
  },
  {
    promise: "what the pool gives up is collected",
    collects: true,
    async check() {
      const { pool } = emptyHanded();
      const refs = weakly(fill(pool, 100));
      assertEquals(pool.trim("critical"), 100);
      pool.tick();
      assertLess(await collectAll(refs, 10), 11);
      // The pool itself is still there.
      assertEquals(pool.stats().discarded.pressure, 100);
    },
  },
  {
    promise: "under stress no value is with two holders, and each one got is clean",
    async check() {
      const { pool, made } = thingPool();
      const oracle = new Oracle(pool);
      await interleave(`stress ${Date.now()}`, 10, async (random) => {
        for (let turn = 0; turn < 300; turn++) {
          const thing = pool.acquire(random.below(2) === 0 ? "odd" : undefined);
          oracle.acquired(thing);
          await giveWay(random);
          oracle.released(thing);
          pool.release(thing);
          await giveWay(random);
        }
      });
      oracle.check();
      assertEquals(pool.stats().acquires, 3000);
      assertLess(made.length, 11);
    },
  },
  {
    promise: "what many tasks put and get reaches one of them each time, and is never lost",
    async check() {
      const { pool, made } = thingPool();
      const put = acquireMany(pool, 1000);
      const got: Thing[] = [];
      await interleave(`queue ${Date.now()}`, 10, async (random) => {
        while (put.length > 0) {
          pool.release(put.pop()!);
          await giveWay(random);
          got.push(pool.acquire());
          await giveWay(random);
        }
      });
      assertEquals(made.length, 1000);
      assertEquals(new Set(got).size, 1000);
      assertEquals(got.length, 1000);
    },
  },
];

const NETTY: readonly Case[] = [
  {
    promise: "what was recycled is got next",
    check() {
      const { pool } = thingPool();
      const thing = pool.acquire();
      pool.release(thing);
      assertStrictEquals(pool.acquire(), thing);
    },
  },
  {
    promise: "to recycle twice is an error",
    check() {
      const { pool } = thingPool();
      const thing = pool.acquire();
      pool.release(thing);
      failsWith("double", () => pool.release(thing));
    },
  },
  {
    promise: "to recycle twice leaves one object, so that two Gets are never given the same",
    check() {
      for (const guard of ["throw", "report", "off"] as const) {
        const { pool } = thingPool({ guard });
        const thing = pool.acquire();
        pool.release(thing);
        try {
          pool.release(thing);
        } catch {
          // Only with "throw".
        }
        assertNotStrictEquals(pool.acquire(), pool.acquire());
        assertEquals(pool.stats().misuses, 1);
      }
    },
  },
  {
    promise: "of holders that race to recycle one object exactly one succeeds",
    async check() {
      const { pool, made } = thingPool();
      for (let round = 0; round < 100; round++) {
        const lease = pool.lease();
        let failures = 0;
        await interleave(`race ${Date.now()}`, 3, async (random) => {
          await giveWay(random);
          try {
            lease.release();
          } catch {
            failures++;
          }
        });
        assertEquals(failures, 2);
      }
      assertEquals(made.length, 1);
      assertEquals(pool.stats().misuses, 200);
    },
  },
  {
    promise: "a recycler that is switched off gives a new object each time; here room for none",
    check() {
      const { pool, made, disposed } = thingPool(room(0));
      for (let i = 0; i < 3; i++) pool.release(pool.acquire());
      assertEquals(made.length, 3);
      assertEquals(disposed, made);
    },
  },
  {
    promise: "only one in so many new objects is pooled; here each one is, from the first",
    check() {
      const { pool, made } = thingPool();
      makeIdle(pool, 100);
      acquireMany(pool, 100);
      assertEquals(made.length, 100);
    },
  },
  {
    promise: "the capacity holds whatever it is, and is used up",
    check() {
      const seed = `capacity ${Date.now()}`;
      const random = new Random(seed);
      for (let round = 0; round < 50; round++) {
        const capacity = round === 0 ? 300 : 1 + random.below(1256);
        const { pool } = thingPool(room(capacity));
        makeIdle(pool, 3 * capacity);
        const { idle, discarded } = pool.stats();
        assertEquals([idle, discarded.full], [capacity, 2 * capacity], seed);
      }
    },
  },
  {
    promise: "of twice the capacity that comes back half is got again and half is made anew",
    check() {
      const { pool, made } = thingPool(room(32));
      makeIdle(pool, 64);
      const again = acquireMany(pool, 64);
      assertEquals(made.length, 64 + 32);
      assertEquals(again.filter(({ id }) => id < 64).length, 32);
      assertEquals(new Set(again).size, 64);
    },
  },
  {
    promise: "what one task got another may recycle, to and fro",
    async check() {
      const { pool, made } = thingPool();
      for (let round = 0; round < 10; round++) {
        const thing = pool.acquire();
        await Promise.resolve().then(() => pool.release(thing));
      }
      assertEquals(made.length, 1);
    },
  },
  {
    promise: "another thread may recycle; here an object does not cross, and its copy is foreign",
    check() {
      const { pool } = thingPool();
      const thing = pool.acquire();
      // What a message to another thread carries.
      failsWith("foreign", () => pool.release(structuredClone(thing)));
      assertEquals(pool.stats().leased, 1);
      pool.release(thing);
    },
  },
  {
    promise: "a task is collected though what it got is still held, and comes back later",
    collects: true,
    async check() {
      const { pool } = emptyHanded();
      const tasks: WeakRef<object>[] = [];
      const held = Array.from({ length: 100 }, () => {
        const task = { thing: pool.acquire() };
        tasks.push(new WeakRef(task));
        return task.thing;
      });
      assertLess(await collectAll(tasks, 10), 11);
      for (const thing of held) pool.release(thing);
      assertEquals(pool.stats().idle, 100);
    },
  },
];

const TARN: readonly Case[] = [
  {
    promise: "create must be given",
    check: () => refusesOptions({ create: undefined }, "create must be a function"),
  },
  {
    promise: "destroy must be given; here dispose may be left out, and reset may not",
    check() {
      refusesOptions({ reset: undefined }, "reset must be a function");
      const pool = new Pool({ create: () => ({}), reset: () => {}, host: new FakeHost() });
      pool.release(pool.acquire());
      pool.close();
      assertEquals(pool.stats().discarded.closed, 1);
    },
  },
  {
    promise: "times that are no positive numbers are refused",
    check() {
      for (const ms of ["10", -10, 0]) {
        refusesOptions({ tickMs: ms }, "tickMs must be");
        refusesOptions({ cycleMs: ms }, "cycleMs must be");
      }
    },
  },
  {
    promise: "unknown options are refused; here they are left alone, as by any function",
    check() {
      const { pool } = thingPool({ imaginary: true } as ThingOptions);
      pool.release(pool.acquire());
    },
  },
  {
    promise: "create may answer later; here it must answer at once, for acquire does",
    check() {
      const { pool } = thingPool({ create: () => Promise.resolve({}) as never });
      const error = failsWith("create", () => pool.acquire());
      assert(error.message.endsWith("received a promise"), error.message);
      assertEquals(pool.stats().created, 0);
    },
  },
  {
    promise:
      "create that failed is tried again; here the next acquire tries, the first one is told",
    check() {
      let tries = 0;
      const { pool } = thingPool({
        create() {
          if (++tries === 1) throw new Error("not yet");
          return { id: tries, dirty: false, disposed: 0, size: 1 };
        },
      });
      const error = failsWith("create", () => pool.acquire());
      assertEquals((error.cause as Error).message, "not yet");
      assertEquals(pool.acquire().id, 2);
      assertEquals(pool.stats().leased, 1);
    },
  },
  {
    promise: "what fails validation is destroyed and another given; here reset decides, at release",
    check() {
      const { pool, made } = thingPool({
        reset(thing) {
          if (thing.size > 1) throw new Error("worn out");
          thing.dirty = false;
        },
      });
      const thing = pool.acquire();
      thing.size = 2;
      failsWith("reset", () => pool.release(thing));
      assertEquals(thing.disposed, 1);
      assertNotStrictEquals(pool.acquire(), thing);
      assertEquals([made.length, pool.stats().discarded.invalid], [2, 1]);
    },
  },
  {
    promise:
      "an async validation is awaited; here reset is synchronous, and its promise is nobody's",
    check() {
      const { pool } = thingPool({ reset: () => Promise.resolve() as never });
      const thing = pool.acquire();
      pool.release(thing);
      assertStrictEquals(pool.acquire(), thing);
    },
  },
  {
    promise: "counts of used and free follow each release, and the last one released comes first",
    check() {
      const { pool, made } = thingPool();
      const [, second, third] = acquireMany(pool, 3);
      pool.release(third!);
      pool.release(second!);
      const { leased, idle } = pool.stats();
      assertEquals([leased, idle], [1, 2]);
      assertEquals(acquireMany(pool, 3).map(({ id }) => id), [1, 2, 3]);
      assertEquals(made.length, 4);
    },
  },
  {
    promise: "unknown resources are ignored at release; here each is an error, and changes nothing",
    check() {
      const { pool, disposed } = thingPool();
      const things = acquireMany(pool, 2);
      for (const stranger of [{ ...things[0]! }, { id: 1 }, {}]) {
        failsWith("foreign", () => pool.release(stranger as Thing));
      }
      const { leased, idle, created } = pool.stats();
      assertEquals([leased, idle, created, disposed.length], [2, 0, 2, 0]);
    },
  },
  {
    promise: "idle resources go after their time and not before, those in use stay",
    check() {
      const { pool, host, disposed } = thingPool(room(9, 2000));
      const [first, second] = acquireMany(pool, 3);
      pool.release(first!);
      pool.release(second!);
      pool.tick();
      host.time += 1999;
      pool.tick();
      assertEquals([pool.stats().idle, disposed.length], [2, 0]);
      host.time += 1;
      pool.tick();
      assertEquals(disposed, [first, second]);
      assertEquals([pool.stats().idle, pool.stats().leased], [0, 1]);
    },
  },
  {
    promise: "reaping runs only while there is something to reap",
    check() {
      const host = new FakeHost({ timers: true });
      const { pool } = thingPool({ host, ...room(9, 2000) });
      assertEquals(host.waiting, 0);
      pool.release(pool.acquire());
      assertEquals(host.waiting, 1);
      host.advance(10_000);
      assertEquals([pool.stats().live, host.waiting], [0, 0]);
      pool.acquire();
      assertEquals(host.waiting, 1);
      pool.close();
      assertEquals(host.waiting, 0);
    },
  },
  {
    promise: "the least number stays through reaping; here nothing stays that nobody uses",
    check() {
      const { pool, host } = thingPool(room(9, 2000));
      pool.prewarm(2);
      pool.tick();
      host.time += 2000;
      pool.tick();
      assertEquals(pool.stats().idle, 0);
    },
  },
  {
    promise: "what goes to and fro stays, what lies idle beside it goes",
    check() {
      const { pool, host, made, disposed } = thingPool(room(9, 2000));
      makeIdle(pool, 4);
      for (let i = 0; i < 10; i++) {
        makeIdle(pool, 2);
        host.time += 500;
        pool.tick();
      }
      assertEquals([made.length, disposed.length, pool.stats().idle], [4, 2, 2]);
    },
  },
  {
    promise: "destroy waits for what is in use; here close returns, and that is disposed of later",
    check() {
      const { pool, disposed } = thingPool();
      const [first, second] = acquireMany(pool, 2);
      pool.release(first!);
      pool.close();
      assertEquals(disposed, [first]);
      pool.release(second!);
      assertEquals(disposed, [first, second]);
      assertEquals(pool.stats().live, 0);
    },
  },
  {
    promise: "a destroyed pool gives nothing more",
    check() {
      const { pool } = thingPool();
      pool.close();
      failsWith("closed", () => pool.acquire());
      failsWith("closed", () => pool.lease());
      failsWith("closed", () => pool.with(undefined, () => {}));
    },
  },
  {
    promise: "an error of destroy is logged, and keeps no other resource from it",
    check() {
      let calls = 0;
      const { pool, errors } = thingPool({
        dispose() {
          if (++calls === 1) throw new Error("stuck");
        },
      });
      makeIdle(pool, 3);
      pool.close();
      assertEquals(calls, 3);
      assertEquals(errors.length, 1);
      assert(errors[0]!.message.includes("stuck"));
      assertEquals(pool.stats().live, 0);
    },
  },
  {
    promise: "a listener that throws stops nothing; here onError is the only one",
    check() {
      const { pool } = thingPool({
        guard: "report",
        onError() {
          throw new Error("deaf");
        },
      });
      const thing = pool.acquire();
      pool.release(thing);
      pool.release(thing);
      assertEquals([pool.stats().misuses, pool.stats().idle], [1, 1]);
    },
  },
];

const GENERIC_POOL: readonly Case[] = [
  {
    promise: "malformed limits are ignored; here they are refused",
    check() {
      refusesOptions(room("asf" as never), "maxSize must be an integer");
      refusesOptions({ maxBytes: [] as never }, "maxBytes must be an integer");
    },
  },
  {
    promise: "the least number is cut to the most; here prewarm makes what there is room for",
    check() {
      const { pool } = thingPool(room(3));
      assertEquals(pool.prewarm(5), 3);
      assertEquals(pool.stats().idle, 3);
    },
  },
  {
    promise: "starts nothing before it is used",
    check() {
      const host = new FakeHost({ timers: true });
      const { made } = thingPool({ host });
      assertEquals([host.waiting, made.length], [0, 0]);
    },
  },
  {
    promise:
      "idle resources come back first in, first out by default; here last in, first out alone",
    check() {
      const { pool } = thingPool({ fifo: true } as ThingOptions);
      for (const thing of acquireMany(pool, 3)) pool.release(thing);
      assertEquals(acquireMany(pool, 3).map(({ id }) => id), [2, 1, 0]);
    },
  },
  {
    promise: "the evictor takes the one that lay idle longest",
    check() {
      const { pool, host, disposed } = thingPool({ ...room(9, 1000) });
      const [first, second] = acquireMany(pool, 2);
      pool.release(first!);
      pool.tick();
      host.time += 500;
      pool.release(second!);
      pool.tick();
      host.time += 500;
      pool.tick();
      assertEquals(disposed, [first]);
    },
  },
  {
    promise:
      "the evictor looks at so many resources a run; here it disposes of at most 1024 a tick",
    check() {
      const { pool, host, disposed } = thingPool({ ...room(3000, 1000) });
      makeIdle(pool, 3000);
      pool.tick();
      host.time += 1000;
      pool.tick();
      assertEquals(disposed.length, 1024);
    },
  },
  {
    promise: "creation errors do not populate the pool",
    check() {
      const { pool } = thingPool({
        create() {
          throw new Error("none today");
        },
      });
      for (let i = 0; i < 5; i++) failsWith("create", () => pool.acquire());
      const { live, leased, idle, acquires } = pool.stats();
      assertEquals([live, leased, idle, acquires], [0, 0, 0, 0]);
    },
  },
  {
    promise: "size, available and borrowed follow each step",
    check() {
      const { pool } = thingPool();
      const counts = () => {
        const { live, idle, leased } = pool.stats();
        return [live, idle, leased];
      };
      assertEquals(counts(), [0, 0, 0]);
      const [first, second] = acquireMany(pool, 2);
      assertEquals(counts(), [2, 0, 2]);
      pool.release(first!);
      assertEquals(counts(), [2, 1, 1]);
      pool.release(second!);
      assertEquals(counts(), [2, 2, 0]);
      pool.acquire();
      assertEquals(counts(), [2, 1, 1]);
    },
  },
  {
    promise: "only what is borrowed from it may be released to it",
    check() {
      const { pool } = thingPool();
      const thing = pool.acquire();
      failsWith("foreign", () => pool.release({} as Thing));
      failsWith("foreign", () => pool.release(thingPool().pool.acquire()));
      pool.release(thing);
      failsWith("double", () => pool.release(thing));
      assertEquals(pool.stats().idle, 1);
    },
  },
  {
    promise: "what its borrower destroys is not lent again; here the lease expires",
    check() {
      const { pool, disposed } = thingPool();
      const lease = pool.lease();
      const { value } = lease;
      lease.expire();
      assertNotStrictEquals(pool.acquire(), value);
      // It may still be in use: that is why it was destroyed.
      assertEquals(disposed, []);
      assertEquals(pool.stats().discarded.expired, 1);
    },
  },
  {
    promise: "use gives the function a resource and resolves to what its promise does",
    async check() {
      const { pool } = thingPool();
      const { promise, resolve } = Promise.withResolvers<string>();
      const used = pool.with(undefined, (thing) => promise.then((text) => `${text} ${thing.id}`));
      assertEquals(pool.stats().leased, 1);
      resolve("value");
      assertEquals(await used, "value 0");
      assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);
    },
  },
  {
    promise:
      "use destroys the resource where the function fails; here reset cleans it for the next",
    async check() {
      const { pool, made } = thingPool();
      const used = pool.with(undefined, (thing) => {
        thing.dirty = true;
        return Promise.reject(new Error("failed"));
      });
      await assertRejects(() => used, Error, "failed");
      assertStrictEquals(pool.acquire(), made[0]);
      assertEquals(made[0]!.dirty, false);
    },
  },
  {
    promise: "clear destroys what is idle and leaves what is borrowed; here trim does",
    check() {
      const { pool, disposed } = thingPool();
      const held = pool.acquire();
      makeIdle(pool, 3);
      assertEquals(pool.trim("critical"), 3);
      assertEquals(disposed.length, 3);
      pool.tick();
      pool.release(held);
      assertStrictEquals(pool.acquire(), held);
    },
  },
];

/** Waits this long at most, of a clock that moves only when a case moves it. */
const PATIENT = { timeoutMs: 1000 };

/** A pool of so many leases at once, with timers that the case moves. */
function limited(maxLeases: number, options: ThingOptions = {}): ThingPool {
  return thingPool({ maxLeases, host: new FakeHost({ timers: true }), ...options });
}

/** Notes who is served, and in which order. */
function noteOrder(waits: readonly Promise<unknown>[]): number[] {
  const order: number[] = [];
  waits.forEach((wait, i) => wait.then(() => order.push(i)));
  return order;
}

const TARN_WAITING: readonly Case[] = [
  {
    promise: "hands out as many as its most at once, and whoever comes then waits",
    async check() {
      const { pool, made } = limited(4);
      const held = await Promise.all(Array.from({ length: 4 }, () => pool.acquireAsync(PATIENT)));
      assertEquals(held, made);
      const wait = pool.acquireAsync(PATIENT);
      assertEquals([pool.stats().leased, pool.stats().waiting, made.length], [4, 1, 4]);
      pool.release(held[2]!);
      assertStrictEquals(await wait, held[2]);
      assertEquals([pool.stats().leased, pool.stats().waiting, made.length], [4, 0, 4]);
    },
  },
  {
    promise: "serves those who wait in the order in which they came",
    async check() {
      const { pool } = limited(5);
      const held = acquireMany(pool, 5);
      const waits = Array.from({ length: 3 }, () => pool.acquireAsync(PATIENT));
      const order = noteOrder(waits);
      for (const thing of held.slice(2)) pool.release(thing);
      assertEquals(await Promise.all(waits), held.slice(2));
      assertEquals(order, [0, 1, 2]);
    },
  },
  {
    promise: "an acquire that waits can be aborted, and takes nothing",
    async check() {
      const { pool } = limited(1);
      const held = pool.acquire();
      const aborter = new AbortController();
      const wait = pool.acquireAsync({ ...PATIENT, signal: aborter.signal });
      const next = pool.acquireAsync(PATIENT);
      assertEquals(pool.stats().waiting, 2);
      const reason = new Error("aborted");
      aborter.abort(reason);
      assertStrictEquals(await assertRejects(() => wait), reason);
      assertEquals(pool.stats().waiting, 1);
      pool.release(held);
      assertStrictEquals(await next, held);
    },
  },
  {
    promise: "an abort that comes too late loses nothing: the acquire has its resource",
    async check() {
      const { pool } = limited(1);
      const held = pool.acquire();
      const aborter = new AbortController();
      const wait = pool.leaseAsync({ ...PATIENT, signal: aborter.signal });
      pool.release(held);
      aborter.abort();
      const lease = await wait;
      assertStrictEquals(lease.value, held);
      lease.release();
      assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);
    },
  },
  {
    promise: "an acquire fails after its time and not before, and is no longer waiting then",
    async check() {
      const { pool, host } = limited(1);
      const held = pool.acquire();
      const wait = pool.acquireAsync({ timeoutMs: 100 });
      let isOver = false;
      const failed = assertRejects(() => wait, PoolError).finally(() => isOver = true);
      await undefined;
      host.advance(99);
      for (let turn = 0; turn < 10; turn++) await undefined;
      assertEquals([isOver, pool.stats().waiting], [false, 1]);
      host.advance(1);
      assertEquals((await failed).code, "timeout");
      assertEquals(pool.stats().waiting, 0);
      pool.release(held);
      assertEquals(pool.stats().idle, 1);
    },
  },
  {
    promise: "limits and times that are no positive numbers are refused; here 0 ms is a turn",
    async check() {
      for (const bad of ["1", -1, 0, 1.5]) refusesOptions({ maxLeases: bad }, "maxLeases must be");
      const { pool, host } = limited(1);
      for (const timeoutMs of ["10", -10, NaN, undefined]) {
        await assertRejects(() => pool.acquireAsync({ timeoutMs } as never), RangeError);
      }
      pool.acquire();
      const failed = assertRejects(() => pool.acquireAsync({ timeoutMs: 0 }), PoolError);
      await undefined;
      host.advance(0);
      assertEquals((await failed).code, "timeout");
    },
  },
  {
    promise:
      "an error of create goes to the one whose resource it was to be, the next gets another",
    async check() {
      let failures = 0;
      let id = 0;
      const { pool } = limited(1, {
        create() {
          if (failures-- > 0) throw new Error("not yet");
          return { id: id++, dirty: false, disposed: 0, size: 1 };
        },
      });
      const lease = pool.lease();
      const failed = assertRejects(() => pool.acquireAsync(PATIENT), PoolError);
      const second = pool.acquireAsync(PATIENT);
      failures = 1;
      lease.expire();
      assertEquals((await failed).code, "create");
      assertEquals((await second).id, 1);
      assertEquals([pool.stats().leased, pool.stats().waiting], [1, 0]);
    },
  },
  {
    promise: "destroy aborts those who wait",
    async check() {
      const { pool } = limited(1);
      const held = pool.acquire();
      const waits = [pool.acquireAsync(PATIENT), pool.leaseAsync(PATIENT)];
      const failed = waits.map((wait) => assertRejects(() => wait, PoolError));
      pool.close();
      for (const { code } of await Promise.all(failed)) assertEquals(code, "closed");
      assertEquals(pool.stats().waiting, 0);
      pool.release(held);
      assertEquals([held.disposed, pool.stats().live], [1, 0]);
    },
  },
  {
    promise: "all of a hundred acquires get through three resources, whoever gives up between them",
    async check() {
      const { pool, made } = limited(3);
      const oracle = new Oracle(pool);
      let served = 0;
      let aborted = 0;
      await interleave(`hundred ${Date.now()}`, 100, async (random) => {
        await giveWay(random);
        const aborter = new AbortController();
        const isImpatient = random.below(4) === 0;
        const wait = pool.acquireAsync({ ...PATIENT, signal: aborter.signal });
        const thing = wait.catch((error) => {
          assertStrictEquals(error, aborter.signal.reason);
          return undefined;
        });
        if (isImpatient) {
          await giveWay(random);
          aborter.abort();
        }
        const got = await thing;
        if (got === undefined) {
          aborted++;
          return;
        }
        oracle.acquired(got);
        await giveWay(random);
        oracle.released(got);
        pool.release(got);
        served++;
      });
      oracle.check();
      assertEquals([served + aborted, pool.stats().waiting, pool.stats().idle], [100, 0, 3]);
      assert(served > 0 && aborted > 0);
      assertEquals(made.length, 3);
    },
  },
];

const GENERIC_POOL_WAITING: readonly Case[] = [
  {
    promise: "expands to its most and no further",
    async check() {
      const { pool, made } = limited(2);
      let served = 0;
      await interleave(`expand ${Date.now()}`, 10, async (random) => {
        using lease = await pool.leaseAsync(PATIENT);
        lease.value.dirty = true;
        await giveWay(random);
        served++;
      });
      assertEquals([served, made.length, pool.stats().peak], [10, 2, 2]);
    },
  },
  {
    promise: "the most is 1 by default; here there is none unless maxLeases is given",
    async check() {
      const { pool } = thingPool();
      acquireMany(pool, 10_000);
      await pool.acquireAsync(PATIENT);
      assertEquals(pool.stats().leased, 10_001);
    },
  },
  {
    promise: "who waits may have a priority; here first come is first served",
    async check() {
      const { pool } = limited(1);
      const held = pool.acquire();
      const urgent = { ...PATIENT, priority: 0 };
      const waits = [PATIENT, PATIENT, urgent].map((options) => pool.leaseAsync(options));
      const order = noteOrder(waits);
      pool.release(held);
      for (const wait of waits) (await wait).release();
      assertEquals(order, [0, 1, 2]);
    },
  },
  {
    promise: "who comes later does not get what was released for who waits",
    async check() {
      const { pool } = limited(1);
      const held = pool.acquire();
      const wait = pool.acquireAsync(PATIENT);
      pool.release(held);
      failsWith("exhausted", () => pool.acquire());
      assertStrictEquals(await wait, held);
    },
  },
  {
    promise: "only so many may wait: one more is refused at once, or each where that is 0",
    async check() {
      for (const maxWaiters of [0, 2]) {
        const { pool } = limited(1, { maxWaiters });
        const held = pool.acquire();
        const waits = Array.from({ length: maxWaiters }, () => pool.leaseAsync(PATIENT));
        const error = await assertRejects(() => pool.acquireAsync(PATIENT), PoolError);
        assertEquals(error.code, "exhausted");
        assertEquals(pool.stats().waiting, maxWaiters);
        pool.release(held);
        for (const wait of waits) (await wait).release();
        assertEquals(pool.stats().leased, 0);
      }
    },
  },
  {
    promise: "an acquire that timed out leaves its resource to the next",
    async check() {
      const { pool, host } = limited(1);
      const held = pool.acquire();
      const first = assertRejects(() => pool.acquireAsync({ timeoutMs: 20 }), PoolError);
      const second = pool.acquireAsync({ timeoutMs: 100 });
      await undefined;
      host.advance(20);
      assertEquals((await first).code, "timeout");
      pool.release(held);
      assertStrictEquals(await second, held);
    },
  },
  {
    promise: "what its borrower destroys makes room, and who waits gets another",
    async check() {
      const { pool, made } = limited(1);
      const lease = pool.lease();
      const wait = pool.acquireAsync(PATIENT);
      lease.expire();
      assertStrictEquals(await wait, made[1]);
      assertEquals([pool.stats().leased, pool.stats().discarded.expired], [1, 1]);
    },
  },
  {
    promise: "what reset throws on makes room as well",
    async check() {
      const { pool, made } = limited(1, {
        reset(thing) {
          if (thing.size > 1) throw new Error("worn out");
        },
      });
      const thing = pool.acquire();
      const wait = pool.acquireAsync(PATIENT);
      thing.size = 2;
      failsWith("reset", () => pool.release(thing));
      assertStrictEquals(await wait, made[1]);
    },
  },
];

const SUITES: Readonly<Record<string, readonly Case[]>> = {
  "Go sync.Pool": GO,
  "Netty Recycler": NETTY,
  "tarn": [...TARN, ...TARN_WAITING],
  "generic-pool": [...GENERIC_POOL, ...GENERIC_POOL_WAITING],
};

for (const [suite, cases] of Object.entries(SUITES)) {
  describe(`Conformance with ${suite}`, () => {
    for (const { promise, check, collects = false } of cases) {
      it(`${suite}: ${promise}`, { skip: collects && !canCollect }, check);
    }
  });
}

/** A pool that no array of a test holds the objects of. */
function emptyHanded(): { readonly pool: Pool<object> } {
  const pool = new Pool<object>({
    create: () => ({}),
    reset: () => {},
    scheduler: fixedScheduler(),
    host: new FakeHost(),
  });
  return { pool };
}

/** Makes idle objects, and returns them. */
function fill(pool: Pool<object>, count: number): object[] {
  const objects = acquireMany(pool, count);
  for (const object of objects) pool.release(object);
  return objects;
}

function weakly(objects: readonly object[]): WeakRef<object>[] {
  return objects.map((object) => new WeakRef(object));
}

/** Asserts that no pool is made with these options. */
function refusesOptions(bad: object, rule: string): void {
  const options = { create: () => ({}), reset: () => {}, ...bad } as PoolOptions<object>;
  assertThrows(() => new Pool(options), Error, rule);
}
