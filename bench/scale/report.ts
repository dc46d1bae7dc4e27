/**
 * What the scale bench's samples amount to.
 *
 * @module
 */

import { median, round, type Spread, spread } from "../runner/statistics.ts";

/** What one process measured of a variant. */
export interface Sample {
  /** Nanoseconds of a pair, acquire and release under one tag after another: the least of all turns. */
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

/** How the cost of one thing grows over the variants of one dimension. */
export interface Growth {
  /** The dearest by the cheapest of the same round, in the middle of all rounds. */
  readonly factor: number;
  /** The least and the greatest of all rounds. */
  readonly spread: Spread;
  /** What is still flat. */
  readonly most: number;
  /** In how many of the rounds it was flat. */
  readonly metRounds: number;
  readonly rounds: number;
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

/**
 * Tells how much the cost grows.
 *
 * @param costs The costs by round.
 */
export function growthOf(costs: readonly (readonly number[])[]): Growth {
  const factors = costs.map((ofRound) => {
    const [least, greatest] = spread(ofRound);
    return greatest / least;
  });
  return {
    factor: round(median(factors)),
    spread: spread(factors.map(round)),
    most: FLAT,
    metRounds: factors.filter((factor) => factor <= FLAT).length,
    rounds: factors.length,
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
  const growth = (pick: (sample: Sample) => number, scales: object) => {
    const taken = Object.keys(scales).map((name) => samples.get(name)!.map(pick));
    return growthOf(taken[0]!.map((_, i) => taken.map((figures) => figures[i]!)));
  };
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
      pairByIdle: growth((sample) => sample.pairNs, BY_IDLE),
      pairByTags: growth((sample) => sample.pairNs, BY_TAGS),
      tickByIdle: growth((sample) => sample.tickUs, BY_IDLE),
      tickByTags: growth((sample) => sample.tickUs, BY_TAGS),
      floorByIdle: growth((sample) => sample.floorNs, BY_IDLE),
      floorByTags: growth((sample) => sample.floorNs, BY_TAGS),
    },
    capped: { tags, otherShare },
    bypassed: Math.max(...samples.get("tags1e4")!.map((sample) => sample.bypassed)),
  };
}
