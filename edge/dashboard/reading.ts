/**
 * What the dashboard is told each second: plain data about one pool.
 *
 * It is bounded whatever the pool holds, because each listener is sent all of it.
 *
 * @module
 */

import type { Explanation, Leak, PoolStats } from "../../mod.ts";

/** The most tags, decisions and leaks that are shown. */
const MAX_TAGS = 64;
const MAX_DECISIONS = 128;
const MAX_LEAKS = 32;

/** A pool as far as it is looked at. */
export interface ObservedPool {
  /** What {@linkcode Pool.stats} returns. */
  stats(): PoolStats;
  /** What {@linkcode Pool.explain} returns. */
  explain(): Explanation;
  /** What {@linkcode Pool.leaks} returns. */
  leaks(): readonly Leak[];
}

/** A pool at one moment, among others. */
export interface Reading {
  /** When it was taken, in milliseconds since 1970. */
  readonly at: number;
  /** The names of all pools. */
  readonly pools: readonly string[];
  /** The index of the one that this is about. */
  readonly selected: number;
  /** Its statistics, with the tags that were used most. */
  readonly stats: PoolStats;
  /** Why it holds what it holds, for the same tags. */
  readonly explanation: Explanation;
  /** The leases that have lasted too long, the longest first, as far as they are shown. */
  readonly leaks: readonly Leak[];
  /** How many there are of what is shown in part. */
  readonly counts: { readonly tags: number; readonly leaks: number };
}

/**
 * Reads one of some pools.
 *
 * @param names The names of all of them.
 * @param showsStacks Whether leaks come with their stacks, which say where the program's files lie.
 */
export function readPool(
  pool: ObservedPool,
  selected: number,
  names: readonly string[],
  showsStacks: boolean,
): Reading {
  const stats = pool.stats();
  const explanation = pool.explain();
  const leaks = pool.leaks().toSorted((a, b) => b.heldMs - a.heldMs);
  const shown = new Set(
    stats.tags.toSorted((a, b) => b.acquires - a.acquires).slice(0, MAX_TAGS)
      .map(({ name }) => name),
  );
  const isShown = ({ name }: { readonly name: string }) => shown.has(name);
  return {
    at: Date.now(),
    pools: names,
    selected,
    stats: { ...stats, tags: stats.tags.filter(isShown) },
    explanation: {
      ...explanation,
      decisions: explanation.decisions.slice(0, MAX_DECISIONS),
      tags: explanation.tags.filter(isShown),
    },
    leaks: leaks.slice(0, MAX_LEAKS).map(({ stack, ...leak }) =>
      showsStacks && stack !== undefined ? { ...leak, stack } : leak
    ),
    counts: { tags: stats.tags.length, leaks: leaks.length },
  };
}
