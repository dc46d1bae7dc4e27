import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type HeldLease, HoldLimit } from "../edge/hold_limit.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { thingPool } from "./fixture/thing.ts";

const LIMIT_MS = 400;

/** A limit, a pool to lease from, and what the limit told. */
function limited({ timers = true, maxHoldMs = LIMIT_MS, onExpired = () => {} } = {}) {
  const host = new FakeHost({ timers });
  const { pool, disposed } = thingPool();
  const told = { ended: 0, expired: [] as (string | undefined)[], failed: [] as unknown[] };
  const limit = new HoldLimit(host, maxHoldMs, {
    ended: () => void told.ended++,
    expiring: () => {},
    expired: ({ tag }) => {
      told.expired.push(tag);
      onExpired();
    },
    failed: (error) => void told.failed.push(error),
  });
  const hold = (tag: string): HeldLease => limit.add(pool.lease(tag), tag);
  return { host, pool, disposed, told, hold };
}

describe("HoldLimit", () => {
  it("HoldLimit expires what is held for 1 to 1.25 times the limit, and nothing else", () => {
    const { host, pool, told, hold, disposed } = limited();
    const starts = new Map<string, number>();
    const ends = new Map<string, number>();
    for (let i = 0; i < 40; i++) {
      const held = hold(`${i}`);
      starts.set(`${i}`, host.time);
      if (i % 3 === 0) held.end(false);
      for (let step = 0; step < 7; step++) {
        host.advance(4);
        for (const tag of told.expired) if (!ends.has(tag!)) ends.set(tag!, host.time);
      }
    }
    host.advance(2 * LIMIT_MS);
    assertEquals(
      told.expired,
      Array.from({ length: 40 }, (_, i) => `${i}`).filter((_, i) => i % 3),
    );
    for (const [tag, end] of ends) {
      const heldMs = end - starts.get(tag)!;
      assertEquals([tag, heldMs >= LIMIT_MS, heldMs <= 1.25 * LIMIT_MS + 4], [tag, true, true]);
    }
    const { leased, discarded } = pool.stats();
    assertEquals([leased, discarded.expired, told.ended, disposed.length], [0, 26, 14, 0]);
    assertEquals(host.waiting, 0, "no timer is left");
  });

  it("HoldLimit without timers finds out at the next lease", () => {
    const { host, pool, told, hold } = limited({ timers: false });
    hold("a");
    host.advance(1.2 * LIMIT_MS);
    assertEquals(told.expired, []);
    host.advance(0.3 * LIMIT_MS);
    hold("b").end(false);
    assertEquals([told.expired, pool.stats().leased], [["a"], 0]);
  });

  it("HoldLimit without timers expires nothing by a clock that goes back or tells nothing", () => {
    const { host, told, hold } = limited({ timers: false });
    const EXPIRED: readonly (readonly [time: number, expired: number])[] = [
      [1e12, 0],
      [NaN, 0],
      [1e12 + 1, 0],
      [Infinity, 0],
      [5, 0],
      [NaN, 0],
      [6, 0],
      // A jump forward is no other than time that passes.
      [1e11, 7],
      [5, 7],
      [5 + 1.5 * LIMIT_MS, 9],
    ];
    for (const [time, expired] of EXPIRED) {
      host.time = time;
      hold(String(time));
      assertEquals([time, told.expired.length], [time, expired]);
    }
  });

  it("HoldLimit tells of a host that fails, and holds all the same", () => {
    const { host, pool, told, hold } = limited();
    const wrong = new Error("as asked");
    const { defer } = host;
    host.defer = () => {
      throw wrong;
    };
    const first = hold("a");
    host.defer = defer;
    hold("b");
    first.end(false);
    assertEquals([told.failed, pool.stats().leased], [[wrong], 1]);
    host.advance(2 * LIMIT_MS);
    assertEquals([told.expired, pool.stats().leased], [["b"], 0]);
  });

  it("HoldLimit of 0 arms nothing and expires nothing", () => {
    const { host, pool, told, hold } = limited({ maxHoldMs: 0 });
    hold("a");
    assertEquals(host.waiting, 0);
    host.advance(1e9);
    hold("b");
    assertEquals([told.expired, pool.stats().leased], [[], 2]);
  });

  it("HeldLease.end() a second time, or after it expired, does nothing", () => {
    const { host, pool, told, hold } = limited();
    const [a, b, c] = [hold("a"), hold("b"), hold("c")];
    b.end(false);
    b.end(true);
    a.end(true);
    assertEquals([pool.stats().idle, pool.stats().discarded.expired, told.ended], [1, 1, 2]);
    host.advance(2 * LIMIT_MS);
    c.end(false);
    assertEquals([told.expired, told.ended, told.failed], [["c"], 2, []]);
    assertEquals(pool.stats().misuses, 0);
  });

  it("HoldLimit tells what cannot be ended, and goes on", () => {
    const wrong = new Error("as asked");
    const { host, pool, told, hold } = limited({
      onExpired: () => {
        throw wrong;
      },
    });
    hold("a");
    hold("b");
    host.advance(2 * LIMIT_MS);
    assertEquals([told.expired, told.failed, pool.stats().leased], [["a", "b"], [wrong, wrong], 0]);
  });
});
