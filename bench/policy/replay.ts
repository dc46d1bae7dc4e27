/**
 * The policies, and a replay of a trace through one of them.
 *
 * @module
 */

import {
  adaptiveScheduler,
  ancestorGenerations,
  fixedScheduler,
  type GenerationOptions,
  type Sample,
  type Scheduler,
} from "../../mod.ts";
import { clairvoyant } from "./clairvoyant.ts";
import { type Item, meanOutcome, Meter, type Outcome } from "./meter.ts";
import { poolSubject, type PoolSubjectOptions } from "./pool.ts";
import { Random } from "../runner/random.ts";
import { expiring, freeList, noPool, type Subject, syncPool } from "./subject.ts";
import type { Trace } from "./trace.ts";

/** What a policy is tried with. */
export interface Trial {
  readonly trace: Trace;
  /** λ. */
  readonly lambdaMs: number;
  /** A number from 0 up to 1 that says where between two of its ticks a policy starts. */
  readonly phase: number;
}

/** A policy of retention. */
export interface Policy {
  /** Whether the phase makes a difference. */
  readonly isPhased: boolean;
  /** Runs a trial and says what came of it. */
  readonly run: (trial: Trial) => Outcome;
}

/** Tries a subject. */
export function replay(trace: Trace, make: (meter: Meter) => Subject): Outcome {
  const meter = new Meter();
  const subject = make(meter);
  const { events, times, tagOf, bytesOf } = trace;
  const held: Item[] = [];
  for (let i = 0; i < events.length; i++) {
    meter.now = times[i]!;
    subject.advance();
    const event = events[i]!;
    const arrival = event < 0 ? ~event : event;
    const tag = tagOf[arrival]!;
    if (event < 0) {
      const item = held[arrival]!;
      meter.give(item);
      subject.release(item, tag);
    } else {
      const item = held[arrival] = subject.acquire(tag);
      meter.take(item);
      meter.grow(item, bytesOf[arrival]!);
    }
  }
  meter.now = trace.durationMs;
  subject.advance();
  const outcome = meter.outcome();
  subject.close();
  return outcome;
}

/** How far apart the scheduler's ticks are, in ms. */
const TICK_MS = 500;

/** Tries the real pool. */
function replayPool(
  { trace, phase }: Trial,
  pool: PoolSubjectOptions["pool"],
  tags: readonly string[] = trace.tags,
): Outcome {
  const isSized = trace.bytesOf.some((bytes) => bytes > 0);
  return replay(
    trace,
    (meter) => poolSubject(meter, { tags, phaseMs: phase * TICK_MS, isSized, pool }),
  );
}

/** A scheduler that is shown no heat and no age. */
function withoutHeat(scheduler: Scheduler): Scheduler {
  return {
    name: scheduler.name,
    decide: (sample: Sample) =>
      scheduler.decide({
        ...sample,
        hotLevels: 0,
        oldLevels: 0,
        shelves: sample.shelves.map((shelf) => ({ ...shelf, hotLevels: 0, oldLevels: 0 })),
        tags: sample.tags.map((tag) => ({ ...tag, heat: 0, hot: false })),
      }),
  };
}

/** Half of what three generations of the pool's own may hold at most: ceilings must not decide. */
const HALF = 3 * 2 ** 21;
/** T0, and one band for all that is older. */
const TWO_BANDS: readonly GenerationOptions[] = [
  { name: "T0", maxSize: HALF, ttlMs: 10 },
  { name: "T1", maxSize: HALF, ttlMs: 0 },
];

/** The scheduler under test. */
const adaptive = ({ lambdaMs }: Trial) => adaptiveScheduler({ idleBudgetMs: lambdaMs });

const continuous = (run: Policy["run"]): Policy => ({ isPhased: false, run });
const ticking = (run: Policy["run"]): Policy => ({ isPhased: true, run });

/** `sync.Pool` cleared by a collector at work all the time. */
function syncPoolPolicy(periodMs: number): Policy {
  return ticking(({ trace, phase }) =>
    replay(trace, (meter) => syncPool(meter, periodMs, periodMs * (1 - phase)))
  );
}

/** The policies by name, in the order of the report. */
export const POLICIES: ReadonlyMap<string, Policy> = new Map([
  ["clairvoyant", continuous(({ trace, lambdaMs }) => clairvoyant(trace, lambdaMs))],
  ["none", continuous(({ trace }) => replay(trace, noPool))],
  ["unbounded", continuous(({ trace }) => replay(trace, freeList))],
  ["sync.Pool 100 ms", syncPoolPolicy(100)],
  ["sync.Pool 1 s", syncPoolPolicy(1000)],
  [
    "fixed caps",
    ticking((trial) =>
      replayPool(trial, { generations: ancestorGenerations, scheduler: fixedScheduler() })
    ),
  ],
  [
    "fixed TTL λ",
    continuous(({ trace, lambdaMs }) => replay(trace, (meter) => expiring(meter, lambdaMs))),
  ],
  ["full", ticking((trial) => replayPool(trial, { scheduler: adaptive(trial) }))],
  [
    "two bands",
    ticking((trial) => replayPool(trial, { generations: TWO_BANDS, scheduler: adaptive(trial) })),
  ],
  ["heat off", ticking((trial) => replayPool(trial, { scheduler: withoutHeat(adaptive(trial)) }))],
  ["tags off", ticking((trial) => replayPool(trial, { scheduler: adaptive(trial) }, []))],
]);

/** What is compared with, but cannot be had. */
export const BOUND = "clairvoyant";
/** The scheduler under test. */
export const SUBJECT = "full";
/** The scheduler under test without one of its parts, by that part. */
export const ABLATIONS: ReadonlyMap<string, string> = new Map([
  ["bands", "two bands"],
  ["heat", "heat off"],
  ["tags", "tags off"],
]);

/** Phases that a policy with ticks of its own is tried at. */
const PHASES = 3;

/**
 * Tries policies on a trace.
 *
 * Where a policy has ticks of its own, what it costs depends on where they happen to lie between the
 * arrivals. So it is tried at several random phases, the same for all policies, and its outcome is
 * the mean.
 *
 * @param trace The trace.
 * @param lambdaMs λ.
 * @param names The policies, all of them unless told otherwise.
 * @param phases How many phases to try.
 */
export function tryPolicies(
  trace: Trace,
  lambdaMs: number,
  names: readonly string[] = [...POLICIES.keys()],
  phases: number = PHASES,
): Map<string, Outcome> {
  const random = new Random(`${trace.name} ${lambdaMs}`);
  const drawn = Array.from({ length: phases }, (_, i) => (i + random.next()) / phases);
  return new Map(names.map((name) => {
    const { run, isPhased } = POLICIES.get(name)!;
    const chosen = isPhased ? drawn : drawn.slice(0, 1);
    return [name, meanOutcome(chosen.map((phase) => run({ trace, lambdaMs, phase })))];
  }));
}
