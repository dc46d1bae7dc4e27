/**
 * The colours of charts, for a light page and for a dark one.
 *
 * @module
 */

/** What a reader prefers. */
export type Scheme = "light" | "dark";

/** The colours of a chart. */
export interface Palette {
  /** Of words and figures. */
  readonly ink: string;
  /** Of the lines behind the data. */
  readonly grid: string;
  /** Of series, in their order. */
  readonly series: readonly string[];
}

/**
 * Okabe and Ito's colours, which colour-blind readers tell apart, those of the strongest contrast
 * first. Their black is `ink`, and their yellow comes last, because each is lost on one of the pages.
 */
const SERIES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const YELLOW = "#f0e442";

/** The colours by scheme. */
export const PALETTES: Readonly<Record<Scheme, Palette>> = {
  light: { ink: "#1c1e21", grid: "#dfe2e6", series: [...SERIES, "#1c1e21", YELLOW] },
  dark: { ink: "#e8eaed", grid: "#3a3f46", series: [...SERIES, "#e8eaed", YELLOW] },
};

/** Of lines, for whom colours say too little: the lengths of dashes and of the gaps between them. */
const DASHES = [[], [8, 4], [2, 3], [12, 4, 2, 4], [5, 2], [16, 5], [1, 5]] as const;

/** Of points. */
const POINTS = ["circle", "triangle", "rect", "rectRot", "star", "cross", "crossRot"] as const;

/** How a series looks. */
export interface Look {
  readonly color: string;
  readonly dash: readonly number[];
  readonly point: typeof POINTS[number];
}

/** How the series of a chart at an index looks: numbers of colours and of dashes share no divisor. */
export function lookOf(index: number, { series }: Palette): Look {
  return {
    color: series[index % series.length]!,
    dash: DASHES[index % DASHES.length]!,
    point: POINTS[index % POINTS.length]!,
  };
}
