/**
 * Memory pressure: how near a heap is to its limit.
 *
 * @module
 */

import { show } from "./error.ts";

/** How near a heap is to its limit. */
export type Pressure = "none" | "moderate" | "high" | "critical";

const LEVELS: readonly Pressure[] = ["none", "moderate", "high", "critical"];

/** Shares of the limit at which the levels after `"none"` are entered. */
const ENTERED = [0.7, 0.85, 0.95];

/** Shares at which they are left: 0.05 less. */
const LEFT = [0.65, 0.8, 0.9];

/** The share of `limitBytes` that is used, or `undefined` where a figure is unknown or makes no sense. */
export function shareOf(
  usedBytes: number | undefined,
  limitBytes: number | undefined,
): number | undefined {
  const used = usedBytes ?? NaN;
  const limit = limitBytes ?? NaN;
  return Number.isFinite(used) && limit > 0 && limit < Infinity ? used / limit : undefined;
}

/** Names the pressure of `usedBytes` under `limitBytes`; unknown figures press nobody. */
export function pressureOf(
  usedBytes: number | undefined,
  limitBytes: number | undefined,
): Pressure {
  return LEVELS[levelOf(shareOf(usedBytes, limitBytes) ?? 0)]!;
}

/**
 * A reading of pressure with hysteresis: a level is entered at once, but left only when the share
 * has fallen 0.05 below where it is entered, so that a heap that breathes does not flap.
 */
export class PressureGauge {
  #level = 0;

  /** Names the pressure at a share of the limit; an unknown one presses nobody and is a new start. */
  read(share: number | undefined): Pressure {
    const known = Number.isFinite(share) ? share! : 0;
    const entered = levelOf(known);
    while (this.#level > entered && known <= LEFT[this.#level - 1]!) this.#level--;
    this.#level = Math.max(entered, this.#level);
    return LEVELS[this.#level]!;
  }
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

/** The level that is entered at a share. */
function levelOf(share: number): number {
  let level = 0;
  while (level < ENTERED.length && share >= ENTERED[level]!) level++;
  return level;
}
