import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { fixedScheduler } from "../src/fixed_scheduler.ts";
import { generationSample, sampleOf } from "./fixture/sample.ts";
import { assertGrammar } from "./fixture/thing.ts";

const GENERATIONS = [7, 5, 3].map((maxSize) => generationSample({ maxSize }));

describe("fixedScheduler()", () => {
  const good: readonly (readonly [undefined | number | readonly number[], readonly number[]])[] = [
    [undefined, [7, 5, 3]],
    [2, [2, 2, 2]],
    [0, [0, 0, 0]],
    [[4, 0, 9], [4, 0, 9]],
    [[4], [4, 5, 3]],
    [[], [7, 5, 3]],
  ];
  for (const [given, targets] of good) {
    it(`fixedScheduler(${JSON.stringify(given) ?? ""}) decides on [${targets}], always`, () => {
      const scheduler = fixedScheduler(given);
      assertEquals(scheduler.name, "fixed");
      for (const peak of [0, 1000]) {
        const sample = sampleOf({ generations: GENERATIONS, peak });
        assertEquals(scheduler.decide(sample), { targets });
      }
    });
  }

  const bad: readonly (readonly [unknown, ErrorConstructor, string])[] = [
    [-1, RangeError, "targets must be an integer of at least 0: received -1"],
    [1.5, RangeError, "targets must be an integer of at least 0: received 1.5"],
    [NaN, RangeError, "targets must be an integer of at least 0: received NaN"],
    [Infinity, RangeError, "targets must be an integer of at least 0: received Infinity"],
    [[1, -1], RangeError, "targets[1] must be an integer of at least 0: received -1"],
    [["1"], RangeError, 'targets[0] must be an integer of at least 0: received "1"'],
    [[null], RangeError, "targets[0] must be an integer of at least 0: received null"],
    ["2", TypeError, 'targets must be a number or an array: received "2"'],
    [null, TypeError, "targets must be a number or an array: received null"],
    [{ T0: 1 }, TypeError, "targets must be a number or an array: received an object"],
  ];
  for (const [given, type, message] of bad) {
    it(`fixedScheduler() says: ${message}`, () => {
      const error = assertThrows(() => fixedScheduler(given as number), type);
      assertEquals(error.message, `Cannot make fixedScheduler: ${message}`);
      assertGrammar(error);
    });
  }
});
