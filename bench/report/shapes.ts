/**
 * Points of lines that are drawn: a few of each, whose shapes tell lines apart without colours, and
 * those that no line leads to.
 *
 * Chart.js could draw them by a radius for each point, but then it settles all options for each
 * point, and a chart of thousands takes a second.
 *
 * @module
 */

import type { Plugin } from "chart.js";
import { drawPoint } from "chart.js/helpers";
import type { Look } from "./palette.ts";

/** Shapes on a line. */
const SHAPES = 8;
const SHAPE_RADIUS = 4;
const LONE_RADIUS = 2;

/** Draws shapes on lines of such looks, of which the figures are given, `NaN` where there is none. */
export function shapesPlugin(
  lines: readonly { readonly look: Look; readonly figures: readonly number[] }[],
): Plugin<"line"> {
  const radii = lines.map(({ figures }, i) => radiiOf(figures, i));
  return {
    id: "shapes",
    afterDatasetDraw({ ctx }, { index, meta }) {
      const { color, point } = lines[index]!.look;
      ctx.save();
      ctx.strokeStyle = color;
      ctx.fillStyle = color;
      ctx.lineWidth = 2;
      for (const [i, radius] of radii[index]!) {
        const { x, y } = meta.data[i]!;
        drawPoint(ctx, { pointStyle: point, radius, borderWidth: 2 }, x, y);
      }
      ctx.restore();
    },
  };
}

/** The radius of each point that is drawn, by its index. */
function radiiOf(figures: readonly number[], line: number): Map<number, number> {
  const radii = new Map<number, number>();
  const step = Math.max(1, Math.floor(figures.length / SHAPES));
  // On each line elsewhere, so that lines that lie upon each other both show theirs.
  const offset = Math.floor(step * (line % SHAPES) / SHAPES);
  for (const [i, figure] of figures.entries()) {
    if (isNaN(figure)) continue;
    if (i % step === offset) radii.set(i, SHAPE_RADIUS);
    else if (isMissing(figures[i - 1]) && isMissing(figures[i + 1])) radii.set(i, LONE_RADIUS);
  }
  return radii;
}

function isMissing(figure: number | undefined): boolean {
  return figure === undefined || isNaN(figure);
}
