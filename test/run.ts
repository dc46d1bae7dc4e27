// deno-lint-ignore-file no-console -- a command line tool

/**
 * The whole suite on Deno, Bun and workerd: `deno task test`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { prepareStd } from "./fixture/std.ts";
import { runBun } from "./runner/bun.ts";
import { runDeno } from "./runner/deno.ts";
import { formatTally, sumTallies, type Tally, tallyOutcomes } from "./runner/tally.ts";
import { findTestFiles, isPortable } from "./runner/test_files.ts";
import { runWorkerd } from "./runner/workerd.ts";

/** A runtime that the tests run on. */
interface Runtime {
  readonly name: string;
  readonly run: (files: readonly string[]) => Promise<Tally>;
  readonly accepts: (file: string) => boolean;
}

/** A command line. */
interface Options {
  readonly help: boolean;
  /** What the paths of the files to run contain. */
  readonly filter: string;
  /** The runtimes to run, at least one. */
  readonly runtimes: readonly Runtime[];
}

/** What to run on a runtime. */
interface Step {
  readonly runtime: Runtime;
  readonly files: readonly string[];
}

const RUNTIMES: readonly Runtime[] = [
  { name: "deno", run: runDeno, accepts: () => true },
  { name: "bun", run: runBun, accepts: () => true },
  { name: "workerd", run: runWorkerd, accepts: isPortable },
];

const HELP = `Runs the tests.

Usage: deno task test [--filter=<part of a file's path>] [deno] [bun] [workerd]

Without names of runtimes it runs all three. Files in test/host/ do not run on workerd.
The last line says: N passed, N failed. Any failure makes the exit code 1.`;

/** Reads a command line. */
function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      filter: { type: "string", default: "" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const unknown = positionals.find((name) => !RUNTIMES.some((runtime) => runtime.name === name));
  if (unknown !== undefined) {
    const names = RUNTIMES.map(({ name }) => name).join(", ");
    throw new TypeError(
      `Cannot run tests: runtime must be one of ${names}: received "${unknown}"`,
    );
  }
  const chosen = RUNTIMES.filter(({ name }) => positionals.includes(name));
  return { ...values, runtimes: chosen.length > 0 ? chosen : RUNTIMES };
}

/** What the options ask for. */
function planSteps({ filter, runtimes }: Options): Step[] {
  const files = findTestFiles().filter((file) => file.includes(filter));
  const steps = runtimes.map((runtime) => ({ runtime, files: files.filter(runtime.accepts) }));
  if (!filter) return steps;
  // A filter may leave a runtime without files; without one that would be a failure.
  const filtered = steps.filter(({ files }) => files.length > 0);
  if (filtered.length === 0) {
    throw new TypeError(`Cannot run tests: filter must match a test file: received "${filter}"`);
  }
  return filtered;
}

/** Runs the files of a step. A runtime that cannot even start is a failure of its own. */
async function runStep({ runtime, files }: Step): Promise<Tally> {
  console.log(`\n--- ${runtime.name}: ${files.length} files ---`);
  try {
    const tally = await runtime.run(files);
    if (tally.passed + tally.failed > 0) return tally;
    console.error("Cannot count tests: a runtime must run at least one: received none");
  } catch (error) {
    console.error(error);
  }
  return tallyOutcomes(["failed"]);
}

/** Runs all steps, and says for each and in total how it went. */
async function runSteps(steps: readonly Step[]): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const step of steps) tallies.push(await runStep(step));

  console.log();
  for (const [index, tally] of tallies.entries()) {
    console.log(`${steps[index]!.runtime.name}: ${formatTally(tally)}, ${tally.skipped} skipped`);
  }
  const total = sumTallies(tallies);
  console.log(formatTally(total));
  return total;
}

/** Runs the command line and returns the exit code. */
async function main(): Promise<number> {
  let steps: Step[];
  try {
    const options = readOptions(Deno.args);
    if (options.help) {
      console.log(HELP);
      return 0;
    }
    steps = planSteps(options);
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    return 2;
  }
  await prepareStd();
  const { failed } = await runSteps(steps);
  return failed === 0 ? 0 : 1;
}

Deno.exit(await main());
