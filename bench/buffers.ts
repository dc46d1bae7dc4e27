/**
 * The buffers bench: what it costs to get a buffer, touch it and give it back, by size; and what slabs
 * hold beyond what they are asked for.
 *
 * Each way is timed in turns with a bare free list, in one process, at all sizes.
 *
 * @module
 */

import { setTimeout } from "node:timers/promises";
import { MIXES, runMix } from "./buffers/fragmentation.ts";
import { replayFile } from "./buffers/replay.ts";
import { type Pace, type Report, reportOf, type Sample, TARGET_BYTES } from "./buffers/report.ts";
import { chartsOf, sheetsOf } from "./buffers/sheet.ts";
import { CHECKSUM, freeList, PAIRS, SIZES, type WayName, WAYS } from "./buffers/subject.ts";
import { allocatedBytes } from "./runner/allocation.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import { median } from "./runner/statistics.ts";
import { makeStopwatch, type Stopwatch } from "./runner/stopwatch.ts";

const FILE = "file";

/** A way with buffers of one size. */
type Run = () => number;
/** Calls before the first timed one, and the bytes after which they end early. */
const WARM_CALLS = 2000;
const WARM_BYTES = 2 ** 30;
/** Pairs over which bytes are counted. */
const COUNTED = 2 ** 20;
const COUNTS = 8;
/** Of the hour of a mix. */
const QUICK_PART = 1 / 6;

/** The turns of a size, and how long one of them lasts at least. */
function plan({ quick }: Effort): { turns: number; turnMs: number } {
  return quick ? { turns: 3, turnMs: 10 } : { turns: 6, turnMs: 25 };
}

function repeat(run: Run, calls: number): void {
  for (let i = 0; i < calls; i++) {
    const sum = run();
    if (sum === CHECKSUM) continue;
    throw new Error(`Cannot measure buffers: a call must read ${CHECKSUM}: received ${sum}`);
  }
}

async function timeWay(
  run: Run,
  bare: Run,
  stopwatch: Stopwatch,
  { turns, turnMs }: ReturnType<typeof plan>,
): Promise<Pace> {
  const ns: number[] = [];
  const floorNs: number[] = [];
  for (let i = 0; i < turns; i++) {
    // The pools' timers are real, and get their turn.
    await setTimeout(1);
    const order = i % 2 === 0 ? [bare, run] : [run, bare];
    for (const each of order) {
      (each === run ? ns : floorNs).push(await stopwatch(each, turnMs) / PAIRS);
    }
  }
  return { ns: median(ns), floorNs: median(floorNs) };
}

async function countBytes(run: Run): Promise<number> {
  const count = async () => await allocatedBytes(() => repeat(run, COUNTED / PAIRS)) / COUNTED;
  // Compilers and ticks allocate too, now and then; a hit would each time.
  let fewest = Infinity;
  for (let i = 0; i < COUNTS; i++) fewest = Math.min(fewest, await count());
  return fewest;
}

async function measureWay(name: WayName, effort: Effort): Promise<Sample> {
  const way = await WAYS[name]();
  const floor = freeList();
  const runs = SIZES.map((size) => ({ size, run: () => way(size), bare: () => floor(size) }));
  for (const { size, run, bare } of runs) {
    // Where all of a buffer is written, fewer calls are as warm.
    repeat(run, Math.min(WARM_CALLS, Math.ceil(WARM_BYTES / (PAIRS * size))));
    repeat(bare, WARM_CALLS);
  }
  const stopwatch = await makeStopwatch(effort.runtime);
  const paces: Record<string, Pace> = {};
  for (const { size, run, bare } of runs) {
    const pace = await timeWay(run, bare, stopwatch, plan(effort));
    const isCounted = String(size) === TARGET_BYTES && effort.runtime !== "workerd" &&
      (name === "never" || name === "dirty" || name === "with");
    paces[size] = isCounted ? { ...pace, bytes: await countBytes(run) } : pace;
  }
  return { kind: "paces", paces };
}

async function measure(variant: string, effort: Effort): Promise<Sample> {
  if (variant in MIXES) {
    const mix = MIXES[variant as keyof typeof MIXES];
    return { kind: "mix", mix: runMix(mix, effort.quick ? QUICK_PART : 1) };
  }
  if (variant !== FILE) return await measureWay(variant as WayName, effort);
  if (effort.runtime === "workerd") {
    throw new TypeError(
      "Cannot replay trace: runtime must be one that reads files: received workerd",
    );
  }
  return { kind: "trace", trace: replayFile(effort.trace!) };
}

/** Buffers by size, against new ones, a free list and a peer; and slabs over an hour. */
export const buffers: Bench<Sample, Report> = {
  question: "What does it cost to get, touch and give back a buffer; what do slabs hold beyond it?",
  rival: "new Uint8Array, Buffer.allocUnsafe, a bare free list, typedarray-pool",
  packages: ["mitata", "typedarray-pool"],
  runtimes: ["deno", "bun", "workerd"],
  variants: [...Object.keys(WAYS), ...Object.keys(MIXES)],
  traceVariant: FILE,
  rounds: 3,
  measure,
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
