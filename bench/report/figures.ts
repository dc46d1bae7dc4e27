/**
 * A chart in words: the same figures as a table.
 *
 * @module
 */

import type { BarChart, Chart, Line, LineChart } from "../runner/chart.ts";

/** A chart as a table. */
export interface Figures {
  /** What the table shows. */
  readonly title: string;
  /** Rows of equally many cells: the first row is the head, the first column the names. */
  readonly rows: readonly (readonly string[])[];
}

/** A table of more rows is read by nobody. */
const MOST_ROWS = 40;
const MISSING = "–";

/** Writes a chart as a table, long lines in spans of x. */
export function figuresOf(chart: Chart): Figures {
  return chart.kind === "bar" ? figuresOfBars(chart) : figuresOfLines(chart);
}

function figuresOfBars({ y, categories, series }: BarChart): Figures {
  return {
    title: y.label,
    rows: [
      ["", ...series.map(({ name }) => name)],
      ...categories.map((category, i) => [
        category,
        ...series.map(({ figures }) => format(figures[i])),
      ]),
    ],
  };
}

function figuresOfLines({ x, y, lines }: LineChart): Figures {
  const places = distinct(lines.flatMap(({ points }) => points.map(([x]) => x)));
  const span = Math.ceil(places.length / MOST_ROWS);
  const rowOf = new Map(places.map((place, i) => [place, Math.floor(i / span)]));
  const columns = lines.map(({ points }) => rangesOf(points, rowOf));
  const starts = places.filter((_, i) => i % span === 0);
  return {
    title: span === 1 ? y.label : `${y.label}, the least and the greatest of each span`,
    rows: [
      [x.label, ...lines.map(({ name }) => name)],
      ...starts.map((start, row) => [
        formatRange([start, places[Math.min((row + 1) * span, places.length) - 1]!]),
        ...columns.map((ranges) => formatRange(ranges.get(row))),
      ]),
    ],
  };
}

function distinct(places: readonly number[]): number[] {
  return [...new Set(places)].sort((a, b) => a - b);
}

/** The least and the greatest figure of a line, by row. */
function rangesOf(
  points: Line["points"],
  rowOf: ReadonlyMap<number, number>,
): Map<number, [number, number]> {
  const ranges = new Map<number, [number, number]>();
  for (const [x, y] of points) {
    if (y === null || !Number.isFinite(y)) continue;
    const row = rowOf.get(x)!;
    const [least, greatest] = ranges.get(row) ?? [y, y];
    ranges.set(row, [Math.min(least, y), Math.max(greatest, y)]);
  }
  return ranges;
}

function formatRange(range: readonly [number, number] | undefined): string {
  const [least, greatest] = range ?? [];
  const words = [format(least), format(greatest)];
  return words[0] === words[1] ? words[0]! : words.join(" to ");
}

function format(figure: number | null | undefined): string {
  if (figure === null || figure === undefined || !Number.isFinite(figure)) return MISSING;
  return String(Number(figure.toPrecision(4)));
}
