/**
 * Figures drawn from several runs.
 *
 * @module
 */

/** The least and the greatest of several figures. */
export type Spread = readonly [least: number, greatest: number];

/** The middle of at least one figure; of an even number of them, the mean of the middle two. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The least and the greatest of at least one figure. */
export function spread(figures: readonly number[]): Spread {
  return [Math.min(...figures), Math.max(...figures)];
}

/** Rounds to three significant digits: more would be noise. */
export function round(figure: number): number {
  return Number(figure.toPrecision(3));
}

/** The least of at least one figure that a share of all does not exceed. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The sum of figures, of which there may be none. */
export function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}
