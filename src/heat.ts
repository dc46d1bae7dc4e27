/**
 * Heat: how often levels and tags are used, and for how long they have been.
 *
 * Since demand is a stack, level k was touched in a tick exactly when the peak of that tick
 * reached k. So the levels touched in at least a share s of the ticks are all those up to an order
 * statistic of the peaks, and no counter per level is needed.
 *
 * @module
 */

import { needNumber, needOptions } from "./error.ts";

/** When a level or a tag counts as hot. */
export interface HeatOptions {
  /**
   * Uses a cycle that make a tag hot.
   *
   * @default {50}
   */
  readonly tagUses?: number;
  /**
   * What a tag's heat loses at the end of a cycle, in uses.
   *
   * @default {25}
   */
  readonly decayRate?: number;
  /**
   * Share of the window's ticks, above 0 up to 1, in which a level must be touched to be hot.
   *
   * @default {0.5}
   */
  readonly levelShare?: number;
  /**
   * Ticks in the window.
   *
   * @default {20}
   */
  readonly windowTicks?: number;
}

/** Cycles that a level must survive to be old. */
export const OLD_CYCLES = 3;

/** Checks the options and fills in what is left out. */
export function checkHeat(action: string, given: HeatOptions = {}): Required<HeatOptions> {
  needOptions(action, "heat", given);
  const { tagUses = 50, decayRate = 25, levelShare = 0.5, windowTicks = 20 } = given;
  needNumber(action, "heat.tagUses", tagUses, 1);
  needNumber(action, "heat.decayRate", decayRate, 0, false);
  needNumber(action, "heat.levelShare", levelShare, Number.MIN_VALUE, false);
  if (levelShare > 1) {
    throw new RangeError(`${action}: heat.levelShare must be at most 1: received ${levelShare}`);
  }
  needNumber(action, "heat.windowTicks", windowTicks, 1);
  return { tagUses, decayRate, levelShare, windowTicks };
}

/** A tag's heat after a cycle in which it was used `uses` times. */
export function tagHeat(heat: number, uses: number, decayRate: number): number {
  return Math.max(uses, Math.max(0, heat - decayRate));
}

/** The heat and age of a pool's levels. */
export class LevelHeat {
  readonly #share: number;
  readonly #window: number;
  /** The peaks of the window as they came, and the same with the highest first. */
  readonly #peaks: number[] = [];
  readonly #sorted: number[] = [];
  #lives: number[] = [];

  /** Makes one for levels of which none has been used. */
  constructor(options: Required<HeatOptions>) {
    this.#share = options.levelShare;
    this.#window = options.windowTicks;
  }

  /** Learns the peak of a tick. */
  tick(peak: number): void {
    const sorted = this.#sorted;
    if (this.#peaks.length >= this.#window) sorted.splice(sorted.indexOf(this.#peaks.shift()!), 1);
    this.#peaks.push(peak);
    let place = 0;
    while (place < sorted.length && sorted[place]! > peak) place++;
    sorted.splice(place, 0, peak);
  }

  /** Learns how many objects lived at the end of a cycle. */
  cycle(live: number): void {
    this.#lives = [...this.#lives, live].slice(-OLD_CYCLES);
  }

  /** Levels 1 to this are hot. */
  get hot(): number {
    const sorted = this.#sorted;
    return sorted[Math.ceil(sorted.length * this.#share) - 1] ?? 0;
  }

  /** Levels 1 to this have survived three cycles. */
  get old(): number {
    return this.#lives.length < OLD_CYCLES ? 0 : Math.min(...this.#lives);
  }
}
