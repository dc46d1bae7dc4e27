/**
 * What a soak has to show.
 *
 * @module
 */

import type { RuntimeName } from "../../bench/runner/bench.ts";
import { checkStats } from "../../testing/oracle.ts";
import type { CanaryReport } from "./app.ts";
import type { LoadResult } from "./load.ts";
import type { Slope } from "./rss.ts";

/** A soak that has ended. */
export interface SoakRun {
  readonly runtime: RuntimeName;
  readonly seed: string;
  readonly minutes: number;
  readonly load: LoadResult;
  /** The server's own report, once all leases had ended or should have. */
  readonly report: CanaryReport;
  readonly slope: Slope;
  /** By how much what is left after a collection grew in the second half; NaN where nobody can tell. */
  readonly heapGrowthMB: number;
}

/** A soak in figures. */
export interface SoakSummary {
  readonly runtime: RuntimeName;
  readonly seed: string;
  readonly minutes: number;
  readonly requests: number;
  readonly aborted: number;
  /** Requests that were answered with 503. */
  readonly overloaded: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Requests that failed, by what they were answered with. */
  readonly errors: Readonly<Record<string, number>>;
  readonly leaked: number;
  readonly leased: number;
  readonly limbo: number;
  readonly expired: number;
  /** How often anything of another request was met. */
  readonly crossed: number;
  readonly hitPercent: number;
  readonly pressures: Readonly<Record<string, number>>;
  readonly rssSlopeMBPerMin: number;
  readonly rssSlopeError: number;
  /** `null` where the runtime tells nothing of its heap. */
  readonly heapGrowthMB: number | null;
}

/** Memory that grows by less than this is not told from noise, in MB a minute. */
const NOISE = 8;
/** A run must last so long that its second half tells memory that grows from a program that warms up. */
const TELLING_MINUTES = 1;
/**
 * What is left of a heap after a collection may grow by this much, in MB: 0.15 KB a request of half a
 * minute. The slope of the whole process, which garbage hides, would let a hundred times that pass.
 */
const HEAP_NOISE = 4;
/** What share of the clients that went away may have left a waiter for which a create threw. */
const UNANSWERED_SHARE = 1 / 1000;
/** Standard errors within which a slope may be none. */
const ERRORS = 3;

/** Sums a soak up. */
export function summarise(run: SoakRun): SoakSummary {
  const { heapGrowthMB, load, minutes, report, runtime, seed, slope } = run;
  const { acquires, discarded, hits, leased, limbo } = report.stats;
  const { crossed, dirty, failures, faults, pressures, shared } = report;
  const round = (n: number) => Math.round(n * 100) / 100;
  return {
    runtime,
    seed,
    minutes,
    requests: load.requests,
    aborted: load.aborted,
    overloaded: load.overloaded,
    faults: { ...faults },
    errors: failures,
    leaked: discarded.leaked,
    leased,
    limbo,
    expired: discarded.expired,
    crossed: crossed + dirty + shared,
    hitPercent: round(100 * hits / acquires),
    pressures,
    rssSlopeMBPerMin: round(slope.perMin),
    rssSlopeError: round(slope.error),
    heapGrowthMB: Number.isNaN(heapGrowthMB) ? null : round(heapGrowthMB),
  };
}

/** Says what is wrong with a soak. */
export function findFaults(run: SoakRun): string[] {
  const { errors, failures, faults, stats } = run.report;
  const { crossed, leaked, leased, limbo } = summarise(run);
  const found: string[] = [...run.load.wrong];
  const need = (isTrue: boolean, rule: string) => {
    if (!isTrue) found.push(rule);
  };
  try {
    checkStats(stats);
  } catch (error) {
    found.push(`the account must add up: ${error}`);
  }
  need(crossed === 0, `no request may meet another's context: ${crossed} did`);
  need(leased + limbo === 0, `every lease must end: ${leased} did not, ${limbo} are in limbo`);
  need(leaked === 0, `nothing must leak: ${leaked} did`);
  need(stats.misuses === 0, `there must be no misuse: ${stats.misuses} were`);
  // One that was made for a waiter whose request has ended meanwhile, as workerd ends them, is lost.
  const unanswered = faults.create - (failures["create"] ?? 0);
  need(
    unanswered >= 0 && unanswered <= run.load.aborted * UNANSWERED_SHARE,
    `each create that throws must be one failure: ${faults.create} threw, ${unanswered} were not`,
  );
  need(
    (errors["reset"] ?? 0) === faults.reset && stats.discarded.invalid === faults.reset,
    `each reset that throws must be told and discard: ${faults.reset} threw, ${
      errors["reset"]
    } were told`,
  );
  const { overloaded, unopened } = run.load;
  need(
    overloaded + unopened <= faults.create + stats.refused,
    `only what is refused may fail: ${overloaded} requests and ${unopened} sockets did`,
  );
  const known = ["create", "Error"];
  const strange = Object.keys(failures).filter((name) => !known.includes(name));
  need(strange.length === 0, `only injected faults may be answered: ${strange} was`);
  const most = run.minutes < TELLING_MINUTES ? Infinity : NOISE + ERRORS * run.slope.error;
  need(run.slope.perMin <= most, `memory must not grow: ${run.slope.perMin} MB a minute`);
  const isSilent = run.runtime === "workerd" && Number.isNaN(run.heapGrowthMB);
  need(
    run.minutes < TELLING_MINUTES || isSilent || run.heapGrowthMB <= HEAP_NOISE,
    `the heap must not grow: ${run.heapGrowthMB} MB in the second half`,
  );
  return found;
}
