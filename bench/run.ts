// deno-lint-ignore-file no-console -- a command line tool

/**
 * The benchmarks: `deno task bench --help` lists them.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { RUNTIMES } from "./runner/bench.ts";
import { BENCHES } from "./runner/benches.ts";
import { toFaultDocument, type Turn } from "./runner/fault.ts";
import { describe, type Finding, findOut, toDocument } from "./runner/finding.ts";
import { help, type Options, readOptions, REPORT } from "./runner/options.ts";
import { ROOT } from "./runner/root.ts";
import { type Outcome, takeTurns } from "./runner/series.ts";

/** Where findings are kept for the report. */
const RESULTS = join(ROOT, "bench", "results");

/** What a command line asks for, in order. */
async function planTurns({ name, runtime }: Options): Promise<Turn[]> {
  if (name !== undefined) return [{ name, runtime: runtime ?? "deno" }];
  const turns: Turn[] = [];
  for (const [name, load] of BENCHES) {
    const { runtimes } = await load();
    for (const each of RUNTIMES) {
      const isAsked = runtime === undefined || runtime === each;
      if (isAsked && runtimes.includes(each)) turns.push({ name, runtime: each });
    }
  }
  return turns;
}

async function runTurn({ name, runtime }: Turn, options: Options): Promise<Finding> {
  const bench = await BENCHES.get(name)!();
  const { quick, trace } = options;
  const finding = await findOut({ name, bench, runtime, quick, trace });
  // Rough figures do not take the place of better ones unasked.
  if (options.save || options.name === undefined && !quick) await save(finding);
  if (!options.json) console.log(`${describe(finding)}\n`);
  return finding;
}

async function save(finding: Finding): Promise<void> {
  const { bench, runtime } = finding.circumstances;
  await Deno.mkdir(RESULTS, { recursive: true });
  await Deno.writeTextFile(join(RESULTS, `${bench}-${runtime}.json`), JSON.stringify(finding));
}

/** The findings that were saved, in the order of the benches and the runtimes. */
async function readSaved(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of BENCHES.keys()) {
    for (const runtime of RUNTIMES) {
      try {
        findings.push(
          JSON.parse(await Deno.readTextFile(join(RESULTS, `${name}-${runtime}.json`))),
        );
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  return findings;
}

async function writeReport(
  { name, runtime, quick, out, picture }: Options,
  { findings, faults }: Outcome,
): Promise<void> {
  if (findings.length === 0) {
    throw new Error(
      "Cannot write report: there must be findings: received none (deno task bench makes them)",
    );
  }
  const { reportOf } = await import("./report.ts");
  // What is rough or a part does not take the place of the whole.
  const isWhole = name === REPORT || !quick && runtime === undefined;
  const path = out ?? join(RESULTS, isWhole ? "report.html" : "part.html");
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, await reportOf(findings, faults));
  console.error(`The report is in ${path}`);
  if (picture === undefined) return;
  const { writePicture } = await import("./report/picture.ts");
  await writePicture(path, picture);
}

function complain(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
}

/** Runs what was asked for, and says whether all of it worked. */
async function run(options: Options): Promise<boolean> {
  if (options.name === REPORT) {
    await writeReport(options, { findings: await readSaved(), faults: [] });
    return true;
  }
  const isAll = options.name === undefined;
  const outcome = await takeTurns(
    await planTurns(options),
    (turn) => runTurn(turn, options),
    complain,
  );
  const { findings, faults } = outcome;
  if (!isAll && faults.length > 0) return false;
  if (options.json) {
    const documents = [...findings.map(toDocument), ...faults.map(toFaultDocument)];
    console.log(JSON.stringify(isAll ? documents : documents[0], null, 2));
  }
  if (isAll || options.out !== undefined) await writeReport(options, outcome);
  return faults.length === 0;
}

/** Runs the command line and returns the exit code. */
async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(error instanceof TypeError ? `${error.message}\n\n${await help()}` : error);
    return 2;
  }
  if (options === undefined) {
    console.log(await help());
    return 0;
  }
  try {
    return await run(options) ? 0 : 1;
  } catch (error) {
    complain(error);
    return 1;
  }
}

Deno.exit(await main());
