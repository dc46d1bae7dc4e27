/**
 * The count of what ran.
 *
 * @module
 */

/** How a test ended. */
export type Outcome = "passed" | "failed" | "skipped";

/**
 * How many tests ended in which way. Whatever else goes wrong counts as a failed test: a crash, a
 * file that runs nothing.
 */
export type Tally = Readonly<Record<Outcome, number>>;

/** Counts outcomes. */
export function tallyOutcomes(outcomes: readonly Outcome[]): Tally {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) tally[outcome]++;
  return tally;
}

/** Adds tallies up. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of tallies) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** The form that the last line of a run has. */
export function formatTally({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}
