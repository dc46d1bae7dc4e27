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
import { floorOf, zerosPlugin } from "./zeros.ts";

/** Longer names of categories are readable only beside bars that lie. */
const LONGEST_UPRIGHT = 8;

/** Letters of a line of a name; on a phone more would leave bars no room. */
const LINE_LENGTH = 16;

/** What a lying chart is made of, in CSS pixels. */
const AROUND_BARS = 110;
const BAR = 12;
const TEXT_LINE = 15;
const BETWEEN_CATEGORIES = 10;

/** What a bar has at least, in CSS pixels. */
const LEAST_LENGTH = 3;

/** The height that a chart needs, in CSS pixels; `undefined` where any will do. */
export function heightOf(chart: BarChart): number | undefined {
  if (!isLying(chart)) return undefined;
  const { categories, series } = chart;
  const lines = Math.max(...categories.map((name) => linesOf(name).length));
  const perCategory = Math.max(BAR * series.length, TEXT_LINE * lines) + BETWEEN_CATEGORIES;
  return AROUND_BARS + categories.length * perCategory;
}

/** Whether the bars of a chart lie, so that their names can be read. */
function isLying({ categories }: BarChart): boolean {
  return categories.some((name) => name.length > LONGEST_UPRIGHT);
}

/** Breaks a name between words, and within those that are longer than a line. */
function linesOf(name: string): string[] {
  const pieces = name.match(new RegExp(`\\S{1,${LINE_LENGTH}}`, "gu")) ?? [name];
  const lines: string[] = [];
  for (const piece of pieces) {
    const longer = `${lines.at(-1)} ${piece}`;
    if (lines.length > 0 && longer.length <= LINE_LENGTH) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines;
}

/** How bars are drawn. */
export function barConfig(chart: BarChart, palette: Palette): ChartConfiguration<"bar"> {
  const { y, categories, series } = chart;
  const [names, figures] = isLying(chart) ? ["y", "x"] as const : ["x", "y"] as const;
  const floor = floorOf(chart);
  const common = commonOptions(palette);
  return {
    type: "bar",
    data: {
      labels: categories.map(linesOf),
      datasets: series.map(({ name, figures }, i) => ({
        label: name,
        data: figures.map((figure) => figure === 0 ? floor ?? 0 : figure),
        // What is next to nothing is still something.
        minBarLength: LEAST_LENGTH,
        backgroundColor: lookOf(i, palette).color,
      })),
    },
    options: {
      ...common,
      plugins: {
        ...common.plugins,
        tooltip: {
          ...common.plugins.tooltip,
          callbacks: {
            label({ datasetIndex, dataIndex }) {
              const { name, figures } = series[datasetIndex]!;
              // Anything else is told as it is drawn.
              return figures[dataIndex] === 0 ? `${name}: 0` : undefined;
            },
          },
        },
      },
      indexAxis: names,
      interaction: { mode: "index", axis: names, intersect: false },
      scales: {
        [names]: {
          ticks: { color: palette.ink, autoSkip: false },
          grid: { display: false },
          border: { color: palette.grid },
        },
        // Where there is no zero, the least bar still gets some length.
        [figures]: {
          ...scaleOf(y, palette),
          beginAtZero: true,
          ...(floor === undefined ? {} : { min: floor }),
        },
      },
    },
    plugins: [zerosPlugin(chart, palette.ink, isLying(chart))],
  };
}
