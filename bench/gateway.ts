/**
 * The gateway bench: the spiky gateway, in one process and in virtual time, with real work.
 *
 * Each variant serves the same requests. What its engine logs tells how long the program stood still
 * in each virtual millisecond.
 *
 * @module
 */

import { type Drive, Driver } from "./gateway/drive.ts";
import { figuresOf } from "./gateway/figures.ts";
import { sizesOf, SPIKE, spikyLoad } from "./gateway/load.ts";
import { makeRetained } from "./gateway/retained.ts";
import { type Report, reportOf, type Sample, WASTEFUL } from "./gateway/report.ts";
import { chartsOf, sheetsOf } from "./gateway/sheet.ts";
import { type SubjectName, SUBJECTS } from "./gateway/subject.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import type { Probe } from "./runner/probe.ts";

/** What a process tells before it is seen from outside. */
interface Raw {
  readonly drive: Drive;
  readonly maxBytes: number | null;
}

/** Virtual time, in ms. */
function plan({ quick }: Effort): { warmMs: number; measuredMs: number } {
  const { everyMs } = SPIKE;
  return quick
    ? { warmMs: 5 * everyMs, measuredMs: 20 * everyMs }
    : { warmMs: 10 * everyMs, measuredMs: 60 * everyMs };
}

async function measure(variant: string, effort: Effort, probe: Probe): Promise<Raw> {
  const isWasteful = variant.endsWith(WASTEFUL);
  const name = (isWasteful ? variant.slice(0, -WASTEFUL.length) : variant) as SubjectName;
  const { perMs, retainedBytes } = sizesOf(effort.runtime);
  const retained = makeRetained(effort.runtime, retainedBytes);
  const subject = SUBJECTS[name](effort.runtime);
  const driver = new Driver({ subject, load: spikyLoad(perMs), isWasteful });
  const { warmMs, measuredMs } = plan(effort);
  await driver.warm(warmMs);
  const drive = await driver.measure(measuredMs, probe);
  const maxBytes = subject.maxBytes?.() ?? null;
  subject.close();
  if (retained.length === 0) throw new Error("Cannot measure gateway: objects must stay alive");
  return { drive, maxBytes };
}

/** The spiky gateway. */
export const gateway: Bench<Raw, Report, Sample> = {
  question:
    "What does pooling save a gateway whose load comes in spikes: pauses, allocation, latency?",
  rival:
    "no pool; sync.Pool as Go clears it, and as this engine's collections would; a free list, the physical limit",
  packages: ["hono"],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(SUBJECTS).flatMap((name) => [name, name + WASTEFUL]),
  rounds: 3,
  measure,
  complete: ({ drive, maxBytes }, observation) => ({
    ...figuresOf(drive, observation),
    maxBytes,
    liveMB: observation.engine.liveBytes / 1e6,
  }),
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
