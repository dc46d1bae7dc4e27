/**
 * The policy bench: what a policy of retention costs, against one that knows the future.
 *
 * Traces are replayed in virtual time, so it is the same on every machine, and one round tells all.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { Bench, Effort } from "./runner/bench.ts";
import { chartsOf } from "./policy/chart.ts";
import { parseTrace } from "./policy/csv.ts";
import { tryPolicies } from "./policy/replay.ts";
import { type Report, reportOf, type TraceTrials } from "./policy/report.ts";
import { sheetsOf } from "./policy/sheet.ts";
import type { Trace } from "./policy/trace.ts";
import { type Extent, poison, WORKLOADS } from "./policy/workload.ts";

/** How long an object may idle for the price of one creation, in ms. */
const LAMBDAS_MS = [1000, 5000, 30_000];
/** A quarter of the arrivals in the same time, so that a learner has as much of it. */
const QUICK: Extent = { rate: 0.25, length: 1 };
const WHOLE: Extent = { rate: 1, length: 1 };

const POISON = "poison";
const FILE = "file";

/** Draws the trace of a variant. */
function draw(variant: string, { quick, trace }: Effort, lambdaMs: number): Trace {
  if (variant === FILE) return parseTrace(readFileSync(trace!.path, "utf8"), trace!.speed);
  const workload = variant === POISON ? poison : WORKLOADS.get(variant)!;
  return workload(quick ? QUICK : WHOLE, lambdaMs);
}

/** Tries all policies on a trace. */
function tryAll(variant: string, effort: Effort): TraceTrials {
  return Object.fromEntries(LAMBDAS_MS.map((lambdaMs) => {
    const trace = draw(variant, effort, lambdaMs);
    const outcomes = Object.fromEntries(tryPolicies(trace, lambdaMs));
    return [lambdaMs, { durationMs: trace.durationMs, outcomes }];
  }));
}

function report(samples: ReadonlyMap<string, readonly TraceTrials[]>): Report {
  const { [POISON]: poison, [FILE]: file, ...built } = Object.fromEntries(
    [...samples].map(([variant, rounds]) => [variant, rounds[0]!]),
  );
  return reportOf(built, poison!, file);
}

/** The scheduler against other policies, in virtual time. */
export const policy: Bench<TraceTrials, Report> = {
  question:
    "What does a policy of retention cost (λ · creations + idle time), against clairvoyance?",
  rival: "the clairvoyant optimum; no pool, a free list, sync.Pool, fixed caps, a fixed TTL",
  packages: [],
  runtimes: ["deno", "bun"],
  variants: [...WORKLOADS.keys(), POISON],
  traceVariant: FILE,
  rounds: 1,
  measure: (variant, effort) => Promise.resolve(tryAll(variant, effort)),
  report,
  sheets: sheetsOf,
  charts: chartsOf,
};
