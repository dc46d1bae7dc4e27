import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { isPressure, needPressure, type Pressure, pressureOf } from "../src/pressure.ts";
import { assertGrammar } from "./fixture/thing.ts";

describe("pressureOf()", () => {
  const cases: readonly (readonly [number | undefined, number | undefined, Pressure])[] = [
    [0, 100, "none"],
    [69.9, 100, "none"],
    [70, 100, "moderate"],
    [84.9, 100, "moderate"],
    [85, 100, "high"],
    [94.9, 100, "high"],
    [95, 100, "critical"],
    [100, 100, "critical"],
    [1e9, 100, "critical"],
    [undefined, 100, "none"],
    [100, undefined, "none"],
    [undefined, undefined, "none"],
    [NaN, 100, "none"],
    [100, NaN, "none"],
    [100, 0, "none"],
    [100, -1, "none"],
    [-1, 100, "none"],
    [100, Infinity, "none"],
  ];
  for (const [used, limit, pressure] of cases) {
    it(`pressureOf() names ${used} of ${limit} ${pressure}`, () => {
      assertEquals(pressureOf(used, limit), pressure);
    });
  }
});

describe("needPressure()", () => {
  for (const pressure of ["none", "moderate", "high", "critical"]) {
    it(`needPressure() takes ${pressure}`, () => {
      needPressure("Cannot test", pressure);
      assertEquals(isPressure(pressure), true);
    });
  }

  for (const [value, shown] of [["extreme", '"extreme"'], [undefined, "undefined"], [2, "2"]]) {
    it(`needPressure() refuses ${shown}`, () => {
      const error = assertThrows(() => needPressure("Cannot test", value), TypeError);
      assertEquals(
        error.message,
        `Cannot test: pressure must be one of none, moderate, high, critical: received ${shown}`,
      );
      assertGrammar(error);
      assertEquals(isPressure(value), false);
    });
  }
});
