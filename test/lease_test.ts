import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { failsWith, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

describe("Lease", () => {
  it("Lease.value is the object, until the lease has ended", () => {
    const { pool, made } = thingPool();
    const lease = pool.lease("tag");
    assertStrictEquals(lease.value, made[0]);
    lease.release();
    const error = failsWith("stale", () => lease.value);
    assertEquals(
      error.message,
      "Cannot read lease: it must not have ended: received an ended one",
    );
  });

  it("Lease ends with its block, on return and on throw", () => {
    const { pool } = thingPool();
    const use = (fail: boolean) => {
      using lease = pool.lease();
      lease.value.dirty = true;
      if (fail) throw new Error("handler");
    };
    use(false);
    assertThrows(() => use(true), Error, "handler");
    assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);
  });

  it("Lease[Symbol.dispose]() does nothing after release, and is no misuse", () => {
    const { pool } = thingPool();
    {
      using lease = pool.lease();
      lease.release();
    }
    const lease = pool.lease();
    lease[Symbol.dispose]();
    lease[Symbol.dispose]();
    assertEquals(pool.stats().misuses, 0);
    assertEquals(pool.stats().idle, 1);
  });

  it("Lease.expire() discards what may still be in use, timed or not, and nobody disposes of it", () => {
    const { pool, made, disposed } = thingPool();
    for (let i = 0; i < 200; i++) {
      const lease = pool.lease("tag");
      lease.value.dirty = true;
      lease.expire();
      failsWith("stale", () => lease.value);
      failsWith("stale", () => lease.release());
      failsWith("stale", () => lease.expire());
    }
    const { discarded, idle, leased } = pool.stats();
    assertEquals([discarded.expired, idle, leased, made.length], [200, 0, 0, 200]);
    assertEquals([disposed.length, made.every(({ dirty }) => dirty)], [0, true]);
    checkStats(pool.stats());
  });

  it("Lease.expire() after release hits nobody", () => {
    const { pool } = thingPool();
    const first = pool.lease();
    first.release();
    const second = pool.lease();
    failsWith("stale", () => first.expire());
    second.release();
    assertEquals([pool.stats().idle, pool.stats().discarded.expired], [1, 0]);
  });

  it("Lease.release() a second time hits nobody, however often the object went out again", () => {
    const { pool } = thingPool();
    const first = pool.lease();
    first.release();
    const takers = [
      () => pool.lease(),
      () => pool.lease("tag"),
      () => {
        const thing = pool.acquire();
        return { release: () => pool.release(thing) };
      },
      () => {
        const guard = pool.guard();
        guard.release(pool.acquire());
        return { release: () => guard.drop() };
      },
    ];
    for (const take of takers) {
      const holder = take();
      failsWith("stale", () => first.release());
      assertEquals(pool.stats().idle, 0);
      holder.release();
      assertEquals(pool.stats().idle, 1);
    }
    checkStats(pool.stats());
  });

  it("Lease.release() of a discarded object that another pool took up is stale", () => {
    const first = thingPool();
    const lease = first.pool.lease();
    const thing = lease.value;
    lease.release();
    first.pool.close();
    const second = thingPool({ create: () => thing });
    const other = second.pool.lease();
    failsWith("stale", () => lease.release());
    assertStrictEquals(other.value, thing);
    other.release();
    checkStats(first.pool.stats());
    checkStats(second.pool.stats());
  });

  it("Lease.release() ends the lease though reset throws", () => {
    const { pool } = thingPool({
      reset() {
        throw new Error("stuck");
      },
    });
    const lease = pool.lease();
    failsWith("reset", () => lease.release());
    failsWith("stale", () => lease.release());
    lease[Symbol.dispose]();
    assertEquals(pool.stats().discarded.invalid, 1);
    checkStats(pool.stats());
  });

  it("Lease works after its pool closed", () => {
    const { pool, disposed } = thingPool();
    const lease = pool.lease();
    pool.close();
    assertEquals(lease.value.id, 0);
    lease.release();
    assertEquals(disposed.length, 1);
  });
});
