/**
 * What the causal bench's samples amount to.
 *
 * @module
 */

import { needSameWork } from "../runner/checksum.ts";
import { type Spread, spread, sum } from "../runner/statistics.ts";
import type { Chain } from "./chain.ts";

/** What one process found out. */
export interface Sample {
  readonly chain: Chain;
  /** Of the work that the requests did. */
  readonly checksum: number;
  /** Lines of the engine's log that could not be read: a stop may be missing. */
  readonly unparsed: number;
}

/** Reads a figure of a chain; `null` where it has none. */
type Read = (chain: Chain) => number | null;

/** The figures that are told with the least and the greatest of all rounds. */
export const MEASURES = {
  p99Ms: (chain) => chain.p99Ms,
  p999Ms: (chain) => chain.p999Ms,
  p99WithoutMs: (chain) => chain.p99WithoutMs,
  p999WithoutMs: (chain) => chain.p999WithoutMs,
  insideShare: (chain) => chain.inside.share,
  insideP50Ms: (chain) => chain.inside.p50Ms,
  insideP99Ms: (chain) => chain.inside.p99Ms,
  outsideP50Ms: (chain) => chain.outside.p50Ms,
  outsideP99Ms: (chain) => chain.outside.p99Ms,
  stoppedInBursts: (chain) => chain.stoppedInBursts,
  correlation: (chain) => chain.correlation,
  gcShareOfP99: (chain) => chain.gcShareOfP99,
  gcShareOfP999: (chain) => chain.gcShareOfP999,
} as const satisfies Readonly<Record<string, Read>>;

/** A figure's name. */
export type Measure = keyof typeof MEASURES;

/** The least and the greatest of all rounds; `null` where a round has no such figure. */
export type Spreads = Readonly<Record<Measure, Spread | null>>;

/** What all samples amount to. */
export interface Report {
  /** Of the round in the middle, by variant. */
  readonly chains: Readonly<Record<string, Chain>>;
  /** Of all rounds, by variant. */
  readonly spread: Readonly<Record<string, Spreads>>;
  readonly checksum: number;
  /** Lines of the engine's log that could not be read, over all processes. */
  readonly unparsed: number;
}

/** The round in the middle by its 99th percentile: figures of several rounds would not fit together. */
function middle(samples: readonly Sample[]): Chain {
  const sorted = samples.map(({ chain }) => chain).toSorted((a, b) => a.p99Ms - b.p99Ms);
  return sorted[sorted.length >> 1]!;
}

function spreadsOf(samples: readonly Sample[]): Spreads {
  const ranges = (Object.entries(MEASURES) as [Measure, Read][]).map(([measure, read]) => {
    const figures = samples.map(({ chain }) => read(chain));
    return [measure, figures.includes(null) ? null : spread(figures as number[])] as const;
  });
  return Object.fromEntries(ranges) as Record<Measure, Spread | null>;
}

/** Draws the samples of all rounds together. */
export function reportOf(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  return {
    chains: Object.fromEntries([...samples].map(([name, taken]) => [name, middle(taken)])),
    spread: Object.fromEntries([...samples].map(([name, taken]) => [name, spreadsOf(taken)])),
    checksum: needSameWork("causal variants", samples, ({ checksum }) => checksum),
    unparsed: sum([...samples.values()].flat().map(({ unparsed }) => unparsed)),
  };
}
