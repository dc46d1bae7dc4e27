import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { needFunction, needNumber, needOptions, PoolError, show } from "../src/error.ts";
import { assertGrammar } from "./fixture/thing.ts";

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const CANNOT = "something that cannot be shown";

describe("show()", () => {
  const shown: readonly (readonly [unknown, string])[] = [
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [-0.5, "-0.5"],
    [NaN, "NaN"],
    [12n, "12n"],
    ["", '""'],
    ["a\nb", '"a\\nb"'],
    ["x".repeat(64), `"${"x".repeat(64)}"`],
    ["x".repeat(65), "a string of 65 characters"],
    ["x".repeat(1e6), "a string of 1000000 characters"],
    [Symbol("s"), "Symbol(s)"],
    [() => 1, "a function"],
    [class {}, "a function"],
    [[], "an array of 0"],
    [[1, 2], "an array of 2"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [new Proxy({}, {}), "an object"],
    [new RangeError("too far"), "RangeError: too far"],
    [new Error("one\ntwo"), "Error: one two"],
    [new Error("one\r\n\u2028two"), "Error: one two"],
    [revokedProxy(), CANNOT],
    [Object.assign(new Error("x"), { name: Symbol("s") }), CANNOT],
    [
      Object.defineProperty(new Error("x"), "message", {
        get() {
          throw new Error("getter");
        },
      }),
      CANNOT,
    ],
  ];
  for (const [value, text] of shown) {
    it(`show() writes ${text.slice(0, 40)}`, () => assertEquals(show(value), text));
  }

  const long: Record<string, unknown> = {
    error: new Error("x".repeat(1e5)),
    "error of many lines": new Error("x\n".repeat(1e5)),
    bigint: 10n ** 5000n,
    symbol: Symbol("x\n".repeat(1e5)),
    "string of control characters": "\u0000".repeat(64),
  };
  for (const [name, value] of Object.entries(long)) {
    it(`show() is never longer than a line: ${name}`, () => {
      assert(show(value).length <= 200);
      assert(!/[\n\r\u2028\u2029]/.test(show(value)));
    });
  }

  it("show() is never longer than a line, and never throws", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(fc.property(anything, (value) => {
      assert(show(value).length <= 200 && !/[\n\r\u2028\u2029]/.test(show(value)));
    }));
  });
});

describe("needNumber()", () => {
  const cases: readonly (readonly [unknown, number, boolean, boolean])[] = [
    [0, 0, true, true],
    [-0, 0, true, true],
    [3, 3, true, true],
    [Number.MAX_SAFE_INTEGER, 0, true, true],
    [2.5, 0, false, true],
    [Number.MIN_VALUE, Number.MIN_VALUE, false, true],
    [2, 3, true, false],
    [2.5, 0, true, false],
    [-1, 0, false, false],
    [2 ** 53, 0, true, false],
    [NaN, 0, false, false],
    [Infinity, 0, false, false],
    ["1", 0, false, false],
    [1n, 0, true, false],
    [undefined, 0, true, false],
    [null, 0, true, false],
    [[1], 0, true, false],
    [{ valueOf: () => 1 }, 0, true, false],
  ];
  for (const [value, least, whole, isGood] of cases) {
    const rule = `${whole ? "an integer" : "a finite number"} of at least ${least}`;
    it(`needNumber() ${isGood ? "takes" : "refuses"} ${show(value)} for ${rule}`, () => {
      const run = () => needNumber("Cannot test", "n", value, least, whole);
      if (isGood) return run();
      const error = assertThrows(run, RangeError);
      assertEquals(error.message, `Cannot test: n must be ${rule}: received ${show(value)}`);
      assertGrammar(error);
    });
  }
});

describe("needFunction() and needOptions()", () => {
  it("needFunction() takes functions only", () => {
    needFunction("Cannot test", "f", () => {});
    needFunction("Cannot test", "f", class {});
    for (const value of [undefined, null, {}, "f"]) {
      assertGrammar(assertThrows(() => needFunction("Cannot test", "f", value), TypeError));
    }
  });

  it("needOptions() takes objects only", () => {
    needOptions("Cannot test", "options", {});
    for (const value of [undefined, null, 7, "options", () => {}]) {
      assertGrammar(assertThrows(() => needOptions("Cannot test", "options", value), TypeError));
    }
  });
});

describe("PoolError", () => {
  it("PoolError says what it is about", () => {
    const cause = new Error("inner");
    const error = new PoolError("reset", "Cannot test: it must work: received nothing", cause);
    assertEquals([error.name, error.code, error.cause], ["PoolError", "reset", cause]);
    assert(error instanceof Error && error instanceof PoolError);
    assertEquals(String(error), "PoolError: Cannot test: it must work: received nothing");
  });

  it("PoolError has no cause where none was thrown", () => {
    assertEquals("cause" in new PoolError("double", "x"), false);
  });
});
