import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import { Gcra } from "../src/gcra.ts";

/** Takes as many as conform at a time. */
function takeAll(limit: Gcra, now: number): number {
  let taken = 0;
  for (; limit.waitMs(now) === 0; taken++) limit.take(now);
  return taken;
}

describe("Gcra", () => {
  for (const rate of [0.1, 0.5, 1, 3, 7, 10, 49, 1000, 1 / 3, 2.5]) {
    it(`Gcra allows a second's worth of ${rate} a second at once, and then one at a time`, () => {
      const limit = new Gcra(rate);
      const start = 1.7e12;
      assertEquals(takeAll(limit, start), Math.max(1, Math.floor(rate)));
      const wait = limit.waitMs(start);
      assert(wait > 0 && wait <= limit.intervalMs + 1e-3, `received ${wait}`);
      assertEquals(takeAll(limit, start + wait + 1e-3), 1);
      assertAlmostEquals(limit.waitMs(start + wait), limit.intervalMs, 2e-3);
    });
  }

  it("Gcra allows the first event whatever its clock shows", () => {
    for (const now of [-5e6, 0, 5e6]) {
      const limit = new Gcra(10);
      assertEquals(limit.waitMs(now), 0);
      limit.take(now);
      assertEquals(limit.waitMs(now), 0);
    }
  });

  it("Gcra allows nothing more while its clock stands still", () => {
    const limit = new Gcra(5);
    assertEquals(takeAll(limit, 0), 5);
    for (let i = 0; i < 10; i++) assertEquals(limit.waitMs(0), 200);
  });

  it("Gcra saves up no more than a second's worth", () => {
    const limit = new Gcra(5);
    takeAll(limit, 0);
    assertEquals(takeAll(limit, 1e9), 5);
  });

  it("Gcra allows no window more than burst + rate · t, and makes nobody wait for longer than T", () => {
    const seed = `gcra ${Date.now()}`;
    const random = new Random(seed);
    for (let round = 0; round < 40; round++) {
      const rate = [0.7, 1, 3.3, 20, 333][random.below(5)]!;
      const limit = new Gcra(rate);
      const burst = Math.max(1, rate);
      const times: number[] = [];
      let now = random.below(1e6);
      while (times.length < 300) {
        // Rests now and then, and otherwise asks more often than it may.
        now += random.next() < 0.02 ? random.below(3000) : random.next() * 500 / rate;
        const wait = limit.waitMs(now);
        assert(wait < limit.intervalMs + 1e-3, `seed ${seed}: starved for ${wait} ms at ${rate}`);
        if (wait > 0) continue;
        limit.take(now);
        times.push(now);
      }
      for (let from = 0; from < times.length; from++) {
        for (let to = from; to < times.length; to++) {
          const seconds = (times[to]! - times[from]!) / 1000;
          const most = burst + rate * seconds + 1e-3;
          assert(
            to - from + 1 <= most,
            `seed ${seed}: ${to - from + 1} in ${seconds} s at ${rate}`,
          );
        }
      }
    }
  });
});
