/**
 * How figures came about, in words.
 *
 * @module
 */

import type { Circumstances } from "./finding.ts";

/** In which order variants were measured, and how, in words. */
export interface Method {
  readonly order: string;
  readonly method: string;
}

/** Words for the circumstances of figures. */
export function methodOf(circumstances: Circumstances): Method {
  const { rounds, drawn, variants, isInTurns = false } = circumstances;
  const isRepeated = rounds > 1;
  const reversal = isRepeated ? ", reversed every round" : "";
  const names = variants.join(", ");
  const order = isInTurns
    ? `started as ${names}${reversal}; then in turns, whose order is drawn anew each time`
    : `${names}${reversal}`;
  const process = `a fresh process per variant${isRepeated ? " and round" : ""}${
    isInTurns ? ", all side by side" : ""
  }`;
  const count = isRepeated ? `${rounds} rounds` : "1 round";
  // Of one round there is nothing to draw.
  return { order, method: `${count}, ${process}${isRepeated ? `; ${drawn}` : ""}` };
}

/** What had to be measured once more, and why; one line for each. */
export function repeatsOf({ repeats = [] }: Circumstances): readonly string[] {
  return repeats.map((message) => `measured once more after: ${message}`);
}
