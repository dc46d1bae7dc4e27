/**
 * Requests over virtual time, the same in every run.
 *
 * @module
 */

import type { RuntimeName } from "../runner/bench.ts";
import { Random } from "../runner/random.ts";

/** What arrives, and how long it stays. Times are virtual, in ms. */
export interface Load {
  /** Requests that arrive in a millisecond. */
  arrivals(ms: number): number;
  /** How many milliseconds the next request holds its context: at least 1, at most {@linkcode LONGEST_MS}. */
  holdMs(): number;
}

/** No request holds its context longer, in ms. */
export const LONGEST_MS = 1000;

/** The spiky gateway: all of its load comes in one tenth of the time. */
export const SPIKE = { onMs: 100, everyMs: 1000, longestHoldMs: 80 } as const;

/** How many requests come in a millisecond of a spike. An isolate of Workers holds 128 MB, so it gets fewer. */
const PER_MS = { deno: 120, bun: 120, workerd: 60 } as const satisfies Record<RuntimeName, number>;

/** How many requests come in a millisecond of a spike on a runtime. */
export function perMsOf(runtime: RuntimeName): number {
  return PER_MS[runtime];
}

/** How many requests come in a second of virtual time on a runtime. */
export function perSecondOf(runtime: RuntimeName): number {
  return perMsOf(runtime) * SPIKE.onMs * 1000 / SPIKE.everyMs;
}

/** The headline load: on for 100 ms of every second, each request held for up to 80 ms. */
export function spikyLoad(perMs: number): Load {
  const random = new Random("spiky gateway");
  return {
    arrivals: (ms) => ms % SPIKE.everyMs < SPIKE.onMs ? perMs : 0,
    holdMs: () => 1 + random.below(SPIKE.longestHoldMs),
  };
}
