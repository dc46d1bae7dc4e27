import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  ancestorGenerations,
  cascade,
  checkGenerations,
  type GenerationOptions,
  sizedGenerations,
} from "../src/generation.ts";
import { assertGrammar } from "./fixture/thing.ts";

const T0: GenerationOptions = { name: "T0", maxSize: 4, ttlMs: 10 };
const T1: GenerationOptions = { name: "T1", maxSize: 2, ttlMs: 0 };

describe("checkGenerations()", () => {
  const good: readonly (readonly GenerationOptions[])[] = [
    [T1],
    [T0],
    [T0, T1],
    [T0, { ...T1, ttlMs: 10.5 }],
    [T0, { ...T1, maxSize: 0 }],
    ancestorGenerations,
    Array.from({ length: 8 }, (_, i) => ({ ...T0, name: `G${i}`, ttlMs: i + 1 })),
  ];
  for (const given of good) {
    it(`checkGenerations() takes ${JSON.stringify(given.map(({ ttlMs }) => ttlMs))}`, () => {
      const checked = checkGenerations("Cannot test", given);
      assertEquals(checked, [...given]);
      assert(checked !== given && checked.every((generation, i) => generation !== given[i]));
    });
  }

  const bad: readonly (readonly [unknown, ErrorConstructor, string])[] = [
    [undefined, RangeError, "generations must be 1 to 8: received undefined"],
    ["T0", RangeError, 'generations must be 1 to 8: received "T0"'],
    [[], RangeError, "generations must be 1 to 8: received 0"],
    [Array(9).fill(T0), RangeError, "generations must be 1 to 8: received 9"],
    [[7], TypeError, "generations[0] must be an object: received 7"],
    [[T0, , T1], TypeError, "generations[1] must be an object: received undefined"],
    [
      [{ ...T0, name: "" }],
      TypeError,
      'generations[0].name must be a string of 1 to 64 characters: received ""',
    ],
    [
      [T0, { ...T1, maxSize: -1 }],
      RangeError,
      "generations[1].maxSize must be an integer of at least 0: received -1",
    ],
    [
      [{ ...T0, ttlMs: NaN }],
      RangeError,
      "generations[0].ttlMs must be a finite number of at least 0: received NaN",
    ],
    [
      [T1, T0],
      RangeError,
      "generations[0].ttlMs must be above 0, the one before it: received 0",
    ],
    [
      [T0, T0],
      RangeError,
      "generations[1].ttlMs must be above 10, the one before it: received 10",
    ],
    [
      [T0, { ...T1, name: "T0" }],
      RangeError,
      'generations[1].name must differ from those before it: received "T0"',
    ],
  ];
  for (const [given, type, message] of bad) {
    it(`checkGenerations() says: ${message}`, () => {
      const error = assertThrows(() => checkGenerations("Cannot test", given), type);
      assertEquals(error.message, `Cannot test: ${message}`);
      assertGrammar(error);
    });
  }
});

describe("presets", () => {
  it("ancestorGenerations are those of the ancestor, and frozen", () => {
    assertEquals(ancestorGenerations.map(({ name, maxSize, ttlMs }) => [name, maxSize, ttlMs]), [
      ["T0", 1024, 10],
      ["T1", 512, 2000],
      ["T2", 64, 0],
    ]);
    assert(Object.isFrozen(ancestorGenerations) && ancestorGenerations.every(Object.isFrozen));
  });

  it("sizedGenerations() gives each the same ceiling", () => {
    assertEquals(sizedGenerations(7).map(({ maxSize, ttlMs }) => [maxSize, ttlMs]), [
      [7, 10],
      [7, 2000],
      [7, 0],
    ]);
  });
});

describe("cascade()", () => {
  const cases = [
    { counts: [], caps: [], held: [], over: 0 },
    { counts: [3], caps: [5], held: [3], over: 0 },
    { counts: [5], caps: [3], held: [3], over: 2 },
    { counts: [5, 0, 0], caps: [1, 2, 3], held: [1, 2, 2], over: 0 },
    { counts: [9, 1, 1], caps: [1, 2, 3], held: [1, 2, 3], over: 5 },
    { counts: [0, 0, 9], caps: [4, 4, 4], held: [0, 0, 4], over: 5 },
    { counts: [4, 1, 0], caps: [2, 0, 9], held: [2, 0, 3], over: 0 },
    { counts: [4, 1], caps: [Infinity, 0], held: [4, 0], over: 1 },
  ];
  for (const { counts, caps, held, over } of cases) {
    it(`cascade() holds ${JSON.stringify(held)} of [${counts}] under [${caps}]`, () => {
      assertEquals(cascade(counts, caps), { held, over });
    });
  }

  it("cascade() loses nothing, passes no cap, and makes nothing younger", () => {
    const band = fc.record({ count: fc.nat(20), cap: fc.nat(20) });
    fc.assert(fc.property(fc.array(band, { minLength: 1, maxLength: 8 }), (bands) => {
      const counts = bands.map(({ count }) => count);
      const { held, over } = cascade(counts, bands.map(({ cap }) => cap));
      const sum = (figures: readonly number[]) => figures.reduce((total, n) => total + n, 0);
      assertEquals(sum(held) + over, sum(counts));
      assert(held.every((count, i) => count <= bands[i]!.cap));
      assert(counts.every((_, i) => sum(held.slice(0, i + 1)) <= sum(counts.slice(0, i + 1))));
    }));
  });
});
