/**
 * What a benchmark is to the runner.
 *
 * @module
 */

/** How much time a run may take. */
export interface Effort {
  /** Whether a rough figure will do. */
  readonly quick: boolean;
}

/**
 * A question and the variants that answer it. Each variant is measured in processes of its own, on
 * whichever runtime was chosen; `report` and `table` run in the runner.
 *
 * @typeParam Sample What one process of one variant measured. It travels as JSON.
 * @typeParam Document What all samples amount to.
 */
export interface Bench<Sample = unknown, Document extends object = object> {
  /** What the figures are to tell. */
  readonly question: string;
  /** What the pool is compared with. */
  readonly rival: string;
  /** The npm packages whose versions belong to the figures. */
  readonly packages: readonly string[];
  /** The variants, in the order of the first round. */
  readonly variants: readonly string[];
  /** Measures a variant, in a process that does nothing else. */
  measure(variant: string, effort: Effort): Promise<Sample>;
  /** Draws the samples of all rounds together, given by variant. */
  report(samples: ReadonlyMap<string, readonly Sample[]>): Document;
  /** Writes a report for people. */
  table(document: Document): string;
}
