/**
 * Generations: the bands of idle age that a shelf is divided into.
 *
 * @module
 */

import { needNumber, show } from "./error.ts";

/** A band of idle age and how many objects may lie in it. */
export interface GenerationOptions {
  /** Its name in statistics, 1 to 64 characters, and no other's of the pool. */
  readonly name: string;
  /** The most objects that may lie in it, an integer of at least 0. */
  readonly maxSize: number;
  /**
   * The idle age at which an object leaves it for the next one, in milliseconds; 0 = never, in the
   * last one only. Less than a tick means: untouched for one whole tick.
   */
  readonly ttlMs: number;
}

/**
 * The generations of the ancestor, a Go pool: T0 1024 / 10 ms, T1 512 / 2 s, T2 64 / none.
 *
 * @example Usage
 * ```ts
 * import { ancestorGenerations, Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({}), reset: () => {}, generations: ancestorGenerations });
 * assertEquals(pool.stats().generations.map((g) => g.maxSize), [1024, 512, 64]);
 * pool.close();
 * ```
 */
export const ancestorGenerations: readonly GenerationOptions[] = Object.freeze([
  Object.freeze({ name: "T0", maxSize: 1024, ttlMs: 10 }),
  Object.freeze({ name: "T1", maxSize: 512, ttlMs: 2000 }),
  Object.freeze({ name: "T2", maxSize: 64, ttlMs: 0 }),
]);

/** The three generations, each with the same ceiling: what they share is bounded by the byte budget. */
export function sizedGenerations(maxSize: number): GenerationOptions[] {
  return ancestorGenerations.map((generation) => ({ ...generation, maxSize }));
}

/** Checks generations that a user gave and copies them. */
export function checkGenerations(action: string, given: unknown): GenerationOptions[] {
  if (!Array.isArray(given) || given.length < 1 || given.length > 8) {
    const received = Array.isArray(given) ? String(given.length) : show(given);
    throw new RangeError(`${action}: generations must be 1 to 8: received ${received}`);
  }
  let youngest = 0;
  const names = new Set<string>();
  // Not `map`, which passes over holes.
  return Array.from(given, (generation: GenerationOptions, i) => {
    const field = `generations[${i}]`;
    if (typeof generation !== "object" || generation === null) {
      throw new TypeError(`${action}: ${field} must be an object: received ${show(generation)}`);
    }
    const { name, maxSize, ttlMs } = generation;
    if (typeof name !== "string" || name.length < 1 || name.length > 64) {
      throw new TypeError(
        `${action}: ${field}.name must be a string of 1 to 64 characters: received ${show(name)}`,
      );
    }
    needNumber(action, `${field}.maxSize`, maxSize, 0);
    needNumber(action, `${field}.ttlMs`, ttlMs, 0, false);
    const endless = ttlMs === 0 && i === given.length - 1;
    if (!endless && ttlMs <= youngest) {
      throw new RangeError(
        `${action}: ${field}.ttlMs must be above ${youngest}, the one before it: received ${ttlMs}`,
      );
    }
    youngest = ttlMs;
    // Whoever watches tells them apart by name: a metric's second sample of one label is lost.
    if (names.has(name)) {
      throw new RangeError(
        `${action}: ${field}.name must differ from those before it: received ${show(name)}`,
      );
    }
    names.add(name);
    return { name, maxSize, ttlMs };
  });
}

/**
 * Spills what a band holds over its cap into the next older one. A boundary moves, no object does.
 *
 * @param counts Objects per band, youngest first.
 * @param caps The most that each may hold.
 * @returns The counts afterwards, and what not even the oldest band has room for.
 */
export function cascade(
  counts: readonly number[],
  caps: readonly number[],
): { held: number[]; over: number } {
  const held: number[] = [];
  let over = 0;
  for (let i = 0; i < counts.length; i++) {
    const wanted = counts[i]! + over;
    const kept = Math.min(wanted, caps[i]!);
    held.push(kept);
    over = wanted - kept;
  }
  return { held, over };
}
