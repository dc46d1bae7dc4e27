/**
 * Several benches, one after another.
 *
 * @module
 */

import { type Fault, faultOf, type Turn } from "./fault.ts";
import type { Finding } from "./finding.ts";
import { Interruption } from "./interrupt.ts";

/** What became of several turns. */
export interface Outcome {
  readonly findings: readonly Finding[];
  /** What could not be found out. */
  readonly faults: readonly Fault[];
}

/**
 * Takes all turns. One that fails costs no other its findings, and is listed.
 *
 * @param turns What to find out.
 * @param find Takes a turn.
 * @param complain Told at once what went wrong.
 * @throws {Interruption} The user wants an end.
 */
export async function takeTurns(
  turns: readonly Turn[],
  find: (turn: Turn) => Promise<Finding>,
  complain: (error: unknown) => void,
): Promise<Outcome> {
  const findings: Finding[] = [];
  const faults: Fault[] = [];
  for (const turn of turns) {
    try {
      findings.push(await find(turn));
    } catch (error) {
      if (error instanceof Interruption) throw error;
      complain(error);
      faults.push(faultOf(turn, error));
    }
  }
  return { findings, faults };
}
