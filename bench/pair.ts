/**
 * The pair bench: acquire and release of one object.
 *
 * Each variant is timed in turns with the floor, in one process: whatever slows the machine slows
 * both, and their ratio stays.
 *
 * @module
 */

import { setTimeout } from "node:timers/promises";
import { repeat } from "./pair/repeat.ts";
import { PEERS, type Report, reportOf, type Sample } from "./pair/report.ts";
import { chartsOf, sheetsOf } from "./pair/sheet.ts";
import { floor, floorHeld, PAIRS, type Subject, SUBJECTS, type Variant } from "./pair/subject.ts";
import { allocatedBytes } from "./runner/allocation.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import { median } from "./runner/statistics.ts";
import { makeStopwatch } from "./runner/stopwatch.ts";

/** Calls before the first timed one. */
const WARM_CALLS = 4000;
/** Pairs over which bytes are counted. */
const COUNTED = 2 ** 20;

/** The turns of a process, and how long one of them lasts at least. */
function plan({ quick }: Effort): { turns: number; turnMs: number } {
  return quick ? { turns: 4, turnMs: 25 } : { turns: 8, turnMs: 40 };
}

/** Runs the classes that are not measured, so that no engine forgets them. */
async function repeatOthers(subject: Subject, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) await subject.runOthers();
}

/** Whether bytes can be counted: a worker is told nothing of its heap. */
function isCounted({ runtime }: Effort): boolean {
  return runtime !== "workerd";
}

/**
 * The least of three counts in one process: what gets in between, a compiler or a collection, only adds
 * to what the pairs allocate. On a busy machine it met one count in four of none; between rounds a
 * median is taken.
 */
async function countBytes(subject: Subject): Promise<number> {
  const calls = COUNTED / PAIRS;
  const count = async () => await allocatedBytes(() => repeat(subject, calls)) / COUNTED;
  // The loop allocates too where it awaits; and compilers do, once.
  await count();
  return Math.min(await count(), await count(), await count());
}

async function measureVariant(variant: string, effort: Effort): Promise<Sample> {
  const subject = await SUBJECTS[variant as Variant]();
  const bare = variant === "held16" ? floorHeld() : floor();
  const isAsync = subject.run() instanceof Promise;
  const warmCalls = isAsync ? WARM_CALLS / 40 : WARM_CALLS;
  await repeatOthers(subject, warmCalls);
  await repeat(subject, warmCalls);
  await repeat(bare, WARM_CALLS);
  const { turns, turnMs } = plan(effort);
  const stopwatch = await makeStopwatch(effort.runtime);
  const time = async (run: Subject["run"]) => await stopwatch(run, turnMs) / PAIRS;
  const ns: number[] = [];
  const floorNs: number[] = [];
  for (let i = 0; i < turns; i++) {
    await repeatOthers(subject, 20);
    // The pools' timers are real, and get their turn.
    await setTimeout(1);
    if (i % 2 === 0) {
      floorNs.push(await time(bare.run));
      ns.push(await time(subject.run));
    } else {
      ns.push(await time(subject.run));
      floorNs.push(await time(bare.run));
    }
  }
  return {
    ns: median(ns),
    floorNs: median(floorNs),
    ratio: median(ns.map((figure, i) => figure / floorNs[i]!)),
    ...(isCounted(effort) ? { bytes: await countBytes(subject) } : {}),
  };
}

/** Acquire and release against a bare array and other pools. */
export const pair: Bench<Sample, Report> = {
  question: "What does acquire + release cost, against a bare array's pop and push?",
  rival: `the bare array of the same process (the floor); ${PEERS.join(", ")}`,
  packages: ["mitata", ...PEERS],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(SUBJECTS),
  measure: measureVariant,
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
