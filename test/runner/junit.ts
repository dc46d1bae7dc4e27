// deno-lint-ignore-file no-console -- part of a command line tool

/**
 * A run of Deno or Bun, as its JUnit report tells it.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "../../bench/runner/root.ts";
import { type Outcome, type Tally, tallyOutcomes } from "./tally.ts";

/** A `<testcase>` of a report. */
export interface TestCase {
  /** Its name, as escaped in the report. */
  readonly name: string;
  /** How it ended. */
  readonly outcome: Outcome;
}

/** Tells which cases of a report are tests. */
export type Select = (cases: readonly TestCase[]) => readonly TestCase[];

/** A command that runs test files and leaves a report. */
export interface ReportingCommand {
  /** The path of the program. */
  readonly program: string;
  /** The arguments that make it write its report to `path`. */
  readonly args: (path: string) => readonly string[];
  /** Which cases of its report are tests. */
  readonly select: Select;
}

/** A command that has ended. */
export interface ReportedRun {
  /** The files that it was given, relative to the root. */
  readonly files: readonly string[];
  /** The report, empty where the command did not live to write it. */
  readonly report: string;
  /** Whether the command called it a success. */
  readonly success: boolean;
}

/** Runs test files, showing the output of the command, and counts what its report lists. */
export async function runReporting(
  { program, args, select }: ReportingCommand,
  files: readonly string[],
): Promise<Tally> {
  const folder = await Deno.makeTempDir({ prefix: "pool_test_" });
  try {
    const path = join(folder, "report.xml");
    const { success } = await new Deno.Command(program, {
      args: [...args(path), ...files.map((file) => `./${file}`)],
      cwd: ROOT,
      stdin: "null",
    }).spawn().status;
    return tallyReport({ files, report: readReport(path), success }, select, console.log);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Counts the tests of a report, and as failures what a report passes over in silence because it
 * happened outside any test.
 */
export function tallyReport(
  { files, report, success }: ReportedRun,
  select: Select,
  print: (line: string) => void,
): Tally {
  const outcomes = select(parseCases(report)).map(({ outcome }) => outcome);
  for (const file of files.filter((file) => !mentions(report, file))) {
    outcomes.push("failed");
    print(`Cannot count ${file}: it must run at least one test: received none`);
  }
  if (!success && !outcomes.includes("failed")) {
    outcomes.push("failed");
    print(
      "Cannot trust the count: the runner must succeed where no test fails: received a failure",
    );
  }
  return tallyOutcomes(outcomes);
}

function readReport(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** The cases of a report, whose writers escape every `<` and `>` in names and messages. */
function parseCases(report: string): TestCase[] {
  const cases = report.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs);
  return [...cases].map(([, name, content = ""]) => ({ name: name!, outcome: outcomeOf(content) }));
}

function outcomeOf(content: string): Outcome {
  if (/<(?:failure|error)\b/.test(content)) return "failed";
  return /<skipped\b/.test(content) ? "skipped" : "passed";
}

/** Whether a file has a suite in the report. */
function mentions(report: string, file: string): boolean {
  return ["", "./"].some((prefix) => report.includes(`<testsuite name="${prefix}${file}"`));
}
