import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Cost } from "../src/cost.ts";

/** What is told after some readings, in microseconds. */
function usAfter(...readings: readonly number[]): number | undefined {
  const cost = new Cost();
  for (const reading of readings) cost.add(reading);
  return cost.us;
}

/** The same reading many times. */
function times(count: number, us: number): number[] {
  return Array<number>(count).fill(us);
}

describe("Cost.us", () => {
  it("Cost.us is believed from the 8th reading on", () => {
    assertEquals(usAfter(), undefined);
    assertEquals(usAfter(...times(7, 3)), undefined);
    assertEquals(usAfter(...times(8, 3)), 3);
  });

  it("Cost.us is the median of the first 8 readings", () => {
    assertAlmostEquals(usAfter(1, 2, 3, 4, 5, 6, 7, 8)!, 4.5, 1e-12);
    assertAlmostEquals(usAfter(0, 1, 1, 1, 2, 2, 2, 8)!, 1.5, 1e-12);
  });

  it("Cost.us moves by an eighth of the difference after them", () => {
    assertAlmostEquals(usAfter(...times(8, 1), 5)!, 1.5, 1e-12);
    assertAlmostEquals(usAfter(...times(8, 8), 0)!, 7, 1e-12);
  });

  it("Cost.us falls faster where it is told to", () => {
    const cost = new Cost(1 / 2);
    for (const reading of [...times(8, 8), 0]) cost.add(reading);
    assertAlmostEquals(cost.us!, 4, 1e-12);
    cost.add(12);
    assertAlmostEquals(cost.us!, 5, 1e-12);
  });

  it("Cost.us follows a cost that changes for good", () => {
    assertAlmostEquals(usAfter(...times(100, 1), ...times(100, 20))!, 20, 1e-3);
    assertAlmostEquals(usAfter(...times(100, 20), ...times(100, 1))!, 1, 1e-3);
  });

  it("Cost.us is not carried away by one reading, however long", () => {
    for (const outlier of [1e3, 1e9, Number.MAX_VALUE]) {
      // At most 8 times the mean, of which an eighth counts.
      assertAlmostEquals(usAfter(...times(9, 1), outlier)!, 1 + 7 / 8, 1e-12);
      const after = usAfter(...times(9, 1), outlier, ...times(20, 1))!;
      assert(after < 1.1, `${after}`);
    }
  });

  it("Cost.us is not carried away by one of the first readings either", () => {
    for (const outlier of [1e-3, 9, 1e3, 1e9]) {
      for (let at = 0; at < 8; at++) assertEquals(usAfter(...times(8, 1).with(at, outlier)), 1);
    }
  });

  it("Cost.us is unknown where the clock shows nothing", () => {
    assertEquals(usAfter(...times(100, 0)), undefined);
    assertEquals(usAfter(...times(100, -0.1)), undefined);
    // And where it shows too little.
    assertEquals(usAfter(0, 0, 0, 0, 0, 0, 0, 8), undefined);
  });

  it("Cost.us is not told by readings that are no figures", () => {
    for (const odd of [NaN, Infinity, -Infinity]) {
      assertEquals(usAfter(...times(100, odd)), undefined);
      assertEquals(usAfter(...times(7, 3), odd, odd), undefined);
      assertEquals(usAfter(...times(8, 3), odd), 3);
    }
  });

  it("Cost.us is a number above 0 or unknown, and no more than the largest reading", () => {
    const reading = fc.oneof(
      fc.double(),
      fc.double({ min: 0, max: 100 }),
      fc.constantFrom(0, -1, NaN, Infinity),
    );
    const falls = fc.constantFrom(1 / 8, 1 / 2, 1);
    fc.assert(fc.property(fc.array(reading, { maxLength: 60 }), falls, (readings, fall) => {
      const cost = new Cost(fall);
      let most = 0;
      for (const us of readings) {
        cost.add(us);
        if (Number.isFinite(us)) most = Math.max(most, us);
        const told = cost.us;
        assert(told === undefined || (told > 0 && told <= most * (1 + 1e-9)), `${told}`);
      }
    }));
  });

  it("Cost.us is nearly the mean, or unknown, where the clock is coarse", () => {
    // What takes 20 µs, by a clock that moves every millisecond: one reading in 50 is not 0.
    const cost = new Cost();
    let timeUs = 0;
    const clockUs = () => Math.floor(timeUs / 1000) * 1000;
    for (let i = 0; i < 2000; i++) {
      timeUs += 37.3;
      const begun = clockUs();
      timeUs += 20;
      cost.add(clockUs() - begun);
    }
    assert(cost.us === undefined || (cost.us > 1 && cost.us < 400), `${cost.us}`);
  });
});
