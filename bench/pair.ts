/**
 * The pair bench: acquire and release of one object.
 *
 * Each variant is timed in turns with the floor, in one process: whatever slows the machine slows
 * both, and their ratio stays.
 *
 * @module
 */

import { setTimeout } from "node:timers/promises";
import { measure } from "mitata";
import { allocatedBytes } from "./runner/allocation.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import { floor, floorHeld, PAIRS, type Subject, SUBJECTS } from "./pair/subject.ts";
import { median, round, type Spread, spread } from "./runner/statistics.ts";
import { type Sheet, verdict } from "./runner/sheet.ts";

type Variant = keyof typeof SUBJECTS;

/** What one process measured of a variant. */
interface Sample {
  /** Nanoseconds per pair. */
  readonly ns: number;
  /** Nanoseconds per pair of the floor, in the same process. */
  readonly floorNs: number;
  /** The variant's nanoseconds by the floor's, in the same process. */
  readonly ratio: number;
  /** Bytes allocated per pair. */
  readonly bytes: number;
}

/** What all samples amount to. */
interface Report {
  /** Nanoseconds per pair, by variant. */
  readonly ns: Readonly<Record<string, number>>;
  /** Bytes allocated per hit, the greater of `tagged` and `with`. */
  readonly bytesPerHit: number;
  /** Times the floor of the same process, by variant. */
  readonly ratio: Readonly<Record<string, number>>;
  /** Bytes allocated per pair, by variant. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Sixteen objects held at once, released first in, first out; nanoseconds per pair. */
  readonly held16: { readonly floor: number; readonly tagged: number; readonly ratio: number };
  /** The least and the greatest of all rounds, by variant. */
  readonly spread: {
    readonly ns: Readonly<Record<string, Spread>>;
    readonly ratio: Readonly<Record<string, Spread>>;
  };
  /** What the pool has promised. */
  readonly budget: { readonly ratio: number; readonly bytesPerHit: number; readonly met: boolean };
}

/** At most this many times the floor, and this many bytes. */
const BUDGET = { ratio: 3, bytesPerHit: 0 };
/** Ways to hold an object of this pool. */
const OURS: readonly Variant[] = [
  "pool",
  "tagged",
  "taggedVariable",
  "taggedSized",
  "lease",
  "with",
];
const PEERS: readonly Variant[] = ["reusify", "deepool", "generic-pool", "tarn"];
/** Peers that tell a double release; the others hand one object to two holders after it. */
const GUARDED: readonly Variant[] = ["generic-pool", "tarn"];

/** Calls before the first timed one. */
const WARM_CALLS = 4000;
/** Pairs over which bytes are counted. */
const COUNTED = 2 ** 20;

/** The turns of a process, and how long one of them lasts at least. */
function plan({ quick }: Effort): { turns: number; turnMs: number } {
  return quick ? { turns: 4, turnMs: 25 } : { turns: 8, turnMs: 40 };
}

/** Calls a subject, awaiting only what is a promise. */
async function repeat(run: Subject["run"], calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) {
    const touches = run();
    if ((touches instanceof Promise ? await touches : touches) !== PAIRS) {
      throw new Error(`Cannot measure pair: a call must touch ${PAIRS} objects: received fewer`);
    }
  }
}

/** Runs the classes that are not measured, so that no engine forgets them. */
async function repeatOthers(subject: Subject, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) await subject.runOthers();
}

/** Times one turn, in nanoseconds per pair. */
async function time(run: Subject["run"], turnMs: number): Promise<number> {
  const { p50 } = await measure(run, {
    // Collections are part of what allocation costs; none is provoked.
    gc: false,
    min_cpu_time: turnMs * 1e6,
    batch_samples: 256,
    // Of several calls in one loop an engine inlines the first and has no budget left for the rest.
    batch_unroll: 1,
  });
  return p50 / PAIRS;
}

async function countBytes(run: Subject["run"]): Promise<number> {
  const calls = COUNTED / PAIRS;
  const count = async () => await allocatedBytes(() => repeat(run, calls)) / COUNTED;
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
  await repeat(subject.run, warmCalls);
  await repeat(bare.run, WARM_CALLS);
  const { turns, turnMs } = plan(effort);
  const ns: number[] = [];
  const floorNs: number[] = [];
  for (let i = 0; i < turns; i++) {
    await repeatOthers(subject, 20);
    // The pools' timers are real, and get their turn.
    await setTimeout(1);
    if (i % 2 === 0) {
      floorNs.push(await time(bare.run, turnMs));
      ns.push(await time(subject.run, turnMs));
    } else {
      ns.push(await time(subject.run, turnMs));
      floorNs.push(await time(bare.run, turnMs));
    }
  }
  return {
    ns: median(ns),
    floorNs: median(floorNs),
    ratio: median(ns.map((figure, i) => figure / floorNs[i]!)),
    bytes: await countBytes(subject.run),
  };
}

/** Less than this is the counter's own noise. */
const NOISE_BYTES = 0.01;

function report(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const ns: Record<string, number> = {};
  const ratio: Record<string, number> = {};
  const bytes: Record<string, number> = {};
  const spreads = { ns: {} as Record<string, Spread>, ratio: {} as Record<string, Spread> };
  const add = (name: string, figures: readonly number[], ratios: readonly number[]) => {
    ns[name] = round(median(figures));
    ratio[name] = round(median(ratios));
    spreads.ns[name] = spread(figures.map(round));
    spreads.ratio[name] = spread(ratios.map(round));
  };
  const { held16 = [], ...singles } = Object.fromEntries(samples);
  const floors = Object.values(singles).flat().map((sample) => sample.floorNs);
  add("floor", floors, [1]);
  for (const [name, taken] of Object.entries(singles)) {
    add(name, taken.map((sample) => sample.ns), taken.map((sample) => sample.ratio));
    const least = Math.min(...taken.map((sample) => sample.bytes));
    bytes[name] = least < NOISE_BYTES ? 0 : round(least);
  }
  const bytesPerHit = Math.max(bytes.tagged!, bytes.with!);
  return {
    ns,
    bytesPerHit,
    ratio,
    bytes,
    held16: {
      floor: round(median(held16.map((sample) => sample.floorNs))),
      tagged: round(median(held16.map((sample) => sample.ns))),
      ratio: round(median(held16.map((sample) => sample.ratio))),
    },
    spread: spreads,
    budget: {
      ...BUDGET,
      met: ratio.tagged! <= BUDGET.ratio && bytesPerHit <= BUDGET.bytesPerHit,
    },
  };
}

const LABELS: Readonly<Record<string, string>> = {
  floor: "floor: bare array",
  floorReset: "floorReset: the same with a reset",
  pool: "pool: acquire, release",
  tagged: "tagged: a handle's acquire, release",
  taggedVariable: "taggedVariable: the same, no constant",
  taggedSized: "taggedSized: the same with sizeOf",
  lease: "lease: a handle's lease",
  with: "with: a handle's with",
};

function times(factor: number): string {
  return `${round(factor)} ×`;
}

/** Says of each peer who is faster. */
function compare({ ns }: Report): string[] {
  return PEERS.map((peer) => {
    const factor = ns[peer]! / ns.tagged!;
    const guard = GUARDED.includes(peer) ? "" : ", which does not see a double release";
    return factor >= 1
      ? `WIN   tagged is ${times(factor)} as fast as ${peer}${guard}`
      : `LOSS  tagged takes ${times(1 / factor)} as long as ${peer}${guard}`;
  });
}

function judge({ ratio, held16, bytes, budget }: Report): string[] {
  const lines = [
    ...(["tagged", "taggedSized", "taggedVariable"] as const).map((name) =>
      [name, ratio[name]!] as const
    ),
    ["16 held at once", held16.ratio] as const,
  ];
  return [
    ...lines.map(([name, factor]) =>
      verdict(
        factor <= budget.ratio,
        `${name}: ${times(factor)} the floor, where at most ${budget.ratio} are allowed`,
      )
    ),
    ...(["tagged", "with"] as const).map((name) =>
      verdict(
        bytes[name]! <= budget.bytesPerHit,
        `${name}: ${bytes[name]} bytes allocated per hit, where ${budget.bytesPerHit} are allowed`,
      )
    ),
  ];
}

function sheets(report: Report): Sheet[] {
  const { ns, ratio, bytes, held16, spread } = report;
  const range = ([least, greatest]: Spread) => `(${least}–${greatest})`;
  const row = (name: string) => [
    LABELS[name] ?? name,
    String(ns[name]),
    range(spread.ns[name]!),
    name === "floor" ? "1" : String(ratio[name]),
    name === "floor" ? "" : range(spread.ratio[name]!),
    String(bytes[name] ?? ""),
  ];
  const names = ["floor", "floorReset", ...OURS, ...PEERS];
  return [{
    rows: [
      ["per pair", "ns", "(min–max)", "× floor", "(min–max)", "bytes"],
      ...names.map(row),
      ["16 held at once: floor", String(held16.floor), "", "1", "", ""],
      ["16 held at once: tagged", String(held16.tagged), "", String(held16.ratio), "", ""],
    ],
    remarks: [...judge(report), "", ...compare(report)],
  }];
}

/** Acquire and release against a bare array and other pools. */
export const pair: Bench<Sample, Report> = {
  question: "What does acquire + release cost, against a bare array's pop and push?",
  rival: `the bare array of the same process (the floor); ${PEERS.join(", ")}`,
  packages: ["mitata", ...PEERS],
  runtimes: ["deno", "bun"],
  variants: Object.keys(SUBJECTS),
  measure: measureVariant,
  report,
  sheets,
};
