/// <reference lib="dom" />

/**
 * What all charts have in common: uPlot's frame, in the colours of the style sheet, and the parts of a
 * figure of the page.
 *
 * Colours are read at each drawing, so that a change of scheme needs only another one.
 *
 * @module
 */

import type UPlot from "uplot";
import { write } from "./elements.ts";

/** How high charts are, in CSS pixels. */
export const HEIGHT = 168;

/** The parts of a chart's figure. */
export interface Parts {
  readonly plot: HTMLElement;
  readonly legend: HTMLElement;
  readonly none: HTMLElement;
}

/** The width of an element, kept current. */
export class Width {
  now: number;

  constructor(element: HTMLElement, changed: (width: number) => void) {
    this.now = element.clientWidth;
    new ResizeObserver(() => {
      // What is hidden has none.
      if (element.clientWidth === 0 || element.clientWidth === this.now) return;
      this.now = element.clientWidth;
      changed(this.now);
    }).observe(element);
  }
}

/** What both kinds of charts have in common. */
export function frameOf(width: number, format: (value: number) => string) {
  const axis = {
    stroke: () => cssColor("--muted"),
    font: "11px system-ui, sans-serif",
    ticks: { show: false },
    grid: { stroke: () => cssColor("--line"), width: 1 },
  };
  return {
    // An element that was hidden until now has no width yet.
    width: Math.max(width, 240),
    height: HEIGHT,
    legend: { show: false },
    padding: [10, 8, 0, 0] as UPlot.Padding,
    axes: [
      {
        ...axis,
        size: 28,
        gap: 9,
        space: 72,
        grid: { show: false },
        values: (_: UPlot, splits: number[]) => splits.map(clock),
      },
      {
        ...axis,
        size: 58,
        space: 34,
        values: (_: UPlot, splits: number[]) => splits.map(format),
      },
    ] as UPlot.Axis[],
  };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}

/** A scale from 0 that has room for all figures. */
export function rangeOf(
  columns: readonly (readonly (number | null)[])[],
  top?: number,
): { min: number; max: number } {
  if (top !== undefined) return { min: 0, max: top };
  const most = columns.reduce(
    (most, column) => column.reduce<number>((most, n) => Math.max(most, n ?? 0), most),
    0,
  );
  return { min: 0, max: most > 0 ? most * 1.08 : 1 };
}

/** The parts of a figure. */
export function partsOf(id: string): Parts {
  const find = (name: string) => document.querySelector<HTMLElement>(`#${id} ${name}`)!;
  return { plot: find(".plot"), legend: find(".legend"), none: find(".none") };
}

/** Shows a text in place of a chart. */
export function showNothing({ plot, legend, none }: Parts, title: string, text: string): void {
  plot.hidden = legend.hidden = true;
  none.hidden = false;
  write(none, text);
  describe(plot, `${title}: ${text}`);
}

/** Tells whoever does not see a chart what it shows. */
export function describe(plot: HTMLElement, text: string): void {
  if (plot.getAttribute("aria-label") !== text) plot.setAttribute("aria-label", text);
}

/** One of the colours of lines, of 1 to 6. */
export function colorOf(index: number): string {
  return cssColor(`--c${index}`);
}

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
