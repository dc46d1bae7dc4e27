/// <reference lib="dom" />

/**
 * Charts: uPlot, with a legend of our own and words for whoever does not see them.
 *
 * Colours are those of the style sheet, read at each drawing, so that a change of scheme needs only
 * another one.
 *
 * @module
 */

import type UPlot from "uplot";
import { write } from "./elements.ts";
import type { History } from "./history.ts";
import { time } from "./words.ts";

// It comes with a script of its own.
declare const uPlot: typeof UPlot;

/** How high charts are, in CSS pixels. */
const HEIGHT = 168;

/** How many seconds a chart shows at most, and at least. */
export const SHOWN_S = 300;
const LEAST_S = 60;

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** The column of the history. */
  readonly column: string;
  /** Which of the colours: 1 to 6. */
  readonly color: number;
  readonly isDashed?: boolean;
  readonly isFilled?: boolean;
}

/** What a chart shows. */
export interface ChartPlan {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Writes a figure. */
  readonly format: (value: number) => string;
  /** The top of the scale, where it does not follow the figures. */
  readonly top?: number;
  /** Whether figures are round in powers of 2. */
  readonly isBinary?: boolean;
}

/** The parts of a chart's figure. */
interface Parts {
  readonly plot: HTMLElement;
  readonly legend: HTMLElement;
  readonly none: HTMLElement;
}

/** Lines over the last minutes. */
export class LineChart {
  readonly #parts: Parts;
  readonly #width: Width;
  #plan: ChartPlan | undefined;
  #plot: UPlot | undefined;
  #legend: readonly HTMLElement[] = [];

  /** Makes one in a figure of the page. */
  constructor(id: string) {
    this.#parts = partsOf(id);
    this.#width = new Width(this.#parts.plot, (width) => {
      this.#plot?.setSize({ width, height: HEIGHT });
    });
  }

  /** Shows nothing but why there is nothing. */
  explain(title: string, text: string): void {
    this.#plot?.destroy();
    this.#plot = this.#plan = undefined;
    showNothing(this.#parts, title, text);
  }

  /** Draws what a history holds. */
  draw(plan: ChartPlan, history: History): void {
    const times = history.times();
    const columns = plan.lines.map(({ column }) => history.column(column));
    if (this.#plot === undefined || !isSame(plan, this.#plan)) this.#make(plan);
    this.#plot!.setData([times, ...columns] as UPlot.AlignedData, false);
    const now = times.at(-1) ?? 0;
    const seconds = Math.min(SHOWN_S, Math.max(LEAST_S, now - (times[0] ?? now)));
    this.#plot!.batch(() => {
      this.#plot!.setScale("x", { min: now - seconds, max: now });
      this.#plot!.setScale("y", rangeOf(columns, plan.top));
    });
    this.#tell();
    describe(
      this.#parts.plot,
      `${plan.title}. ${
        plan.lines.map(({ label }, i) => summarize(label, columns[i]!, plan.format)).join(" ")
      }`,
    );
  }

  /** Draws the same again, in the colours that hold now. */
  redraw(): void {
    this.#plot?.redraw(false);
  }

  #make(plan: ChartPlan): void {
    this.#plot?.destroy();
    this.#plan = plan;
    const { plot, legend, none } = this.#parts;
    none.hidden = true;
    plot.hidden = legend.hidden = false;
    this.#legend = fillLegend(legend, plan.lines);
    this.#plot = new uPlot(
      {
        ...frameOf(this.#width.now, plan.format),
        scales: { x: { time: true, auto: false }, y: { auto: false } },
        cursor: {
          y: false,
          points: { size: 6 },
          drag: { x: false, y: false },
          sync: { key: "time" },
        },
        series: [
          {},
          ...plan.lines.map((line) => ({
            label: line.label,
            stroke: () => colorOf(line.color),
            width: 1.5,
            spanGaps: false,
            points: { show: false },
            ...(line.isDashed ? { dash: [4, 4] } : {}),
            ...(line.isFilled ? { fill: () => `${colorOf(line.color)}1f` } : {}),
          })),
        ],
        hooks: { setCursor: [() => this.#tell()] },
      },
      [[], ...plan.lines.map(() => [])] as unknown as UPlot.AlignedData,
      plot,
    );
  }

  /** Writes the figures under the pointer into the legend, or the latest ones. */
  #tell(): void {
    const plot = this.#plot;
    if (plot === undefined || this.#plan === undefined) return;
    const index = plot.cursor.idx ?? plot.data[0].length - 1;
    for (const [i, element] of this.#legend.entries()) {
      const figure = plot.data[i + 1]?.[index];
      write(element, figure == null ? "–" : this.#plan.format(figure));
    }
  }
}

/** A distribution: how often figures fell into each of some bands. */
export class BandChart {
  readonly #parts: Parts;
  readonly #width: Width;
  #plot: UPlot | undefined;
  #edges: readonly number[] = [];

  /** Makes one in a figure of the page. */
  constructor(id: string) {
    this.#parts = partsOf(id);
    this.#width = new Width(this.#parts.plot, (width) => {
      this.#plot?.setSize({ width, height: HEIGHT });
    });
  }

  /** Shows nothing but why there is nothing. */
  explain(title: string, text: string): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    showNothing(this.#parts, title, text);
  }

  /** Draws counts below upper edges in milliseconds, of those bands that lie between counts. */
  draw(title: string, edges: readonly number[], counts: readonly number[]): void {
    const total = counts.reduce((sum, n) => sum + n, 0);
    const first = Math.max(0, counts.findIndex((n) => n > 0) - 1);
    const last = Math.min(counts.length, counts.findLastIndex((n) => n > 0) + 2);
    this.#edges = edges.slice(first, last);
    const shares = counts.slice(first, last).map((n) => n / total);
    if (this.#plot === undefined) this.#make();
    const bands = shares.map((_, i) => i);
    this.#plot!.setData([bands, shares], false);
    this.#plot!.batch(() => {
      this.#plot!.setScale("x", { min: -0.5, max: bands.length - 0.5 });
      this.#plot!.setScale("y", rangeOf([shares]));
    });
    const most = shares.indexOf(Math.max(...shares));
    describe(
      this.#parts.plot,
      `${title}. ${total} timed. Most often up to ${time(this.#edges[most] ?? 0)}: ${
        percent(shares[most] ?? 0)
      } of them.`,
    );
  }

  /** Draws the same again, in the colours that hold now. */
  redraw(): void {
    this.#plot?.redraw(false);
  }

  #make(): void {
    const { plot, none } = this.#parts;
    none.hidden = true;
    plot.hidden = false;
    const frame = frameOf(this.#width.now, percent);
    const bars = uPlot.paths.bars!({ size: [0.86, 64], radius: 0.08 });
    this.#plot = new uPlot(
      {
        ...frame,
        scales: { x: { time: false, auto: false }, y: { auto: false } },
        cursor: { show: false },
        axes: [
          {
            ...frame.axes[0],
            // One label a band, as far as there is room.
            splits: (plot) => {
              const step = Math.ceil(this.#edges.length * 56 / Math.max(1, plot.width - 60));
              return this.#edges.map((_, i) => i).filter((i) => i % step === 0);
            },
            values: (_, splits) => splits.map((i) => `≤ ${time(this.#edges[i] ?? 0)}`),
            grid: { show: false },
          },
          frame.axes[1]!,
        ],
        series: [{}, {
          stroke: () => colorOf(1),
          fill: () => `${colorOf(1)}b0`,
          width: 1,
          paths: bars,
          points: { show: false },
        }],
      },
      [[], []],
      plot,
    );
  }
}

/** The width of an element, kept current. */
class Width {
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

function percent(value: number): string {
  return `${+(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
}

/** What both kinds of charts have in common. */
function frameOf(width: number, format: (value: number) => string) {
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
function rangeOf(
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

/** The latest, the least and the most of a line, in words. */
function summarize(
  label: string,
  figures: readonly (number | null)[],
  format: (value: number) => string,
): string {
  const known = figures.filter((figure) => figure !== null);
  if (known.length === 0) return `${label}: nothing known.`;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const now = format(known.at(-1)!);
  return `${label}: now ${now}, from ${format(least)} to ${format(most)}.`;
}

function isSame(plan: ChartPlan, other: ChartPlan | undefined): boolean {
  return other !== undefined && plan.lines.length === other.lines.length &&
    plan.lines.every(({ label, column }, i) =>
      label === other.lines[i]!.label && column === other.lines[i]!.column
    );
}

function partsOf(id: string): Parts {
  const find = (name: string) => document.querySelector<HTMLElement>(`#${id} ${name}`)!;
  return { plot: find(".plot"), legend: find(".legend"), none: find(".none") };
}

function showNothing({ plot, legend, none }: Parts, title: string, text: string): void {
  plot.hidden = legend.hidden = true;
  none.hidden = false;
  write(none, text);
  describe(plot, `${title}: ${text}`);
}

/** Makes the entries of a legend, and returns where their figures go. */
function fillLegend(legend: HTMLElement, lines: readonly Line[]): HTMLElement[] {
  legend.replaceChildren();
  return lines.map(({ label, color, isDashed }) => {
    const entry = document.createElement("li");
    const mark = document.createElement("span");
    mark.className = `mark c${color}${isDashed ? " dashed" : ""}`;
    const figure = document.createElement("b");
    entry.append(mark, `${label} `, figure);
    legend.append(entry);
    return figure;
  });
}

function describe(plot: HTMLElement, text: string): void {
  if (plot.getAttribute("aria-label") !== text) plot.setAttribute("aria-label", text);
}

function colorOf(index: number): string {
  return cssColor(`--c${index}`);
}

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
