/// <reference lib="dom" />

/**
 * The charts of the last minutes.
 *
 * @module
 */

import type { Reading } from "../reading.ts";
import type { History } from "./history.ts";
import { type Line, LineChart } from "./line_chart.ts";
import { bytes, count, share, time } from "./words.ts";

const charts = {
  hits: new LineChart("hits"),
  acquires: new LineChart("acquires"),
  objects: new LineChart("objects"),
  gc: new LineChart("gc"),
  heap: new LineChart("heap"),
};

const rateText = (value: number) => `${count(value)}/s`;
const pauseText = (value: number) => `${time(value)}/s`;

/** Draws what has become of a pool. */
export function showGraphs({ stats }: Reading, history: History): void {
  charts.hits.draw({
    title: "Hit rate",
    lines: [{ label: "hits", column: "hitRate", color: 1, isFilled: true }],
    format: share,
    top: 1.02,
  }, history);
  charts.acquires.draw({
    title: "Acquires a second",
    lines: [
      { label: "acquires", column: "acquires", color: 1, isFilled: true },
      { label: "misses", column: "misses", color: 2 },
    ],
    format: rateText,
  }, history);
  charts.objects.draw({
    title: "Objects",
    lines: [
      { label: "leased", column: "leased", color: 4 },
      ...stats.generations.flatMap(({ name }, i): Line[] => {
        const color = [1, 3, 2, 5, 6][i % 5]!;
        return [
          { label: `${name} idle`, column: `idle ${i}`, color },
          { label: `${name} target`, column: `target ${i}`, color, isDashed: true },
        ];
      }),
    ],
    format: count,
  }, history);
  showGc(stats, history);
  if (stats.heap === undefined) {
    // Only a tick looks at the heap.
    const isUnread = stats.ticks === 0 && stats.runtime !== "none";
    charts.heap.explain("Heap", isUnread ? "No tick yet." : "Not told by this runtime.");
  } else {
    const { limitBytes, externalBytes } = stats.heap;
    charts.heap.draw({
      title: limitBytes === undefined ? "Heap" : `Heap, of at most ${bytes(limitBytes)}`,
      lines: [
        { label: "in use", column: "heap", color: 1, isFilled: true },
        ...(externalBytes === undefined
          ? []
          : [{ label: "array buffers", column: "external", color: 5 }]),
      ],
      format: bytes,
      isBinary: true,
    }, history);
  }
}

function showGc({ gc, runtime }: Reading["stats"], history: History): void {
  if (runtime === "none") {
    charts.gc.explain("Garbage collection", "Not told by this runtime.");
  } else if (gc.pauseMs !== undefined) {
    charts.gc.draw({
      title: "Garbage collection: pauses a second",
      lines: [{ label: "pauses", column: "pauseMs", color: 2, isFilled: true }],
      format: pauseText,
    }, history);
  } else {
    charts.gc.draw({
      title: "Garbage collections a second",
      lines: [
        { label: "minor", column: "minor", color: 1 },
        { label: "major", column: "major", color: 2 },
      ],
      format: rateText,
    }, history);
  }
}

/** Draws the same again, in the colours that hold now. */
export function redrawGraphs(): void {
  for (const chart of Object.values(charts)) chart.redraw();
}
