/**
 * The false 100 %: a hit rate that looks perfect because one object goes to and fro for ever, while
 * those who need the pool find it empty.
 *
 * A background task gets and puts one object 20 000 times a second; every three seconds 30 requests
 * come at once. Of a `sync.Pool` one can count gets and creations, and that is all that there is to
 * know. It is real code in virtual time.
 *
 * @module
 */

import { adaptiveScheduler, type Explanation, type PoolStats } from "../../mod.ts";
import type { Meter } from "../policy/meter.ts";
import { type PoolSubject, poolSubject } from "../policy/pool.ts";
import { syncPool } from "../policy/subject.ts";
import { type Trace, TraceDraft } from "../policy/trace.ts";
import { hitRate, serve, type Served, type Serving, sumServed } from "./serving.ts";

/** What there is to see of a subject, and what it did. */
export interface FalseRateFigures {
  /** The hit rate of all arrivals since the third burst: what a dashboard shows. */
  readonly overall: number;
  /** That of the bursts since the third, counted from outside. */
  readonly bursts: number;
  /** That of the first two bursts, of which a pool that learns has to learn. */
  readonly firstBursts: number;
}

/** What this pool says of itself. */
export interface Told {
  /** Hits and acquires by tag, of `stats()`. */
  readonly tags: Readonly<Record<string, Served>>;
  /** What `explain()` says of how much is retained. */
  readonly because: string;
}

/** What was seen. */
export interface FalseRateSample {
  readonly port: FalseRateFigures;
  readonly ours: FalseRateFigures & {
    readonly told: Told;
    /** Whether `stats()` tells of each tag what was counted from outside. */
    readonly isTrue: boolean;
  };
  /** Whether it tells the truth, and all but few of the arrivals since the third burst were served. */
  readonly held: boolean;
}

const TASK = "task";
const BURST = "burst";

/** Time between collections. */
const COLLECTION_MS = 100;
const TASK_EVERY_MS = 0.05;
const TASK_HOLD_MS = 0.01;
const BURST_EVERY_MS = 3000;
const BURST_SIZE = 30;
const BURST_HOLD_MS = 50;
/** Bursts of which the pool learns; those after them count. */
const FIRST_BURSTS = 2;
/** What has to be served for the pool to have held. */
const HELD_RATE = 0.95;

/** Draws the task, and as many bursts. */
export function falseRateTrace(bursts: number): Trace {
  const draft = new TraceDraft();
  const durationMs = bursts * BURST_EVERY_MS;
  const tasks = Math.round(durationMs / TASK_EVERY_MS);
  for (let i = 0; i < tasks; i++) draft.add(i * TASK_EVERY_MS, TASK_HOLD_MS, TASK);
  for (let burst = 0; burst < bursts; burst++) {
    // In the midst of a period, while the task holds nothing.
    const arrivalMs = (burst + 0.5) * BURST_EVERY_MS + COLLECTION_MS / 2 + TASK_EVERY_MS / 2;
    for (let i = 0; i < BURST_SIZE; i++) draft.add(arrivalMs, BURST_HOLD_MS, BURST);
  }
  return draft.finish("false rate", durationMs);
}

function tell(stats: PoolStats, { decisions }: Explanation): Told {
  const used = stats.tags.filter(({ acquires }) => acquires > 0);
  const levels = decisions.find(({ about }) => about === "main shelf");
  return {
    tags: Object.fromEntries(used.map(({ name, acquires, hits }) => [name, { acquires, hits }])),
    because: levels === undefined ? "" : `${levels.decision}: ${levels.because}`,
  };
}

/** Whether two counts are the same. */
function areSame(one: Told["tags"], other: Told["tags"]): boolean {
  return [TASK, BURST].every((tag) =>
    one[tag]?.acquires === other[tag]?.acquires && one[tag]?.hits === other[tag]?.hits
  );
}

function figuresOf(whole: Serving, later: Serving): FalseRateFigures {
  const [all, counted] = [whole.tags[BURST]!, later.tags[BURST]!];
  return {
    overall: hitRate(sumServed(later.tags)),
    bursts: hitRate(counted),
    firstBursts: hitRate({
      acquires: all.acquires - counted.acquires,
      hits: all.hits - counted.hits,
    }),
  };
}

/** Runs it all, with at least three bursts. */
export function runFalseRate(bursts: number): FalseRateSample {
  const trace = falseRateTrace(bursts);
  const fromMs = FIRST_BURSTS * BURST_EVERY_MS;
  const port = (meter: Meter) => syncPool(meter, COLLECTION_MS, COLLECTION_MS);
  const pool = (meter: Meter) =>
    poolSubject(meter, {
      tags: trace.tags,
      phaseMs: 0,
      isSized: false,
      pool: { scheduler: adaptiveScheduler() },
    });
  let told: Told | undefined;
  const whole = serve(trace, pool, 0, ({ pool }: PoolSubject) => {
    told = tell(pool.stats(), pool.explain());
  });
  const ours = figuresOf(whole, serve(trace, pool, fromMs));
  const isTrue = areSame(told!.tags, whole.tags);
  return {
    port: figuresOf(serve(trace, port, 0), serve(trace, port, fromMs)),
    ours: { ...ours, told: told!, isTrue },
    held: isTrue && ours.bursts >= HELD_RATE,
  };
}
