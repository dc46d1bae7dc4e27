/**
 * The memory of a process over time, and whether it grows.
 *
 * @module
 */

import { readUsage } from "../../bench/runner/usage.ts";

/** How often it is looked at, in ms. */
const LOOK_MS = 100;
/** The parts that the second half of a run is cut into. */
const PARTS = 8;

/** How a memory changes. */
export interface Slope {
  /** MB a minute. */
  readonly perMin: number;
  /** Its standard error. */
  readonly error: number;
}

/** Looks at the memory of a process until it is stopped. */
export class RssWatch {
  readonly #looks: { readonly min: number; readonly mb: number }[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pid: number) {
    const start = performance.now();
    this.#timer = setInterval(() => {
      const usage = readUsage(pid);
      if (usage === undefined) return;
      this.#looks.push({ min: (performance.now() - start) / 60_000, mb: usage.rssBytes / 2 ** 20 });
    }, LOOK_MS);
  }

  /** Ends it, and tells how the memory changed over the second half. */
  stop(): Slope {
    clearInterval(this.#timer);
    const half = this.#looks.slice(this.#looks.length >> 1);
    // The least of each part: what collections and a passing load leave is no growth.
    const size = Math.max(1, Math.floor(half.length / PARTS));
    const lows = [];
    for (let i = 0; i + size <= half.length; i += size) {
      lows.push(half.slice(i, i + size).reduce((low, look) => look.mb < low.mb ? look : low));
    }
    return slopeOf(lows.map(({ min, mb }) => [min, mb]));
  }
}

/** The line through points by least squares; no slope where there are fewer than three. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  if (n < 3) return { perMin: 0, error: Infinity };
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const xx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const perMin = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / xx;
  const residues = points.map(([x, y]) => y - meanY - perMin * (x - meanX));
  const error = Math.sqrt(residues.reduce((sum, r) => sum + r * r, 0) / (n - 2) / xx);
  return { perMin, error };
}
