/**
 * Fewer points that look the same.
 *
 * @module
 */

import type { Chart, Line } from "../runner/chart.ts";

/** Two for each pixel of the widest chart. */
const MOST_POINTS = 3000;

/** What an eye can tell apart, and much less than what a figure takes in JSON. */
const DIGITS = 5;

/** A chart whose lines have no more points than can be seen, nor more digits. */
export function thinChart(chart: Chart): Chart {
  if (chart.kind === "bar") return chart;
  const lines = chart.lines.map((line) => roundLine(thinLine(line, MOST_POINTS)));
  return { ...chart, lines };
}

/** Its figures only: places far out may differ in their last digits alone. */
function roundLine({ name, points }: Line): Line {
  return {
    name,
    points: points.map(([x, y]) => [x, y === null ? null : Number(y.toPrecision(DIGITS))]),
  };
}

/**
 * A line of about as many points at most. Of each run of neighbours it keeps the lowest and the
 * highest, because these are what a drawing of all would show, and one gap where there are any.
 */
export function thinLine(line: Line, most: number): Line {
  const { name, points } = line;
  if (points.length <= most) return line;
  const length = Math.ceil(2 * points.length / most);
  const kept: Line["points"][number][] = [];
  for (let start = 0; start < points.length; start += length) {
    kept.push(...extremes(points.slice(start, start + length)));
  }
  return { name, points: kept };
}

/** The lowest, the highest and a missing one, in the order of x. */
function extremes(points: Line["points"]): Line["points"] {
  let low = -1;
  let high = -1;
  let gap = -1;
  for (const [i, [, y]] of points.entries()) {
    if (y === null || !Number.isFinite(y)) {
      gap = i;
      continue;
    }
    if (low < 0 || y < points[low]![1]!) low = i;
    if (high < 0 || y > points[high]![1]!) high = i;
  }
  return points.filter((_, i) => i === low || i === high || i === gap);
}
