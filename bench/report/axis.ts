/**
 * Axes in the terms of Chart.js.
 *
 * @module
 */

import type { Scale, ScaleOptions } from "chart.js";
import type { Axis } from "../runner/chart.ts";
import type { Palette } from "./palette.ts";

/** A logarithmic axis of more shows powers of ten alone. */
const FEW_DECADES = 2;
/** Its ticks differ too much to have the same number of decimals. */
const NUMBERS = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** Whether an axis is logarithmic. */
export function isLogarithmic({ scale }: Axis): boolean {
  return scale === "logarithmic";
}

/** Whether an axis has a place for a figure: a logarithmic one has none for zero. */
export function isShown(figure: number | null, axis: Axis): figure is number {
  return figure !== null && Number.isFinite(figure) && (!isLogarithmic(axis) || figure > 0);
}

/** How an axis is drawn. */
export function scaleOf(
  axis: Axis,
  { ink, grid }: Palette,
): ScaleOptions<"linear" | "logarithmic"> {
  const common = {
    title: { display: true, text: axis.label, color: ink },
    grid: { color: grid },
    border: { color: grid },
  };
  if (!isLogarithmic(axis)) return { type: "linear", ...common, ticks: { color: ink } };
  return {
    type: "logarithmic",
    ...common,
    ticks: { color: ink, callback: (figure) => NUMBERS.format(Number(figure)) },
    afterBuildTicks: keepRoundTicks,
  };
}

/** Leaves no more ticks than can be read: the powers of ten, and of few also their 2 and 5 times. */
function keepRoundTicks(scale: Scale): void {
  const isLong = scale.max / scale.min > 10 ** FEW_DECADES;
  const digits = isLong ? ["1"] : ["1", "2", "5"];
  scale.ticks = scale.ticks.filter(({ value }) => digits.includes(shortestDigits(value)));
}

/** The digits of a figure without its magnitude. */
function shortestDigits(figure: number): string {
  return Number(figure.toPrecision(6)).toExponential().split("e")[0]!;
}
