/**
 * The report of the gateway bench in pictures.
 *
 * @module
 */

import type { BarChart, Chart, LineChart } from "../runner/chart.ts";
import { round } from "../runner/statistics.ts";
import { WINDOW_MS } from "./figures.ts";
import type { Report, Scene } from "./report.ts";
import { type SubjectName, SUBJECTS } from "./subject.ts";

const NAMES = Object.keys(SUBJECTS) as readonly SubjectName[];
/** The first line lies upon the others, as Chart.js draws them: the pool's own, and `alloc`'s below all. */
const LINES: readonly SubjectName[] = [
  "siliconflow",
  ...NAMES.filter((name) => name !== "siliconflow").toReversed(),
];

/** Draws a report. */
export function chartsOf(report: Report): Chart[] {
  const { runtime, clockStepMs } = report;
  const scenes = [["", report], [", with a JSON.parse a request", report.garbage]] as const;
  return scenes.flatMap(([garbage, scene]) => {
    const where = ` on ${runtime}${garbage}`;
    return [
      stopsOf(scene, where),
      // A clock of whole milliseconds knows little more than 0 and 1.
      ...(clockStepMs === null ? [latencyOf(scene, where)] : []),
      costOf(scene, where),
    ];
  });
}

function stopsOf({ series }: Scene, where: string): LineChart {
  return {
    kind: "line",
    title: `Stop-the-world time${where}`,
    caption:
      `Milliseconds for which the program stood still in each window of ${WINDOW_MS} virtual ms. The load comes in the first of every ten windows.`,
    x: { label: "virtual time, s" },
    y: { label: "stopped, ms" },
    lines: LINES.map((name) => ({
      name,
      points: series[name].stoppedMs.map((ms, i) => [i * WINDOW_MS / 1000, round(ms)]),
    })),
  };
}

function latencyOf({ series }: Scene, where: string): LineChart {
  return {
    kind: "line",
    title: `Latency distribution${where}`,
    caption:
      "How long the work of one virtual millisecond really took, by quantile: to the right lies the tail.",
    x: { label: "1 in … milliseconds takes longer", scale: "logarithmic" },
    y: { label: "took, ms", scale: "logarithmic" },
    lines: LINES.map((name) => ({
      name,
      points: series[name].tookMs.filter(([q]) => q < 1).map(([q, ms]) => [
        round(1 / (1 - q)),
        round(ms),
      ]),
    })),
  };
}

/** On a linear axis: on a logarithmic one next to nothing looks like a tenth of it. */
function costOf({ variants }: Scene, where: string): BarChart {
  const rivals = variants["sync-pool"];
  return {
    kind: "bar",
    title: `Cost against sync-pool${where}`,
    caption: "sync-pool is 1; shorter is better. Where there is no bar, the figure is not known.",
    y: { label: "× sync-pool" },
    categories: NAMES,
    series: ([
      ["stwMsPerS", "stop-the-world time"],
      ["allocMBps", "allocated bytes"],
      ["cpuUsPerReq", "CPU per request"],
    ] as const).map(([measure, name]) => ({
      name,
      figures: NAMES.map((each) => timesOf(variants[each][measure], rivals[measure])),
    })),
  };
}

/** How many times as much; `null` where that is unknown, or the rival's is nothing. */
function timesOf(figure: number | null, rival: number | null): number | null {
  return figure === null || rival === null || rival === 0 ? null : round(figure / rival);
}
