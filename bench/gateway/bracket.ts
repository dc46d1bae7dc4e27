/**
 * The bracket of honest figures: nothing can save more than a free list without an end, or less than
 * no pool. What lies outside of it in every round was not measured, but made by the bench.
 *
 * @module
 */

import { round, type Spread, spread } from "../runner/statistics.ts";
import { type Drawn, WINDOW_MS } from "./figures.ts";
import type { SubjectName } from "./subject.ts";

/** What the bracket is of. */
type Bracketed = "stwMsPerS" | "allocMBps";

/** A figure that lies outside by a smaller share is noise. */
const NOISE = 0.1;

/** Reasons not to believe what was drawn of each variant, round by round. */
export function suspicionsOf(drawnOf: (name: SubjectName) => readonly Drawn[]): string[] {
  const [list, alloc] = [drawnOf("free-list"), drawnOf("alloc")];
  return (["siliconflow", "siliconflow-untagged"] as const).flatMap((name) =>
    (["stwMsPerS", "allocMBps"] as const).flatMap((measure) => {
      const [least, most] = rangeOf(drawnOf(name), measure);
      const isInside = most >= leastAllowed(list, measure) && least <= mostAllowed(alloc, measure);
      if (isInside) return [];
      const bracket = `${rangeOf(list, measure)[0]} (free-list) to ${
        rangeOf(alloc, measure)[1]
      } (alloc)`;
      return [`${measure} of ${name} is ${least} to ${most}, outside of ${bracket}`];
    })
  );
}

function rangeOf(drawn: readonly Drawn[], measure: Bracketed): Spread {
  return spread(drawn.map(({ figures }) => round(figures[measure])));
}

function leastAllowed(list: readonly Drawn[], measure: Bracketed): number {
  return Math.min(...list.map((each) => each.figures[measure] * (1 - noiseOf(each, measure))));
}

function mostAllowed(alloc: readonly Drawn[], measure: Bracketed): number {
  return Math.max(...alloc.map((each) => each.figures[measure] * (1 + noiseOf(each, measure))));
}

/**
 * The share by which a figure may be off. Where a run begins and ends within the collector's cycle
 * makes one collection more or less: much where there are few, and all where there is one.
 */
function noiseOf({ figures, series }: Drawn, measure: Bracketed): number {
  if (measure === "allocMBps") return NOISE;
  const seconds = series.stoppedMs.length * WINDOW_MS / 1000;
  const collections = (figures.minorPerS + figures.majorPerS) * seconds;
  return collections === 0 ? NOISE : NOISE + 1 / collections;
}
