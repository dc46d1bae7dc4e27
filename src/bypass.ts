/**
 * Under which tags it is cheaper to allocate than to pool.
 *
 * @module
 */

import type { TagSample } from "./scheduler.ts";

/**
 * What the pool itself takes for a lease beyond what its end was measured to take: the acquire, the
 * object's slot, its share of the ticks, and the collector's work for an old object. In creations of
 * an object without fields, so that it scales with the machine, and in microseconds where those are
 * not known.
 */
const OVERHEAD_BARE = 4;
const OVERHEAD_US = 0.08;
/** What the collector takes for an object, as a share of its creation, where no one can tell. */
const COLLECT_SHARE = 0.25;
/** Pooling must be this many times as cheap before a bypass ends. */
const RETURN = 3;

/** The costs of a lease, in microseconds. */
export interface LeaseCosts {
  /** To create an object and have it collected. */
  readonly allocateUs: number;
  /** To acquire one from the pool and give it back. */
  readonly poolUs: number;
}

/**
 * The costs of a lease under a tag.
 *
 * @param createUs What a creation costs, in microseconds.
 * @param releaseUs What it costs to take an object back, in microseconds.
 * @param collectUs What the collector takes for one object, in microseconds, if that is known.
 * @param bareUs What a creation of an object without fields costs, in microseconds, if that is known.
 * @returns Both ways, compared.
 */
export function leaseCosts(
  createUs: number,
  releaseUs: number,
  collectUs = createUs * COLLECT_SHARE,
  bareUs = OVERHEAD_US / OVERHEAD_BARE,
): LeaseCosts {
  return { allocateUs: createUs + collectUs, poolUs: releaseUs + OVERHEAD_BARE * bareUs };
}

/** The choice of the tags under which nothing is retained, from tick to tick. */
export class Bypass {
  #chosen: ReadonlyMap<string, LeaseCosts> = new Map();

  /** The tags that are bypassed, and their costs. */
  get chosen(): ReadonlyMap<string, LeaseCosts> {
    return this.#chosen;
  }

  /** Chooses. What was bypassed and has not been used since stays so. */
  decide(
    tags: readonly TagSample[],
    createUs: number | undefined,
    collectUs?: number,
    bareUs?: number,
  ): ReadonlyMap<string, LeaseCosts> {
    if (createUs === undefined) return this.#chosen;
    const chosen = new Map<string, LeaseCosts>();
    const { allocateUs, poolUs } = leaseCosts(createUs, 0, collectUs, bareUs);
    for (const { name, releaseUs } of tags) {
      if (releaseUs === undefined) continue;
      const factor = this.#chosen.has(name) ? RETURN : 1;
      if (allocateUs >= (releaseUs + poolUs) * factor) continue;
      chosen.set(name, leaseCosts(createUs, releaseUs, collectUs, bareUs));
    }
    return this.#chosen = chosen;
  }
}
