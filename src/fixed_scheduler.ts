/**
 * The scheduler that decides nothing.
 *
 * @module
 */

import { needNumber, show } from "./error.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * A scheduler with constant targets: the control arm of every comparison.
 *
 * @param targets The most idle objects of each generation, youngest first, or one number for each
 * of them. Left out, the ceilings alone bind.
 * @returns The scheduler; it remembers nothing and may serve many pools.
 * @throws {RangeError} A target that is not an integer of at least 0.
 * @throws {TypeError} Targets that are neither a number nor an array.
 *
 * @example Usage
 * ```ts
 * import { fixedScheduler, Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const scheduler = fixedScheduler(2);
 * const pool = new Pool({ create: () => ({}), reset: () => {}, scheduler });
 * pool.prewarm(10);
 * pool.tick();
 * // Ten young objects fill the targets of the three generations, the rest goes.
 * assertEquals(pool.stats().idle, 6);
 * pool.close();
 * ```
 */
export function fixedScheduler(targets?: number | readonly number[]): Scheduler {
  const action = "Cannot make fixedScheduler";
  if (typeof targets === "number") needNumber(action, "targets", targets, 0);
  else if (Array.isArray(targets)) {
    targets.forEach((target, i) => needNumber(action, `targets[${i}]`, target, 0));
  } else if (targets !== undefined) {
    throw new TypeError(
      `${action}: targets must be a number or an array: received ${show(targets)}`,
    );
  }
  return {
    name: "fixed",
    decide: ({ generations }) => ({
      targets: generations.map((generation, i) =>
        typeof targets === "number" ? targets : targets?.[i] ?? generation.maxSize
      ),
    }),
  };
}
