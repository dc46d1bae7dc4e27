/**
 * What one process found out about a variant.
 *
 * @module
 */

import type { Observation } from "../runner/bench.ts";
import { needAllocated } from "../runner/engine_log.ts";
import { quantile, sum } from "../runner/statistics.ts";
import type { Served } from "./serve.ts";

/** Stops are summed up over windows of so many virtual ms. */
export const WINDOW_MS = 100;
/** The quantiles of a virtual millisecond's processing that are drawn. */
const QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1] as const;

/** Figures of a variant. Per second means per second of virtual time. */
export interface Figures {
  /** The share of requests that got a context without creating it. */
  readonly hit: number;
  /** Collections of the young generation per second. */
  readonly minorPerS: number;
  /** Collections of the whole heap per second. */
  readonly majorPerS: number;
  /** Milliseconds per second for which the program stood still. */
  readonly stwMsPerS: number;
  /** The 99th percentile, over windows of 100 ms, of the milliseconds for which it stood still. */
  readonly stwP99Per100ms: number;
  /** The longest stop, in ms. */
  readonly maxPauseMs: number;
  /** Megabytes allocated on the engine's heap per second. */
  readonly allocMBps: number;
  /** Processor time per request, in µs; `null` where the system does not tell. */
  readonly cpuUsPerReq: number | null;
  /** The 99.9th percentile of what a virtual millisecond's work really took, in ms. */
  readonly p999Ms: number;
  /** The most memory that the process ever held, in MB; `null` where the system does not tell. */
  readonly rssMB: number | null;
  /** Contexts that lay idle, on average. */
  readonly meanIdle: number;
  /** The sum of all that requests found. */
  readonly checksum: number;
  /** Lines of the engine's log that could not be read. */
  readonly unparsed: number;
}

/** Figures that make pictures. */
export interface Series {
  /** Milliseconds for which the program stood still, by window. */
  readonly stoppedMs: readonly number[];
  /** What a virtual millisecond's work took: quantiles with their values in ms. */
  readonly tookMs: readonly (readonly [quantile: number, ms: number])[];
}

/** What is drawn from one process. */
export interface Drawn {
  readonly figures: Figures;
  readonly series: Series;
}

/** Sums up by window what was stopped in each step. */
export function windowsOf(
  stepMs: readonly number[],
  stoppedMs: readonly number[],
): number[] {
  const windows = new Array<number>(Math.ceil((stepMs.at(-1)! + 1) / WINDOW_MS)).fill(0);
  for (const [i, ms] of stepMs.entries()) windows[Math.floor(ms / WINDOW_MS)]! += stoppedMs[i]!;
  return windows;
}

/** Draws the figures of a process. */
export function figuresOf(
  served: Served,
  { engine, cpuMs, peakRssBytes }: Observation,
): Drawn {
  const { stepMs, tookMs, requests, created, meanIdle, checksum } = served;
  if (engine.stoppedMs.length !== stepMs.length) {
    throw new Error(
      `Cannot read engine log: it must hold ${stepMs.length} steps: received ${engine.stoppedMs.length}`,
    );
  }
  const stoppedMs = windowsOf(stepMs, engine.stoppedMs);
  const seconds = stoppedMs.length * WINDOW_MS / 1000;
  const worked = tookMs.filter((ms) => ms !== null);
  return {
    figures: {
      hit: 1 - created / requests,
      minorPerS: engine.minor / seconds,
      majorPerS: engine.major / seconds,
      stwMsPerS: sum(stoppedMs) / seconds,
      stwP99Per100ms: quantile(stoppedMs, 0.99),
      maxPauseMs: engine.maxPauseMs,
      allocMBps: needAllocated(engine) / 1e6 / seconds,
      cpuUsPerReq: cpuMs === undefined ? null : cpuMs * 1000 / requests,
      p999Ms: quantile(worked, 0.999),
      rssMB: peakRssBytes === undefined ? null : peakRssBytes / 1e6,
      meanIdle,
      checksum,
      unparsed: engine.unparsed,
    },
    series: { stoppedMs, tookMs: QUANTILES.map((q) => [q, quantile(worked, q)]) },
  };
}
