import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { faultOf, needScheduler } from "../src/scheduler.ts";
import { assertGrammar } from "./fixture/thing.ts";

describe("needScheduler()", () => {
  const decide = () => ({});
  it("needScheduler() takes anything with a name and decide()", () => {
    needScheduler("Cannot test", { name: "", decide });
    needScheduler(
      "Cannot test",
      new (class {
        name = "of a class";
        decide = decide;
      })(),
    );
  });

  const bad: readonly (readonly [unknown, string])[] = [
    [undefined, "undefined"],
    [null, "null"],
    ["adaptive", '"adaptive"'],
    [7, "7"],
    [Object.assign(() => {}, { decide }), "a function"],
    [{}, "an object"],
    [{ name: "x" }, "an object"],
    [{ decide }, "an object"],
    [{ name: 1, decide }, "an object"],
    [{ name: "x", decide: {} }, "an object"],
  ];
  for (const [value, shown] of bad) {
    it(`needScheduler() refuses ${shown}: ${Object.keys(value ?? {})}`, () => {
      const error = assertThrows(() => needScheduler("Cannot test", value), TypeError);
      assertEquals(
        error.message,
        `Cannot test: scheduler must be an object with a name and decide(): received ${shown}`,
      );
      assertGrammar(error);
    });
  }
});

describe("faultOf()", () => {
  const good: readonly unknown[] = [
    {},
    { targets: [0, 0, 0] },
    { targets: [1.5, Infinity, 2] },
    { floor: 3, pressure: "high", bypass: true },
    { targets: undefined, floor: undefined, pressure: undefined },
    { unknown: 1 },
  ];
  for (const adjustment of good) {
    it(`faultOf() finds nothing wrong with ${JSON.stringify(adjustment)}`, () => {
      assertEquals(faultOf(adjustment, 3), undefined);
    });
  }

  const bad: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^the adjustment must be an object: received undefined$/],
    [null, /^the adjustment must be an object: received null$/],
    [() => {}, /^the adjustment must be an object: received a function$/],
    [Promise.resolve(), /^the adjustment must be an object: received a promise$/],
    [{ targets: null }, /^targets must be an array of 3: received null$/],
    [{ targets: [] }, /^targets must be an array of 3: received an array of 0$/],
    [{ targets: [1, 2, 3, 4] }, /^targets must be an array of 3: received an array of 4$/],
    [{ targets: "123" }, /^targets must be an array of 3: received "123"$/],
    [{ targets: [1, NaN, 2] }, /^a target must be a number of at least 0: received NaN$/],
    [{ targets: [1, -1, 2] }, /^a target must be a number of at least 0: received -1$/],
    [{ targets: [1, , 2] }, /^a target must be a number of at least 0: received undefined$/],
    [{ targets: [1, "2", 2] }, /^a target must be a number of at least 0: received "2"$/],
    [{ targets: [1, 2n, 2] }, /^a target must be a number of at least 0: received 2n$/],
    [{ targets: [1, null, 2] }, /^a target must be a number of at least 0: received null$/],
    [{ floor: NaN }, /^floor must be a number of at least 0: received NaN$/],
    [{ floor: -1 }, /^floor must be a number of at least 0: received -1$/],
    [{ floor: null }, /^floor must be a number of at least 0: received null$/],
    [{ pressure: "extreme" }, /^pressure must be .*: received "extreme"$/],
    [{ pressure: null }, /^pressure must be .*: received null$/],
  ];
  for (const [adjustment, fault] of bad) {
    it(`faultOf() says ${fault.source}`, () => {
      const found = faultOf(adjustment, 3)!;
      assertMatch(found, fault);
      assertGrammar(new Error(`Cannot adjust Pool: ${found}`));
    });
  }
});
