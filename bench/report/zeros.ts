/**
 * Zeros among bars, which have no length to be seen by, and on a logarithmic axis no place: they
 * stand at the lower end, as short bars that are marked, because a zero is not a figure that is missing.
 *
 * @module
 */

import type { Plugin } from "chart.js";
import type { BarChart } from "../runner/chart.ts";
import { isLogarithmic, isShown } from "./axis.ts";

/** Between a bar's end and its mark, in CSS pixels. */
const SPACE = 3;
/** Where an axis of nothing but zeros begins. */
const LONE_FLOOR = 0.1;
const FONT = "10px sans-serif";

/** Where a logarithmic axis with a zero begins: the power of ten below all else. `undefined` without. */
export function floorOf({ y, series }: BarChart): number | undefined {
  const all = series.flatMap(({ figures }) => figures);
  if (!isLogarithmic(y) || !all.includes(0)) return undefined;
  const shown = all.filter((figure) => isShown(figure, y));
  return shown.length === 0 ? LONE_FLOOR : 10 ** (Math.ceil(Math.log10(Math.min(...shown))) - 1);
}

/** Writes a 0 at the end of each bar that stands for one. */
export function zerosPlugin({ series }: BarChart, ink: string, isLying: boolean): Plugin<"bar"> {
  return {
    id: "zeros",
    afterDatasetDraw({ ctx }, { index, meta }) {
      ctx.save();
      ctx.fillStyle = ink;
      ctx.font = FONT;
      ctx.textAlign = isLying ? "left" : "center";
      ctx.textBaseline = isLying ? "middle" : "bottom";
      for (const [i, figure] of series[index]!.figures.entries()) {
        if (figure !== 0) continue;
        const { x, y } = meta.data[i]!;
        if (isLying) ctx.fillText("0", x + SPACE, y);
        else ctx.fillText("0", x, y - SPACE);
      }
      ctx.restore();
    },
  };
}
