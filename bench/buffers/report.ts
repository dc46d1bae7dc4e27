/**
 * What the buffers bench's samples amount to.
 *
 * @module
 */

import { median, round, type Spread, spread } from "../runner/statistics.ts";
import type { Fragmentation } from "./fragmentation.ts";
import type { Replay } from "./replay.ts";

/** What one process measured of a way, of one size. */
export interface Pace {
  /** Nanoseconds per pair. */
  readonly ns: number;
  /** Nanoseconds per pair of the free list, in the same process. */
  readonly floorNs: number;
  /** Bytes allocated per pair on the engine's heap; absent where they cannot be counted. */
  readonly bytes?: number;
}

/** What one process found out: paces by size, or what came of a mix or a trace. */
export type Sample =
  | { readonly kind: "paces"; readonly paces: Readonly<Record<string, Pace>> }
  | { readonly kind: "mix"; readonly mix: Fragmentation }
  | { readonly kind: "trace"; readonly trace: Replay };

/** A figure that is to be reached. */
export interface Target {
  readonly what: string;
  readonly figure: number;
  /** What the figure is to be at least, or at most. */
  readonly least?: number;
  readonly most?: number;
  readonly met: boolean;
}

/** Figures by size and way. */
export type BySize = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What all samples amount to. */
export interface Report {
  /** Nanoseconds per pair, by size and way. */
  readonly ns: BySize;
  /** Times the free list of the same process. */
  readonly ratio: BySize;
  /** Bytes allocated per pair at 64 KB, by way; empty where they cannot be counted. */
  readonly bytes: Readonly<Record<string, number>>;
  /** The least and the greatest of all rounds at 64 KB, in ns, by way. */
  readonly spread: Readonly<Record<string, Spread>>;
  /** Reserved bytes by bytes alive: the most of the mix on chunks of Workers. */
  readonly fragmentation: number;
  readonly mixes: Readonly<Record<string, Fragmentation>>;
  readonly trace?: Replay;
  readonly targets: readonly Target[];
}

/** The size that targets are about, in bytes. */
export const TARGET_BYTES = "65536";
/** Less than this is the counter's own noise. */
const NOISE_BYTES = 0.01;

function least(what: string, figure: number, least: number): Target {
  return { what, figure: round(figure), least, met: figure >= least };
}

function most(what: string, figure: number, most: number): Target {
  return { what, figure: round(figure), most, met: figure <= most };
}

/** Draws the samples of all rounds together. */
export function reportOf(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const paces = new Map<string, Readonly<Record<string, Pace>>[]>();
  const mixes: Record<string, Fragmentation> = {};
  let trace: Replay | undefined;
  for (const [variant, taken] of samples) {
    for (const sample of taken) {
      if (sample.kind === "paces") {
        paces.set(variant, [...paces.get(variant) ?? [], sample.paces]);
      } else if (sample.kind === "mix") {
        // Virtual time repeats itself.
        mixes[variant] = sample.mix;
      } else trace = sample.trace;
    }
  }
  const ns: Record<string, Record<string, number>> = {};
  const ratio: Record<string, Record<string, number>> = {};
  const bytes: Record<string, number> = {};
  const spreads: Record<string, Spread> = {};
  const floors: Record<string, number[]> = {};
  for (const [way, taken] of paces) {
    for (const size of Object.keys(taken[0]!)) {
      const own = taken.map((sample) => sample[size]!);
      (floors[size] ??= []).push(...own.map(({ floorNs }) => floorNs));
      (ns[size] ??= {})[way] = round(median(own.map((pace) => pace.ns)));
      (ratio[size] ??= {})[way] = round(median(own.map((pace) => pace.ns / pace.floorNs)));
      if (size !== TARGET_BYTES) continue;
      spreads[way] = spread(own.map((pace) => round(pace.ns)));
      const counted = own.flatMap((pace) => pace.bytes ?? []);
      if (counted.length === 0) continue;
      const fewest = Math.min(...counted);
      bytes[way] = fewest < NOISE_BYTES ? 0 : round(fewest);
    }
  }
  for (const [size, taken] of Object.entries(floors)) ns[size]!.freeList = round(median(taken));
  const fragmentation = round(mixes.fragmentation!.most);
  return {
    ns,
    ratio,
    bytes,
    spread: spreads,
    fragmentation,
    mixes,
    ...(trace === undefined ? {} : { trace }),
    targets: targetsOf(ns[TARGET_BYTES]!, ratio[TARGET_BYTES]!, bytes, mixes),
  };
}

/**
 * By the free list of each one's own process: the machine changes its speed between two. Where all of
 * a buffer is written by time alone: what is written pushes the list itself out of the caches.
 */
function targetsOf(
  ns: Readonly<Record<string, number>>,
  ratio: Readonly<Record<string, number>>,
  bytes: Readonly<Record<string, number>>,
  mixes: Readonly<Record<string, Fragmentation>>,
): Target[] {
  const faster = (way: string, than: string) => ratio[than]! / ratio[way]!;
  return [
    least("never: times as fast as new Uint8Array", faster("never", "alloc"), 100),
    least("dirty: times as fast as new Uint8Array", faster("dirty", "alloc"), 50),
    least("whole: times as fast as a new one, all written", ns.allocWhole! / ns.whole!, 3),
    most(
      "whole: times the free list that writes and zeroes as much",
      ns.whole! / ns.freeListWhole!,
      1.1,
    ),
    most("never: times the free list", ratio.never!, 2),
    most("dirty: times the free list that zeroes as much", faster("freeListDirty", "dirty"), 2),
    ...["never", "dirty"].flatMap((way) =>
      bytes[way] === undefined ? [] : [most(`${way}: bytes allocated per hit`, bytes[way], 0)]
    ),
    ...Object.values(mixes).map(({ chunkBytes, most: worst }) =>
      most(`slabs of ${chunkBytes / 1024} KB: reserved bytes by bytes alive`, worst, 1.5)
    ),
  ];
}
