/**
 * Which tags have earned a shelf of their own.
 *
 * Objects keep the capacity that their users gave them. Where one tag makes its objects a hundred
 * times as large as the others do, a common shelf soon holds nothing but large ones ("pool
 * pollution", golang/go#23199). So a tag earns a shelf where to know it tells enough about the
 * sizes: where they differ much, and where the entropy of the logarithm of size falls by enough when
 * the tag's objects are set apart (information gain, as in Quinlan 1986, "Induction of decision
 * trees"), be it over all leases or over all bytes: a rare tag of huge objects matters by its bytes, a
 * frequent one by the many others that it would spoil. For objects that are alike one LIFO shelf
 * cannot be beaten, and no tag gains anything.
 *
 * @module
 */

import { informationGain } from "./entropy.ts";
import { MAX_SHELVES, type TagSample } from "./scheduler.ts";
import { bandEdge, BANDS } from "./sketch.ts";

/** Bits that earn a shelf, and below which it is lost. */
const EARN_BITS = 0.2;
const KEEP_BITS = 0.05;
/** Tags without a shelf that are looked at closely in a round, and rounds in a tick. */
const CANDIDATES = 4;
const ROUNDS = MAX_SHELVES;
/** What is known of a tag is worked out anew when it has grown by this share. */
const NEWS = 1 / 8;
/** Sizes that must be known of a tag, and of the others together. */
const ENOUGH = 8;
/** Sizes that differ by less than this factor are alike, on average. */
const APART = 4;
/** Bands of a sketch that make one of ours: a factor of 4. */
const MERGED = 4;
/** Nearly all: the share of sizes that decides how large a tag's objects are. */
const NEARLY = 0.95;
/** How far beyond that a size may lie. */
const MARGIN = 2;
/** A choice is made anew after this many ticks, and at once on news about tags that are few. */
const MOST_AGE = 8;
const FEW = 32;
/** A tag with fewer leases a tick is forgotten. */
const LEAST_RATE = 1e-3;
/** How fast the rate of a tag is learnt: the weight of the last tick. */
const WEIGHT = 0.1;

/** The objects of one tag, or of several. */
interface Crowd {
  /** Leases a tick. */
  rate: number;
  /** The logarithms of their tags' median sizes, by their rates. */
  logs: number;
  /** Leases by band of size, and their bytes. */
  readonly leases: Float64Array;
  readonly bytes: Float64Array;
  /** Sizes that were learnt. */
  known: number;
}

/** What is known of a tag. */
interface Voter {
  /** Acquires a tick, smoothed. */
  rate: number;
  /** One lease by band of size, and its bytes. */
  leases: Float64Array;
  bytes: Float64Array;
  /** The size of an object on average, and the one that half of them reach, in bytes. */
  size: number;
  median: number;
  /** Nearly all sizes are above, and below this, in bytes. */
  smallest: number;
  largest: number;
  /** Sizes that were learnt. */
  known: number;
}

/** The choice of the tags that have a shelf of their own, from tick to tick. */
export class Election {
  readonly #voters: Map<string, Voter> = new Map();
  #elected: ReadonlyMap<string, number> = new Map();
  #ratios: ReadonlyMap<string, number> = new Map();
  #objectBytes: number | undefined;
  /** Ticks since the last choice, and whether they brought news. */
  #age = 0;
  #isNews = false;

  /** The tags that have a shelf, and the bits that each gains. */
  get elected(): ReadonlyMap<string, number> {
    return this.#elected;
  }

  /** Learns a tick, and chooses where there is news or the last choice is old. */
  decide(tags: readonly TagSample[]): ReadonlyMap<string, number> {
    this.#isNews = this.#learn(tags) || this.#isNews;
    const age = this.#isNews && this.#voters.size <= FEW ? 1 : MOST_AGE;
    if (++this.#age < age) return this.#elected;
    this.#age = 0;
    this.#isNews = false;
    const elected = new Map<string, number>();
    const main = this.#mainCrowd();
    for (const tag of this.#elected.keys()) {
      const voter = this.#voters.get(tag);
      // Forgotten: nobody has used it for long.
      if (voter === undefined) continue;
      join(main, voter, 1);
      const bits = this.#gain(voter, main, elected);
      if (bits < KEEP_BITS) continue;
      elected.set(tag, bits);
      join(main, voter, -1);
    }
    for (let round = 0; round < ROUNDS && elected.size < MAX_SHELVES; round++) {
      let best: string | undefined;
      let most = EARN_BITS;
      for (const [tag, voter] of this.#candidates(main, elected)) {
        const bits = this.#gain(voter, main, elected);
        if (bits < most || (bits === most && best !== undefined)) continue;
        best = tag;
        most = bits;
      }
      if (best === undefined) break;
      elected.set(best, most);
      join(main, this.#voters.get(best)!, -1);
    }
    const size = sum(main.bytes) / main.rate;
    const ratio = (tag: string) => size > 0 ? this.#voters.get(tag)!.size / size : 1;
    this.#ratios = new Map(Array.from(elected.keys(), (tag) => [tag, ratio(tag)]));
    this.#objectBytes = this.#boundOf(elected);
    return this.#elected = elected;
  }

  /**
   * The tags that are looked at closely: those that take most out of line with their share of the
   * leases, since a gain costs more to work out than a tick may for every tag.
   */
  #candidates(main: Crowd, elected: ReadonlyMap<string, number>): [string, Voter][] {
    const bytes = sum(main.bytes);
    const stray = ({ rate, size }: Voter) => Math.abs(rate * size / bytes - rate / main.rate);
    const most: { readonly tag: string; readonly voter: Voter; readonly by: number }[] = [];
    for (const [tag, voter] of this.#voters) {
      // The main shelf is that of most leases: two tags tell each other apart equally well. And tags
      // that stand for many can have none of their own.
      const { known, rate } = voter;
      if (tag === "(other)" || known < ENOUGH || rate > main.rate / 2) continue;
      if (elected.has(tag)) continue;
      const by = stray(voter);
      const at = most.findIndex((other) => by > other.by);
      most.splice(at < 0 ? most.length : at, 0, { tag, voter, by });
      if (most.length > CANDIDATES) most.pop();
    }
    return most.map(({ tag, voter }) => [tag, voter]);
  }

  /**
   * The size of the largest object that the main shelf should take, in bytes, if there is one: what
   * the tags without a shelf make, and not what was carried over from the others.
   */
  get objectBytes(): number | undefined {
    return this.#objectBytes;
  }

  /** How many times as large as those of the main shelf the objects of an elected tag are. */
  sizeRatio(tag: string): number {
    return this.#ratios.get(tag) ?? 1;
  }

  #boundOf(elected: ReadonlyMap<string, number>): number | undefined {
    if (elected.size === 0) return undefined;
    let [most, least] = [0, Infinity];
    for (const [tag, { largest, smallest }] of this.#voters) {
      if (elected.has(tag)) least = Math.min(least, smallest);
      else most = Math.max(most, largest);
    }
    return most > 0 && least > most ? most : undefined;
  }

  /** Learns a tick; says whether there was anything new in it. */
  #learn(tags: readonly TagSample[]): boolean {
    let isNews = false;
    for (const voter of this.#voters.values()) voter.rate *= 1 - WEIGHT;
    for (const { name, acquires, sizesKb } of tags) {
      if (sizesKb === undefined) continue;
      let voter = this.#voters.get(name);
      if (voter === undefined) {
        const none = new Float64Array(0);
        voter = {
          rate: acquires,
          leases: none,
          bytes: none,
          size: 0,
          median: 1,
          smallest: 0,
          largest: 0,
          known: 0,
        };
        this.#voters.set(name, voter);
      }
      voter.rate += WEIGHT * acquires;
      if (Math.abs(sizesKb.total - voter.known) <= voter.known * NEWS) continue;
      isNews = true;
      const { shares } = sizesKb;
      voter.known = sizesKb.total;
      voter.leases = byBand(shares, () => 1);
      voter.bytes = byBand(shares, bytesOf);
      voter.size = sum(voter.bytes);
      voter.median = edgeAt(shares, 0.5);
      voter.smallest = edgeAt(shares, 1 - NEARLY) / MARGIN;
      voter.largest = edgeAt(shares, NEARLY) * MARGIN;
    }
    for (const [name, { rate }] of this.#voters) {
      if (rate < LEAST_RATE) isNews = this.#voters.delete(name);
    }
    return isNews;
  }

  /** All tags that have no shelf, together. */
  #mainCrowd(): Crowd {
    const crowd = emptyCrowd();
    for (const [tag, voter] of this.#voters) {
      if (!this.#elected.has(tag)) join(crowd, voter, 1);
    }
    return crowd;
  }

  /**
   * The bits that a tag of the main shelf's crowd tells about sizes, together with those tags whose
   * objects are like its own: two tags of equally large objects hide each other from nobody.
   */
  #gain(voter: Voter, main: Crowd, elected: ReadonlyMap<string, number>): number {
    const alike = emptyCrowd();
    for (const [tag, other] of this.#voters) {
      const isThere = other === voter || !(elected.has(tag) || this.#elected.has(tag));
      if (isThere && !areApart(other.median, voter.median)) join(alike, other, 1);
    }
    // By medians: whose few large objects came by chance is no other than the rest.
    const others = Math.exp((main.logs - alike.logs) / (main.rate - alike.rate));
    return areApart(others, voter.median) ? gainOf(alike, main) : 0;
  }
}

function emptyCrowd(): Crowd {
  const bands = BANDS / MERGED;
  const [leases, bytes] = [new Float64Array(bands), new Float64Array(bands)];
  return { rate: 0, logs: 0, leases, bytes, known: 0 };
}

/** Adds a tag to a crowd, or takes it away. */
function join(crowd: Crowd, { rate, leases, bytes, known, median }: Voter, sign: 1 | -1): void {
  crowd.rate += sign * rate;
  crowd.logs += sign * rate * Math.log(median);
  crowd.known += sign * known;
  for (let i = 0; i < leases.length; i++) {
    crowd.leases[i] = Math.max(0, crowd.leases[i]! + sign * rate * leases[i]!);
    crowd.bytes[i] = Math.max(0, crowd.bytes[i]! + sign * rate * bytes[i]!);
  }
}

/** The bits that it tells about the sizes of a crowd to know a part of it. */
function gainOf(part: Crowd, whole: Crowd): number {
  const known = Math.min(part.known, whole.known - part.known);
  if (known < ENOUGH || part.rate > whole.rate / 2) return 0;
  const bits = (["leases", "bytes"] as const).map((kind) => {
    const shares = part[kind];
    const others = whole[kind].map((share, i) => Math.max(0, share - shares[i]!));
    return informationGain([
      { weight: sum(shares), shares },
      { weight: sum(others), shares: others },
    ]);
  });
  // Of few samples even equal parts seem to differ (Miller 1955).
  const used = whole.leases.filter((share) => share > 0).length;
  return Math.max(...bits) - (used - 1) / (2 * known * Math.LN2);
}

/** Whether two sizes are so different that they should not share a shelf. */
function areApart(a: number, b: number): boolean {
  return a >= APART * b || b >= APART * a;
}

/** The bytes of an object of a band. */
function bytesOf(band: number): number {
  return bandEdge(band) * 1024;
}

/** What each of our bands holds for one figure of a sketch, on average. */
function byBand(weights: ArrayLike<number>, worth: (band: number) => number): Float64Array {
  const held = new Float64Array(Math.ceil(weights.length / MERGED));
  const total = sum(weights);
  if (total === 0) return held;
  for (let i = 0; i < weights.length; i++) {
    held[Math.floor(i / MERGED)]! += weights[i]! / total * worth(i);
  }
  return held;
}

/** The upper edge of the band in which the share `q` of all weight is reached, in bytes. */
function edgeAt(weights: ArrayLike<number>, q: number): number {
  let left = sum(weights) * q;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!;
    if (left <= 0) return bytesOf(i);
  }
  return bytesOf(weights.length - 1);
}

function sum(figures: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < figures.length; i++) total += figures[i]!;
  return total;
}
