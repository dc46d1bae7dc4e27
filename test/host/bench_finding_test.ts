import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Bench, RoundBench } from "../../bench/runner/bench.ts";
import { DifferentWork } from "../../bench/runner/checksum.ts";
import {
  describe as describeFinding,
  type Finding,
  findOut,
  type Measure,
} from "../../bench/runner/finding.ts";
import { Interruption } from "../../bench/runner/interrupt.ts";

// The benches' runner is a program for Deno.
const skip = !("Deno" in globalThis);

const QUESTION = {
  question: "What is measured?",
  rival: "nothing",
  packages: [],
  runtimes: ["deno"],
  variants: ["a", "b"],
  rounds: 3,
  report: (samples: ReadonlyMap<string, readonly unknown[]>) => Object.fromEntries(samples),
  sheets: () => [],
} as const;

const ALONE: Bench = { ...QUESTION, measure: () => Promise.resolve(1) };

const IN_TURNS: RoundBench = {
  ...QUESTION,
  measureRound: (order) =>
    Promise.resolve({ samples: new Map(order.map((variant) => [variant, 1])), versions: {} }),
};

/** Finds out about a bench. */
function find(bench: Bench | RoundBench, measure?: Measure): Promise<Finding> {
  return findOut(
    { name: "trial", bench, runtime: "deno", quick: false, trace: undefined },
    measure,
  );
}

/** Fails the first times that a variant is measured. */
function failing(variant: string, errors: readonly Error[]): { measure: Measure; calls: string[] } {
  const left = [...errors];
  const calls: string[] = [];
  return {
    calls,
    measure(task) {
      calls.push(task.variant);
      const error = task.variant === variant ? left.shift() : undefined;
      return error === undefined
        ? Promise.resolve({ versions: {}, sample: task.variant })
        : Promise.reject(error);
    },
  };
}

describe("findOut()", () => {
  it("findOut() measures once more what failed, and says so", { skip }, async () => {
    const { measure, calls } = failing("b", [new Error("Cannot measure b: it fell\nat a line")]);
    const finding = await find(ALONE, measure);
    assertEquals(calls, ["a", "b", "b", "b", "a", "a", "b"]);
    assertEquals(finding.document, { a: ["a", "a", "a"], b: ["b", "b", "b"] });
    assertEquals(finding.circumstances.repeats, ["Cannot measure b: it fell"]);
    assertStringIncludes(
      describeFinding(finding),
      "\nrepeat    measured once more after: Cannot measure b: it fell\n",
    );
  });

  it("findOut() measures a whole round once more where one failed", { skip }, async () => {
    const errors = [undefined, new Error("a server fell"), undefined, undefined];
    const rounds: number[] = [];
    const bench: RoundBench = {
      ...IN_TURNS,
      measureRound(order, round, effort, tell) {
        rounds.push(round);
        const error = errors.shift();
        return error === undefined
          ? IN_TURNS.measureRound(order, round, effort, tell)
          : Promise.reject(error);
      },
    };
    const finding = await find(bench);
    assertEquals(rounds, [0, 1, 1, 2]);
    assertEquals(finding.document, { a: [1, 1, 1], b: [1, 1, 1] });
    assertEquals(finding.circumstances.repeats, ["a server fell"]);
    await assertRejects(
      () => find({ ...bench, measureRound: () => Promise.reject(new Error("it falls each time")) }),
      Error,
      "it falls each time",
    );
  });

  it("findOut() says nothing of repeats where there were none", { skip }, async () => {
    const finding = await find(ALONE, failing("b", []).measure);
    assertEquals(finding.circumstances.repeats, undefined);
    assert(!describeFinding(finding).includes("repeat"));
  });

  it("findOut() gives up what failed twice", { skip }, async () => {
    const { measure, calls } = failing("a", [new Error("first"), new Error("second")]);
    await assertRejects(() => find(ALONE, measure), Error, "second");
    assertEquals(calls, ["a", "a"]);
  });

  for (const error of [new Interruption("an end"), new DifferentWork("a difference")]) {
    it(`findOut() does not repeat after ${error.message}`, { skip }, async () => {
      const { measure, calls } = failing("a", [error]);
      await assertRejects(() => find(ALONE, measure), error.constructor as typeof Error);
      assertEquals(calls, ["a"]);
    });
  }

  it("findOut() tells in which order each kind of bench measured", { skip }, async () => {
    const alone = describeFinding(await find(ALONE, failing("a", []).measure));
    assertStringIncludes(alone, "order     a, b, reversed every round\n");
    assertStringIncludes(alone, "3 rounds, a fresh process per variant and round; median");
    const inTurns = describeFinding(await find(IN_TURNS));
    assertStringIncludes(
      inTurns,
      "order     started as a, b, reversed every round; then in turns, whose order is drawn anew",
    );
    assertStringIncludes(inTurns, "per variant and round, all side by side; median");
  });
});
