import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { entropy, informationGain, type MixturePart, retentionEntropy } from "../src/entropy.ts";
import { bandEdge, Sketch } from "../src/sketch.ts";

/** Shares on any scale, some of them absurd. */
const anyShares = fc.array(fc.oneof(fc.nat(9), fc.double()), { maxLength: 12 });

/** Shares that can only be gone through. */
function* oneByOne(shares: readonly number[]): Iterable<number> {
  yield* shares;
}

describe("entropy()", () => {
  const cases: readonly (readonly [readonly number[], number])[] = [
    [[], 0],
    [[0, 0], 0],
    [[1], 0],
    [[0, 7, 0], 0],
    [[0.5, 0.5], 1],
    [[0.25, 0.25, 0.5], 1.5],
    [[0.9, 0.1], 0.4689955935892812],
    [[1, 1, 1, 1], 2],
    [[3, NaN, 3, -8, Infinity], 1],
  ];
  for (const [shares, bits] of cases) {
    it(`entropy() of [${shares}] is ${bits}`, () => {
      assertAlmostEquals(entropy(shares), bits, 1e-12);
      assertAlmostEquals(entropy(oneByOne(shares)), bits, 1e-12);
      assertAlmostEquals(entropy(Float64Array.from(shares)), bits, 1e-12);
    });
  }

  it("entropy() is at most that of as many equal shares, whatever it is told", () => {
    fc.assert(fc.property(anyShares, (shares) => {
      const bits = entropy(shares);
      assert(bits >= 0 && bits <= Math.log2(Math.max(1, shares.length)) + 1e-9, `${bits}`);
    }));
  });
});

describe("retentionEntropy()", () => {
  it("retentionEntropy() knows nothing where no lease was timed", () => {
    assertEquals(retentionEntropy(new Sketch()), undefined);
  });

  it("retentionEntropy() is 0 where every lease is alike", () => {
    const sketch = new Sketch();
    for (let i = 0; i < 100; i++) sketch.add(20 + i / 100);
    assertEquals(retentionEntropy(sketch), 0);
  });

  it("retentionEntropy() is 1 where every band is as likely", () => {
    const sketch = new Sketch();
    // The middle of each band, since its edge may be rounded into the next.
    sketch.shares().forEach((_, band) => sketch.add(bandEdge(band - 0.5), 3));
    assertEquals(retentionEntropy(sketch), 1);
  });

  it("retentionEntropy() is a sixth where two bands of 64 are as likely", () => {
    const sketch = new Sketch();
    for (const holdMs of [1, 1000]) sketch.add(holdMs, 50);
    assertAlmostEquals(retentionEntropy(sketch)!, 1 / 6, 1e-12);
  });

  it("retentionEntropy() follows what leases do now", () => {
    const sketch = new Sketch();
    for (let i = 0; i < 10; i++) sketch.add(2 ** i, 100);
    const before = retentionEntropy(sketch)!;
    for (let tick = 0; tick < 20; tick++) {
      sketch.decay(0.5);
      sketch.add(8, 100);
    }
    assert(before > 0.5 && retentionEntropy(sketch)! < 0.001);
  });
});

describe("informationGain()", () => {
  const cases: readonly (readonly [string, readonly MixturePart[], number])[] = [
    ["no parts", [], 0],
    ["one part", [{ weight: 1, shares: [0.5, 0.5] }], 0],
    ["parts alike", [{ weight: 3, shares: [0.5, 0.5] }, { weight: 1, shares: [0.5, 0.5] }], 0],
    ["parts alike on other scales", [
      { weight: 3, shares: [1, 3] },
      { weight: 1, shares: [10, 30] },
    ], 0],
    ["parts apart", [{ weight: 1, shares: [1, 0] }, { weight: 1, shares: [0, 1] }], 1],
    ["parts apart of unlike weight", [
      { weight: 9, shares: [1, 0] },
      { weight: 1, shares: [0, 1] },
    ], 0.4689955935892812],
    [
      "four parts apart",
      [0, 1, 2, 3].map((band) => ({
        weight: 5,
        shares: [0, 1, 2, 3].map((other) => other === band ? 1 : 0),
      })),
      2,
    ],
    // Mixture [0.75, 0.25]: 0.8113 bits; parts: 1 and 0 bits, so 0.5 on average.
    ["parts that overlap", [
      { weight: 1, shares: [0.5, 0.5] },
      { weight: 1, shares: [1] },
    ], 0.31127812445913283],
    ["no weight", [{ weight: 0, shares: [1, 0] }, { weight: 0, shares: [0, 1] }], 0],
    ["a weight that is none", [
      { weight: 1, shares: [1, 0] },
      { weight: NaN, shares: [0, 1] },
      { weight: -1, shares: [0, 1] },
      { weight: Infinity, shares: [0, 1] },
    ], 0],
    ["a part that holds nothing", [
      { weight: 1, shares: [1, 0] },
      { weight: 1, shares: [0, 1] },
      { weight: 2, shares: [0, 0] },
    ], 1],
  ];
  for (const [what, parts, bits] of cases) {
    it(`informationGain() of ${what} is ${bits}`, () => {
      assertAlmostEquals(informationGain(parts), bits, 1e-12);
    });
  }

  it("informationGain() is between 0 and the entropy of which part it is", () => {
    const weight = fc.nat(9);
    const parts = fc.array(fc.record({ weight, shares: anyShares }), { maxLength: 8 });
    fc.assert(fc.property(parts, (parts) => {
      const gain = informationGain(parts);
      const holding = parts.filter(({ shares }) => shares.some((s) => s > 0 && s < Infinity));
      const most = entropy(holding.map(({ weight }) => weight));
      assert(gain >= 0 && gain <= most + 1e-9, `${gain} of ${most}`);
    }));
  });
});
