import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { toFaultDocument, type Turn } from "../../bench/runner/fault.ts";
import type { Finding } from "../../bench/runner/finding.ts";
import { Interruption } from "../../bench/runner/interrupt.ts";
import { takeTurns } from "../../bench/runner/series.ts";
import { FINDINGS } from "../fixture/findings.ts";

const [FINDING] = FINDINGS as [Finding];

const TURNS: readonly Turn[] = [
  { name: "pair", runtime: "deno" },
  { name: "pair", runtime: "bun" },
  { name: "tick", runtime: "deno" },
];

/** Fails on Bun. */
function find(error: Error): (turn: Turn) => Promise<Finding> {
  return ({ runtime }) => runtime === "bun" ? Promise.reject(error) : Promise.resolve(FINDING);
}

describe("takeTurns()", () => {
  it("takeTurns() takes the others where one fails, and lists that one", async () => {
    const complaints: unknown[] = [];
    const error = new Error("Cannot measure none: it fell\nat a line");
    const { findings, faults } = await takeTurns(
      TURNS,
      find(error),
      (error) => void complaints.push(error),
    );
    assertEquals(findings, [FINDING, FINDING]);
    assertEquals(complaints, [error]);
    assertEquals(faults.map(toFaultDocument), [
      { bench: "pair", runtime: "bun", fault: "Cannot measure none: it fell" },
    ]);
  });

  it("takeTurns() ends where the user wants an end", async () => {
    await assertRejects(
      () => takeTurns(TURNS, find(new Interruption("an end")), () => {}),
      Interruption,
    );
  });
});
