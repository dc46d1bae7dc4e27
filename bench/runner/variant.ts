/**
 * A process that measures one variant:
 * `variant.ts <bench> <variant> <file for the result> --runtime=NAME [--quick] [--trace=FILE --speed=N]`.
 * The result goes to a file because engines write their own logs to stdout. Runs on Deno and Bun.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Bench, RuntimeName } from "./bench.ts";
import { BENCHES } from "./benches.ts";
import { makeProbe } from "./probe.ts";
import { runtimeVersions } from "./versions.ts";

/** What a process has to tell. */
export interface Result {
  /** The runtime and engine that measured, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** What the bench's `measure` returned. */
  readonly sample: unknown;
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    runtime: { type: "string", default: "deno" },
    quick: { type: "boolean", default: false },
    trace: { type: "string" },
    speed: { type: "string", default: "1" },
  },
});
const [benchName = "", variant = "", file = ""] = positionals;
const { quick, trace: path, speed } = values;
const runtime = values.runtime as RuntimeName;
// A bench that measures its rounds itself starts no such process.
const bench = await BENCHES.get(benchName)!() as Bench;
const trace = path === undefined ? undefined : { path, speed: Number(speed) };
let sample: unknown;
try {
  sample = await bench.measure(variant, { runtime, quick, trace }, makeProbe(runtime));
} catch (error) {
  // Bad input is told in words; anything else is a fault of ours, and worth its stack.
  const isInput = error instanceof RangeError || error instanceof TypeError;
  // deno-lint-ignore no-console -- a command line tool
  console.error(isInput ? error.message : error);
  process.exit(1);
}
writeFileSync(file, JSON.stringify({ versions: runtimeVersions(), sample } satisfies Result));
// A peer's timers must not keep the process.
process.exit(0);
