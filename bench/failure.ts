/**
 * The failure bench: three ways in which a `sync.Pool` goes wrong, each run for real against a port of
 * it and against this pool.
 *
 * Nothing is timed: turns of the microtask queue and virtual time make each run the same, so one round
 * tells all.
 *
 * @module
 */

import { type AliasSample, runAlias } from "./failure/alias.ts";
import { type FalseRateSample, runFalseRate } from "./failure/false_rate.ts";
import { type MismatchSample, runMismatch } from "./failure/mismatch.ts";
import { chartsOf, type Report, reportOf, sheetsOf } from "./failure/report.ts";
import type { Bench, Effort } from "./runner/bench.ts";

/** What one process saw of a mode. */
type Sample = AliasSample | MismatchSample | FalseRateSample;

/** The modes. */
const MODES: Readonly<Record<string, (effort: Effort) => Sample | Promise<Sample>>> = {
  alias: ({ quick }) => runAlias(quick ? 100 : 1000),
  mismatch: ({ quick }) => runMismatch(quick ? 10 : 60),
  falseRate: ({ quick }) => runFalseRate(quick ? 4 : 10),
};

/** Failure modes of `sync.Pool`. */
export const failure: Bench<Sample, Report> = {
  question: "Where does sync.Pool go wrong, and does this pool hold there?",
  rival: "a port of Go's sync.Pool",
  packages: [],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(MODES),
  rounds: 1,
  measure: async (variant, effort) => await MODES[variant]!(effort),
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
