/**
 * The bracket in which pooled variants must lie: nothing can save more than a free list, or less than no
 * pool.
 *
 * @module
 */

import { round, spread } from "../runner/statistics.ts";
import type { Variant } from "./service.ts";

/** What a pooled variant did in each round, and what its bracket was there. */
export interface Bracketed {
  readonly variant: Variant;
  /** The free list that it is held against. */
  readonly list: Variant;
  /** Its requests/s over those of the free list. */
  readonly gains: readonly number[];
  /** Bytes that a request allocates. */
  readonly bytes: readonly number[];
  /** The same of the free list. */
  readonly leastBytes: readonly number[];
  /** The same without a pool. */
  readonly mostBytes: readonly number[];
}

/** A figure that lies outside of its bracket by less is noise, not suspicious. */
const NOISE = 0.1;

/** What lies outside of its bracket in every round. */
export function suspicionsOf(bracketed: Bracketed): string[] {
  const { variant, list, gains, bytes, leastBytes, mostBytes } = bracketed;
  const suspicions: string[] = [];
  if (gains.every((gain) => gain > 1 + NOISE)) {
    suspicions.push(
      `${variant} makes ${range(gains)} × the requests/s of ${list}, which nothing can surpass`,
    );
  }
  const allocates = `${variant} allocates ${range(bytes)} bytes per request`;
  if (bytes.every((figure, i) => figure < leastBytes[i]! * (1 - NOISE))) {
    suspicions.push(`${allocates}, fewer than the ${range(leastBytes)} of ${list}`);
  }
  if (bytes.every((figure, i) => figure > mostBytes[i]! * (1 + NOISE))) {
    suspicions.push(`${allocates}, more than the ${range(mostBytes)} without a pool`);
  }
  return suspicions;
}

function range(figures: readonly number[]): string {
  const [least, most] = spread(figures.map(round));
  return least === most ? String(least) : `${least} to ${most}`;
}
