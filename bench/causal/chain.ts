/**
 * From burst to collection to latency.
 *
 * Requests come when they come, whether the program stands still or not. So the work of a virtual
 * millisecond begins at that time or when the work before it is done, whichever is later (Lindley's
 * recursion, with arrivals in virtual time and the really measured time of the work), and its
 * requests are answered when it ends. The same without the stops tells what collections cost them.
 *
 * @module
 */

import { quantile, sum } from "../runner/statistics.ts";

const QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];

/** A step of the work, in the order of time. */
export interface Step {
  /** When it was due, in virtual ms. */
  readonly ms: number;
  /** How long it took, in ms. */
  readonly tookMs: number;
  /** For how much of that the program stood still, in ms. */
  readonly stoppedMs: number;
}

/** A share of requests. */
export interface Group {
  /** How much of all requests. */
  readonly share: number;
  /** Latencies in ms; `null` where the group is empty. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** What collections do to latency. */
export interface Chain {
  /** The share of the time stood still that fell into bursts. */
  readonly stoppedInBursts: number | null;
  /** Pearson's correlation of the stop in a step and the latency of its requests; `null` without stops. */
  readonly correlation: number | null;
  /** Requests that met a stop, their own or one whose work they had to wait for. */
  readonly inside: Group;
  /** All others. */
  readonly outside: Group;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** What they were without any stop. */
  readonly p99WithoutMs: number;
  readonly p999WithoutMs: number;
  /** Quantiles of latency, in ms. */
  readonly curve: readonly (readonly [share: number, ms: number])[];
  /** The share of the 99th percentile that goes with the stops. */
  readonly gcShareOfP99: number;
  /** The same of the 99.9th. */
  readonly gcShareOfP999: number;
}

/** The latency of each step in ms, and whether a stop was met on the way. */
export function latenciesOf(
  steps: readonly Step[],
  stopShare: 0 | 1 = 1,
): { ms: number[]; isInside: boolean[] } {
  const latencies: number[] = [];
  const isInside: boolean[] = [];
  let freeMs = 0;
  let hasMetStop = false;
  for (const { ms, tookMs, stoppedMs } of steps) {
    // The program has been idle: nothing of what was before can be felt.
    if (freeMs <= ms) hasMetStop = false;
    if (stoppedMs > 0) hasMetStop = true;
    const workMs = Math.max(0, tookMs - (1 - stopShare) * stoppedMs);
    freeMs = Math.max(ms, freeMs) + workMs;
    latencies.push(freeMs - ms);
    isInside.push(hasMetStop);
  }
  return { ms: latencies, isInside };
}

/** Pearson's correlation; `null` where one of both does not vary. */
export function correlation(xs: readonly number[], ys: readonly number[]): number | null {
  const mean = (figures: readonly number[]) =>
    figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const meanX = mean(xs);
  const meanY = mean(ys);
  let products = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (const [i, x] of xs.entries()) {
    const dx = x - meanX;
    const dy = ys[i]! - meanY;
    products += dx * dy;
    squaresX += dx * dx;
    squaresY += dy * dy;
  }
  return squaresX === 0 || squaresY === 0 ? null : products / Math.sqrt(squaresX * squaresY);
}

/**
 * Draws the chain of steps. Of those in which requests arrive, which `isBurst` tells, each has equally
 * many, so that what is true of so many of these steps is true of so many requests.
 */
export function chainOf(steps: readonly Step[], isBurst: (ms: number) => boolean): Chain {
  const whole = latenciesOf(steps);
  const arrived = steps.map((step) => isBurst(step.ms));
  const ofArrived = <V>(values: readonly V[]) => values.filter((_, i) => arrived[i]);
  const ms = ofArrived(whole.ms);
  const isInside = ofArrived(whole.isInside);
  const without = ofArrived(latenciesOf(steps, 0).ms);
  const stoppedMs = ofArrived(steps.map((step) => step.stoppedMs));
  const total = sum(steps.map((step) => step.stoppedMs));
  const p99Ms = quantile(ms, 0.99);
  const p999Ms = quantile(ms, 0.999);
  const p99WithoutMs = quantile(without, 0.99);
  const p999WithoutMs = quantile(without, 0.999);
  return {
    stoppedInBursts: total === 0 ? null : sum(stoppedMs) / total,
    correlation: correlation(stoppedMs, ms),
    inside: groupOf(ms.filter((_, i) => isInside[i]), ms.length),
    outside: groupOf(ms.filter((_, i) => !isInside[i]), ms.length),
    p99Ms,
    p999Ms,
    p99WithoutMs,
    p999WithoutMs,
    curve: QUANTILES.map((share) => [share, quantile(ms, share)]),
    gcShareOfP99: 1 - p99WithoutMs / p99Ms,
    gcShareOfP999: 1 - p999WithoutMs / p999Ms,
  };
}

function groupOf(ms: readonly number[], all: number): Group {
  if (ms.length === 0) return { share: 0, p50Ms: null, p99Ms: null };
  return { share: ms.length / all, p50Ms: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99) };
}
