import { it } from "node:test";
import { assertEquals } from "@std/assert";
import { SyncPool } from "../bench/runner/sync_pool.ts";

/** A pool that numbers what it creates. */
function numbered(): SyncPool<number> {
  let made = 0;
  return new SyncPool(() => ++made);
}

/** Gets several. */
function got(pool: SyncPool<number>, count: number): number[] {
  return Array.from({ length: count }, () => pool.acquire());
}

it("SyncPool.acquire() creates where nothing is idle", () => {
  const pool = numbered();
  assertEquals(got(pool, 2), [1, 2]);
  assertEquals(pool.idle, 0);
});

it("SyncPool.acquire() takes the private object, then the newest", () => {
  const pool = numbered();
  for (const object of got(pool, 4)) pool.release(object);
  assertEquals(pool.idle, 4);
  assertEquals(got(pool, 5), [1, 4, 3, 2, 5]);
});

it("SyncPool.acquire() takes the victim's private object, then its oldest", () => {
  const pool = numbered();
  for (const object of got(pool, 4)) pool.release(object);
  assertEquals(pool.clear(), []);
  assertEquals(pool.idle, 4);
  assertEquals(got(pool, 5), [1, 2, 3, 4, 5]);
});

it("SyncPool.acquire() takes what was put since the clearing before the victim", () => {
  const pool = numbered();
  const [first, second] = got(pool, 2);
  pool.release(first!);
  pool.clear();
  pool.release(second!);
  assertEquals(got(pool, 3), [2, 1, 3]);
});

it("SyncPool.clear() drops what was not got between two clearings", () => {
  const pool = numbered();
  for (const object of got(pool, 3)) pool.release(object);
  pool.clear();
  pool.acquire();
  assertEquals(pool.clear().toSorted(), [2, 3]);
  assertEquals(pool.idle, 0);
});

it("SyncPool.release() takes the same object twice: it checks nothing", () => {
  const pool = numbered();
  const object = pool.acquire();
  pool.release(object);
  pool.release(object);
  assertEquals(got(pool, 2), [1, 1]);
});
