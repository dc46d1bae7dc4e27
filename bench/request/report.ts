/**
 * What the request bench's samples amount to.
 *
 * @module
 */

import { RequestContext } from "../../edge/mod.ts";
import type { RuntimeName } from "../runner/bench.ts";
import { needSameWork } from "../runner/checksum.ts";
import { median, round, type Spread, spread } from "../runner/statistics.ts";
import { type Holder, HOLDERS, type Route, ROUTES } from "./route.ts";

/** What one process measured of a variant. */
export interface Sample {
  /** Bytes that the engine allocated, per request. */
  readonly bytes: number;
  /** Contexts that were created, per request. */
  readonly created: number;
  /** Of the answers. */
  readonly checksum: number;
  /** Lines of the engine's log of which nobody knows what they say. */
  readonly unparsed: number;
}

/** The figures of a route with one holder. */
export interface Figures {
  /** Bytes allocated per request: the median of all rounds. */
  readonly bytes: number;
  /** The least and the greatest of all rounds. */
  readonly spread: Spread;
  /**
   * Bytes per request of new contexts' scratches that are not in those: V8 counts no array buffers.
   * Not what a scratch grows by.
   */
  readonly scratchBytes: number;
}

/** What all samples amount to. */
export interface Report {
  readonly runtime: RuntimeName;
  readonly figures: Readonly<Record<Route, Readonly<Record<Holder, Figures>>>>;
  /** Lines of engines' logs of which nobody knows what they say. */
  readonly unparsed: number;
}

/** What a new context's scratch holds, in bytes. */
const SCRATCH_BYTES = new RequestContext().scratch.capacity;

/** The name of a variant. */
export function variantOf(route: Route, holder: Holder): string {
  return `${route}-${holder}`;
}

/** Draws the samples of all rounds together. */
export function reportOf(
  samples: ReadonlyMap<string, readonly Sample[]>,
  runtime: RuntimeName,
): Report {
  for (const route of ROUTES) needSameAnswers(route, samples);
  const figures = Object.fromEntries(
    ROUTES.map((route) => [
      route,
      Object.fromEntries(
        HOLDERS.map((
          holder,
        ) => [holder, figuresOf(samples.get(variantOf(route, holder))!, runtime)]),
      ),
    ]),
  ) as Report["figures"];
  const unparsed = [...samples.values()].flat().reduce((total, one) => total + one.unparsed, 0);
  return { runtime, figures, unparsed };
}

/** Throws unless a route answers the same with a pool and without. */
function needSameAnswers(route: Route, samples: ReadonlyMap<string, readonly Sample[]>): void {
  const variants = HOLDERS.map((holder) => variantOf(route, holder));
  const ofRoute = new Map(variants.map((variant) => [variant, samples.get(variant)!]));
  needSameWork(`request by ${route}`, ofRoute, ({ checksum }) => checksum);
}

function figuresOf(samples: readonly Sample[], runtime: RuntimeName): Figures {
  const uncounted = runtime === "bun" ? 0 : SCRATCH_BYTES;
  const bytes = samples.map((sample) => round(sample.bytes));
  return {
    bytes: round(median(bytes)),
    spread: spread(bytes),
    scratchBytes: round(median(samples.map((sample) => sample.created * uncounted))),
  };
}
