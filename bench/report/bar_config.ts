/**
 * Bars in the terms of Chart.js.
 *
 * @module
 */

import type { ChartConfiguration } from "chart.js";
import type { BarChart } from "../runner/chart.ts";
import { scaleOf } from "./axis.ts";
import { commonOptions } from "./common_options.ts";
import { lookOf, type Palette } from "./palette.ts";

/** Longer names of categories are readable only beside bars that lie. */
const LONGEST_UPRIGHT = 8;

/** Whether the bars of a chart lie, so that their names can be read. */
export function isLying({ categories }: BarChart): boolean {
  return categories.some((name) => name.length > LONGEST_UPRIGHT);
}

/** How bars are drawn. */
export function barConfig(chart: BarChart, palette: Palette): ChartConfiguration<"bar"> {
  const { y, categories, series } = chart;
  const [names, figures] = isLying(chart) ? ["y", "x"] as const : ["x", "y"] as const;
  return {
    type: "bar",
    data: {
      labels: [...categories],
      datasets: series.map(({ name, figures }, i) => ({
        label: name,
        data: [...figures],
        backgroundColor: lookOf(i, palette).color,
      })),
    },
    options: {
      ...commonOptions(palette),
      indexAxis: names,
      interaction: { mode: "index", axis: names, intersect: false },
      scales: {
        [names]: {
          ticks: { color: palette.ink, autoSkip: false },
          grid: { display: false },
          border: { color: palette.grid },
        },
        // Where there is no zero, the least bar still gets some length.
        [figures]: { ...scaleOf(y, palette), beginAtZero: true },
      },
    },
  };
}
