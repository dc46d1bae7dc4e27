import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkHeat, LevelHeat, OLD_CYCLES, tagHeat } from "../src/heat.ts";
import { assertGrammar } from "./fixture/thing.ts";

describe("checkHeat()", () => {
  it("checkHeat() fills in what is left out", () => {
    const defaults = { tagUses: 50, decayRate: 25, levelShare: 0.5, windowTicks: 20 };
    assertEquals(checkHeat("Cannot test"), defaults);
    assertEquals(checkHeat("Cannot test", { tagUses: 7 }), { ...defaults, tagUses: 7 });
  });

  const bad: readonly (readonly [unknown, string])[] = [
    [null, "heat must be an object: received null"],
    ["hot", 'heat must be an object: received "hot"'],
    [{ tagUses: 0 }, "heat.tagUses must be an integer of at least 1: received 0"],
    [{ decayRate: NaN }, "heat.decayRate must be a finite number of at least 0: received NaN"],
    [{ levelShare: 2 }, "heat.levelShare must be at most 1: received 2"],
    [{ windowTicks: 1.5 }, "heat.windowTicks must be an integer of at least 1: received 1.5"],
  ];
  for (const [given, message] of bad) {
    it(`checkHeat() says: ${message}`, () => {
      const error = assertThrows(() => checkHeat("Cannot test", given as never), Error);
      assertEquals(error.message, `Cannot test: ${message}`);
      assertGrammar(error);
    });
  }
});

describe("tagHeat()", () => {
  const cases = [
    { heat: 0, uses: 0, decayRate: 25, after: 0 },
    { heat: 0, uses: 80, decayRate: 25, after: 80 },
    { heat: 80, uses: 0, decayRate: 25, after: 55 },
    { heat: 80, uses: 60, decayRate: 25, after: 60 },
    { heat: 80, uses: 50, decayRate: 25, after: 55 },
    { heat: 20, uses: 0, decayRate: 25, after: 0 },
    { heat: 20, uses: 3, decayRate: 0, after: 20 },
  ];
  for (const { heat, uses, decayRate, after } of cases) {
    it(`tagHeat() makes ${after} of ${heat} and ${uses} uses, losing ${decayRate}`, () => {
      assertEquals(tagHeat(heat, uses, decayRate), after);
    });
  }
});

describe("LevelHeat", () => {
  it("LevelHeat.hot is the level that half of the ticks have reached", () => {
    const heat = new LevelHeat(checkHeat("Cannot test", { windowTicks: 4 }));
    const hot = [8, 2, 5, 5, 0, 0, 0].map((peak) => {
      heat.tick(peak);
      return heat.hot;
    });
    assertEquals(hot, [8, 8, 5, 5, 5, 5, 0]);
  });

  it("LevelHeat.hot is what counting the ticks of each level finds", () => {
    const inputs = [
      fc.array(fc.nat(12), { maxLength: 40 }),
      fc.integer({ min: 1, max: 25 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
    ] as const;
    fc.assert(fc.property(...inputs, (peaks, windowTicks, levelShare) => {
      const heat = new LevelHeat(checkHeat("Cannot test", { windowTicks, levelShare }));
      peaks.forEach((peak) => heat.tick(peak));
      const window = peaks.slice(-windowTicks);
      const isHot = (level: number) =>
        window.filter((peak) => peak >= level).length >= window.length * levelShare;
      let naive = 0;
      while (window.length > 0 && naive < 12 && isHot(naive + 1)) naive++;
      assertEquals(heat.hot, naive);
    }));
  });

  it("LevelHeat.old is what has lived at the end of three cycles", () => {
    const heat = new LevelHeat(checkHeat("Cannot test"));
    assertEquals(OLD_CYCLES, 3);
    const old = [9, 7, 8, 10, 3, 10, 10, 10].map((live) => {
      heat.cycle(live);
      return heat.old;
    });
    assertEquals(old, [0, 0, 7, 7, 3, 3, 3, 10]);
  });

  it("LevelHeat knows no heat and no age at first", () => {
    const heat = new LevelHeat(checkHeat("Cannot test"));
    assertEquals([heat.hot, heat.old], [0, 0]);
  });
});
