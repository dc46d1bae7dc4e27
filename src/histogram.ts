/**
 * Counts of durations that only ever grow, for whoever looks from outside.
 *
 * What a scheduler learns from fades (see {@linkcode Sketch}); a monitor takes differences of two looks
 * and needs counts that never fall.
 *
 * @module
 */

/** Counts of durations by bands. */
export interface Histogram {
  /** The upper edges of all bands but the last, which has none, in milliseconds, rising. */
  readonly edges: readonly number[];
  /** How many durations each band holds: one more than there are edges. */
  readonly counts: readonly number[];
  /** All durations together, in milliseconds. */
  readonly sum: number;
}

/** The upper edges of the bands of all histograms, in ms: 4 µs to 4 minutes by a factor of 4. */
export const histogramEdges: readonly number[] = Object.freeze(
  Array.from({ length: 14 }, (_, i) => 4 ** (i - 4)),
);

/** A running histogram. */
export class Tally {
  #counts: number[] = [0, ...histogramEdges].fill(0);
  #sum = 0;

  /** Adds a duration in ms; what is not a number of at least 0 is ignored. */
  add(ms: number): void {
    if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) return;
    const above = Math.ceil(Math.log2(ms) / 2) + 4;
    this.#counts[Math.max(0, Math.min(histogramEdges.length, above))]!++;
    this.#sum += ms;
  }

  /** Adds what another one has counted, but for what is no number in it. */
  addAll({ counts, sum }: Omit<Histogram, "edges">): void {
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i]! += countable(counts?.[i]);
    this.#sum += countable(sum);
  }

  /** The upper edge of the band in which a share of all is reached; of the last band the lower one. */
  quantile(q: number): number | undefined {
    const total = this.#counts.reduce((a, b) => a + b);
    if (total === 0) return undefined;
    let left = q * total;
    const band = this.#counts.findIndex((count) => (left -= count) <= 0);
    return histogramEdges[band] ?? histogramEdges.at(-1)!;
  }

  /** Takes a snapshot. */
  histogram(): Histogram {
    return { edges: histogramEdges, counts: [...this.#counts], sum: this.#sum };
  }
}

/** What can be counted of a figure. */
export function countable(figure: number | undefined): number {
  return figure !== undefined && figure >= 0 && figure <= Number.MAX_SAFE_INTEGER ? figure : 0;
}
