/**
 * The tests on Deno.
 *
 * @module
 */

import { runReporting, type TestCase } from "./junit.ts";
import type { Tally } from "./tally.ts";

/** Runs test files with the Deno that runs this. */
export function runDeno(files: readonly string[]): Promise<Tally> {
  return runReporting({
    program: Deno.execPath(),
    args: (path) => ["test", "-A", "--v8-flags=--expose-gc", `--junit-path=${path}`],
    select: selectTests,
  }, files);
}

/** Deno reports a suite as one more case, beside its tests, which bear its name as a prefix. */
export function selectTests(cases: readonly TestCase[]): TestCase[] {
  const suites = new Set<string>();
  for (const { name } of cases) {
    const parts = name.split(SEPARATOR);
    for (let depth = 1; depth < parts.length; depth++) {
      suites.add(parts.slice(0, depth).join(SEPARATOR));
    }
  }
  return cases.filter(({ name }) => !suites.has(name));
}

const SEPARATOR = " &gt; ";
