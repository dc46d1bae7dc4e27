import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Demand, LevelGaps } from "../src/level_gaps.ts";

const TICK_MS = 500;
const LAMBDA_MS = 5000;
/** The last levels of three bands: 4 to 5, 16 to 22, 64 to 90. */
const [SHALLOW, MIDDLE, DEEP] = [5, 22, 90] as const;

/** Looks every 500 ms from time 0 on; tells after each how many levels are worth keeping. */
function worths(
  gaps: LevelGaps,
  looks: readonly Partial<Demand>[],
  lambdaMs = LAMBDA_MS,
): number[] {
  return looks.map((look, i) => {
    gaps.look({ now: i * TICK_MS, elapsedMs: TICK_MS, peak: 0, leased: 0, ...look });
    return gaps.worth(lambdaMs, TICK_MS);
  });
}

/** Bursts of `peak` objects, which are back before the look, every `periodMs` until `endMs`. */
function bursts(peak: number, periodMs: number, endMs: number): Partial<Demand>[] {
  return Array.from({ length: endMs / TICK_MS + 1 }, (_, i) => ({
    peak: i * TICK_MS % periodMs === 0 ? peak : 0,
  }));
}

/** Demands as a pool shows them: it begins with what was in use at the end of the last. */
const demands = fc.array(
  fc.record({ peak: fc.nat(3000), leased: fc.nat(3000), elapsedMs: fc.nat(9000) }),
  { maxLength: 60 },
).map((steps) => {
  let [now, held] = [0, 0];
  return steps.map(({ peak, leased, elapsedMs }): Demand => {
    const most = Math.max(peak, leased, held);
    held = leased;
    return { now: now += elapsedMs, elapsedMs, peak: most, leased };
  });
});

describe("LevelGaps.worth()", () => {
  it("LevelGaps.worth() keeps nothing before anything was used", () => {
    assertEquals(worths(new LevelGaps(), [{}, {}]), [0, 0]);
  });

  it("LevelGaps.worth() keeps what it knows nothing of for λ", () => {
    const kept = worths(new LevelGaps(), bursts(8, Infinity, 6000));
    assertEquals(kept, [...Array(10).fill(8), 0, 0, 0]);
  });

  it("LevelGaps.worth() keeps levels that are used again within λ, once it has seen it", () => {
    const kept = worths(new LevelGaps(), bursts(8, 4000, 30_000));
    assertEquals(new Set(kept), new Set([8]));
  });

  it("LevelGaps.worth() drops at once levels that are not used again within λ", () => {
    const kept = worths(new LevelGaps(), bursts(8, 8000, 40_000));
    assertEquals(kept.slice(0, 16), [...Array(10).fill(8), 0, 0, 0, 0, 0, 0]);
    assertEquals(new Set(kept.slice(16)), new Set([0]));
  });

  it("LevelGaps.worth() keeps the same levels again when their gaps become short", () => {
    const looks = [...bursts(8, 8000, 40_000), ...bursts(8, 1000, 20_000)];
    assertEquals(worths(new LevelGaps(), looks).at(-1), 8);
  });

  it("LevelGaps.worth() drops deep levels while it keeps shallow ones", () => {
    const looks = Array.from({ length: 241 }, (_, i) => ({
      peak: i % 60 === 0 ? DEEP : i % 2 === 0 ? SHALLOW : 0,
    }));
    const kept = worths(new LevelGaps(), looks);
    assertEquals(new Set(kept.slice(61)), new Set([SHALLOW]));
  });

  it("LevelGaps.worth() keeps what is in use, whatever has been learnt", () => {
    const looks = bursts(8, 8000, 40_000).map((look) => ({
      peak: Math.max(3, look.peak!),
      leased: 3,
    }));
    assertEquals(worths(new LevelGaps(), looks).at(-1), 3);
    assertEquals(worths(new LevelGaps(), [{ peak: 9, leased: 9 }], 0), [9]);
  });

  it("LevelGaps.worth() keeps nothing idle where λ is 0", () => {
    const kept = worths(new LevelGaps(), bursts(8, 1000, 10_000), 0);
    assertEquals(new Set(kept), new Set([0]));
  });

  it("LevelGaps.worth() keeps more, the larger λ is", () => {
    const looks = Array.from({ length: 241 }, (_, i) => ({
      peak: i % 60 === 0 ? DEEP : i % 12 === 0 ? MIDDLE : i % 2 === 0 ? SHALLOW : 0,
    }));
    const last = [100, 1500, 8000, 60_000].map((lambdaMs) =>
      worths(new LevelGaps(), looks, lambdaMs).at(-1)
    );
    assertEquals(last, [0, SHALLOW, MIDDLE, DEEP]);
  });

  it("LevelGaps.worth() is at least what is in use, at most what ever was", () => {
    const lambdas = fc.constantFrom(0, 1, 100, 5000, 1e6, Infinity);
    fc.assert(fc.property(demands, lambdas, (looks, lambdaMs) => {
      const gaps = new LevelGaps();
      let most = 0;
      for (const look of looks) {
        gaps.look(look);
        most = Math.max(most, look.peak);
        const worth = gaps.worth(lambdaMs, Math.max(1, look.elapsedMs));
        assert(look.leased <= worth && worth <= most, `${look.leased} ${worth} ${most}`);
      }
    }));
  });

  it("LevelGaps.worth() tells the same of the same looks", () => {
    fc.assert(fc.property(demands, (looks) => {
      const tell = () => {
        const gaps = new LevelGaps();
        return looks.map((look) => {
          gaps.look(look);
          return [gaps.worth(LAMBDA_MS, TICK_MS), gaps.keepMs(look.peak)];
        });
      };
      assertEquals(tell(), tell());
    }));
  });

  it("LevelGaps.worth() changes nothing: asked twice it tells the same", () => {
    fc.assert(fc.property(demands, (looks) => {
      const [once, often] = [new LevelGaps(), new LevelGaps()];
      for (const look of looks) {
        once.look(look);
        often.look(look);
        often.worth(1, TICK_MS);
        often.worth(1e6, TICK_MS);
        assertEquals(often.worth(LAMBDA_MS, TICK_MS), once.worth(LAMBDA_MS, TICK_MS));
      }
    }));
  });
});

describe("LevelGaps.keepMs()", () => {
  /** From the look after which a level idles to the middle of the time in which it was used. */
  const cases = [
    { periodMs: 1000, gapMs: 750 },
    { periodMs: 1500, gapMs: 1250 },
    { periodMs: 2000, gapMs: 1750 },
    { periodMs: 4000, gapMs: 3750 },
  ];
  for (const { periodMs, gapMs } of cases) {
    it(`LevelGaps.keepMs() is as long as the one gap of ${gapMs} ms that a level had`, () => {
      const gaps = new LevelGaps();
      worths(gaps, bursts(8, periodMs, periodMs));
      // The upper edge of the gap's bin: four bins an octave, from 128 ms.
      const edge = 128 * 2 ** (Math.ceil(4 * Math.log2(gapMs / 128)) / 4);
      assertEquals(gaps.keepMs(8), edge);
      assert(edge >= gapMs && edge <= gapMs * 2 ** 0.25);
    });
  }

  it("LevelGaps.keepMs() is λ where no gap is known, and 0 where one longer than λ is", () => {
    const gaps = new LevelGaps();
    worths(gaps, bursts(8, Infinity, 1000));
    assertEquals(gaps.keepMs(8), LAMBDA_MS);
    worths(gaps, bursts(8, 8000, 8000));
    assertEquals(gaps.keepMs(8), 0);
  });

  it("LevelGaps.keepMs() takes half of a long look for the time of the touch", () => {
    const gaps = new LevelGaps();
    const looks = [{ now: 0, peak: 8 }, { now: 8000, elapsedMs: 8000, peak: 8 }];
    worths(gaps, looks);
    // A gap of 4000 ms, not of 7750 ms, which would not be worth λ.
    assertEquals(gaps.keepMs(8), 4096);
  });

  it("LevelGaps.keepMs() is learnt by band: shallow levels do not speak for deep ones", () => {
    const gaps = new LevelGaps();
    const looks = Array.from({ length: 241 }, (_, i) => ({
      peak: i % 60 === 0 ? DEEP : i % 2 === 0 ? SHALLOW : 0,
    }));
    worths(gaps, looks);
    assertEquals(gaps.keepMs(DEEP), 0);
    // What demand of one a second teaches: a gap of 750 ms.
    assertEquals(gaps.keepMs(SHALLOW), 128 * 2 ** (11 / 4));
  });

  it("LevelGaps.keepMs() of no level is 0", () => {
    assertEquals(new LevelGaps().keepMs(0), 0);
  });
});

describe("LevelGaps.look()", () => {
  /** Milliseconds that each of some looks takes, at the least of several tries. */
  function costOf(gaps: LevelGaps, from: number): number {
    let least = Infinity;
    let now = from;
    for (let batch = 0; batch < 8; batch++) {
      const begun = performance.now();
      for (let i = 0; i < 200; i++) {
        gaps.look({ now: now += TICK_MS, elapsedMs: TICK_MS, peak: 1, leased: 0 });
        gaps.worth(1, TICK_MS);
      }
      least = Math.min(least, performance.now() - begun);
    }
    return least / 200;
  }

  const hasClock = navigator.userAgent !== "Cloudflare-Workers";

  it("LevelGaps.look() takes no longer after 100 000 looks", { skip: !hasClock }, () => {
    const [fresh, used] = [new LevelGaps(), new LevelGaps()];
    costOf(fresh, 0);
    const first = costOf(fresh, 1e6);
    // Each look leaves a run of its own: demand falls by one level a tick.
    for (let i = 0; i < 100_000; i++) {
      used.look({ now: i * TICK_MS, elapsedMs: TICK_MS, peak: 200_000 - i, leased: 199_999 - i });
    }
    const last = costOf(used, 1e9);
    assert(last < 10 * first + 0.05, `${last} ms after ${first} ms`);
  });

  for (const lambdaMs of [30_000, 300_000]) {
    it(`LevelGaps.look() merges many runs, but never drops before λ of ${lambdaMs} ms`, () => {
      const steps = Array.from({ length: 2000 }, (_, i) => ({ peak: 4000 - i, leased: 3999 - i }));
      const rest = Array.from({ length: lambdaMs / TICK_MS }, () => ({ peak: 2000, leased: 2000 }));
      const kept = worths(new LevelGaps(), [...steps, ...rest], lambdaMs);
      for (const [i, worth] of kept.entries()) {
        // Level 4000 − k has been idle since look k, and no gap has ended.
        const exact = 4000 - Math.max(0, i - lambdaMs / TICK_MS + 1);
        assert(exact <= worth && worth <= 4000, `${worth} of ${exact} at look ${i}`);
        // 64 s are known to the tick.
        if (lambdaMs < 64_000) assertEquals(worth, Math.max(2000, exact));
      }
      assertEquals(kept.at(-1), 2000);
    });
  }

  it("LevelGaps.look() learns of levels that nothing lies on: gaps come from demand alone", () => {
    const [kept, dropped] = [new LevelGaps(), new LevelGaps()];
    const looks = bursts(8, 8000, 40_000);
    worths(kept, looks, 60_000);
    worths(dropped, looks, 0);
    assertEquals(kept.worth(9000, TICK_MS), dropped.worth(9000, TICK_MS));
  });
});

describe("LevelGaps of more levels than there are bands for", () => {
  it("LevelGaps.look() takes ten million levels for the deepest that it knows", () => {
    const gaps = new LevelGaps();
    gaps.look({ now: 0, elapsedMs: 500, peak: 9e6, leased: 0 });
    gaps.look({ now: 500, elapsedMs: 500, peak: 8.5e6, leased: 8.5e6 });
    assert(gaps.worth(5000, 500) <= 9e6);
  });
});
