/**
 * What the pair bench's samples amount to.
 *
 * @module
 */

import { median, round, type Spread, spread } from "../runner/statistics.ts";
import type { Variant } from "./subject.ts";

/** What one process measured of a variant. */
export interface Sample {
  /** Nanoseconds per pair. */
  readonly ns: number;
  /** Nanoseconds per pair of the floor, in the same process. */
  readonly floorNs: number;
  /** The variant's nanoseconds by the floor's, in the same process. */
  readonly ratio: number;
  /** Bytes allocated per pair; absent where they cannot be counted. */
  readonly bytes?: number;
}

/** What all samples amount to. */
export interface Report {
  /** Nanoseconds per pair, by variant. */
  readonly ns: Readonly<Record<string, number>>;
  /** Bytes allocated per hit, the greater of `tagged` and `with`; absent where they cannot be counted. */
  readonly bytesPerHit?: number;
  /** Times the floor of the same process, by variant. */
  readonly ratio: Readonly<Record<string, number>>;
  /** Bytes allocated per pair, by variant, the median of all rounds; empty where they cannot be counted. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Sixteen objects held at once, released first in, first out; nanoseconds per pair. */
  readonly held16: { readonly floor: number; readonly tagged: number; readonly ratio: number };
  /** The least and the greatest of all rounds, by variant. */
  readonly spread: {
    readonly ns: Readonly<Record<string, Spread>>;
    readonly ratio: Readonly<Record<string, Spread>>;
    /** Empty where bytes cannot be counted. */
    readonly bytes: Readonly<Record<string, Spread>>;
  };
  /** What the pool has promised; bytes that cannot be counted are not part of whether it was met. */
  readonly budget: { readonly ratio: number; readonly bytesPerHit: number; readonly met: boolean };
  /** How `tagged` stands to the peers. */
  readonly peers: {
    /**
     * How many times as long a pair of a peer takes, by peer; below 1 it is the faster one. Both are
     * taken by the floor of their own process, because the machine changes its speed between two.
     */
    readonly factor: Readonly<Record<string, number>>;
    /** The least of those of peers that tell a double release. */
    readonly leastGuarded: number;
    /** What that is to be at least. */
    readonly target: number;
    /** Whether it is. */
    readonly met: boolean;
  };
}

/** At most this many times the floor, and this many bytes. */
const BUDGET = { ratio: 3, bytesPerHit: 0 };
/** At least so many times as long as `tagged` takes any peer that tells a double release. */
const GUARDED_TARGET = 50;

/** Ways to hold an object of this pool. */
export const OURS: readonly Variant[] = [
  "pool",
  "tagged",
  "taggedVariable",
  "taggedSized",
  "lease",
  "with",
];
/** The pools of others. */
export const PEERS: readonly Variant[] = [
  "reusify",
  "deepool",
  "generic-pool",
  "lightning-pool",
  "tarn",
];
/** Peers that tell a double release; the others hand one object to two holders after it. */
export const GUARDED: readonly Variant[] = ["generic-pool", "lightning-pool", "tarn"];

/** Less than this is the counter's own noise. */
const NOISE_BYTES = 0.01;

function roundBytes(bytes: number): number {
  return bytes < NOISE_BYTES ? 0 : round(bytes);
}

/** Draws the samples of all rounds together. */
export function reportOf(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const ns: Record<string, number> = {};
  const ratio: Record<string, number> = {};
  const bytes: Record<string, number> = {};
  const spreads: Record<"ns" | "ratio" | "bytes", Record<string, Spread>> = {
    ns: {},
    ratio: {},
    bytes: {},
  };
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
    const counted = taken.flatMap((sample) => sample.bytes ?? []);
    if (counted.length === 0) continue;
    bytes[name] = roundBytes(median(counted));
    spreads.bytes[name] = spread(counted.map(roundBytes));
  }
  const isCounted = bytes.tagged !== undefined && bytes.with !== undefined;
  const bytesPerHit = isCounted ? Math.max(bytes.tagged!, bytes.with!) : undefined;
  const factor = Object.fromEntries(
    PEERS.map((peer) => [peer, round(ratio[peer]! / ratio.tagged!)]),
  );
  const leastGuarded = Math.min(...GUARDED.map((peer) => factor[peer]!));
  return {
    ns,
    ...(bytesPerHit === undefined ? {} : { bytesPerHit }),
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
      met: ratio.tagged! <= BUDGET.ratio && (bytesPerHit ?? 0) <= BUDGET.bytesPerHit,
    },
    peers: { factor, leastGuarded, target: GUARDED_TARGET, met: leastGuarded >= GUARDED_TARGET },
  };
}
