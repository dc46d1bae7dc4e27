/**
 * Memory pressure: how near a heap is to its limit.
 *
 * @module
 */

import { show } from "./error.ts";

/** How near a heap is to its limit. */
export type Pressure = "none" | "moderate" | "high" | "critical";

const LEVELS: readonly Pressure[] = ["none", "moderate", "high", "critical"];

/** Shares of the limit at which the levels after `"none"` begin. */
const SHARES = [0.7, 0.85, 0.95];

/** Names the pressure of `usedBytes` under `limitBytes`; unknown figures press nobody. */
export function pressureOf(
  usedBytes: number | undefined,
  limitBytes: number | undefined,
): Pressure {
  if (usedBytes === undefined || limitBytes === undefined || !(limitBytes > 0)) return "none";
  const share = usedBytes / limitBytes;
  return LEVELS[SHARES.filter((least) => share >= least).length]!;
}

/** Whether `value` names a pressure. */
export function isPressure(value: unknown): value is Pressure {
  return (LEVELS as readonly unknown[]).includes(value);
}

/** Throws unless `value` names a pressure. */
export function needPressure(action: string, value: unknown): void {
  if (!isPressure(value)) {
    throw new TypeError(
      `${action}: pressure must be one of ${LEVELS.join(", ")}: received ${show(value)}`,
    );
  }
}
