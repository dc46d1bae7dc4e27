/** Fused reports of real workers. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { npmCommand } from "../../bench/runner/root.ts";
import type { PoolStats } from "../../mod.ts";
import { LEASES } from "../fixture/fused_pool.ts";
import { runToEnd } from "../fixture/server.ts";

const skip = !("Deno" in globalThis) && "the programs are started once";

/** Runs the program; returns what it told. */
async function run(program: string, ...args: string[]) {
  const { code, output } = await runToEnd({
    program,
    args: [...args, "test/fixture/fused_main.ts"],
  });
  assertEquals(code, 0, output);
  return JSON.parse(output.match(/^\{.*\}$/m)![0]);
}

/** What must not fall, whoever dies. */
function countersOf([stats]: PoolStats[]) {
  const { acquires, created, misses, tags } = stats!;
  return {
    acquires,
    created,
    misses,
    tags: tags.map(({ acquires, name }) => ({ acquires, name })),
  };
}

function check(told: Record<"living" | "killed" | "stopped", PoolStats[]>, runtime: string): void {
  const { killed, living, stopped } = told;
  assertEquals(living.length, 1);
  const [stats] = living as [PoolStats];
  assertEquals(stats.runtime, runtime);
  assertEquals(stats.acquires, 3 * (LEASES + 1));
  const byTag = Object.fromEntries(stats.tags.map(({ acquires, name }) => [name, acquires]));
  assertEquals(byTag, { a: LEASES, b: 2 * LEASES, kept: 3 });
  assertEquals([living, killed, stopped].map(([stats]) => stats!.leased), [3, 2, 1]);
  const gone = Object.values(stats.discarded).reduce((a, b) => a + b);
  assertEquals(stats.created, stats.live + gone);
  assert(stats.tags.some(({ holds }) => holds.counts.some((count) => count > 0)));
  assertEquals(countersOf(killed), countersOf(living));
  assertEquals(countersOf(stopped), countersOf(living));
}

describe("FusedReport of workers", () => {
  it("Workers of Deno are told as one", { skip }, async () => {
    const told = await run(Deno.execPath(), "run", "-A", "--no-check");
    check(told, "deno");
    assertEquals([told.counts.refused, told.counts.missed, told.counts.repeated], [0, 0, 0]);
  });

  it("Workers of Bun are told as one", { skip }, async () => {
    const told = await run(npmCommand("bun"), "run");
    check(told, "bun");
    assertEquals([told.counts.refused, told.counts.missed, told.counts.repeated], [0, 0, 0]);
  });
});
