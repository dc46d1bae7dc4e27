/**
 * What changes from one reading to the next, as figures a second.
 *
 * Counters only grow. Where one has shrunk another pool answers, after a restart or from another
 * isolate, and there is nothing to compare.
 *
 * @module
 */

import type { Reading } from "../reading.ts";

/** Longer than this between two readings, in milliseconds, nothing is known of the time between. */
const GAP_MS = 10_000;

/** Figures by name; what is not known is absent. */
export type Point = Readonly<Record<string, number | undefined>>;

/** Whether a reading goes on where another one was. */
export function follows(before: Reading | undefined, now: Reading): before is Reading {
  if (before === undefined || before.selected !== now.selected) return false;
  const isLater = now.at > before.at && now.at - before.at < GAP_MS;
  return isLater && now.stats.ticks >= before.stats.ticks &&
    now.stats.acquires >= before.stats.acquires && now.stats.created >= before.stats.created;
}

/** The figures of a reading, and what they have changed by since the one before it. */
export function pointOf(before: Reading | undefined, now: Reading): Point {
  const { stats } = now;
  const { heap, generations } = stats;
  const point: Record<string, number | undefined> = {
    leased: stats.leased,
    heap: heap?.usedBytes,
    external: heap?.externalBytes,
  };
  for (const [i, { idle, target }] of generations.entries()) {
    point[`idle ${i}`] = idle;
    point[`target ${i}`] = target;
  }
  if (!follows(before, now)) return point;
  const seconds = (now.at - before.at) / 1000;
  const acquires = stats.acquires - before.stats.acquires;
  const misses = stats.misses - before.stats.misses;
  point["hitRate"] = acquires > 0 ? (stats.hits - before.stats.hits) / acquires : undefined;
  point["acquires"] = acquires / seconds;
  point["misses"] = misses / seconds;
  const { gc } = stats;
  const former = before.stats.gc;
  if (gc.pauseMs !== undefined) point["pauseMs"] = (gc.pauseMs - (former.pauseMs ?? 0)) / seconds;
  point["minor"] = (gc.minor + gc.unknown - former.minor - former.unknown) / seconds;
  point["major"] = (gc.major - former.major) / seconds;
  return point;
}
