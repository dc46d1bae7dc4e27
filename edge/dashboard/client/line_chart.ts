/// <reference lib="dom" />

/**
 * Lines over the last minutes: uPlot, with a legend of our own and words for whoever does not see them.
 *
 * @module
 */

import type UPlot from "uplot";
import { write } from "./elements.ts";
import {
  colorOf,
  describe,
  frameOf,
  HEIGHT,
  type Parts,
  partsOf,
  rangeOf,
  showNothing,
  Width,
} from "./frame.ts";
import type { History } from "./history.ts";

// It comes with a script of its own.
declare const uPlot: typeof UPlot;

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
    const frame = frameOf(this.#width.now, plan.format);
    if (plan.isBinary) frame.axes[1]!.incrs = Array.from({ length: 50 }, (_, i) => 2 ** i);
    this.#plot = new uPlot(
      {
        ...frame,
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
