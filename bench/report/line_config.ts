/**
 * Lines in the terms of Chart.js.
 *
 * @module
 */

import type { ChartConfiguration } from "chart.js";
import type { LineChart } from "../runner/chart.ts";
import { isLogarithmic, isShown, scaleOf } from "./axis.ts";
import { commonOptions } from "./common_options.ts";
import { lookOf, type Palette } from "./palette.ts";
import { shapesPlugin } from "./shapes.ts";

/** In CSS pixels. */
const THICK = 2;
const THIN = 1.25;
/** A line of more is one stroke upon the other. */
const MANY_POINTS = 300;

/** How lines are drawn. */
export function lineConfig(
  { x, y, lines }: LineChart,
  palette: Palette,
): ChartConfiguration<"line"> {
  const drawn = lines.map(({ name, points }, i) => ({
    name,
    look: lookOf(i, palette),
    points: points
      .filter(([place]) => isShown(place, x))
      .map(([place, figure]) => ({ x: place, y: isShown(figure, y) ? figure : NaN })),
  }));
  return {
    type: "line",
    data: {
      datasets: drawn.map(({ name, look, points }) => ({
        label: name,
        data: points,
        borderColor: look.color,
        backgroundColor: look.color,
        borderWidth: points.length > MANY_POINTS ? THIN : THICK,
        borderDash: [...look.dash],
        // For the legend; the plugin draws those on the line.
        pointStyle: look.point,
        pointRadius: 0,
      })),
    },
    options: {
      ...commonOptions(palette),
      // The points are in the form and the order that Chart.js works with.
      parsing: false,
      normalized: true,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: scaleOf(x, palette),
        y: { ...scaleOf(y, palette), beginAtZero: !isLogarithmic(y) },
      },
    },
    plugins: [
      shapesPlugin(drawn.map(({ look, points }) => ({ look, figures: points.map(({ y }) => y) }))),
    ],
  };
}
