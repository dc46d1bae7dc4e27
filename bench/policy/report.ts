/**
 * What all trials amount to.
 *
 * @module
 */

import { costOf, type Outcome } from "./meter.ts";
import { ABLATIONS, BOUND, SUBJECT } from "./replay.ts";

/** Something by name. */
export type Named<T> = Readonly<Record<string, T>>;

/** The trials of one trace with one λ. */
export interface Trials {
  /** The length of the trace. */
  readonly durationMs: number;
  /** What came of it, by policy. */
  readonly outcomes: Named<Outcome>;
}

/** The trials of one trace, by λ in ms. */
export type TraceTrials = Named<Trials>;

/** What a policy did to a trace. */
export interface Figures {
  /** Its cost by that of the clairvoyant one. */
  readonly ratio: number;
  /** The share of acquires that had not to create. */
  readonly hit: number;
  /** Objects idle at a time, on average. */
  readonly meanIdle: number;
  /** Objects made; a mean over phases, where there are several. */
  readonly creations: number;
}

/** A policy over all traces that are compared by cost. */
export interface Summary {
  /** The mean ratio over traces and λ. */
  readonly mean: number;
  /** The worst one. */
  readonly worst: number;
  /** Where that was. */
  readonly worstAt: { readonly trace: string; readonly lambdaMs: number };
}

/** What capacity poisoning costs with one λ, by policy. */
export interface Poisoning {
  /** Bytes that lay idle, times seconds. */
  readonly idleByteSeconds: Named<number>;
  /** Objects made. */
  readonly creations: Named<number>;
  /** Bytes by which objects were grown. */
  readonly grownBytes: Named<number>;
  /** How many times the idle byte-time without tags is that with them. */
  readonly factor: number;
}

/** What all trials amount to. */
export interface Report {
  /** Figures by trace, λ in ms, and policy. */
  readonly traces: Named<Named<Named<Figures>>>;
  /** By policy, over the built-in traces. */
  readonly summary: Named<Summary>;
  /** What the scheduler has promised. */
  readonly target: {
    /** The mean ratio allowed. */
    readonly mean: number;
    /** The worst ratio allowed. */
    readonly worst: number;
    /** Whether neither is passed. */
    readonly met: boolean;
    /** Whether no other policy that can be had is cheaper on average. */
    readonly best: boolean;
  };
  /** What each part of the scheduler saves: the ratio without it less that with it, by trace. */
  readonly savings: Named<Named<number>>;
  /** Capacity poisoning with the default λ, and with each. */
  readonly poison: Poisoning & {
    /** By λ in ms. */
    readonly lambdas: Named<Poisoning>;
  };
}

/** The ratios allowed. */
const TARGET = { mean: 1.2, worst: 1.75 };
/** The default of the scheduler, in ms. */
const DEFAULT_LAMBDA = "5000";

function mapValues<T, U>(values: Named<T>, map: (value: T, name: string) => U): Record<string, U> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, map(value, name)]),
  );
}

/** The mean of at least one figure. */
export function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

/** Trials are exact; this only keeps documents readable. */
function trim(figure: number): number {
  return Number(figure.toPrecision(6));
}

function figuresOf({ durationMs, outcomes }: Trials, lambdaMs: number): Record<string, Figures> {
  const least = costOf(outcomes[BOUND]!, lambdaMs);
  return mapValues(outcomes, (outcome) => ({
    ratio: trim(costOf(outcome, lambdaMs) / least),
    hit: trim(1 - outcome.creations / outcome.acquires),
    meanIdle: trim(outcome.idleMs / durationMs),
    creations: trim(outcome.creations),
  }));
}

function summarize(traces: Named<Named<Named<Figures>>>): Record<string, Summary> {
  const rows = Object.entries(traces).flatMap(([trace, lambdas]) =>
    Object.entries(lambdas).map(([lambda, figures]) => ({
      at: { trace, lambdaMs: Number(lambda) },
      figures,
    }))
  );
  return mapValues(rows[0]!.figures, (_, policy) => {
    const worst = rows.reduce((a, b) =>
      b.figures[policy]!.ratio > a.figures[policy]!.ratio ? b : a
    );
    return {
      mean: trim(mean(rows.map(({ figures }) => figures[policy]!.ratio))),
      worst: worst.figures[policy]!.ratio,
      worstAt: worst.at,
    };
  });
}

/** Of some policies, those that could be had instead of the one under test. */
export function rivals(names: readonly string[]): string[] {
  const own = [BOUND, SUBJECT, ...ABLATIONS.values()];
  return names.filter((name) => !own.includes(name));
}

/** The one of the others that is cheapest on average. */
export function bestRival(summary: Named<Summary>): string {
  return rivals(Object.keys(summary)).reduce((a, b) => summary[b]!.mean < summary[a]!.mean ? b : a);
}

function poisoningOf({ outcomes }: Trials): Poisoning {
  const { [BOUND]: _, ...realisable } = outcomes;
  const idleByteSeconds = mapValues(realisable, ({ idleByteMs }) => trim(idleByteMs / 1000));
  return {
    idleByteSeconds,
    creations: mapValues(realisable, ({ creations }) => trim(creations)),
    grownBytes: mapValues(realisable, ({ grownBytes }) => trim(grownBytes)),
    factor: trim(idleByteSeconds[ABLATIONS.get("tags")!]! / idleByteSeconds[SUBJECT]!),
  };
}

/**
 * Draws all trials together.
 *
 * @param built The built-in traces, by name.
 * @param poison The trace of capacity poisoning, which has no ratio.
 * @param file The trace from a file, if there was one.
 */
export function reportOf(
  built: Named<TraceTrials>,
  poison: TraceTrials,
  file?: TraceTrials,
): Report {
  const withFigures = (trials: TraceTrials) =>
    mapValues(trials, (trial, lambda) => figuresOf(trial, Number(lambda)));
  const traces = mapValues(built, withFigures);
  const summary = summarize(traces);
  const { mean: meanRatio, worst } = summary[SUBJECT]!;
  const lambdas = mapValues(poison, poisoningOf);
  const withFile = { ...traces, ...(file === undefined ? {} : { file: withFigures(file) }) };
  return {
    traces: withFile,
    summary,
    target: {
      mean: TARGET.mean,
      worst: TARGET.worst,
      met: meanRatio <= TARGET.mean && worst <= TARGET.worst,
      best: rivals(Object.keys(summary)).every((name) => summary[name]!.mean > meanRatio),
    },
    savings: Object.fromEntries(
      [...ABLATIONS].map(([part, ablation]) => [
        part,
        mapValues(withFile, (lambdas) =>
          trim(mean(
            Object.values(lambdas).map((figures) =>
              figures[ablation]!.ratio - figures[SUBJECT]!.ratio
            ),
          ))),
      ]),
    ),
    poison: { ...lambdas[DEFAULT_LAMBDA]!, lambdas },
  };
}
