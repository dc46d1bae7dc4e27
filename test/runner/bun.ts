/**
 * The tests on Bun.
 *
 * @module
 */

import { runReporting } from "./junit.ts";
import { npmCommand } from "../../bench/runner/root.ts";
import type { Tally } from "./tally.ts";

/** Far beyond any test: Bun's own limit of 5 s would end long ones that the others allow. */
const TIMEOUT_MS = 600_000;

/** Runs test files with the Bun that npm brought. */
export function runBun(files: readonly string[]): Promise<Tally> {
  return runReporting({
    program: npmCommand("bun"),
    args: (path) => [
      "test",
      `--timeout=${TIMEOUT_MS}`,
      "--reporter=junit",
      `--reporter-outfile=${path}`,
    ],
    select: (cases) => cases,
  }, files);
}
