/**
 * A process that serves the spiky gateway with one variant.
 *
 * @module
 */

import type { Effort } from "../runner/bench.ts";
import type { Probe } from "../runner/probe.ts";
import { keepRetained } from "../runner/retained.ts";
import { Driver, type Outcome } from "./drive.ts";
import { perMsOf, SPIKE, spikyLoad } from "./load.ts";
import { type Subject, type SubjectName, SUBJECTS } from "./subject.ts";

/** What a process tells before it is seen from outside. Steps are what the probe marks. */
export interface Served extends Outcome {
  /** When each step was, in virtual ms. */
  readonly stepMs: readonly number[];
  /** How long the work of each step really took, in ms; `null` for one without work. */
  readonly tookMs: readonly (number | null)[];
  /** Contexts that lay idle, on average over virtual time. */
  readonly meanIdle: number;
  /** What idle contexts may hold at most, in bytes; `null` where nothing limits them. */
  readonly maxBytes: number | null;
}

/** What to serve, and how long. */
export interface Serving {
  readonly name: SubjectName;
  /** Whether each request makes garbage that no pool can help. */
  readonly isWasteful: boolean;
  /** Seconds of virtual time that are not measured, and that are. */
  readonly seconds: readonly [warm: number, measured: number];
  /** Puts something between the load and the subject. */
  readonly wrap?: (subject: Subject) => Subject;
}

/** No divisor of the load's period, so that idle contexts are counted in all of its phases. */
const COUNT_MS = 130;

/** Serves the spiky gateway beside live objects that have nothing to do with it. */
export async function serveSpikes(
  { name, isWasteful, seconds, wrap = (subject) => subject }: Serving,
  { runtime }: Effort,
  probe: Probe,
): Promise<Served> {
  keepRetained(runtime);
  const subject = wrap(SUBJECTS[name](runtime));
  const driver = new Driver({ subject, load: spikyLoad(perMsOf(runtime)), isWasteful });
  const [warm, measured] = seconds;
  await driver.serve(warm * SPIKE.everyMs);
  const stepMs: number[] = [];
  const tookMs: (number | null)[] = [];
  let idle = 0;
  let counts = 0;
  await probe.begin();
  const outcome = await driver.serve(measured * SPIKE.everyMs, {
    onStep(ms, took) {
      probe.mark();
      stepMs.push(ms);
      tookMs.push(took);
    },
    countMs: COUNT_MS,
    onCount(contexts) {
      idle += contexts;
      counts++;
    },
  });
  await probe.end();
  const maxBytes = subject.maxBytes?.() ?? null;
  subject.close();
  return { ...outcome, stepMs, tookMs, meanIdle: idle / counts, maxBytes };
}
