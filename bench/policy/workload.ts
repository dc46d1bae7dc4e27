/**
 * The built-in traces.
 *
 * @module
 */

import { Random } from "../runner/random.ts";
import { type Trace, TraceDraft } from "./trace.ts";

/** How much of a workload is drawn. */
export interface Extent {
  /** Arrivals, as a share of all. */
  readonly rate: number;
  /** Time, as a share of all; periods stay as long as they are. */
  readonly length: number;
}

/** Draws a trace. Only what is made to fit λ, in ms, looks at it. */
export type Workload = (extent: Extent, lambdaMs: number) => Trace;

/** A stream of arrivals that come independently of each other. */
interface Stream {
  readonly random: Random;
  readonly durationMs: number;
  /** The greatest rate, in arrivals per second. */
  readonly perSecond: number;
  /** The share of that rate at a time, up to 1. */
  readonly shareAt: (ms: number) => number;
  /** Adds an arrival. */
  readonly add: (ms: number) => void;
}

function draw({ random, durationMs, perSecond, shareAt, add }: Stream): void {
  const meanMs = 1000 / perSecond;
  for (let ms = random.exponential(meanMs); ms < durationMs; ms += random.exponential(meanMs)) {
    const share = shareAt(ms);
    if (share >= 1 || random.next() < share) add(ms);
  }
}

/** Whether a time lies in the first `onMs` of its period. */
function isOn(ms: number, onMs: number, periodMs: number): boolean {
  return ms % periodMs < onMs;
}

/** The headline workload: on for 100 ms of every second. */
const spiky: Workload = ({ rate, length }) => {
  const random = new Random("spiky");
  const trace = new TraceDraft();
  const durationMs = 60_000 * length;
  draw({
    random,
    durationMs,
    perSecond: 120_000 * rate,
    shareAt: (ms) => isOn(ms, 100, 1000) ? 1 : 0,
    add: (ms) => trace.add(ms, random.uniform(0, 80), "request"),
  });
  return trace.finish("spiky", durationMs);
};

/** A hold of the ancestor's mixed gateway, and what kind of request it belongs to. */
function mixedHold(random: Random): [holdMs: number, tag: string] {
  const kind = random.next();
  if (kind < 0.8) return [random.uniform(0, 10), "fast"];
  if (kind < 0.98) return [random.logUniform(10, 2000), "query"];
  return [random.uniform(2000, 5000), "stream"];
}

/** Three times the rate for 1 s in every 5 s. */
const burstShare = (ms: number) => isOn(ms, 1000, 5000) ? 1 : 1 / 3;

/** The ancestor's mixed gateway. */
const mixed: Workload = ({ rate, length }) => {
  const random = new Random("mixed");
  const trace = new TraceDraft();
  const durationMs = 300_000 * length;
  draw({
    random,
    durationMs,
    perSecond: 3000 * rate,
    shareAt: burstShare,
    add: (ms) => trace.add(ms, ...mixedHold(random)),
  });
  return trace.finish("mixed", durationMs);
};

/** 10 s of full load, 60 s at a twentieth of it, and 10 s of full load again. */
const shift: Workload = ({ rate, length }) => {
  const random = new Random("shift");
  const trace = new TraceDraft();
  const durationMs = 80_000 * length;
  draw({
    random,
    durationMs,
    perSecond: 4000 * rate,
    shareAt: (ms) => ms >= 10_000 * length && ms < 70_000 * length ? 0.05 : 1,
    add: (ms) => trace.add(ms, random.exponential(40), "request"),
  });
  return trace.finish("shift", durationMs);
};

/** Days of two minutes: a sine between a twentieth and all of the load. */
const diurnal: Workload = ({ rate, length }) => {
  const random = new Random("diurnal");
  const trace = new TraceDraft();
  const durationMs = 600_000 * length;
  draw({
    random,
    durationMs,
    perSecond: 1600 * rate,
    shareAt: (ms) => 0.525 - 0.475 * Math.cos(2 * Math.PI * ms / 120_000),
    add: (ms) => trace.add(ms, random.exponential(50), "request"),
  });
  return trace.finish("diurnal", durationMs);
};

/** A tag with load and holds of its own. */
interface Route {
  readonly tag: string;
  readonly perSecond: number;
  readonly holdMs: number;
  readonly onMs: number;
  readonly periodMs: number;
}

const ROUTES: readonly Route[] = [
  { tag: "auth", perSecond: 400, holdMs: 2, onMs: 1, periodMs: 1 },
  { tag: "api", perSecond: 900, holdMs: 20, onMs: 500, periodMs: 3000 },
  { tag: "page", perSecond: 400, holdMs: 100, onMs: 5000, periodMs: 20_000 },
  { tag: "report", perSecond: 40, holdMs: 1000, onMs: 4000, periodMs: 45_000 },
  { tag: "stream", perSecond: 4, holdMs: 5000, onMs: 1, periodMs: 1 },
];

/** Five tags, each with holds and on/off periods of its own. */
const tags: Workload = ({ rate, length }) => {
  const trace = new TraceDraft();
  const durationMs = 300_000 * length;
  for (const { tag, perSecond, holdMs, onMs, periodMs } of ROUTES) {
    const random = new Random(`tags ${tag}`);
    draw({
      random,
      durationMs,
      perSecond: perSecond * rate,
      shareAt: (ms) => isOn(ms, onMs, periodMs) ? 1 : 0,
      add: (ms) => trace.add(ms, random.exponential(holdMs), tag),
    });
  }
  return trace.finish("tags", durationMs);
};

/** The mixed gateway under 10 000 tags that mean nothing. */
const adversarial: Workload = ({ rate, length }) => {
  const random = new Random("adversarial");
  const trace = new TraceDraft();
  const durationMs = 200_000 * length;
  draw({
    random,
    durationMs,
    perSecond: 3000 * rate,
    shareAt: burstShare,
    add: (ms) => trace.add(ms, mixedHold(random)[0], `tag${random.below(10_000)}`),
  });
  return trace.finish("adversarial", durationMs);
};

/** On for a second, off for a tenth longer than λ: the worst that can happen to a TTL of λ. */
const onoff: Workload = ({ rate, length }, lambdaMs) => {
  const random = new Random("onoff");
  const trace = new TraceDraft();
  const periodMs = 1000 + 1.1 * lambdaMs;
  const durationMs = 40 * periodMs * length;
  draw({
    random,
    durationMs,
    perSecond: 2000 * rate,
    shareAt: (ms) => isOn(ms, 1000, periodMs) ? 1 : 0,
    add: (ms) => trace.add(ms, random.uniform(0, 80), "request"),
  });
  return trace.finish("onoff", durationMs);
};

/** Capacity poisoning: most requests need 2 KB, some 1 MB, and objects keep what they were given. */
export const poison: Workload = ({ rate, length }) => {
  const random = new Random("poison");
  const trace = new TraceDraft();
  const durationMs = 120_000 * length;
  draw({
    random,
    durationMs,
    perSecond: 3000 * rate,
    shareAt: burstShare,
    add(ms) {
      const isUpload = random.next() < 0.02;
      trace.add(
        ms,
        random.uniform(0, 80),
        isUpload ? "upload" : "page",
        isUpload ? 2 ** 20 : 2 ** 11,
      );
    },
  });
  return trace.finish("poison", durationMs);
};

/** The workloads that are compared by cost, by name. */
export const WORKLOADS: ReadonlyMap<string, Workload> = new Map(
  Object.entries({ spiky, mixed, shift, diurnal, tags, adversarial, onoff }),
);
