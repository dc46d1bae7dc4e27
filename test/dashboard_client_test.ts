/** The parts of the dashboard's script that need no browser. */

import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertFalse } from "@std/assert";
import { History } from "../edge/dashboard/client/history.ts";
import { follows, pointOf } from "../edge/dashboard/client/point.ts";
import { bytes, count, share, time } from "../edge/dashboard/client/words.ts";
import { type Reading, readPool } from "../edge/dashboard/reading.ts";
import { inertHost, Pool } from "../mod.ts";

describe("History", () => {
  it("History keeps the latest rows, oldest first", () => {
    const history = new History(3);
    for (let i = 1; i <= 5; i++) {
      history.add(i, { a: i * 10 });
      assertEquals(history.length, Math.min(i, 3));
    }
    assertEquals(history.times(), [3, 4, 5]);
    assertEquals(history.column("a"), [30, 40, 50]);
  });

  it("History breaks a line where a figure is not known", () => {
    const history = new History(4);
    history.add(1, { a: 1 });
    history.add(2, { b: 2 });
    history.add(3, { a: undefined, b: 0 });
    assertEquals(history.column("a"), [1, null, null]);
    assertEquals(history.column("b"), [null, 2, 0]);
    assertEquals(history.column("c"), [null, null, null]);
  });

  it("History forgets", () => {
    const history = new History(2);
    history.add(1, { a: 1 });
    history.clear();
    assertEquals([history.length, history.times(), history.column("a")], [0, [], []]);
    history.add(2, { b: 2 });
    assertEquals(history.column("b"), [2]);
  });
});

/** A reading of a pool, some seconds after the beginning. */
function readingOf(pool: Pool<object>, seconds: number, patch: Partial<Reading> = {}): Reading {
  return { ...readPool(pool, 0, ["pool"], false), at: 1e12 + seconds * 1000, ...patch };
}

describe("pointOf()", () => {
  const newPool = () => new Pool<object>({ create: () => ({}), reset() {}, host: inertHost() });

  it("pointOf() tells what has changed, a second", () => {
    const pool = newPool();
    const before = readingOf(pool, 0);
    pool.lease("a").release();
    pool.lease("a").release();
    const lease = pool.lease("a");
    const now = readingOf(pool, 2);
    const point = pointOf(before, now);
    assertEquals([point["acquires"], point["misses"], point["leased"]], [1.5, 0.5, 1]);
    assertAlmostEquals(point["hitRate"]!, 2 / 3);
    const later = pointOf(now, readingOf(pool, 3));
    assertEquals([later["acquires"], later["hitRate"]], [0, undefined]);
    lease.release();
  });

  it("pointOf() tells of collections and of the heap what the runtime does", () => {
    const pool = newPool();
    const told = (seconds: number, stats: Partial<Reading["stats"]>) => {
      const reading = readingOf(pool, seconds);
      return { ...reading, stats: { ...reading.stats, ...stats } };
    };
    const before = told(0, { gc: { minor: 4, major: 1, unknown: 1, pauseMs: 5 } });
    const now = told(2, {
      gc: { minor: 7, major: 2, unknown: 2, pauseMs: 8 },
      heap: { usedBytes: 100, externalBytes: 7 },
    });
    const { minor, major, pauseMs, heap, external } = pointOf(before, now);
    assertEquals([minor, major, pauseMs, heap, external], [2, 0.5, 1.5, 100, 7]);
    const untold = pointOf(
      told(0, { gc: { minor: 0, major: 0, unknown: 0 } }),
      told(1, {
        gc: { minor: 1, major: 0, unknown: 0 },
      }),
    );
    assertEquals([untold["minor"], untold["pauseMs"], untold["heap"]], [1, undefined, undefined]);
  });

  it("pointOf() compares nothing with another pool, or after a gap", () => {
    const pool = newPool();
    pool.lease("a").release();
    const before = readingOf(pool, 0);
    const OTHERS: readonly (Reading | undefined)[] = [
      undefined,
      readingOf(pool, 0),
      readingOf(pool, -1),
      readingOf(pool, 60),
      readingOf(pool, 1, { selected: 1 }),
      // A restart.
      readingOf(newPool(), 1),
    ];
    for (const now of OTHERS.slice(1)) {
      assertFalse(follows(before, now!));
      assertEquals(pointOf(before, now!)["acquires"], undefined);
    }
    assertFalse(follows(OTHERS[0], before));
    assert(follows(before, readingOf(pool, 1)));
  });
});

describe("Words", () => {
  it("count(), bytes(), time() and share() say what matters", () => {
    const CASES: readonly [string, string][] = [
      [count(0), "0"],
      [count(3.14159), "3.14"],
      [count(9999), "9999"],
      [count(53_687), "53.7 k"],
      [count(1e6), "1 M"],
      [bytes(0), "0 B"],
      [bytes(1023), "1023 B"],
      [bytes(1536), "1.5 KB"],
      [bytes(2 ** 30), "1 GB"],
      [time(0), "0 µs"],
      [time(0.25), "250 µs"],
      [time(90.5), "90.5 ms"],
      [time(1024), "1.02 s"],
      [time(180_000), "3 min"],
      [share(0), "0 %"],
      [share(1), "100 %"],
      [share(0.5), "50.0 %"],
      [share(0.99999), "99.99 %"],
    ];
    for (const [text, expected] of CASES) assertEquals(text, expected);
  });
});
