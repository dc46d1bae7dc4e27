/**
 * What a variant saves against a rival, round by round: a machine's speed differs from one round to
 * the next, so only what was measured in the same one is compared.
 *
 * @module
 */

import { median, round, type Spread, spread } from "../runner/statistics.ts";
import type { Figures } from "./figures.ts";

/** What a variant saves against `sync-pool`. */
export interface Saving {
  /** The share of the stop-the-world time; `null` where the rival never stopped. */
  readonly stw: number | null;
  /** The share of the allocated bytes; `null` where the rival allocated none. */
  readonly alloc: number | null;
  /** The share of hits that it has more, in percentage points. */
  readonly hitPoints: number;
}

/** The least and the greatest of several rounds' savings. */
export type SavingSpread = Readonly<Record<keyof Saving, Spread | null>>;

/** A figure of several rounds. */
export interface Middle {
  readonly median: number;
  readonly spread: Spread;
}

/** What a variant saves in a round. */
export function savingOf(variant: Figures, rival: Figures): Saving {
  const saved = (measure: "stwMsPerS" | "allocMBps") =>
    rival[measure] === 0 ? null : round(1 - variant[measure] / rival[measure]);
  return {
    stw: saved("stwMsPerS"),
    alloc: saved("allocMBps"),
    hitPoints: round(100 * (variant.hit - rival.hit)),
  };
}

/** How many percentage points more one saves than another; `null` where either cannot tell. */
export function pointsApart(more: number | null, less: number | null): number | null {
  return more === null || less === null ? null : round(100 * (more - less));
}

/** The middle of rounds; `null` where one of them cannot tell: the others alone might flatter. */
export function middleOf(figures: readonly (number | null)[]): Middle | null {
  const told = figures.filter((figure) => figure !== null);
  if (told.length < figures.length) return null;
  return { median: median(told), spread: spread(told) };
}

/** What is saved in the middle of rounds. */
export function medianSaving(rounds: readonly Saving[]): Saving {
  return {
    stw: middleOf(rounds.map(({ stw }) => stw))?.median ?? null,
    alloc: middleOf(rounds.map(({ alloc }) => alloc))?.median ?? null,
    hitPoints: median(rounds.map(({ hitPoints }) => hitPoints)),
  };
}

/** How far savings differ between rounds. */
export function spreadOfSaving(rounds: readonly Saving[]): SavingSpread {
  return {
    stw: middleOf(rounds.map(({ stw }) => stw))?.spread ?? null,
    alloc: middleOf(rounds.map(({ alloc }) => alloc))?.spread ?? null,
    hitPoints: spread(rounds.map(({ hitPoints }) => hitPoints)),
  };
}
