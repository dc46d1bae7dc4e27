/**
 * The scale bench: what a pair and a tick cost, from a hundred idle objects to a million and from one
 * tag to ten thousand.
 *
 * The pools are those of the tick bench. Pairs are timed in turns with a bare array of the same length,
 * in the same process. One object is held at a time, the topmost: what lies below is what must not matter.
 *
 * @module
 */

import type { Bench, Effort, RuntimeName } from "./runner/bench.ts";
import { median } from "./runner/statistics.ts";
import { makeStopwatch, type Stopwatch } from "./runner/stopwatch.ts";
import { ScaleFloor } from "./scale/floor.ts";
import { type Report, reportOf, type Sample, SCALES } from "./scale/report.ts";
import { chartsOf, sheetsOf } from "./scale/sheet.ts";
import { spinBySteps, TickSubject } from "./tick/subject.ts";

/** The pairs of one timed call. */
const PAIRS = 64;
/** What all tags past the cap are counted under. */
const OTHER = "(other)";

/** How much is timed: turns of pairs, and ticks. */
interface Plan {
  readonly turns: number;
  readonly turnMs: number;
  readonly warm: number;
  readonly timed: number;
  /** For how long ticks are timed by a clock with long steps. */
  readonly coarseMs: number;
}

function plan({ quick }: Effort): Plan {
  return quick
    ? { turns: 3, turnMs: 25, warm: 200, timed: 100, coarseMs: 1000 }
    : { turns: 7, turnMs: 40, warm: 1000, timed: 400, coarseMs: 4000 };
}

/** Times pairs, in turns with the floor. The least of all turns tells most: what disturbs only adds. */
async function timePairs(
  subject: TickSubject,
  floor: ScaleFloor,
  stopwatch: Stopwatch,
  { turns, turnMs }: Plan,
): Promise<{ pairNs: number; floorNs: number }> {
  const runs = [() => subject.pair(PAIRS), () => floor.pair(PAIRS)];
  const ns: [number[], number[]] = [[], []];
  for (let i = 0; i < turns * runs.length; i++) {
    // First one, then the other, then the other way round.
    const at = (i + (i >> 1)) & 1;
    ns[at]!.push(await stopwatch(runs[at]!, turnMs) / PAIRS);
  }
  return { pairNs: Math.min(...ns[0]), floorNs: Math.min(...ns[1]) };
}

/** Ticks, in microseconds each, with work before each of them. */
function* ticksOf(subject: TickSubject): Generator<number, never> {
  for (;;) {
    subject.work();
    yield subject.tick();
  }
}

/** The median of ticks, by a clock that can tell how long one of them takes. */
function timeTicks(subject: TickSubject, count: number): number {
  return median(ticksOf(subject).take(count).toArray());
}

/**
 * The mean of ticks, by a clock with long steps: of ticks that begin anywhere in a step as many see it
 * end as is their share of it.
 */
function timeTicksCoarsely(subject: TickSubject, forMs: number): number {
  const end = performance.now() + forMs;
  let sum = 0;
  let count = 0;
  for (const us of ticksOf(subject)) {
    sum += us;
    count++;
    if (performance.now() >= end) break;
  }
  return sum / count;
}

/** Whether the clock can tell how long a single tick takes. */
function hasFineClock(runtime: RuntimeName): boolean {
  return runtime !== "workerd";
}

async function measureVariant(variant: string, effort: Effort): Promise<Sample> {
  const scale = SCALES[variant]!;
  const amount = plan(effort);
  const stopwatch = await makeStopwatch(effort.runtime);
  const isFine = hasFineClock(effort.runtime);
  const subject = new TickSubject(
    { ...scale, isSized: false },
    ...(isFine ? [] : [spinBySteps]),
  );
  timeTicks(subject, amount.warm);
  subject.check();
  const pairs = await timePairs(subject, new ScaleFloor(scale), stopwatch, amount);
  const tickUs = isFine
    ? timeTicks(subject, amount.timed)
    : timeTicksCoarsely(subject, amount.coarseMs);
  subject.check();
  const shares = subject.shares();
  return {
    ...pairs,
    tickUs,
    tags: shares.size,
    otherShare: shares.get(OTHER) ?? 0,
    bypassed: subject.bypassed,
  };
}

/** Pairs and ticks of large pools. */
export const scale: Bench<Sample, Report> = {
  question: "Do a pair and a tick cost the same, however many objects lie idle and tags there are?",
  rival: "itself at the smallest scale; a bare array of the same length",
  packages: ["mitata"],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(SCALES),
  rounds: 3,
  measure: measureVariant,
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
