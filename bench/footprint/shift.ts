/**
 * The load whose phases shift: much, then next to nothing for long, then much again, then nothing.
 *
 * @module
 */

import { type Load, LONGEST_MS } from "../gateway/load.ts";
import type { RuntimeName } from "../runner/bench.ts";
import { Random } from "../runner/random.ts";

/** The phases, in virtual ms. Everything has gone at the end of the last one. */
export const PHASES = { busyMs: 10_000, quietMs: 60_000, busyAgainMs: 10_000, goneMs: 40_000 };

/** From the beginning to the end of all phases, in virtual ms. */
export const SHIFT_MS = Object.values(PHASES).reduce((sum, ms) => sum + ms, 0);

/** Requests in a busy millisecond. An isolate of Workers holds 128 MB, so it gets less. */
const BUSY = { deno: 100, bun: 100, workerd: 50 } as const satisfies Record<RuntimeName, number>;
/** What is left of them in a quiet one. */
const QUIET_SHARE = 0.05;
const MEAN_HOLD_MS = 40;
/** A rough figure needs a part of the requests. */
const QUICK_SHARE = 0.2;

/** The load on a runtime. */
export function shiftLoad(runtime: RuntimeName, quick: boolean): Load {
  const random = new Random("footprint");
  const busy = BUSY[runtime] * (quick ? QUICK_SHARE : 1);
  const { busyMs, quietMs, busyAgainMs } = PHASES;
  const againMs = busyMs + quietMs;
  return {
    arrivals(ms) {
      if (ms < busyMs || ms >= againMs && ms < againMs + busyAgainMs) return busy;
      return ms < againMs ? wholeOf(ms, busy * QUIET_SHARE) : 0;
    },
    holdMs: () => 1 + Math.min(LONGEST_MS - 1, Math.floor(random.exponential(MEAN_HOLD_MS))),
  };
}

/** How many whole requests a millisecond has, so that on average there are `perMs`. */
function wholeOf(ms: number, perMs: number): number {
  return Math.floor((ms + 1) * perMs) - Math.floor(ms * perMs);
}
