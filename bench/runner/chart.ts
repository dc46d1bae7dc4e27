/**
 * Results as pictures, told as data: what is drawn, not how.
 *
 * @module
 */

/** An axis of a chart. */
export interface Axis {
  /** What it shows, with its unit. */
  readonly label: string;
  /** @default {"linear"} */
  readonly scale?: "linear" | "logarithmic";
}

/** Points that belong together. */
export interface Line {
  readonly name: string;
  /** In the order of x; `null` where there is a gap. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

/** Lines over a numeric axis. */
export interface LineChart {
  readonly kind: "line";
  readonly title: string;
  /** What a reader is to see in it, and what to beware of. */
  readonly caption: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

/** Bars of one or more series over categories. */
export interface BarChart {
  readonly kind: "bar";
  readonly title: string;
  /** What a reader is to see in it, and what to beware of. */
  readonly caption: string;
  /** What the bars measure, with its unit. */
  readonly y: Axis;
  readonly categories: readonly string[];
  /** A figure for each category; `null` where there is none. */
  readonly series: readonly {
    readonly name: string;
    readonly figures: readonly (number | null)[];
  }[];
}

/** A picture. */
export type Chart = LineChart | BarChart;
