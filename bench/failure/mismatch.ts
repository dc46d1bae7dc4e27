/**
 * The mismatch with the collector: between two collections far more objects are got than were put,
 * and when they come back two collections pass before anybody needs them.
 *
 * Every second 950 requests arrive within 100 ms, between two collections. A hundred of them end
 * within the same time; the others last into the next period. It is real code in virtual time, where
 * nothing but the rule decides: a `sync.Pool` loses what two collections find idle, this pool what
 * its scheduler finds not to be worth its keep.
 *
 * @module
 */

import { adaptiveScheduler } from "../../mod.ts";
import { poolSubject } from "../policy/pool.ts";
import { type SubjectMaker, syncPool } from "../policy/subject.ts";
import { type Trace, TraceDraft } from "../policy/trace.ts";
import { hitRate, serve } from "./serving.ts";

/** What lies between two collections, counted in the trace. */
export interface Period {
  readonly got: number;
  readonly put: number;
}

/** What a subject made of the bursts. */
export interface MismatchFigures {
  /** The share of arrivals since the second burst that an idle object served. */
  readonly hitRate: number;
  /** Objects that lay idle on average: what the hits cost. */
  readonly meanIdle: number;
}

/** What was seen. */
export interface MismatchSample {
  readonly period: Period;
  /** Collections 100 ms apart, as the bursts are long. */
  readonly port: MismatchFigures;
  /** The same port with collections a second apart: the rule fails, not the code. */
  readonly portSeldom: MismatchFigures;
  readonly ours: MismatchFigures;
  /** Whether all but few of the arrivals after the first burst were served. */
  readonly held: boolean;
}

/** Time between collections. */
const COLLECTION_MS = 100;
/** Collections of a process that allocates a tenth. */
const SELDOM_MS = 1000;
/** Time between the beginnings of bursts. */
const BURST_MS = 1000;
/** Requests of a burst. */
const GOT = 950;
/** Those of them that end within it. */
const PUT = 100;
const SHORT_MS = 2;
const LONG_MS = 100;
/** What has to be served for the pool to have held. */
const HELD_RATE = 0.95;

/** Draws bursts. The collections come at multiples of their period, as the bursts do. */
export function mismatchTrace(bursts: number): Trace {
  const draft = new TraceDraft();
  // Spread over the burst, but for its end: what arrives then would not end within the period.
  const every = Math.floor((GOT * (1 - 2 * SHORT_MS / COLLECTION_MS)) / PUT);
  for (let burst = 0; burst < bursts; burst++) {
    for (let i = 0; i < GOT; i++) {
      const isShort = i % every === 0 && i < every * PUT;
      const arrivalMs = burst * BURST_MS + (i + 0.5) * COLLECTION_MS / GOT;
      draft.add(arrivalMs, isShort ? SHORT_MS : LONG_MS, "request");
    }
  }
  return draft.finish("mismatch", bursts * BURST_MS);
}

/** Counts what is got and put from one time to another. */
export function countPeriod({ events, times }: Trace, fromMs: number, toMs: number): Period {
  let got = 0;
  let put = 0;
  for (const [i, time] of times.entries()) {
    if (time < fromMs || time >= toMs) continue;
    if (events[i]! < 0) put++;
    else got++;
  }
  return { got, put };
}

/** Runs it all. */
export function runMismatch(bursts: number): MismatchSample {
  const trace = mismatchTrace(bursts);
  const figures = (make: SubjectMaker): MismatchFigures => {
    const { tags, meanIdle } = serve(trace, make, BURST_MS);
    return { hitRate: hitRate(tags.request!), meanIdle };
  };
  const port = (periodMs: number) => figures((meter) => syncPool(meter, periodMs, periodMs));
  const ours = figures((meter) =>
    poolSubject(meter, {
      tags: trace.tags,
      phaseMs: 0,
      isSized: false,
      pool: { scheduler: adaptiveScheduler() },
    })
  );
  return {
    period: countPeriod(trace, BURST_MS, BURST_MS + COLLECTION_MS),
    port: port(COLLECTION_MS),
    portSeldom: port(SELDOM_MS),
    ours,
    held: ours.hitRate >= HELD_RATE,
  };
}
