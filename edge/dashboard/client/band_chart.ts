/// <reference lib="dom" />

/**
 * A distribution as bars, by uPlot, with words for whoever does not see them.
 *
 * @module
 */

import type UPlot from "uplot";
import type { Histogram } from "../../../mod.ts";
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

import { time } from "./words.ts";

// It comes with a script of its own.
declare const uPlot: typeof UPlot;

/** A distribution: how often figures fell into each of some bands. */
export class BandChart {
  readonly #parts: Parts;
  readonly #width: Width;
  #plot: UPlot | undefined;
  #labels: readonly string[] = [];

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

  /** Draws the bands of a histogram that lie between counts. */
  draw(title: string, { edges, counts }: Histogram): void {
    const total = counts.reduce((sum, n) => sum + n, 0);
    const first = Math.max(0, counts.findIndex((n) => n > 0) - 1);
    const last = Math.min(counts.length, counts.findLastIndex((n) => n > 0) + 2);
    this.#labels = counts.slice(first, last).map((_, i) => labelOf(edges, first + i));
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
      `${title}. ${total} timed. Most often ${this.#labels[most]}: ${
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
              const step = Math.ceil(this.#labels.length * 56 / Math.max(1, plot.width - 60));
              return this.#labels.map((_, i) => i).filter((i) => i % step === 0);
            },
            values: (_, splits) => splits.map((i) => this.#labels[i] ?? ""),
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

/** What lies in a band. The last one has no upper edge. */
function labelOf(edges: readonly number[], band: number): string {
  const edge = edges[band];
  return edge === undefined ? `> ${time(edges.at(-1)!)}` : `≤ ${time(edge)}`;
}

function percent(value: number): string {
  return `${+(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
}
