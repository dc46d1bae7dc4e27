/**
 * What the samples of the gateway bench amount to.
 *
 * @module
 */

import type { RuntimeName } from "../runner/bench.ts";
import { needSameWork } from "../runner/checksum.ts";
import { median, round, type Spread, spread } from "../runner/statistics.ts";
import { suspicionsOf } from "./bracket.ts";
import type { Drawn, Figures, Series } from "./figures.ts";
import { perSecondOf } from "./load.ts";
import {
  medianSaving,
  type Saving,
  savingOf,
  type SavingSpread,
  spreadOfSaving,
} from "./saving.ts";
import { MEMORY_FRACTION, type SubjectName, SUBJECTS } from "./subject.ts";

/** Follows a variant's name where the application makes garbage of its own. */
export const WASTEFUL = "+garbage";

/** What one process of a variant found out. */
export interface Sample extends Drawn {
  /** What idle contexts may hold at most, in bytes; `null` where nothing limits them. */
  readonly maxBytes: number | null;
  /** What was alive on the heap when it began, in MB. */
  readonly liveMB: number;
}

/** The figures that are compared and told. */
export type Measure = Exclude<keyof Figures, "checksum" | "unparsed">;

/** What one round makes of the targets. */
export interface RoundSaving {
  /** The pool's share of requests that got a context without creating it. */
  readonly hit: number;
  /** What the pool saves. */
  readonly vsSyncPool: Saving;
  /** What a free list without an end saves: no pool can save more. */
  readonly freeListVsSyncPool: Saving;
}

/** All variants under one application. */
export interface Scene {
  /** Medians by variant. */
  readonly variants: Readonly<Record<SubjectName, Figures>>;
  /** The least and the greatest of all rounds. */
  readonly spread: Readonly<Record<SubjectName, Readonly<Record<Measure, Spread | null>>>>;
  /** What the pool saves: medians of what it saves in each round. */
  readonly vsSyncPool: Saving;
  readonly vsSyncPoolSpread: SavingSpread;
  /** What a free list without an end saves: no pool can save more. */
  readonly freeListVsSyncPool: Saving;
  readonly freeListVsSyncPoolSpread: SavingSpread;
  /** What targets are judged by. */
  readonly byRound: readonly RoundSaving[];
  /** Pictures, of the round in the middle. */
  readonly series: Readonly<Record<SubjectName, Series>>;
  /** Reasons not to believe this run. */
  readonly suspicions: readonly string[];
}

/** What all samples amount to. */
export interface Report extends Scene {
  readonly runtime: RuntimeName;
  /** Requests in a second of virtual time. */
  readonly requestsPerS: number;
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

/** Draws the report. Throws where variants did not do the same work. */
export function reportOf(
  samples: ReadonlyMap<string, readonly Sample[]>,
  runtime: RuntimeName,
): Report {
  const all = [...samples.values()].flat();
  return {
    runtime,
    requestsPerS: perSecondOf(runtime),
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
  const byRound = roundsOf(figures);
  const ours = byRound.map(({ vsSyncPool }) => vsSyncPool);
  const limit = byRound.map(({ freeListVsSyncPool }) => freeListVsSyncPool);
  return {
    variants: record((name) => medianOf(figures(name), checksum)),
    spread: record((name) => spreadOf(figures(name))),
    vsSyncPool: medianSaving(ours),
    vsSyncPoolSpread: spreadOfSaving(ours),
    freeListVsSyncPool: medianSaving(limit),
    freeListVsSyncPoolSpread: spreadOfSaving(limit),
    byRound,
    series: record((name) => middle(of(name)).series),
    suspicions: suspicionsOf(of),
  };
}

/** Figures of the same index are of the same round. */
function roundsOf(figures: (name: SubjectName) => readonly Figures[]): RoundSaving[] {
  const [ours, list] = [figures("siliconflow"), figures("free-list")];
  return figures("sync-pool").map((rival, i) => ({
    hit: roundFor("hit")(ours[i]!.hit),
    vsSyncPool: savingOf(ours[i]!, rival),
    freeListVsSyncPool: savingOf(list[i]!, rival),
  }));
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
