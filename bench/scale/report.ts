/**
 * What the scale bench's samples amount to.
 *
 * @module
 */

import { median, round, type Spread, spread } from "../runner/statistics.ts";

/** What one process measured of a variant. */
export interface Sample {
  /** Nanoseconds of a pair: acquire and release, under one tag after another. */
  readonly pairNs: number;
  /** The same of a bare array as long, with a counter for each tag. */
  readonly floorNs: number;
  /** Microseconds of a tick. */
  readonly tickUs: number;
  /** Tags that the pool tells apart. */
  readonly tags: number;
  /** The share of acquires that went to `(other)`, which all further tags are. */
  readonly otherShare: number;
  /** Tags that were bypassed by chance: the machine stopped amid a release of theirs that was timed. */
  readonly bypassed: number;
}

/** A pool's size in the two dimensions. */
export interface Scale {
  readonly tags: number;
  readonly idle: number;
  readonly maxTags?: number;
}

/** Idle objects when tags grow: as many as are used at once. */
const IDLE = 64;
/** Room for all tags. */
const MOST_TAGS = 10_000;

/** What grows with the idle objects, under one tag. */
export const BY_IDLE = {
  idle100: { tags: 1, idle: 100 },
  idle1e3: { tags: 1, idle: 1000 },
  idle1e4: { tags: 1, idle: 10_000 },
  idle1e5: { tags: 1, idle: 100_000 },
  idle1e6: { tags: 1, idle: 1_000_000 },
} as const satisfies Readonly<Record<string, Scale>>;

/** What grows with the tags. */
export const BY_TAGS = {
  tags1: { tags: 1, idle: IDLE, maxTags: MOST_TAGS },
  tags10: { tags: 10, idle: IDLE, maxTags: MOST_TAGS },
  tags100: { tags: 100, idle: IDLE, maxTags: MOST_TAGS },
  tags1e3: { tags: 1000, idle: IDLE, maxTags: MOST_TAGS },
  tags1e4: { tags: MOST_TAGS, idle: IDLE, maxTags: MOST_TAGS },
} as const satisfies Readonly<Record<string, Scale>>;

/** As many tags as there may ever be, in a pool that was not told of it. */
export const CAPPED = "tags1e4capped";

/** The scales by variant. */
export const SCALES: Readonly<Record<string, Scale>> = {
  ...BY_IDLE,
  ...BY_TAGS,
  [CAPPED]: { tags: MOST_TAGS, idle: IDLE },
};

/** The cost of one thing over the variants of one dimension. */
export interface Growth {
  /** The dearest by the cheapest. */
  readonly factor: number;
  /** What is still flat. */
  readonly most: number;
  /** Whether it is flat. */
  readonly met: boolean;
}

/** What all samples amount to, by variant. */
export interface Report {
  readonly pairNs: Readonly<Record<string, number>>;
  readonly floorNs: Readonly<Record<string, number>>;
  readonly tickUs: Readonly<Record<string, number>>;
  /** The least and the greatest of all rounds. */
  readonly spread: {
    readonly pairNs: Readonly<Record<string, Spread>>;
    readonly tickUs: Readonly<Record<string, Spread>>;
  };
  readonly growth: {
    readonly pairByIdle: Growth;
    readonly pairByTags: Growth;
    readonly tickByIdle: Growth;
    readonly tickByTags: Growth;
    /** What the bare array does, for comparison. */
    readonly floorByIdle: Growth;
    readonly floorByTags: Growth;
  };
  /** What becomes of tags beyond `maxTags`. */
  readonly capped: { readonly tags: number; readonly otherShare: number };
  /** The most tags that were bypassed by chance, of 10 000. */
  readonly bypassed: number;
}

/** What differs by less is flat: the machine itself is no steadier. */
const FLAT = 1.5;
/** Less than this does not make a tick dearer, in microseconds. */
const TICK_NOISE_US = 10;

/**
 * Tells how much the cost grows.
 *
 * @param costs The costs.
 * @param noise What may come on top of the cheapest one before it counts.
 */
export function growthOf(costs: readonly number[], noise = 0): Growth {
  const [least, greatest] = spread(costs);
  return {
    factor: round(greatest / least),
    most: FLAT,
    met: greatest <= FLAT * least + noise,
  };
}

/** Draws the samples of all rounds together. */
export function reportOf(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const names = [...samples.keys()];
  const draw = <R>(figure: (taken: readonly Sample[]) => R): Record<string, R> =>
    Object.fromEntries(names.map((name) => [name, figure(samples.get(name)!)]));
  const middle = (pick: (sample: Sample) => number) =>
    draw((taken) => round(median(taken.map(pick))));
  const pairNs = middle((sample) => sample.pairNs);
  const floorNs = middle((sample) => sample.floorNs);
  const tickUs = middle((sample) => sample.tickUs);
  const growth = (costs: Readonly<Record<string, number>>, scales: object, noise?: number) =>
    growthOf(Object.keys(scales).map((name) => costs[name]!), noise);
  const { tags, otherShare } = samples.get(CAPPED)![0]!;
  return {
    pairNs,
    floorNs,
    tickUs,
    spread: {
      pairNs: draw((taken) => spread(taken.map((sample) => round(sample.pairNs)))),
      tickUs: draw((taken) => spread(taken.map((sample) => round(sample.tickUs)))),
    },
    growth: {
      pairByIdle: growth(pairNs, BY_IDLE),
      pairByTags: growth(pairNs, BY_TAGS),
      tickByIdle: growth(tickUs, BY_IDLE, TICK_NOISE_US),
      tickByTags: growth(tickUs, BY_TAGS, TICK_NOISE_US),
      floorByIdle: growth(floorNs, BY_IDLE),
      floorByTags: growth(floorNs, BY_TAGS),
    },
    capped: { tags, otherShare },
    bypassed: Math.max(...samples.get("tags1e4")!.map((sample) => sample.bypassed)),
  };
}
