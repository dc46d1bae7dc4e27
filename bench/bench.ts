/**
 * What a benchmark is to the runner.
 *
 * @module
 */

/** A file of arrivals to replay. */
export interface TraceFile {
  /** Where it is. */
  readonly path: string;
  /** What its times are divided by. */
  readonly speed: number;
}

/** How much time a run may take, and on what. */
export interface Effort {
  /** Whether a rough figure will do. */
  readonly quick: boolean;
  /** What the bench's `traceVariant` replays. */
  readonly trace: TraceFile | undefined;
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
  /** The variant that replays a file, where the bench can; it runs first. */
  readonly traceVariant?: string;
  /**
   * Rounds of a run that is not quick. Odd, so that a median is a figure that was measured.
   *
   * @default {5}
   */
  readonly rounds?: number;
  /** Measures a variant, in a process that does nothing else. */
  measure(variant: string, effort: Effort): Promise<Sample>;
  /** Draws the samples of all rounds together, given by variant. */
  report(samples: ReadonlyMap<string, readonly Sample[]>): Document;
  /** Writes a report for people. */
  table(document: Document): string;
}
