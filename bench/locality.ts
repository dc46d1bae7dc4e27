/**
 * The locality bench: in which order objects are reused, and what that is to the caches.
 *
 * After a burst far more objects lie idle than are needed. Whoever takes the one that was used last
 * touches few of them; whoever takes the one that has rested longest touches all.
 *
 * @module
 */

import {
  chartsOf,
  PAYLOADS,
  type Report,
  reportOf,
  REUSE_NAMES,
  type ReuseName,
  type Sample,
  sheetsOf,
  variantOf,
} from "./locality/report.ts";
import { reuseDistances } from "./locality/reuse_distance.ts";
import { objectsOf, Requests, REUSES } from "./locality/subject.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import { median } from "./runner/statistics.ts";
import { makeStopwatch } from "./runner/stopwatch.ts";

/** The requests of one timed call. */
const REQUESTS = 64;

/** The ways and payloads by variant. */
const VARIANTS: ReadonlyMap<string, { readonly reuse: ReuseName; readonly payload: number }> =
  new Map(
    PAYLOADS.flatMap((payload) =>
      REUSE_NAMES.map((reuse) => [variantOf(reuse, payload), { reuse, payload }])
    ),
  );

/** How often and how long is timed. */
function plan({ quick }: Effort): { turns: number; turnMs: number } {
  return quick ? { turns: 3, turnMs: 60 } : { turns: 9, turnMs: 100 };
}

async function measureVariant(variant: string, effort: Effort): Promise<Sample> {
  const { reuse, payload } = VARIANTS.get(variant)!;
  const objects = objectsOf(payload);
  const requests = new Requests(REUSES[reuse](objects, payload));
  // Twice through all objects, so that even the longest distance is seen.
  const distance = reuseDistances(requests.trace(2 * objects + REQUESTS));
  const stopwatch = await makeStopwatch(effort.runtime);
  const { turns, turnMs } = plan(effort);
  const ns: number[] = [];
  let calls = 0;
  let sum = 0;
  const serve = () => {
    calls++;
    sum += requests.serve(REQUESTS);
  };
  // The first turn warms up.
  for (let i = 0; i <= turns; i++) {
    const taken = await stopwatch(serve, turnMs);
    if (i > 0) ns.push(taken / REQUESTS);
  }
  // Every call sums up to the same, so they do on average, however many there were.
  return { ns: median(ns), checksum: sum / calls, distance };
}

/** Last in, first out against first in, first out. */
export const locality: Bench<Sample, Report> = {
  question: "How near to each other are two uses of an object, and what is that to the caches?",
  rival: "a bare ring (first in, first out) and a bare array (last in, first out)",
  packages: ["mitata"],
  runtimes: ["deno", "bun", "workerd"],
  variants: [...VARIANTS.keys()],
  rounds: 3,
  measure: measureVariant,
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
