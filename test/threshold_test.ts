import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Threshold, tuneThreshold } from "../src/threshold.ts";

describe("tuneThreshold()", () => {
  const cases: readonly (readonly [string, number, number, number, number])[] = [
    // th · 0.7 + 0.3 · variance · improvement
    ["moves to variance · improvement", 0.1, 0.5, 0.4, 0.13],
    ["moves down to it, too", 0.4, 0.2, 0.5, 0.31],
    ["moves just above 0.15", 0.1, 0.150001, 0.8, 0.10600024],
    ["clamps what it moves to at 0.01 s", 0.1, 0.2, 0.001, 0.073],
    ["clamps at 0.01 s where nothing varies", 0.1, 1, 0, 0.073],
    ["clamps what it moves to at 0.5 s", 0.1, 1.5, 0.6, 0.22],
    ["stays at 0.5 s", 0.5, 1.5, 0.6, 0.5],
    ["comes back from above 0.5 s", 2, 1, 0.8, 1.55],
    // unchanged
    ["stays at an improvement of exactly 0.15", 0.1, 0.15, 0.5, 0.1],
    ["stays between 0.05 and 0.15", 0.1, 0.1, 0.5, 0.1],
    ["stays at an improvement of exactly 0.05", 0.1, 0.05, 0.5, 0.1],
    ["stays below 0.05", 0.1, 0.049, 0.5, 0.1],
    ["stays without an improvement", 0.1, 0, 0, 0.1],
    ["stays where it got worse", 0.1, -3, 0.8, 0.1],
    // th · 0.7 + 0.003
    ["shrinks where variance is above 0.8", 0.1, 0, 0.800001, 0.073],
    ["shrinks whatever the improvement", 0.1, 0.9, 0.9, 0.073],
    ["shrinks where it got worse", 0.1, -3, 9, 0.073],
    ["takes a variance of exactly 0.8 for small", 0.1, 0.5, 0.8, 0.19],
    // the floor
    ["never falls below 0.01 s by shrinking", 0.01, 0, 1, 0.01],
    ["never falls below 0.01 s by moving", 0.01, 0.2, 0, 0.01],
    ["lifts what is below 0.01 s", 0.002, 0, 0, 0.01],
    // figures that are none
    ["stays at an improvement of NaN", 0.1, NaN, 0.9, 0.1],
    ["stays at an improvement of Infinity", 0.1, Infinity, 0.5, 0.1],
    ["stays at an improvement of -Infinity", 0.1, -Infinity, 0.9, 0.1],
    ["stays at a variance of NaN", 0.1, 0.5, NaN, 0.1],
    ["stays at a variance of Infinity", 0.1, 0.5, Infinity, 0.1],
    ["keeps a threshold of Infinity", Infinity, 0, 0, Infinity],
  ];
  for (const [what, thresholdS, improvement, variance, tuned] of cases) {
    it(`tuneThreshold() ${what}`, () => {
      const received = tuneThreshold(thresholdS, improvement, variance);
      if (tuned === thresholdS) assertEquals(received, tuned);
      else assertAlmostEquals(received, tuned, 1e-12);
    });
  }

  it("tuneThreshold() keeps within 0.01 s and 0.5 s whatever it is told", () => {
    const thresholdS = fc.double({ min: 0.01, max: 0.5, noNaN: true });
    fc.assert(fc.property(thresholdS, fc.double(), fc.double(), (th, improvement, variance) => {
      const tuned = tuneThreshold(th, improvement, variance);
      assert(tuned >= 0.01 && tuned <= 0.5, `${tuned}`);
    }));
  });
});

describe("Threshold", () => {
  /** What misses cost, and all that is known after it. */
  const windows: readonly (readonly [number, number, number, number])[] = [
    // cost, improvement, variance, seconds
    [100, 0, 0, 0.01],
    [50, 0.5, 1 / 16, 0.016375],
    [25, 0.5, 1 / 18, 0.01979583333],
    [25, 0, 1 / 16, 0.01979583333],
    [100, -3, 1.74, 0.01685708333],
    [0, 1, 31 / 18, 0.01479995833],
    [0, 0, 1.47959183673, 0.01335997083],
  ];

  it("Threshold is 0.01 s at first, and nothing has improved", () => {
    const threshold = new Threshold();
    assertEquals([threshold.seconds, threshold.improvement, threshold.variance], [0.01, 0, 0]);
  });

  it("Threshold.update() tunes it by the drop in miss cost", () => {
    const threshold = new Threshold();
    for (const [cost, improvement, variance, seconds] of windows) {
      assertAlmostEquals(threshold.update(cost), seconds, 1e-10);
      assertAlmostEquals(threshold.improvement, improvement, 1e-10);
      assertAlmostEquals(threshold.variance, variance, 1e-10);
      assertAlmostEquals(threshold.seconds, seconds, 1e-10);
    }
  });

  it("Threshold.update() stays at an improvement of exactly 0.15", () => {
    const threshold = new Threshold();
    threshold.update(100);
    // 0.01 · 0.7 + 0.3 · 0.2025 · 0.9
    assertAlmostEquals(threshold.update(10), 0.061675, 1e-12);
    const before = threshold.seconds;
    assertEquals([threshold.update(8.5), threshold.improvement], [before, 0.15]);
    assert(threshold.update(7.2) !== before);
  });

  it("Threshold.variance is that of the last 8 improvements", () => {
    const threshold = new Threshold();
    for (const cost of [2, 1]) threshold.update(cost);
    for (let i = 0; i < 7; i++) threshold.update(1);
    assertAlmostEquals(threshold.variance, 0.25 / 8 - (0.5 / 8) ** 2, 1e-12);
    threshold.update(1);
    assertEquals(threshold.variance, 0);
  });

  for (const cost of [NaN, Infinity, -1, undefined as unknown as number]) {
    it(`Threshold.update() takes a cost of ${cost} for no window`, () => {
      const [threshold, undisturbed] = [new Threshold(), new Threshold()];
      for (const known of [100, 50, 20]) {
        undisturbed.update(known);
        threshold.update(known);
        assertEquals(threshold.update(cost), undisturbed.seconds);
      }
      assertEquals(threshold.improvement, undisturbed.improvement);
      assertEquals(threshold.variance, undisturbed.variance);
    });
  }

  it("Threshold.update() rests where misses always cost the same", () => {
    const threshold = new Threshold();
    for (const cost of [100, 10, 1, ...Array(20).fill(1)]) threshold.update(cost);
    const rest = threshold.seconds;
    for (let i = 0; i < 20; i++) assertEquals(threshold.update(1), rest);
  });

  it("Threshold.update() keeps it within 0.01 s and 0.5 s whatever misses cost", () => {
    fc.assert(fc.property(fc.array(fc.double()), (costs) => {
      const threshold = new Threshold();
      for (const cost of costs) {
        const seconds = threshold.update(cost);
        assert(seconds >= 0.01 && seconds <= 0.5, `${seconds}`);
      }
    }));
  });
});
