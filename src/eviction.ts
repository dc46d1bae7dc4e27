/**
 * What a tick takes from the bottom of a shelf, as arithmetic.
 *
 * @module
 */

import { cascade } from "./generation.ts";

/** A shelf as eviction sees it. */
export interface EvictionInput {
  /** Idle objects by age, youngest band first. */
  readonly ages: readonly number[];
  /** The most that each band may keep. */
  readonly caps: readonly number[];
  /** Objects at the bottom older than the last band's TTL. */
  readonly expired: number;
  /** Objects at the bottom untouched for three whole cycles. */
  readonly unused: number;
  /** Idle objects that heat protects from all but TTLs and pressure. */
  readonly floor: number;
  /** The most that may go in one tick. */
  readonly most: number;
}

/** How many objects go, by reason; together they are the bottom of the shelf. */
export interface Eviction {
  /** Their TTL is over. */
  readonly ttl: number;
  /** Nobody used them for three cycles. */
  readonly unused: number;
  /** Their band is over its cap. */
  readonly cold: number;
  /** What should go as well, but has to wait for the next tick. */
  readonly backlog: number;
}

/** Decides what goes. Only `expired` and `caps` bind unconditionally; `floor` holds the rest back. */
export function planEviction(input: EvictionInput): Eviction {
  let idle = 0;
  for (const count of input.ages) idle += count;
  const { over } = cascade(input.ages, input.caps);
  const spared = Math.max(0, idle - input.floor);
  const ttlDue = input.expired;
  const unusedDue = Math.max(0, Math.min(input.unused, spared) - ttlDue);
  const coldDue = Math.max(0, over - ttlDue - unusedDue);
  const ttl = Math.min(ttlDue, input.most);
  const unused = Math.min(unusedDue, input.most - ttl);
  const cold = Math.min(coldDue, input.most - ttl - unused);
  return { ttl, unused, cold, backlog: ttlDue + unusedDue + coldDue - ttl - unused - cold };
}
