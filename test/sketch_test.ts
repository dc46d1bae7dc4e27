import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bandEdge, Sketch } from "../src/sketch.ts";

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

  it("Sketch.decay() clears at a share of 0, and for good", () => {
    for (const share of [0, -1, Number.MIN_VALUE]) {
      const sketch = sketchOf([1, 2, 3]);
      sketch.decay(share);
      assertEquals([sketch.total, sketch.mean, sketch.quantile(1)], [0, undefined, undefined]);
      sketch.add(64);
      assertEquals([sketch.total, sketch.quantile(0), sketch.quantile(1)], [1, 64, 64]);
    }
  });

  for (const share of [1, 1.5, Infinity, NaN]) {
    it(`Sketch.decay() leaves all as it is at a share of ${share}`, () => {
      const sketch = sketchOf([1, 2, 3]);
      sketch.decay(share);
      assertEquals(sketch.total, 3);
    });
  }

  it("Sketch.decay() keeps figures in proportion however often it scales them down", () => {
    const sketch = new Sketch();
    for (let i = 0; i < 5000; i++) {
      sketch.decay(0.5);
      sketch.add(1, 3);
      sketch.add(1000);
    }
    assertAlmostEquals(sketch.total, 8);
    const shares = [...sketch.shares()].filter((share) => share > 0);
    assertEquals(shares, [0.75, 0.25]);
  });

  it("Sketch.decay() lets an outlier fade from the largest quantile", () => {
    const sketch = sketchOf([1e6]);
    const largest = Array.from({ length: 30 }, () => {
      sketch.decay(0.5);
      sketch.add(1);
      return sketch.quantile(1);
    });
    assertEquals([largest[0], largest[29]], [2 ** 20, 1]);
  });

  it("Sketch.decay() does what multiplying every weight does", () => {
    const add = fc.record({
      figure: fc.double({ min: 0, max: 1e7, noNaN: true }),
      weight: fc.integer({ min: 1, max: 1000 }),
    });
    const share = fc.double({ min: 0.001, max: 1, noNaN: true });
    const steps = fc.array(fc.oneof(add, share), { maxLength: 100 });
    fc.assert(fc.property(steps, (steps) => {
      const sketch = new Sketch();
      let naive = new Float64Array(sketch.shares().length);
      for (const step of steps) {
        if (typeof step === "number") {
          sketch.decay(step);
          naive = naive.map((held) => held * step);
        } else {
          sketch.add(step.figure, step.weight);
          naive[sketchOf([step.figure]).shares().indexOf(1)]! += step.weight;
        }
        const total = naive.reduce((sum, held) => sum + held);
        if (total < 1 / 64) naive.fill(0);
        const expected = total < 1 / 64 ? 0 : total;
        assertAlmostEquals(sketch.total, expected, 1e-9 * expected);
        const off = sketch.shares().map((share, band) => share * expected - naive[band]!);
        assert(off.every((error) => Math.abs(error) <= 1e-9 * expected));
      }
    }));
  });

  it("Sketch.add() takes a weight for so many figures", () => {
    const sketch = sketchOf([1]);
    sketch.add(64, 2.5);
    assertEquals([sketch.total, sketch.quantile(0.2), sketch.quantile(0.5)], [3.5, 1, 64]);
  });

  for (const weight of [0, -1, NaN, Infinity, 1e300]) {
    it(`Sketch.add() ignores a weight of ${weight}`, () => {
      const sketch = new Sketch();
      sketch.add(1, weight);
      assertEquals(sketch.total, 0);
    });
  }

  it("Sketch.quantile() tells the smallest and the largest figure", () => {
    const sketch = sketchOf([4, 16, 1024]);
    assertEquals([sketch.quantile(0), sketch.quantile(1)], [4, 1024]);
  });

  it("Sketch.mean knows nothing without figures", () => {
    assertEquals(new Sketch().mean, undefined);
  });

  it("Sketch.mean is off by at most a factor of ⁴√2", () => {
    const figures = fc.array(fc.double({ min: 0.001, max: 2e6, noNaN: true }), { minLength: 1 });
    fc.assert(fc.property(figures, (all) => {
      const exact = all.reduce((sum, figure) => sum + figure, 0) / all.length;
      const ratio = sketchOf(all).mean! / exact;
      assert(ratio >= 2 ** (-1 / 4) * (1 - 1e-9) && ratio <= 2 ** (1 / 4) * (1 + 1e-9), `${ratio}`);
    }));
  });

  it("Sketch.mean weighs figures", () => {
    const sketch = sketchOf([1]);
    sketch.add(1024, 3);
    assertAlmostEquals(sketch.mean! * 2 ** (1 / 4), (1 + 3 * 1024) / 4);
  });

  it("Sketch.shares() sum to 1, and are a copy", () => {
    const sketch = sketchOf([0, 1, 1, Infinity]);
    const shares = sketch.shares();
    assertEquals(
      [...shares].flatMap((share, band) => share > 0 ? [[bandEdge(band), share]] : []),
      [[2 ** -10, 0.25], [1, 0.5], [2 ** 21.5, 0.25]],
    );
    shares.fill(0);
    assertEquals(sketch.total, 4);
    assert(new Sketch().shares().every((share) => share === 0));
  });

  it("Sketch.weights are in proportion to its shares", () => {
    const sketch = sketchOf([1, 1, 8]);
    sketch.decay(0.5);
    sketch.add(8, 0.5);
    const { weights } = sketch;
    const sum = Array.from(weights).reduce((sum, weight) => sum + weight);
    assertEquals(Array.from(weights, (weight) => weight / sum), [...sketch.shares()]);
  });
});

describe("bandEdge()", () => {
  it("bandEdge() rises by two bands an octave", () => {
    assertEquals([0, 18, 20, 22, 63].map(bandEdge), [2 ** -10, 0.5, 1, 2, 2 ** 21.5]);
  });
});
