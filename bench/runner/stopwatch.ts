/**
 * How long one call of a function takes, where a single call is far too short to be timed.
 *
 * @module
 */

import type { RuntimeName } from "./bench.ts";

/**
 * Calls a function for at least some milliseconds and tells the nanoseconds of a call. What returns
 * promises is awaited.
 */
export type Stopwatch = (run: () => unknown, leastMs: number) => Promise<number>;

/** Makes the stopwatch of a runtime. */
export async function makeStopwatch(runtime: RuntimeName): Promise<Stopwatch> {
  // mitata writes its loop with `new Function`, which workerd forbids.
  if (runtime === "workerd") return steppedStopwatch(() => performance.now());
  const { measure } = await import("mitata");
  return async (run, leastMs) => {
    const { p50 } = await measure(run, {
      // None is provoked, and those that come are in few batches: a median leaves them out.
      gc: false,
      min_cpu_time: leastMs * 1e6,
      batch_samples: 256,
      // Of several calls in one loop an engine inlines the first and has no budget left for the rest.
      batch_unroll: 1,
    });
    return p50;
  };
}

/** A batch is so small a part of a millisecond: that is how late the end of a step is noticed. */
const BATCHES_PER_MS = 20;
/** Time for which calls are counted before anything is measured. */
const TRIAL_MS = 4;
/** A clock that has not moved by then never will. */
const MOST_CALLS = 2 ** 24;

/**
 * A stopwatch for a clock with steps of a millisecond. It counts calls from one step of the clock to a
 * later one, so that the steps cost no accuracy, and tells their mean, where mitata tells a median.
 *
 * @param now The clock, in ms.
 */
export function steppedStopwatch(now: () => number): Stopwatch {
  return async (run, leastMs) => {
    const repeat = run() instanceof Promise ? repeatPromises : repeatCalls;
    const batch = await chooseBatch(now, run, repeat);
    // Spins for up to a step: the clock has just begun one.
    const last = now();
    let begun = last;
    while (begun === last) begun = now();
    let elapsed = 0;
    let calls = 0;
    while (elapsed < leastMs) {
      const pending = repeat(run, batch);
      if (pending !== undefined) await pending;
      calls += batch;
      elapsed = now() - begun;
    }
    return elapsed * 1e6 / calls;
  };
}

type Repeat = (run: () => unknown, calls: number) => Promise<void> | void;

function repeatCalls(run: () => unknown, calls: number): void {
  for (let i = 0; i < calls; i++) run();
}

async function repeatPromises(run: () => unknown, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) await run();
}

/** How many calls fill a small part of a millisecond. */
async function chooseBatch(
  now: () => number,
  run: () => unknown,
  repeat: Repeat,
): Promise<number> {
  for (let calls = 1; calls <= MOST_CALLS; calls *= 2) {
    const begun = now();
    await repeat(run, calls);
    const elapsed = now() - begun;
    if (elapsed >= TRIAL_MS) return Math.max(1, Math.round(calls / elapsed / BATCHES_PER_MS));
  }
  throw new Error(
    `Cannot time: the clock must move: received one that stood still for ${MOST_CALLS} calls`,
  );
}
