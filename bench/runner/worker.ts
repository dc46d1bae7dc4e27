/**
 * A worker that measures one variant. It has no other way out than its output.
 *
 * @module
 */

import type { Bench, Effort } from "./bench.ts";
import { makeProbe } from "./probe.ts";

/** Comes before the result. */
export const RESULT = "@@result ";

/** Measures a variant and prints what {@linkcode Bench.measure} returned. */
export async function tellResult(
  bench: Pick<Bench, "measure">,
  variant: string,
  effort: Effort,
): Promise<void> {
  const sample = await bench.measure(variant, effort, makeProbe(effort.runtime));
  // deno-lint-ignore no-console
  console.log(RESULT + JSON.stringify({ versions: {}, sample }));
}
