import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  isPressure,
  needPressure,
  type Pressure,
  PressureGauge,
  pressureOf,
  shareOf,
} from "../src/pressure.ts";
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

describe("shareOf()", () => {
  const cases: readonly (readonly [number | undefined, number | undefined, number | undefined])[] =
    [
      [70, 100, 0.7],
      [0, 100, 0],
      [200, 100, 2],
      [undefined, 100, undefined],
      [100, undefined, undefined],
      [NaN, 100, undefined],
      [100, NaN, undefined],
      [Infinity, 100, undefined],
      [100, Infinity, undefined],
      [100, 0, undefined],
      [100, -1, undefined],
    ];
  for (const [used, limit, share] of cases) {
    it(`shareOf() tells ${share} for ${used} of ${limit}`, () => {
      assertEquals(shareOf(used, limit), share);
    });
  }
});

describe("PressureGauge", () => {
  const LEVELS: readonly Pressure[] = ["none", "moderate", "high", "critical"];
  const anyShare = fc.double({ min: 0, max: 1.2, noNaN: true });

  const walks:
    readonly (readonly [string, readonly (readonly [number | undefined, Pressure])[]])[] = [
      ["enters each level at its share", [
        [0, "none"],
        [0.6999, "none"],
        [0.7, "moderate"],
        [0.8499, "moderate"],
        [0.85, "high"],
        [0.9499, "high"],
        [0.95, "critical"],
        [3, "critical"],
      ]],
      ["leaves each level 0.05 below its share", [
        [1, "critical"],
        [0.9001, "critical"],
        [0.9, "high"],
        [0.8001, "high"],
        [0.8, "moderate"],
        [0.6501, "moderate"],
        [0.65, "none"],
      ]],
      ["enters the highest level at once", [[0.1, "none"], [0.96, "critical"]]],
      ["leaves all levels at once", [[0.96, "critical"], [0.1, "none"]]],
      ["leaves only the levels that the share has left", [[0.96, "critical"], [0.82, "high"]]],
      ["holds no level that it did not enter", [
        [0.69, "none"],
        [0.84, "moderate"],
        [0.94, "high"],
        [0.88, "high"],
      ]],
      ["enters a level again", [[0.7, "moderate"], [0.6, "none"], [0.7, "moderate"]]],
      ["forgets at an unknown share", [[0.7, "moderate"], [undefined, "none"], [0.68, "none"]]],
      ["forgets at NaN", [[0.96, "critical"], [NaN, "none"], [0.94, "high"]]],
      ["forgets at Infinity", [[0.96, "critical"], [Infinity, "none"], [0.84, "moderate"]]],
    ];
  for (const [what, steps] of walks) {
    it(`PressureGauge.read() ${what}`, () => {
      const gauge = new PressureGauge();
      for (const [share, pressure] of steps) assertEquals(gauge.read(share), pressure, `${share}`);
    });
  }

  it("PressureGauge.read() never falls while the share rises", () => {
    fc.assert(fc.property(fc.array(anyShare), fc.array(anyShare), (before, shares) => {
      const gauge = new PressureGauge();
      before.forEach((share) => gauge.read(share));
      const rising = shares.toSorted((a, b) => a - b).map((share) => gauge.read(share));
      const levels = rising.map((pressure) => LEVELS.indexOf(pressure));
      assertEquals(levels, levels.toSorted((a, b) => a - b));
    }));
  });

  it("PressureGauge.read() changes at most once while the share moves by less than 0.05", () => {
    const moves = fc.array(fc.double({ min: 0, max: 0.0499, noNaN: true }));
    fc.assert(fc.property(fc.array(anyShare), anyShare, moves, (before, least, moves) => {
      const gauge = new PressureGauge();
      before.forEach((share) => gauge.read(share));
      const told = moves.map((move) => gauge.read(least + move));
      const changes = told.filter((pressure, i) => i > 0 && pressure !== told[i - 1]);
      assert(changes.length <= 1, told.join());
    }));
  });

  it("PressureGauge.read() tells at least what pressureOf() tells, at most one level more", () => {
    fc.assert(fc.property(fc.array(anyShare), (shares) => {
      const gauge = new PressureGauge();
      for (const share of shares) {
        const more = LEVELS.indexOf(gauge.read(share)) - LEVELS.indexOf(pressureOf(share, 1));
        assert(more === 0 || more === 1, `${more}`);
      }
    }));
  });
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
