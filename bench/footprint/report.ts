/**
 * What the footprint bench's samples amount to.
 *
 * @module
 */

import { needSameWork } from "../runner/checksum.ts";
import { median, round, type Spread, spread, sum } from "../runner/statistics.ts";
import { PHASES } from "./shift.ts";

/** What lies idle is counted as often, in virtual ms. */
export const COUNT_MS = 500;

/** A megabyte, in bytes. */
const MB = 1e6;

/** A phase's name. */
export type Phase = keyof typeof PHASES;

const PHASE_NAMES = Object.keys(PHASES) as readonly Phase[];

/** What a process tells before it is seen from outside. */
export interface Raw {
  /**
   * Bytes of idle contexts, every {@linkcode COUNT_MS}: their number times the `byteLength` of one that has
   * served a request.
   */
  readonly idleBytes: readonly number[];
  /** Bytes of idle contexts after all of that and two collections of the whole heap. */
  readonly endBytes: number;
  /** How long all phases really took, in seconds. */
  readonly tookS: number;
  /** The share of requests that got a context which had been used before. */
  readonly hit: number;
  /** Of the work that the requests did. */
  readonly checksum: number;
}

/** What one process found out. */
export interface Sample extends Raw {
  /** Memory that the process held at the end, in bytes; `null` where the system does not tell. */
  readonly rssBytes: number | null;
  /** The most that it ever held. */
  readonly peakRssBytes: number | null;
}

/** Figures of a variant, `null` where the system does not tell. */
interface Drawn<Figure> {
  /** Megabytes of idle contexts on average, in each phase. */
  readonly idleMB: Readonly<Record<Phase, Figure>>;
  /** Megabytes of idle contexts at the end, after two collections of the whole heap. */
  readonly endMB: Figure;
  readonly hit: Figure;
  /** Megabytes that the process held at the end, after a collection. */
  readonly rssMB: Figure | null;
  readonly peakRssMB: Figure | null;
}

/** Medians of all rounds. */
export type Figures = Drawn<number>;

/** The least and the greatest of all rounds. */
export type Spreads = Drawn<Spread>;

/** What all samples amount to. */
export interface Report {
  /** How long all phases really took, in seconds: virtual time is faster. */
  readonly tookS: number;
  readonly variants: Readonly<Record<string, Figures>>;
  readonly spread: Readonly<Record<string, Spreads>>;
  /** Megabytes of idle contexts over virtual time, every 500 ms; medians of all rounds. */
  readonly series: Readonly<Record<string, readonly number[]>>;
}

/** The mean of what was counted in a phase, in megabytes. */
function meanMB(idleBytes: readonly number[], phase: Phase): number {
  const before = PHASE_NAMES.slice(0, PHASE_NAMES.indexOf(phase));
  const from = sum(before.map((name) => PHASES[name])) / COUNT_MS;
  const counted = idleBytes.slice(from, from + PHASES[phase] / COUNT_MS);
  return sum(counted) / counted.length / MB;
}

/** Draws each figure of all rounds. */
function draw<Figure>(
  samples: readonly Sample[],
  from: (figures: readonly number[]) => Figure,
): Drawn<Figure> {
  const of = (pick: (sample: Sample) => number) => from(samples.map(pick));
  const seen = (key: "rssBytes" | "peakRssBytes") =>
    samples.some((sample) => sample[key] === null)
      ? null
      : of((sample) => round(sample[key]! / MB));
  return {
    idleMB: Object.fromEntries(
      PHASE_NAMES.map((phase) => [phase, of(({ idleBytes }) => round(meanMB(idleBytes, phase)))]),
    ) as Record<Phase, Figure>,
    endMB: of(({ endBytes }) => round(endBytes / MB)),
    hit: of(({ hit }) => hit),
    rssMB: seen("rssBytes"),
    peakRssMB: seen("peakRssBytes"),
  };
}

/** What lay idle over time, in the middle of all rounds. */
function seriesOf(samples: readonly Sample[]): number[] {
  return samples[0]!.idleBytes.map((_, i) =>
    round(median(samples.map(({ idleBytes }) => idleBytes[i]!)) / MB)
  );
}

/** Draws the samples of all rounds together. */
export function reportOf(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  needSameWork("footprints", samples, ({ checksum }) => checksum);
  const each = <R>(figure: (taken: readonly Sample[]) => R): Record<string, R> =>
    Object.fromEntries([...samples].map(([name, taken]) => [name, figure(taken)]));
  return {
    tookS: round(median([...samples.values()].flat().map(({ tookS }) => tookS))),
    variants: each((taken) => draw(taken, median)),
    spread: each((taken) => draw(taken, spread)),
    series: each(seriesOf),
  };
}
