/**
 * What a benchmark is to the runner.
 *
 * @module
 */

import type { Chart } from "./chart.ts";
import type { EngineRecord } from "./engine_log.ts";
import type { Probe } from "./probe.ts";
import type { Sheet } from "./sheet.ts";

/** The runtimes that variants are measured on. */
export const RUNTIMES = ["deno", "bun", "workerd"] as const;

/** A runtime's name. */
export type RuntimeName = typeof RUNTIMES[number];

/** A file of arrivals to replay. */
export interface TraceFile {
  /** Where it is. */
  readonly path: string;
  /** What its times are divided by. */
  readonly speed: number;
}

/** How much time a run may take, and on what. */
export interface Effort {
  /** Where it runs. */
  readonly runtime: RuntimeName;
  /** Whether a rough figure will do. */
  readonly quick: boolean;
  /** What the bench's `traceVariant` replays. */
  readonly trace: TraceFile | undefined;
}

/** What is known of a process from outside, between the probe's `begin` and its `end`. */
export interface Observation {
  /** What its engine said. */
  readonly engine: EngineRecord;
  /** Processor time of all threads, in ms; absent where the system does not tell. */
  readonly cpuMs?: number;
  /** The most memory that it ever held, in bytes; absent where the system does not tell. */
  readonly peakRssBytes?: number;
  /** The memory that it held at the end, in bytes; absent where the system does not tell. */
  readonly rssBytes?: number;
}

/**
 * A question and the variants that answer it. Each variant is measured in processes of its own, on
 * whichever runtime was chosen; all but `measure` runs in the runner.
 *
 * @typeParam Raw What one process of one variant measured. It travels as JSON.
 * @typeParam Document What all samples amount to.
 * @typeParam Sample What is made of one process's measurement.
 */
export interface Bench<Raw = unknown, Document extends object = object, Sample = Raw> {
  /** What the figures are to tell. */
  readonly question: string;
  /** What the pool is compared with. */
  readonly rival: string;
  /** The npm packages whose versions belong to the figures. */
  readonly packages: readonly string[];
  /** Where it can be measured. */
  readonly runtimes: readonly RuntimeName[];
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
  measure(variant: string, effort: Effort, probe: Probe): Promise<Raw>;
  /**
   * Completes a measurement with what was seen from outside. A bench that has this is measured with
   * the engine's log on, and must call the probe.
   */
  complete?(raw: Raw, observation: Observation): Sample;
  /** Draws the samples of all rounds together, given by variant. */
  report(samples: ReadonlyMap<string, readonly Sample[]>, runtime: RuntimeName): Document;
  /** The report for people. */
  sheets(document: Document): readonly Sheet[];
  /** The report in pictures. */
  charts?(document: Document): readonly Chart[];
}
