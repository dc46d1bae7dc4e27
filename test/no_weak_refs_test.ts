/** Runtimes without weak references: Workers of compatibility dates before 2025-05-05. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { contextPool } from "../edge/mod.ts";
import { Pool, SharedHost } from "../mod.ts";
import { BufferPool } from "../src/buffers/mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkStats } from "../testing/oracle.ts";

/** Runs something without `WeakRef` and `FinalizationRegistry`, which the assertions need. */
function without<R>(run: () => R): R {
  const scope = globalThis as { WeakRef?: unknown; FinalizationRegistry?: unknown };
  const { WeakRef, FinalizationRegistry } = scope;
  try {
    delete scope.WeakRef;
    delete scope.FinalizationRegistry;
    return run();
  } finally {
    Object.assign(scope, { WeakRef, FinalizationRegistry });
  }
}

describe("Without WeakRef and FinalizationRegistry", () => {
  for (const timers of [false, true]) {
    it(`a Pool pools, ticks and closes (timers: ${timers})`, () => {
      const host = new FakeHost({ timers });
      const stats = without(() => {
        const shared = new SharedHost(host);
        const create = () => ({ n: 0 });
        const pool = new Pool({ create, reset() {}, host: shared.share(), debug: true });
        for (let lease = 0; lease < 99; lease++) pool.release(pool.acquire());
        using guard = pool.guard();
        guard.release(pool.acquire());
        host.advance(500);
        pool.poll();
        guard.drop();
        pool.close();
        return pool.stats();
      });
      assertEquals([stats.ticks, stats.live, host.closed, host.waiting], [1, 0, 1, 0]);
      checkStats(stats);
    });
  }

  it("a BufferPool lends blocks", () => {
    const stats = without(() => {
      const pool = new BufferPool({ host: new FakeHost() });
      for (let lease = 0; lease < 99; lease++) pool.acquire(300).release();
      pool.tick();
      pool.close();
      return pool.stats();
    });
    assertEquals([stats.allocations, stats.reservedBytes], [99, 0]);
  });

  it("a contextPool serves requests", () => {
    const stats = without(() => {
      const pool = contextPool({ host: new FakeHost() });
      pool.with("any", ({ scratch }) => scratch.take(5000));
      pool.close();
      return pool.stats();
    });
    assertEquals([stats.acquires, stats.leased], [1, 0]);
  });
});
