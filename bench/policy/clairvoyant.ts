/**
 * The policy that knows the future, to which all others are compared.
 *
 * @module
 */

import type { Outcome } from "./meter.ts";
import type { Trace } from "./trace.ts";

/**
 * The least that any policy can cost on a trace of interchangeable objects.
 *
 * Under LIFO reuse level k idles exactly from where demand falls below k until it reaches k again,
 * so each acquire has one gap g: it either kept an object for g or made one for λ, and the optimum
 * takes the cheaper: `λ · (acquires of a level for the first time) + Σ min(g, λ)` (multi-level ski
 * rental; Lu, Chen & Andrew 2013). A gap that no acquire ends costs nothing.
 */
export function clairvoyant({ events, times }: Trace, lambdaMs: number): Outcome {
  /** When demand fell below each level, by level. */
  const since: number[] = [];
  let demand = 0;
  let acquires = 0;
  let creations = 0;
  let idleMs = 0;
  for (let i = 0; i < events.length; i++) {
    const now = times[i]!;
    if (events[i]! < 0) {
      since[demand--] = now;
      continue;
    }
    acquires++;
    const gap = now - (since[++demand] ?? -Infinity);
    if (gap > lambdaMs) creations++;
    else idleMs += gap;
  }
  return { acquires, creations, idleMs, idleByteMs: 0, grownBytes: 0 };
}
