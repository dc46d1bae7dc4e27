/**
 * What the samples of the gateway bench amount to.
 *
 * @module
 */

import type { RuntimeName } from "../runner/bench.ts";
import { needSameWork } from "../runner/checksum.ts";
import { median, round, type Spread, spread } from "../runner/statistics.ts";
import type { Figures, Series } from "./figures.ts";
import { MEMORY_FRACTION, type SubjectName, SUBJECTS } from "./subject.ts";

/** Follows a variant's name where the application makes garbage of its own. */
export const WASTEFUL = "+garbage";

/** What one process of a variant found out. */
export interface Sample {
  readonly figures: Figures;
  readonly series: Series;
  /** What idle contexts may hold at most, in bytes; `null` where nothing limits them. */
  readonly maxBytes: number | null;
  /** What was alive on the heap when it began, in MB. */
  readonly liveMB: number;
}

/** The figures that are compared and told. */
export type Measure = Exclude<keyof Figures, "checksum" | "unparsed">;

/** What a variant saves against `sync-pool`, in the same run. */
export interface Saving {
  /** The share of the stop-the-world time. */
  readonly stw: number;
  /** The share of the allocated bytes. */
  readonly alloc: number;
  /** The share of hits that it has more, in percentage points. */
  readonly hitPoints: number;
}

/** All variants under one application. */
export interface Scene {
  /** Medians by variant. */
  readonly variants: Readonly<Record<SubjectName, Figures>>;
  /** The least and the greatest of all rounds. */
  readonly spread: Readonly<Record<SubjectName, Readonly<Record<Measure, Spread | null>>>>;
  /** What the pool saves. */
  readonly vsSyncPool: Saving;
  /** What a free list without an end saves: no pool can save more. */
  readonly freeListVsSyncPool: Saving;
  /** Pictures, of the round in the middle. */
  readonly series: Readonly<Record<SubjectName, Series>>;
  /** Reasons not to believe this run. */
  readonly suspicions: readonly string[];
}

/** What all samples amount to. */
export interface Report extends Scene {
  /** The same where each request also parses a message, which no pool can help. */
  readonly garbage: Scene;
  /** The memory that the pool knows of, in MB, and the share of it that idle contexts may hold. */
  readonly memory: { readonly limitMB: number; readonly fraction: number };
  /** What was alive on the heap, in MB, without the pool. */
  readonly liveMB: number;
  /** Lines of the engine's log that could not be read, over all processes. */
  readonly unparsed: number;
  /** The step of the runtime's clock in ms, where it is too coarse for the tail; else `null`. */
  readonly clockStepMs: number | null;
  /** What is to be reached. */
  readonly targets: Targets;
}

/** What is to be reached: shares, and percentage points. */
export interface Targets {
  readonly stw: number;
  /** `null` where nothing was promised. */
  readonly alloc: number | null;
  readonly hit: number;
  /** The most by which a free list may save more. */
  readonly pointsToFreeList: number;
  readonly garbagePointsToFreeList: number;
}

const V8_TARGETS: Targets = {
  stw: 0.9,
  alloc: 0.93,
  hit: 0.99,
  pointsToFreeList: 5,
  garbagePointsToFreeList: 8,
};

/** The targets of a runtime. */
export function targetsOf(runtime: RuntimeName): Targets {
  return runtime === "bun" ? { ...V8_TARGETS, stw: 0.75, alloc: null } : V8_TARGETS;
}

const NAMES = Object.keys(SUBJECTS) as readonly SubjectName[];
/** A figure that lies outside the bracket by less is noise, not suspicious. */
const NOISE = 0.1;
const NOISE_STW_MS = 0.05;

/** Draws the report. Throws where variants did not do the same work. */
export function reportOf(
  samples: ReadonlyMap<string, readonly Sample[]>,
  runtime: RuntimeName,
): Report {
  const all = [...samples.values()].flat();
  return {
    ...sceneOf(samples, ""),
    garbage: sceneOf(samples, WASTEFUL),
    memory: {
      limitMB: round((samples.get("siliconflow")![0]!.maxBytes ?? 0) / MEMORY_FRACTION / 1e6),
      fraction: MEMORY_FRACTION,
    },
    liveMB: round(median(samples.get("alloc")!.map(({ liveMB }) => liveMB))),
    unparsed: all.reduce((sum, { figures }) => sum + figures.unparsed, 0),
    clockStepMs: runtime === "workerd" ? 1 : null,
    targets: targetsOf(runtime),
  };
}

function sceneOf(samples: ReadonlyMap<string, readonly Sample[]>, suffix: string): Scene {
  const of = (name: SubjectName) => samples.get(name + suffix)!;
  const figures = (name: SubjectName) => of(name).map((sample) => sample.figures);
  const checksum = needSameWork(
    "gateway variants",
    new Map(NAMES.map((name) => [name + suffix, figures(name)])),
    ({ checksum }) => checksum,
  );
  const variants = record((name) => medianOf(figures(name), checksum));
  const spreads = record((name) => spreadOf(figures(name)));
  return {
    variants,
    spread: spreads,
    vsSyncPool: savingOf(variants["siliconflow"], variants["sync-pool"]),
    freeListVsSyncPool: savingOf(variants["free-list"], variants["sync-pool"]),
    series: record((name) => middle(of(name)).series),
    suspicions: suspicionsOf(spreads),
  };
}

function record<V>(make: (name: SubjectName) => V): Record<SubjectName, V> {
  return Object.fromEntries(NAMES.map((name) => [name, make(name)])) as Record<SubjectName, V>;
}

const MEASURES: readonly Measure[] = [
  "hit",
  "minorPerS",
  "majorPerS",
  "stwMsPerS",
  "stwP99Per100ms",
  "maxPauseMs",
  "allocMBps",
  "cpuUsPerReq",
  "p999Ms",
  "rssMB",
  "meanIdle",
];

/** What was measured of a figure, rounded; `null` where a process could not tell. */
function takenOf(figures: readonly Figures[], measure: Measure): number[] | null {
  const taken = figures.map((each) => each[measure]);
  return taken.includes(null) ? null : (taken as number[]).map(roundFor(measure));
}

/** A hit rate of 99.96 % must not read as 100 %. */
function roundFor(measure: Measure): (figure: number) => number {
  return measure === "hit" ? (figure) => Math.floor(figure * 1e5) / 1e5 : round;
}

function medianOf(figures: readonly Figures[], checksum: number): Figures {
  const entries = MEASURES.map((measure) => {
    const taken = takenOf(figures, measure);
    return [measure, taken && median(taken)];
  });
  const unparsed = figures.reduce((sum, each) => sum + each.unparsed, 0);
  return { ...Object.fromEntries(entries), checksum, unparsed };
}

function spreadOf(figures: readonly Figures[]): Record<Measure, Spread | null> {
  const entries = MEASURES.map((measure) => {
    const taken = takenOf(figures, measure);
    return [measure, taken && spread(taken)];
  });
  return Object.fromEntries(entries);
}

/** The sample whose stop-the-world time lies in the middle. */
function middle(samples: readonly Sample[]): Sample {
  const sorted = samples.toSorted((a, b) => a.figures.stwMsPerS - b.figures.stwMsPerS);
  return sorted[sorted.length >> 1]!;
}

function savingOf(variant: Figures, rival: Figures): Saving {
  const saved = (measure: "stwMsPerS" | "allocMBps") =>
    round(1 - variant[measure] / rival[measure]);
  return {
    stw: saved("stwMsPerS"),
    alloc: saved("allocMBps"),
    hitPoints: round(100 * (variant.hit - rival.hit)),
  };
}

/**
 * What lies outside of its bracket in every round: nothing can save more than a free list, or less
 * than no pool.
 */
function suspicionsOf(spreads: Scene["spread"]): string[] {
  const suspicions: string[] = [];
  const check = (name: SubjectName, measure: "stwMsPerS" | "allocMBps", noise: number) => {
    const [listLeast] = spreads["free-list"][measure]!;
    const [, allocMost] = spreads["alloc"][measure]!;
    const [least, most] = spreads[name][measure]!;
    if (most >= listLeast * (1 - NOISE) - noise && least <= allocMost * (1 + NOISE) + noise) return;
    suspicions.push(
      `${measure} of ${name} is ${least} to ${most}, outside of ${listLeast} (free-list) to ${allocMost} (alloc)`,
    );
  };
  for (const name of ["siliconflow", "siliconflow-untagged"] as const) {
    check(name, "stwMsPerS", NOISE_STW_MS);
    check(name, "allocMBps", 0);
  }
  return suspicions;
}
