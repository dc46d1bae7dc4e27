/**
 * The locality bench's report, in figures, words and pictures.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { needSameWork } from "../runner/checksum.ts";
import type { Sheet } from "../runner/sheet.ts";
import { median, round, type Spread, spread } from "../runner/statistics.ts";
import type { ReuseDistance } from "./reuse_distance.ts";
import { objectsOf, REUSES } from "./subject.ts";

/** What one process measured of a variant. */
export interface Sample {
  /** Nanoseconds of a request. */
  readonly ns: number;
  /** What a timed call of requests read from their payloads, on average. */
  readonly checksum: number;
  readonly distance: ReuseDistance;
}

/** A way to reuse. */
export type ReuseName = keyof typeof REUSES;

/** Payloads in bytes. */
export const PAYLOADS: readonly number[] = [256, 4096, 65_536];
/** The ways to reuse. */
export const REUSE_NAMES = Object.keys(REUSES) as readonly ReuseName[];

/** The variant of a way and a payload. */
export function variantOf(reuse: ReuseName, payload: number): string {
  return `${reuse}${payload}`;
}

/** What all samples of a variant amount to. */
export interface Figures {
  /** Nanoseconds of a request. */
  readonly ns: number;
  /** The least and the greatest of all rounds. */
  readonly spread: Spread;
  /** Nanoseconds by those of the bare LIFO array. */
  readonly byLifo: number;
  readonly distance: ReuseDistance;
}

/** What all samples amount to, by payload and way. */
export interface Report {
  readonly payloads: Readonly<Record<string, Readonly<Record<ReuseName, Figures>>>>;
  /** What was read in each of the ways, by payload. */
  readonly checksums: Readonly<Record<string, number>>;
}

/** The checksum of a payload, which must be that of all ways. */
function checksumOf(samples: ReadonlyMap<string, readonly Sample[]>, payload: number): number {
  const variants = REUSE_NAMES.map((reuse) => variantOf(reuse, payload));
  const taken = new Map(variants.map((variant) => [variant, samples.get(variant)!]));
  return needSameWork(`locality of ${sizeOf(payload)}`, taken, ({ checksum }) => checksum);
}

/** Draws the samples of all rounds together. */
export function reportOf(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const figuresOf = (reuse: ReuseName, payload: number): Figures => {
    const nsOf = (reuse: ReuseName) =>
      samples.get(variantOf(reuse, payload))!.map((sample) => sample.ns);
    const ns = nsOf(reuse);
    return {
      ns: round(median(ns)),
      spread: spread(ns.map(round)),
      byLifo: round(median(ns) / median(nsOf("lifo"))),
      // The same in all rounds: endings are drawn from a seed.
      distance: samples.get(variantOf(reuse, payload))![0]!.distance,
    };
  };
  return {
    payloads: Object.fromEntries(PAYLOADS.map((payload) => [
      payload,
      Object.fromEntries(REUSE_NAMES.map((reuse) => [reuse, figuresOf(reuse, payload)])) as Record<
        ReuseName,
        Figures
      >,
    ])),
    checksums: Object.fromEntries(
      PAYLOADS.map((payload) => [payload, checksumOf(samples, payload)]),
    ),
  };
}

const LABELS: Readonly<Record<ReuseName, string>> = {
  lifo: "bare array, last in first out",
  fifo: "bare ring, first in first out",
  ours: "ours",
};

function sizeOf(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`;
}

/** What differs by less is the same: the machine itself is no steadier. */
const EVEN = 1.05;

/** Says who is faster. */
function compare(
  payload: number,
  { lifo, fifo, ours }: Readonly<Record<ReuseName, Figures>>,
): string[] {
  const line = (rival: string, { ns }: Figures) => {
    const factor = ns / ours.ns;
    const size = sizeOf(payload);
    if (factor >= EVEN) return `WIN   ${size}: ours is ${round(factor)} × as fast as ${rival}`;
    return factor <= 1 / EVEN
      ? `LOSS  ${size}: ours takes ${round(1 / factor)} × as long as ${rival}`
      : `EVEN  ${size}: ours takes as long as ${rival}`;
  };
  return [line("the ring", fifo), line("the bare array", lifo)];
}

/** Writes the report. */
export function sheetsOf({ payloads }: Report): Sheet[] {
  const rows = PAYLOADS.flatMap((payload) =>
    REUSE_NAMES.map((reuse) => {
      const { ns, spread: [least, greatest], byLifo, distance } = payloads[payload]![reuse];
      return [
        `${sizeOf(payload)} × ${objectsOf(payload)}: ${LABELS[reuse]}`,
        String(distance.p50),
        String(distance.p99),
        String(distance.objects),
        String(ns),
        `(${least}–${greatest})`,
        String(byLifo),
      ];
    })
  );
  return [{
    rows: [
      ["payload × idle objects", "distance p50", "p99", "touched", "ns", "(min–max)", "× LIFO"],
      ...rows,
    ],
    remarks: [
      "Distance: other objects touched between two uses of one. Touched: different objects in the run that it was counted in.",
      "A request writes its whole payload and reads a byte of each cache line.",
      "",
      ...PAYLOADS.flatMap((payload) => compare(payload, payloads[payload]!)),
    ],
  }];
}

/** Draws the report. */
export function chartsOf({ payloads }: Report): Chart[] {
  const bars = (figure: (figures: Figures) => number) =>
    REUSE_NAMES.map((reuse) => ({
      name: LABELS[reuse],
      figures: PAYLOADS.map((payload) => figure(payloads[payload]![reuse])),
    }));
  const categories = PAYLOADS.map(sizeOf);
  return [
    {
      kind: "bar",
      title: "Reuse distance",
      caption:
        "How many other objects are touched between two uses of one, the median: with 16 requests at a time, " +
        "128 MB of idle payloads in all.",
      y: { label: "objects", scale: "logarithmic" },
      categories,
      series: bars(({ distance }) => distance.p50),
    },
    {
      kind: "bar",
      title: "Time per request by reuse order",
      caption:
        "A request writes its payload and reads it once. What was used last is still in a cache; what was used " +
        "longest ago has to come from memory.",
      y: { label: "ns per request", scale: "logarithmic" },
      categories,
      series: bars(({ ns }) => ns),
    },
  ];
}
