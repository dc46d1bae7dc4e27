/**
 * The tags of a pool.
 *
 * @module
 */

import { type HeatOptions, tagHeat } from "./heat.ts";
import type { TagSample } from "./scheduler.ts";
import { FIRST_HOLDER, HOLDERS } from "./slot.ts";
import type { TagStats } from "./stats.ts";
import type { TagHandle } from "./tag.ts";

/** The pool's own tags. */
const OWN_TAGS = 2;

/** No two tags of a process share a number: that is what makes a foreign object foreign. */
let nextHolder = FIRST_HOLDER;

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

  /** Ends a cycle. */
  endCycle(): void {
    for (const tag of this.#byHolder.values()) {
      tag.heat = tagHeat(tag.heat, tag.acquires - tag.seen.cycle, this.#heat.decayRate);
      tag.seen.cycle = tag.acquires;
      tag.holds.decay(0.5);
    }
  }

  /** Tells what happened since the last call, of tags that were ever used. */
  sample(): TagSample[] {
    return this.#used().map((tag) => {
      const { seen, acquires, misses } = tag;
      const holdMs = tag.holds.quantile(0.5);
      const sample = {
        name: tag.name,
        acquires: acquires - seen.acquires,
        misses: misses - seen.misses,
        heat: tag.heat,
        hot: this.#isHot(tag),
        ...(holdMs === undefined ? {} : { holdMs }),
      };
      seen.acquires = acquires;
      seen.misses = misses;
      return sample;
    });
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
        ...(p50 === undefined || p99 === undefined ? {} : { holdMs: { p50, p99 } }),
      };
    });
  }

  #add(name: string): TagHandle<T> {
    const tag = this.#make(name, nextHolder);
    this.#byHolder.set(nextHolder, tag);
    nextHolder += HOLDERS;
    return tag;
  }

  #used(): TagHandle<T>[] {
    return [...this.#byHolder.values()].filter((tag) => tag.acquires > 0);
  }

  #isHot(tag: TagHandle<T>): boolean {
    return tag.heat >= this.#heat.tagUses;
  }
}
