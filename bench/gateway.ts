/**
 * The gateway bench: the spiky gateway, in one process and in virtual time, with real work.
 *
 * Each variant serves the same requests. What its engine logs tells how long the program stood still
 * in each virtual millisecond.
 *
 * @module
 */

import { chartsOf } from "./gateway/charts.ts";
import { figuresOf } from "./gateway/figures.ts";
import { type Report, reportOf, type Sample, WASTEFUL } from "./gateway/report.ts";
import { type Served, serveSpikes } from "./gateway/serve.ts";
import { sheetsOf } from "./gateway/sheet.ts";
import { type SubjectName, SUBJECTS } from "./gateway/subject.ts";
import type { Bench, Effort } from "./runner/bench.ts";

/**
 * Seconds of virtual time before anything is measured, and while it is. Where little is allocated Bun collects by
 * timers of its own, in real time: the young objects each second, the whole heap once, ten to fifteen seconds after
 * the collection that the measurement begins with. Three virtual minutes really took ten seconds, and by chance had
 * that one or not: it stops the program for as long as nine others.
 */
function plan({ quick, runtime }: Effort): readonly [warm: number, measured: number] {
  if (quick) return [4, 12];
  return [10, runtime === "bun" ? 330 : 60];
}

/** The spiky gateway. */
export const gateway: Bench<Served, Report, Sample> = {
  question:
    "What does pooling save a gateway whose load comes in spikes: pauses, allocation, latency?",
  rival:
    "no pool; sync.Pool cleared every 100 ms, and by this engine's collections; a free list, the physical limit",
  packages: ["hono"],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(SUBJECTS).flatMap((name) => [name, name + WASTEFUL]),
  rounds: 3,
  asksAllocated: true,
  measure(variant, effort, probe) {
    const isWasteful = variant.endsWith(WASTEFUL);
    const name = (isWasteful ? variant.slice(0, -WASTEFUL.length) : variant) as SubjectName;
    return serveSpikes({ name, isWasteful, seconds: plan(effort) }, effort, probe);
  },
  complete: (served, observation) => ({
    ...figuresOf(served, observation),
    maxBytes: served.maxBytes,
    liveMB: observation.engine.liveBytes / 1e6,
  }),
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
