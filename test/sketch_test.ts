import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Sketch } from "../src/sketch.ts";

/** A sketch of figures. */
function sketchOf(figures: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const figure of figures) sketch.add(figure);
  return sketch;
}

describe("Sketch", () => {
  it("Sketch.quantile() knows nothing without figures", () => {
    assertEquals(new Sketch().quantile(0.5), undefined);
  });

  const powers = [1 / 1024, 1 / 4, 1, 2, 64, 2 ** 20];
  for (const figure of powers) {
    it(`Sketch.quantile() tells ${figure} exactly`, () => {
      assertEquals(sketchOf([figure]).quantile(0.5), figure);
    });
  }

  const edges: readonly (readonly [number, number])[] = [
    [0, 2 ** -10],
    [1e-9, 2 ** -10],
    [1e12, 2 ** 21.5],
    [Infinity, 2 ** 21.5],
  ];
  for (const [figure, quantile] of edges) {
    it(`Sketch.quantile() takes ${figure} for ${quantile}`, () => {
      assertEquals(sketchOf([figure]).quantile(0.5), quantile);
    });
  }

  for (const figure of [NaN, -1, -0.001, -Infinity, undefined as unknown as number]) {
    it(`Sketch.add() ignores ${figure}`, () => {
      assertEquals(sketchOf([figure]).total, 0);
    });
  }

  it("Sketch.quantile() is off by at most a factor of √2", () => {
    const figures = fc.array(fc.double({ min: 0.001, max: 2e6, noNaN: true }), { minLength: 1 });
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(fc.property(figures, share, (all, q) => {
      const sorted = all.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(q * all.length) - 1]!;
      const told = sketchOf(all).quantile(q)!;
      assert(told >= exact * (1 - 1e-9) && told <= exact * Math.SQRT2 * (1 + 1e-9));
    }));
  });

  it("Sketch.decay() lets new figures outweigh old ones", () => {
    const sketch = sketchOf(Array(100).fill(1000));
    for (let i = 0; i < 5; i++) sketch.decay(0.5);
    assertAlmostEquals(sketch.total, 100 / 32);
    for (let i = 0; i < 10; i++) sketch.add(1);
    assertEquals(sketch.quantile(0.5), 1);
  });

  it("Sketch.decay() forgets in the end", () => {
    const sketch = sketchOf([1, 2, 3]);
    for (let i = 0; i < 8; i++) sketch.decay(0.5);
    assertEquals([sketch.total, sketch.quantile(0.5)], [0, undefined]);
  });
});
