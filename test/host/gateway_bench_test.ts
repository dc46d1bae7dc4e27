import { it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gateway } from "../../bench/gateway.ts";
import type { Sample } from "../../bench/gateway/report.ts";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { ROOT } from "../../bench/runner/root.ts";
import { measureApart } from "../../bench/runner/runtime.ts";
import { outputOf } from "../fixture/command.ts";

// The processes are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

for (const runtime of RUNTIMES) {
  it(`measureApart() sees from outside how a process on ${runtime} fares`, { skip }, async () => {
    const { sample } = await measureApart({
      name: "gateway",
      bench: gateway,
      variant: "sync-pool",
      runtime,
      quick: true,
      trace: undefined,
    });
    const { figures, series, liveMB } = sample as Sample;
    // The ancestor's 61 %: what is released in the first 80 ms of a burst serves the rest of it.
    assertAlmostEquals(figures.hit, 0.59, 0.02);
    assertEquals(figures.unparsed, 0);
    assertEquals(series.stoppedMs.length, 120);
    assert(figures.minorPerS + figures.majorPerS > 0 && figures.stwMsPerS > 0);
    assert(figures.maxPauseMs <= Math.max(...series.stoppedMs));
    assert(figures.allocMBps > 1 && figures.allocMBps < 100, `${figures.allocMBps} MB/s`);
    assert(figures.cpuUsPerReq! > 0.5 && figures.rssMB! > liveMB);
    assert(liveMB > 50 && liveMB < 250, `${liveMB} MB alive`);
  });
}

/** What a document has of each variant at least. */
const FIGURES = [
  "hit",
  "stwMsPerS",
  "stwP99Per100ms",
  "maxPauseMs",
  "allocMBps",
  "cpuUsPerReq",
  "p999Ms",
  "rssMB",
  "meanIdle",
  "checksum",
];

it("deno task bench gateway prints one document", { skip }, async () => {
  const args = ["task", "bench", "gateway", "--runtime=deno", "--quick", "--json"];
  const output = await outputOf(Deno.execPath(), args, { cwd: ROOT });
  const { runtime, variants, vsSyncPool } = JSON.parse(output);
  assertEquals(runtime, "deno");
  assertEquals(Object.keys(variants), [
    "alloc",
    "sync-pool",
    "sync-pool-gc",
    "free-list",
    "siliconflow",
    "siliconflow-untagged",
  ]);
  for (const [name, figures] of Object.entries<Record<string, unknown>>(variants)) {
    for (const key of FIGURES) assertEquals(typeof figures[key], "number", `${key} of ${name}`);
    assertEquals(figures["checksum"], variants["alloc"].checksum, name);
  }
  assertEquals(Object.keys(vsSyncPool), ["stw", "alloc", "hitPoints"]);
  assert(Object.values(vsSyncPool).every(Number.isFinite), JSON.stringify(vsSyncPool));
});
