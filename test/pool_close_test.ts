/** What a host may do in the midst of a pool's closing, or close in the midst of what the pool does. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { TagHandle } from "../src/tag.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkStats } from "../testing/oracle.ts";
import { acquireMany, failsWith, type Thing, thingPool } from "./fixture/thing.ts";

const WAIT = { timeoutMs: 1000 };

/** A host with timers, whose next deferral a test may interrupt, and what of it was cancelled. */
class InterruptedHost extends FakeHost {
  onDefer: (() => void) | undefined;
  cancelled = 0;

  constructor() {
    super({ timers: true });
  }

  override defer(callback: () => void, delayMs: number): (() => void) | undefined {
    const cancel = super.defer(callback, delayMs)!;
    const { onDefer } = this;
    if (onDefer === undefined) return cancel;
    this.onDefer = undefined;
    onDefer();
    return () => {
      this.cancelled++;
      cancel();
    };
  }
}

describe("Pool.close() with a host that calls the pool", () => {
  it("hands out nothing idle to the host that it closes", () => {
    const { pool, host, disposed } = thingPool();
    const tag = pool.tag("a") as TagHandle<Thing>;
    tag.release(tag.acquire());
    // No timed lease: those go the long way in any case.
    tag.left = 100;
    let closed = 0;
    host.close = () => {
      failsWith("closed", () => tag.acquire());
      closed++;
    };
    pool.close();
    assertEquals([closed, disposed.length, pool.stats().leased], [1, 1, 0]);
    checkStats(pool.stats());
  });

  it("hands out nothing idle to the timer that it cancels", () => {
    const host = new InterruptedHost();
    const { pool, disposed } = thingPool({ host });
    const tag = pool.tag("a") as TagHandle<Thing>;
    let cancelled = 0;
    host.defer = () => () => {
      failsWith("closed", () => tag.acquire());
      cancelled++;
    };
    tag.release(tag.acquire());
    tag.left = 100;
    pool.close();
    assertEquals([cancelled, disposed.length, pool.stats().leased], [1, 1, 0]);
  });

  it("gives nobody who waits what the host releases meanwhile", async () => {
    const { pool, host, disposed } = thingPool({ maxLeases: 1 });
    const thing = pool.acquire();
    const waiting = pool.acquireAsync(WAIT).then(() => "given", ({ code }) => code);
    host.close = () => pool.release(thing);
    pool.close();
    assertEquals(await waiting, "closed");
    assertEquals([disposed.length, pool.stats().live], [1, 0]);
    checkStats(pool.stats());
  });

  it("reports what the host throws, and disposes of everything all the same", () => {
    const { pool, host, disposed, errors } = thingPool();
    for (const thing of acquireMany(pool, 3)) pool.release(thing);
    host.close = () => {
      throw new Error("host");
    };
    pool.close();
    assertEquals(errors.map(({ message }) => message), ["host"]);
    assertEquals([disposed.length, pool.stats().idle], [3, 0]);
  });
});

describe("Pool whose host closes it while it arms a timer", () => {
  it("Pool.acquire() hands out nothing, and cancels the timer", () => {
    const host = new InterruptedHost();
    const { pool, disposed } = thingPool({ host });
    host.onDefer = () => pool.close();
    failsWith("closed", () => pool.acquire());
    assertEquals([disposed.length, host.cancelled, host.waiting], [1, 1, 0]);
    const { acquires, leased, discarded } = pool.stats();
    assertEquals([acquires, leased, discarded.closed], [0, 0, 1]);
    checkStats(pool.stats());
  });

  it("Pool.acquireAsync() leaves no timer that would serve", async () => {
    const host = new InterruptedHost();
    const { pool } = thingPool({ host, maxCreatesPerSecond: 1 });
    pool.acquire();
    host.onDefer = () => pool.close();
    const waiting = pool.acquireAsync(WAIT).then(() => "given", ({ code }) => code);
    assertEquals(await waiting, "closed");
    assertEquals([host.cancelled, host.waiting], [1, 0]);
  });

  it("leaves no timer of a pool that a create has closed", () => {
    const host = new FakeHost({ timers: true });
    const { pool } = thingPool({
      host,
      create: () => {
        pool.close();
        return { id: 0, dirty: false, disposed: 0, size: 1 };
      },
    });
    failsWith("closed", () => pool.acquire());
    assertEquals(host.waiting, 0);
  });
});
