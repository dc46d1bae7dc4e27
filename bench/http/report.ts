/**
 * What the rounds amount to.
 *
 * @module
 */

import type { RuntimeName } from "../runner/bench.ts";
import { median, round, type Spread, spread, sum } from "../runner/statistics.ts";
import { type Bracketed, suspicionsOf } from "./bracket.ts";
import type { Sample, Turn } from "./round.ts";
import { SLICE_REQUESTS, type Variant, VARIANTS } from "./service.ts";

/** The figures of a variant, and what they are called. */
export const FIGURES = {
  requestsPerSecond: "requests/s",
  p50Ms: "p50 ms",
  p99Ms: "p99 ms",
  p999Ms: "p99.9 ms",
  cpuUs: "CPU µs/request",
  stoppedMs: "GC ms/100 k",
  turnStoppedMs: "GC ms/100 k, middle turn",
  minor: "minor GCs/100 k",
  major: "major GCs/100 k",
  maxPauseMs: "longest pause ms",
  bytesPerRequest: "bytes/request",
  peakRssMb: "peak RSS MB",
} as const;

/** A figure's name. */
export type Figure = keyof typeof FIGURES;

/** A middle, and the least and the greatest it was drawn from. */
export interface Middle {
  readonly median: number;
  readonly spread: Spread;
}

/** Two variants, turn by turn. */
export interface Comparison {
  readonly variant: Variant;
  readonly rival: Variant;
  /** The requests/s of the variant over those of the rival in the same turn: the middle of a round. */
  readonly requestsPerSecond: Middle;
  /** The same of the processor time that a request takes. */
  readonly cpuUs: Middle;
  /**
   * What a request takes more than with the rival within the process, in µs: that of the slices that were
   * taken one after another, the middle of a round.
   */
  readonly extraUs: Middle;
}

/** What was to be reached, and what was. */
export interface Target {
  readonly variant: Variant;
  /**
   * Requests/s over those of `alloc` or `plain`, or time in the collector: over all turns, or in the
   * middle one.
   */
  readonly name: "alloc" | "collector" | "turn" | "plain";
  readonly figure: number;
  readonly limit: number;
  readonly met: boolean;
  /** In how many of the rounds it was reached, each by its own figures. */
  readonly metRounds: number;
  readonly rounds: number;
}

/** What all samples amount to. */
export interface Report {
  readonly runtime: RuntimeName;
  readonly figures: Readonly<Record<Variant, Readonly<Record<Figure, Middle>>>>;
  readonly comparisons: readonly Comparison[];
  readonly targets: readonly Target[];
  /** What lies outside of its bracket in every round. */
  readonly suspicions: readonly string[];
  /** Lines of engines' logs of which nobody knows what they say. */
  readonly unparsed: number;
}

/** Who is compared with whom. */
const PAIRS: readonly (readonly [variant: Variant, rival: Variant])[] = [
  ["free-list", "alloc"],
  ["free-list-next", "alloc"],
  ["pooled", "alloc"],
  ["pooled", "free-list"],
  ["pooled", "free-list-next"],
  ["pooled-around", "alloc"],
  ["pooled-around", "free-list"],
  ["pooled-handler", "alloc"],
  ["pooled-handler", "free-list"],
  ["plain-next", "plain"],
  ["plain-pooled", "plain"],
  ["plain-pooled", "plain-next"],
  ["plain-around", "plain"],
  ["plain-handler", "plain"],
];

/** At least so many times the requests/s of `alloc`; workerd was not given a target. */
const LEAST_GAIN: Readonly<Partial<Record<RuntimeName, number>>> = { deno: 1.1, bun: 1.15 };
/** At most so many times the free list's time in the collector. */
const MOST_STOPPED = 1.1;
/** At least so many times the requests/s of no middleware, where no scratch is needed. */
const LEAST_KEPT = 0.97;

const PER = 100_000;
const MB = 2 ** 20;

/** Draws the samples of all rounds together. */
export function reportOf(
  samples: ReadonlyMap<string, readonly Sample[]>,
  runtime: RuntimeName,
): Report {
  const figures = Object.fromEntries(
    VARIANTS.map((variant) => [variant, middlesOf(samples.get(variant)!)]),
  ) as Record<Variant, Record<Figure, Middle>>;
  const comparisons = PAIRS.map(([variant, rival]) => ({
    variant,
    rival,
    ...compare(samples.get(variant)!, samples.get(rival)!),
  }));
  return {
    runtime,
    figures,
    comparisons,
    targets: targetsOf(runtime, samples),
    suspicions: bracketsOf(samples).flatMap(suspicionsOf),
    unparsed: sum([...samples.values()].flat().map(({ engine }) => engine.unparsed)),
  };
}

/** The comparison of a variant with a rival: one of those that are made. */
export function comparisonOf(
  comparisons: readonly Comparison[],
  variant: Variant,
  rival: Variant,
): Comparison {
  return comparisons.find((one) => one.variant === variant && one.rival === rival)!;
}

function middlesOf(samples: readonly Sample[]): Record<Figure, Middle> {
  const each = samples.map(figuresOf);
  return Object.fromEntries(
    (Object.keys(FIGURES) as Figure[]).map((name) => [name, middle(each.map((one) => one[name]))]),
  ) as Record<Figure, Middle>;
}

/** The figures of one round. */
function figuresOf({ turns, engine, ...sample }: Sample): Record<Figure, number> {
  const requests = sum(turns.map((turn) => turn.requests));
  const cpuMs = sum(turns.map((turn) => turn.cpuMs));
  const per = PER / requests;
  return {
    // Not the sum: a turn in which the machine was busy counts as one.
    requestsPerSecond: median(turns.map(rate)),
    p50Ms: sample.p50Ms,
    p99Ms: sample.p99Ms,
    p999Ms: sample.p999Ms,
    cpuUs: cpuMs * 1000 / requests,
    stoppedMs: sum(turns.map((turn) => turn.stoppedMs)) * per,
    // A pause in which the machine took the processor away is as long as those of ten turns together.
    turnStoppedMs: median(turns.map((turn) => turn.stoppedMs * PER / turn.requests)),
    minor: engine.minor * per,
    major: engine.major * per,
    maxPauseMs: engine.maxPauseMs,
    bytesPerRequest: sample.bytesPerRequest,
    peakRssMb: sample.peakRssBytes / MB,
  };
}

function compare(ours: readonly Sample[], theirs: readonly Sample[]) {
  return {
    requestsPerSecond: middle(ratios(ours, theirs, rate)),
    cpuUs: middle(ratios(ours, theirs, ({ cpuMs, requests }) => cpuMs / requests)),
    extraUs: middle(
      ours.map(({ slicesMs }, i) =>
        median(slicesMs.map((ms, k) => ms - theirs[i]!.slicesMs[k]!)) * 1000 / SLICE_REQUESTS
      ),
    ),
  };
}

/** A figure of each turn over that of the rival's in the same turn: the middle of each round. */
function ratios(
  ours: readonly Sample[],
  theirs: readonly Sample[],
  figure: (turn: Turn) => number,
): number[] {
  return ours.map(({ turns }, i) =>
    median(turns.map((turn, k) => figure(turn) / figure(theirs[i]!.turns[k]!)))
  );
}

/** The free list that takes its contexts as a pooled variant does. */
const LISTS = [
  ["pooled", "free-list-next"],
  ["pooled-around", "free-list"],
  ["pooled-handler", "free-list"],
] as const;

function bracketsOf(samples: ReadonlyMap<string, readonly Sample[]>): Bracketed[] {
  const bytesOf = (variant: Variant) =>
    samples.get(variant)!.map(({ bytesPerRequest }) => bytesPerRequest);
  const [alloc, bare] = [bytesOf("alloc"), bytesOf("free-list")];
  return LISTS.map(([variant, list]) => {
    const leastBytes = bytesOf(list);
    return {
      variant,
      list,
      gains: ratios(samples.get(variant)!, samples.get(list)!, rate),
      bytes: bytesOf(variant),
      leastBytes,
      // What a middleware of its own allocates is no failure of the pool.
      mostBytes: alloc.map((bytes, i) => bytes + leastBytes[i]! - bare[i]!),
    };
  });
}

function rate({ requests, seconds }: Turn): number {
  return requests / seconds;
}

function middle(figures: readonly number[]): Middle {
  const rounded = figures.map(round);
  return { median: round(median(rounded)), spread: spread(rounded) };
}

function targetsOf(
  runtime: RuntimeName,
  samples: ReadonlyMap<string, readonly Sample[]>,
): Target[] {
  const gains = (variant: Variant, rival: Variant) =>
    ratios(samples.get(variant)!, samples.get(rival)!, rate);
  const least = LEAST_GAIN[runtime];
  const targets: Target[] = [];
  for (const variant of ["pooled", "pooled-around", "pooled-handler"] as const) {
    if (least !== undefined) {
      const rounds = gains(variant, "alloc").map((figure) => ({ figure, limit: least }));
      targets.push({ variant, name: "alloc", ...judge(rounds, isEnough) });
    }
    for (const [name, time] of [["collector", "stoppedMs"], ["turn", "turnStoppedMs"]] as const) {
      const theirs = samples.get("free-list")!;
      const rounds = samples.get(variant)!.map((ours, i) => ({
        figure: figuresOf(ours)[time],
        limit: MOST_STOPPED * figuresOf(theirs[i]!)[time],
      }));
      targets.push({ variant, name, ...judge(rounds, isLittle) });
    }
  }
  for (const variant of ["plain-pooled", "plain-around", "plain-handler"] as const) {
    const rounds = gains(variant, "plain").map((figure) => ({ figure, limit: LEAST_KEPT }));
    targets.push({ variant, name: "plain", ...judge(rounds, isEnough) });
  }
  return targets;
}

/** What was drawn, and what it is held against. */
type Held = Pick<Target, "figure" | "limit">;

const isEnough = ({ figure, limit }: Held) => figure >= limit;
const isLittle = ({ figure, limit }: Held) => figure <= limit;

/** Judges the middle of the rounds, and each of them. */
function judge(rounds: readonly Held[], isMet: (held: Held) => boolean) {
  const each = rounds.map(({ figure, limit }) => ({ figure: round(figure), limit: round(limit) }));
  const figure = round(median(each.map((one) => one.figure)));
  const limit = round(median(each.map((one) => one.limit)));
  const metRounds = each.filter(isMet).length;
  return { figure, limit, met: isMet({ figure, limit }), metRounds, rounds: each.length };
}
