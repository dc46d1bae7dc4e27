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
 * A question, the variants that answer it, and what is made of the answers. All of it runs in the
 * runner.
 *
 * @typeParam Sample What was measured of one variant in one round.
 * @typeParam Document What all samples amount to.
 */
export interface Question<Sample = unknown, Document extends object = object> {
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
  /**
   * Rounds of a run that is not quick. Odd, so that a median is a figure that was measured.
   *
   * @default {5}
   */
  readonly rounds?: number;
  /**
   * How figures are drawn from several rounds.
   *
   * @default {"median (min–max)"}
   */
  readonly drawn?: string;
  /** Draws the samples of all rounds together, given by variant. */
  report(samples: ReadonlyMap<string, readonly Sample[]>, runtime: RuntimeName): Document;
  /** The report for people. */
  sheets(document: Document): readonly Sheet[];
  /** The report in pictures. */
  charts?(document: Document): readonly Chart[];
}

/**
 * A question whose variants are measured one after another, each in processes of its own that do
 * nothing else.
 *
 * @typeParam Raw What one process of one variant measured. It travels as JSON.
 * @typeParam Document What all samples amount to.
 * @typeParam Sample What is made of one process's measurement.
 */
export interface Bench<Raw = unknown, Document extends object = object, Sample = Raw>
  extends Question<Sample, Document> {
  /** The variant that replays a file, where the bench can; it runs first. */
  readonly traceVariant?: string;
  /** Measures a variant, in a process that does nothing else. */
  measure(variant: string, effort: Effort, probe: Probe): Promise<Raw>;
  /**
   * Completes a measurement with what was seen from outside. A bench that has this is measured with
   * the engine's log on, and must call the probe.
   */
  complete?(raw: Raw, observation: Observation): Sample;
  /**
   * Whether it asks what is allocated. On Bun a process of its own counts that, which does the same work
   * once more: one that counts has other stops.
   *
   * @default {false}
   */
  readonly asksAllocated?: boolean;
  /**
   * Reads the checksum of what a process did, by which the one that counts is held to the same work.
   *
   * @default The measurement's own `checksum`.
   */
  checksumOf?(raw: Raw): number;
}

/** What was measured of all variants in one round. */
export interface Round<Sample = unknown> {
  readonly samples: ReadonlyMap<string, Sample>;
  /** The runtime and engine that were measured, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * A question whose variants are measured in turns: it starts their processes itself and drives them
 * from the runner.
 */
export interface RoundBench<Sample = unknown, Document extends object = object>
  extends Question<Sample, Document> {
  /**
   * Measures all variants.
   *
   * @param order The order in which they begin.
   * @param round The round's number, from 0 on: what is drawn must differ from that of other rounds.
   * @param effort How thoroughly.
   * @param tell Told now and then how far it is.
   */
  measureRound(
    order: readonly string[],
    round: number,
    effort: Effort,
    tell: (what: string) => void,
  ): Promise<Round<Sample>>;
}
