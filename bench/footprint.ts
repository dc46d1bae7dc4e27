/**
 * The footprint bench: what lies idle while the load shifts, and what the process keeps after it has
 * gone.
 *
 * @module
 */

import { RequestContext } from "../edge/mod.ts";
import { COUNT_MS, type Raw, type Report, reportOf, type Sample } from "./footprint/report.ts";
import { chartsOf, sheetsOf } from "./footprint/sheet.ts";
import { SHIFT_MS, shiftLoad } from "./footprint/shift.ts";
import { Driver } from "./gateway/drive.ts";
import { type SubjectName, SUBJECTS } from "./gateway/subject.ts";
import { enter } from "./gateway/work.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import { collect, type Probe } from "./runner/probe.ts";

/** The engine has so long to give memory back to the system, in ms. */
const SETTLE_MS = 300;

async function measure(variant: string, { runtime, quick }: Effort, probe: Probe): Promise<Raw> {
  const subject = SUBJECTS[variant as SubjectName](runtime);
  const load = shiftLoad(runtime, quick);
  const driver = new Driver({ subject, load, isWasteful: false });
  const used = new RequestContext();
  enter(used, 0);
  const idleBytes: number[] = [];
  await probe.begin();
  const begun = performance.now();
  const { requests, created, checksum } = await driver.serve(SHIFT_MS, {
    countMs: COUNT_MS,
    onCount: (idle) => idleBytes.push(idle * used.byteLength),
  });
  const tookS = (performance.now() - begun) / 1000;
  // Twice, for those that keep a victim, and each time they get to know of it.
  for (let i = 0; i < 2; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    subject.advance(SHIFT_MS);
  }
  const endBytes = subject.idle() * used.byteLength;
  collect();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await probe.end();
  subject.close();
  return { idleBytes, endBytes, tookS, hit: 1 - created / requests, checksum };
}

/** What lies idle while the load shifts. */
export const footprint: Bench<Raw, Report, Sample> = {
  question: "What lies idle while the load shifts, and what is kept after it has gone?",
  rival: "a free list, which keeps all; sync.Pool, which keeps nothing; no pool",
  packages: ["hono"],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(SUBJECTS),
  rounds: 3,
  measure,
  complete: (raw, { rssBytes = null, peakRssBytes = null }) => ({ ...raw, rssBytes, peakRssBytes }),
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
