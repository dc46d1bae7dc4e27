/**
 * Which tags have earned a shelf of their own.
 *
 * Objects keep the capacity that their users gave them. Where one tag makes its objects a hundred
 * times as large as the others do, a common shelf soon holds nothing but large ones ("pool
 * pollution", golang/go#23199). So a tag earns a shelf where to know it tells enough about the
 * sizes: where the entropy of the logarithm of size, over all bytes, falls by enough when the tag's
 * objects are set apart (information gain, as in Quinlan 1986, "Induction of decision trees"). For
 * objects that are alike one LIFO shelf cannot be beaten, and no tag gains anything.
 *
 * @module
 */

import { informationGain } from "./entropy.ts";
import { MAX_SHELVES, type TagSample } from "./scheduler.ts";
import { bandEdge } from "./sketch.ts";

/** Bits that earn a shelf, and below which it is lost. */
const EARN_BITS = 0.2;
const KEEP_BITS = 0.05;
/** Sizes that must be known of a tag, and of the others together. */
const ENOUGH = 8;
/** Bands of a sketch that make one of ours: sizes within a factor of 4 count as alike. */
const MERGED = 4;
/** Nearly all: the share of sizes that decides how large a tag's objects are. */
const NEARLY = 0.95;
/** How far beyond that a size may lie. */
const MARGIN = 2;
/** How fast the rate of a tag is learnt: the weight of the last tick. */
const WEIGHT = 0.1;

/** What is known of a tag. */
interface Voter {
  /** Acquires a tick, smoothed. */
  rate: number;
  /** Bytes by band of size, for one object on average. */
  bytes: Float64Array;
  /** Nearly all sizes are above, and below this, in bytes. */
  smallest: number;
  largest: number;
  /** Sizes that were learnt. */
  total: number;
}

/** The choice of the tags that have a shelf of their own, from tick to tick. */
export class Election {
  readonly #voters: Map<string, Voter> = new Map();
  #elected: ReadonlyMap<string, number> = new Map();

  /** The tags that have a shelf, and the bits that each gains. */
  get elected(): ReadonlyMap<string, number> {
    return this.#elected;
  }

  /** Learns a tick and chooses. */
  decide(tags: readonly TagSample[]): ReadonlyMap<string, number> {
    this.#learn(tags);
    const gains = new Map<string, number>();
    const rates = [...this.#voters.values()].reduce((sum, { rate }) => sum + rate, 0);
    // The main shelf is that of most leases: two tags tell each other apart equally well.
    const candidates = [...this.#voters].flatMap(([tag, { rate }]) =>
      isOverflow(tag) || rate > rates / 2 ? [] : [tag]
    );
    while (gains.size < MAX_SHELVES) {
      let best: string | undefined;
      let most = 0;
      for (const tag of candidates) {
        if (gains.has(tag)) continue;
        const bits = this.#gain(tag, gains);
        const least = this.#elected.has(tag) ? KEEP_BITS : EARN_BITS;
        if (bits >= least && bits > most) {
          best = tag;
          most = bits;
        }
      }
      if (best === undefined) break;
      gains.set(best, most);
    }
    return this.#elected = gains;
  }

  /**
   * The size of the largest object that the main shelf should take, in bytes, if there is one: what
   * the tags without a shelf make, and not what was carried over from the others.
   */
  get objectBytes(): number | undefined {
    const own = [...this.#elected.keys()].map((tag) => this.#voters.get(tag)!);
    const others = [...this.#voters].filter(([tag]) => !this.#elected.has(tag));
    const most = Math.max(0, ...others.map(([, { largest }]) => largest));
    const isApart = own.length > 0 && most > 0 && own.every(({ smallest }) => smallest > most);
    return isApart ? most : undefined;
  }

  /** How many times as large as those of the main shelf the objects of an elected tag are. */
  sizeRatio(tag: string): number {
    let [bytes, rates] = [0, 0];
    for (const [name, voter] of this.#voters) {
      if (this.#elected.has(name)) continue;
      bytes += voter.rate * sum(voter.bytes);
      rates += voter.rate;
    }
    return bytes > 0 ? sum(this.#voters.get(tag)!.bytes) * rates / bytes : 1;
  }

  #learn(tags: readonly TagSample[]): void {
    for (const voter of this.#voters.values()) voter.rate *= 1 - WEIGHT;
    for (const { name, acquires, sizes } of tags) {
      if (sizes === undefined) continue;
      const voter = this.#voters.get(name) ?? newVoter(acquires);
      voter.rate += WEIGHT * acquires;
      voter.total = sizes.total;
      voter.bytes = bytesByBand(sizes.shares);
      voter.smallest = edgeAt(sizes.shares, 1 - NEARLY) / MARGIN;
      voter.largest = edgeAt(sizes.shares, NEARLY) * MARGIN;
      this.#voters.set(name, voter);
    }
    for (const [name, { rate }] of this.#voters) if (rate < 1e-3) this.#voters.delete(name);
  }

  /** The bits that a tag's own shelf tells about the sizes on the main one. */
  #gain(tag: string, apart: ReadonlyMap<string, number>): number {
    const voter = this.#voters.get(tag)!;
    const others: Float64Array = new Float64Array(voter.bytes.length);
    let total = 0;
    for (const [name, { rate, bytes, total: learnt }] of this.#voters) {
      if (name === tag || apart.has(name)) continue;
      total += learnt;
      for (let i = 0; i < others.length; i++) others[i]! += rate * bytes[i]!;
    }
    const least = Math.min(voter.total, total);
    if (least < ENOUGH) return 0;
    const own = voter.bytes.map((bytes) => bytes * voter.rate);
    const bits = informationGain([
      { weight: sum(own), shares: own },
      { weight: sum(others), shares: others },
    ]);
    // Of few samples even equal tags seem to differ (Miller 1955).
    const used = own.filter((bytes, i) => bytes + others[i]! > 0).length;
    return bits - (used - 1) / (2 * least * Math.LN2);
  }
}

function newVoter(rate: number): Voter {
  return { rate, bytes: new Float64Array(0), smallest: 0, largest: 0, total: 0 };
}

/** Tags that stand for many can have no shelf of their own. */
function isOverflow(tag: string): boolean {
  return tag === "(other)";
}

function bytesByBand(weights: ArrayLike<number>): Float64Array {
  const bytes = new Float64Array(Math.ceil(weights.length / MERGED));
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    bytes[Math.floor(i / MERGED)]! += weights[i]! * bandEdge(i);
    total += weights[i]!;
  }
  return total > 0 ? bytes.map((sum) => sum / total) : bytes;
}

/** The upper edge of the band in which the share `q` of all weight is reached. */
function edgeAt(weights: ArrayLike<number>, q: number): number {
  let left = 0;
  for (let i = 0; i < weights.length; i++) left += weights[i]! * q;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!;
    if (left <= 0) return bandEdge(i);
  }
  return bandEdge(weights.length - 1);
}

function sum(figures: Float64Array): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
