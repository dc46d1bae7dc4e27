/// <reference lib="dom" />

/**
 * What runs in the page: it draws the charts, in the colours that the reader prefers.
 *
 * A canvas says in `data-drawn` in which scheme it was drawn, and in `data-area` where within it the
 * data lies: left, top, right and bottom in CSS pixels.
 *
 * @module
 */

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart as Drawing,
  type ChartConfiguration,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from "chart.js";
import type { Chart } from "../runner/chart.ts";
import { barConfig, heightOf } from "./bar_config.ts";
import { lineConfig } from "./line_config.ts";
import { PALETTES, type Scheme } from "./palette.ts";

Drawing.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
);

const charts: readonly Chart[] = JSON.parse(document.getElementById("charts")!.textContent!);
const canvases = [...document.querySelectorAll<HTMLCanvasElement>("canvas[data-chart]")];
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let drawings: readonly Drawing[] = [];

/** Draws one chart. */
function draw(canvas: HTMLCanvasElement, scheme: Scheme): Drawing {
  const chart = charts[Number(canvas.dataset["chart"])]!;
  const height = chart.kind === "bar" ? heightOf(chart) : undefined;
  if (height !== undefined) canvas.parentElement!.style.height = `${height}px`;
  const palette = PALETTES[scheme];
  const config: ChartConfiguration = chart.kind === "bar"
    ? barConfig(chart, palette)
    : lineConfig(chart, palette);
  const mark = {
    id: "mark",
    afterDraw({ chartArea: { left, top, right, bottom } }: Drawing) {
      canvas.dataset["drawn"] = scheme;
      canvas.dataset["area"] = [left, top, right, bottom].join(" ");
    },
  };
  return new Drawing(canvas, { ...config, plugins: [...config.plugins ?? [], mark] });
}

/** Draws all charts anew. */
function drawAll(scheme: Scheme): void {
  for (const drawing of drawings) drawing.destroy();
  drawings = canvases.map((canvas) => draw(canvas, scheme));
}

function drawPreferred(): void {
  drawAll(prefersDark.matches ? "dark" : "light");
}

drawPreferred();
prefersDark.addEventListener("change", drawPreferred);
// Paper is white, whatever the screen is.
addEventListener("beforeprint", () => drawAll("light"));
addEventListener("afterprint", drawPreferred);
