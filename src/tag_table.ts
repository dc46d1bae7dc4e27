/**
 * The tags of a pool.
 *
 * @module
 */

import { entropy, retentionEntropy } from "./entropy.ts";
import type { TagExplanation } from "./explanation.ts";
import { type HeatOptions, tagHeat } from "./heat.ts";
import type { TagSample } from "./scheduler.ts";
import { Sketch } from "./sketch.ts";
import { FIRST_HOLDER, HOLDERS } from "./slot.ts";
import type { TagSketch } from "./snapshot.ts";
import type { TagStats } from "./stats.ts";
import type { Stock } from "./stocks.ts";
import type { TagHandle } from "./tag.ts";

/** The pool's own tags. */
const OWN_TAGS = 2;

/** Sizes that a tag must have given before they tell anything. */
const ENOUGH = 8;

/**
 * The number of the next tag. No two tags of a process share one: that is what makes a foreign object
 * foreign. Where they begin is drawn with the first table, so that no forged slot names one; all of
 * them stay small integers.
 */
let nextHolder = 0;

/** Less than 2²⁷, from what is random enough for numbers that nobody gets to see. */
function drawOffset(): number {
  try {
    return Math.floor(Math.random() * 2 ** 27);
  } catch {
    // A runtime that allows no random values where the pool is made: its numbers can be guessed.
    return 0;
  }
}

type Mutable<O> = { -readonly [Key in keyof O]: O[Key] };

/** The tags of a pool by name and by number, never more than a cap and two. */
export class TagTable<T extends object> {
  /** What `acquire()` without a tag is counted under. */
  readonly untagged: TagHandle<T>;

  readonly #make: (name: string, id: number) => TagHandle<T>;
  readonly #maxTags: number;
  readonly #heat: Required<HeatOptions>;
  readonly #byName: Map<string, TagHandle<T>> = new Map();
  readonly #byHolder: Map<number, TagHandle<T>> = new Map();
  /** What all tags past the cap are counted under. */
  readonly #other: TagHandle<T>;

  constructor(
    make: (name: string, id: number) => TagHandle<T>,
    maxTags: number,
    heat: Required<HeatOptions>,
  ) {
    nextHolder ||= FIRST_HOLDER + HOLDERS * drawOffset();
    this.#make = make;
    this.#maxTags = maxTags;
    this.#heat = heat;
    this.untagged = this.#add("(untagged)");
    this.#other = this.#add("(other)");
    // Whoever asks for them by name gets them: no two tags of a pool share a name.
    for (const tag of [this.untagged, this.#other]) this.#byName.set(tag.name, tag);
  }

  /** Finds or makes the tag of a name. */
  get(name: string): TagHandle<T> {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= this.#maxTags + OWN_TAGS) return this.#other;
    const tag = this.#add(name);
    this.#byName.set(name, tag);
    return tag;
  }

  /** Finds the tag that raw leases with this number belong to. */
  heldBy(holder: number): TagHandle<T> | undefined {
    return this.#byHolder.get(holder);
  }

  /** Binds every tag to the stock that is meant for its name. */
  bind(stockOf: (name: string) => Stock<T>): void {
    for (const tag of this.#byHolder.values()) {
      const stock = stockOf(tag.name);
      if (tag.stock !== stock) tag.bind(stock);
    }
  }

  /** Ends a cycle. */
  endCycle(): void {
    for (const tag of this.#byHolder.values()) {
      tag.heat = tagHeat(tag.heat, tag.acquires - tag.seen.cycle, this.#heat.decayRate);
      tag.seen.cycle = tag.acquires;
    }
  }

  /** Tells what happened since the last call, of tags that were ever used. */
  sample(): TagSample[] {
    const kept = 1 - 1 / this.#heat.windowTicks;
    const samples: TagSample[] = [];
    for (const tag of this.#byHolder.values()) {
      const { acquires, holds, misses, releases, seen, sizes } = tag;
      if (acquires === 0) continue;
      holds.decay(kept);
      if (holds.added !== seen.added) {
        seen.added = holds.added;
        seen.holdMs = holds.quantile(0.5);
      }
      const sample: Mutable<TagSample> = {
        name: tag.name,
        acquires: acquires - seen.acquires,
        misses: misses - seen.misses,
        heat: tag.heat,
        hot: this.#isHot(tag),
      };
      const { us } = releases;
      if (seen.holdMs !== undefined && holds.total > 0) sample.holdMs = seen.holdMs;
      if (us !== undefined) sample.releaseUs = us;
      const { total } = sizes;
      if (total >= ENOUGH) sample.sizesKb = { shares: sizes.weights, total };
      seen.recent = acquires - seen.acquires;
      seen.acquires = acquires;
      seen.misses = misses;
      samples.push(sample);
    }
    return samples;
  }

  /** Takes a snapshot of the tags that were ever used. */
  stats(): TagStats[] {
    return this.#used().map((tag) => {
      const p50 = tag.holds.quantile(0.5);
      const p99 = tag.holds.quantile(0.99);
      return {
        name: tag.name,
        acquires: tag.acquires,
        hits: tag.acquires - tag.misses,
        misses: tag.misses,
        heat: tag.heat,
        hot: this.#isHot(tag),
        shelf: tag.stock.place,
        ...(p50 === undefined || p99 === undefined ? {} : { holdMs: { p50, p99 } }),
        holds: tag.held.histogram(),
      };
    });
  }

  /** Tells what is remembered of the hold times of the tags that were ever used. */
  sketches(): TagSketch[] {
    return this.#used().map(({ name, holds }) => ({ name, shares: [...holds.shares()] }));
  }

  #add(name: string): TagHandle<T> {
    const tag = this.#make(name, nextHolder);
    this.#byHolder.set(nextHolder, tag);
    nextHolder += HOLDERS;
    return tag;
  }

  /** Explains what is known of the tags that were ever used, whose objects weigh `unitBytes` each, if known. */
  explain(elapsedMs: number, unitBytes: number | undefined): TagExplanation[] {
    return this.#used().map((tag) => {
      const { holds, releases, sizes } = tag;
      const entropy = retentionEntropy(holds);
      const [p50, p90, p99] = [0.5, 0.9, 0.99].map((q) => holds.quantile(q));
      const fit = holds.logNormal;
      const sizeKb = sizes.quantile(0.5);
      const sizeBytes = unitBytes ?? (sizeKb === undefined ? undefined : sizeKb * 1024);
      return {
        name: tag.name,
        shelf: tag.stock.place,
        ...(entropy === undefined ? {} : { entropy }),
        ...(p50 === undefined || p90 === undefined || p99 === undefined
          ? {}
          : { holdMs: { p50, p90, p99 } }),
        ...(fit === undefined ? {} : { lifetime: { medianMs: fit.median, sigma: fit.sigma } }),
        ...(holds.mean === undefined || elapsedMs <= 0
          ? {}
          : { depth: holds.mean * tag.seen.recent / elapsedMs }),
        ...(releases.us === undefined ? {} : { releaseUs: releases.us }),
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
      };
    });
  }

  /** Retention entropy over all tags. */
  get entropy(): number | undefined {
    const sum = new Float64Array(new Sketch().weights.length);
    for (const tag of this.#used()) {
      const shares = tag.holds.shares();
      for (let i = 0; i < sum.length; i++) sum[i]! += shares[i]! * tag.holds.total;
    }
    return sum.some((weight) => weight > 0) ? entropy(sum) / Math.log2(sum.length) : undefined;
  }

  #used(): TagHandle<T>[] {
    return [...this.#byHolder.values()].filter((tag) => tag.acquires > 0);
  }

  #isHot(tag: TagHandle<T>): boolean {
    return tag.heat >= this.#heat.tagUses;
  }
}
