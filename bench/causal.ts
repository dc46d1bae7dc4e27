/**
 * The causal bench: whether it is collections that make the tail of latency.
 *
 * It serves the spiky gateway, looks at each virtual millisecond with the stops that fell into it, and
 * asks what the latencies had been without them.
 *
 * @module
 */

import { chainOf, type Step } from "./causal/chain.ts";
import { type Report, reportOf, type Sample } from "./causal/report.ts";
import { chartsOf, sheetsOf } from "./causal/sheet.ts";
import { SPIKE } from "./gateway/load.ts";
import { type Served, serveSpikes } from "./gateway/serve.ts";
import { type SubjectName, SUBJECTS } from "./gateway/subject.ts";
import type { Bench } from "./runner/bench.ts";
import type { EngineRecord } from "./runner/engine_log.ts";

const isBurst = (ms: number) => ms % SPIKE.everyMs < SPIKE.onMs;

/** The steps that did work. A stop outside of them is felt by nobody. */
export function stepsOf({ stepMs, tookMs }: Served, { stoppedMs }: EngineRecord): Step[] {
  const steps: Step[] = [];
  for (const [i, took] of tookMs.entries()) {
    if (took !== null) steps.push({ ms: stepMs[i]!, tookMs: took, stoppedMs: stoppedMs[i]! });
  }
  return steps;
}

/** The chain from burst to collection to latency. */
export const causal: Bench<Served, Report, Sample> = {
  question: "How much of the tail of latency do collections make?",
  rival: "the same requests without the stops that the engine's log tells of",
  packages: ["hono"],
  // The clock of workerd is too coarse: it goes on in steps of a millisecond.
  runtimes: ["deno", "bun"],
  variants: Object.keys(SUBJECTS),
  rounds: 3,
  drawn: "the round in the middle by its p99 (min–max of all rounds)",
  measure: (variant, effort, probe) =>
    serveSpikes(
      {
        name: variant as SubjectName,
        isWasteful: true,
        seconds: effort.quick ? [5, 20] : [10, 60],
      },
      effort,
      probe,
    ),
  complete: (served, { engine }) => ({
    chain: chainOf(stepsOf(served, engine), isBurst),
    checksum: served.checksum,
    unparsed: engine.unparsed,
  }),
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
