/**
 * The tick bench: what a pool's scheduler takes from the program each time it runs.
 *
 * Ticks are called one after another, with leases in between, on the real host: the readings of its
 * heap and of its collections are part of the cost. That is what the budget is about, and the least
 * that a tick costs. In service it comes twice a second, to a processor and caches that have gone
 * cold: `restedUs` tells what it then costs, `firstUs` what it costs before it is compiled.
 *
 * @module
 */

import { setTimeout } from "node:timers/promises";
import type { Bench, Effort } from "./runner/bench.ts";
import type { BarChart } from "./runner/chart.ts";
import { median, quantile, round, type Spread, spread } from "./runner/statistics.ts";
import { type Sheet, verdictOfRounds } from "./runner/sheet.ts";
import { type Setup, TickSubject } from "./tick/subject.ts";

/** The pools. Those that are compared by their tags have as many objects as are used. */
const SETUPS = {
  tags1: { tags: 1, idle: 64, isSized: false },
  tags256: { tags: 256, idle: 64, isSized: false },
  tags256sized: { tags: 256, idle: 64, isSized: true },
  idle100: { tags: 1, idle: 100, isSized: false },
  idle1e6: { tags: 1, idle: 1_000_000, isSized: false },
} as const satisfies Readonly<Record<string, Setup>>;

type Variant = keyof typeof SETUPS;

const VARIANTS = Object.keys(SETUPS) as readonly Variant[];

/** What one process measured of a variant. */
interface Sample {
  /** Microseconds of a tick, the median. */
  readonly us: number;
  /** Microseconds that one tick in twenty exceeds: in one of eight shelves are elected. */
  readonly p95Us: number;
  /** Microseconds of a tick after a rest, the median. */
  readonly restedUs: number;
  /** Microseconds of the longest of the first ticks, which nothing has compiled yet. */
  readonly firstUs: number;
  /** Tags that had a shelf of their own. */
  readonly ownShelves: number;
}

type Figures = Readonly<Record<Variant, number>>;
type Spreads = Readonly<Record<Variant, Spread>>;

/** What all samples amount to. */
interface Report {
  /** Microseconds of a tick. */
  readonly usPerTick: Figures;
  /** Microseconds that one tick in twenty exceeds. */
  readonly p95Us: Figures;
  /** Microseconds of a tick after the process has rested. */
  readonly restedUs: Figures;
  /** Microseconds of the longest of the first five ticks. */
  readonly firstUs: Figures;
  /** Tags that had a shelf of their own: the scheduler decides about each. */
  readonly ownShelves: Figures;
  /** The least and the greatest of all rounds. */
  readonly spread: {
    readonly usPerTick: Spreads;
    readonly p95Us: Spreads;
    readonly restedUs: Spreads;
    readonly firstUs: Spreads;
  };
  /** What the pool has promised. */
  readonly budget: {
    /** Microseconds of a tick with 256 tags, sizes known or not. */
    readonly us: number;
    /** Microseconds of a tick with a million idle objects. */
    readonly idleUs: number;
    /** In how many of the rounds each variant kept its budget. */
    readonly metRounds: Readonly<Record<Judged, number>>;
    readonly rounds: number;
  };
}

/** At most so many microseconds for 256 tags. */
const BUDGET_US = 100;
/** A million idle objects may cost what a hundred do, but for what is noise. */
const IDLE_FACTOR = 1.5;

/** The variants that have a budget. */
const JUDGED = ["tags256", "tags256sized", "idle1e6"] as const satisfies readonly Variant[];

type Judged = typeof JUDGED[number];

const FIRST_TICKS = 5;
/** After ten times as long a rest a tick takes a fifth to a third longer still. */
const REST_MS = 50;

/** How many ticks there are of each kind. */
function plan({ quick }: Effort): { warm: number; timed: number; rested: number } {
  return quick ? { warm: 400, timed: 200, rested: 11 } : { warm: 1000, timed: 600, rested: 21 };
}

/** Ticks, in microseconds each, with work before each of them. */
function time(subject: TickSubject, ticks: number): number[] {
  return Array.from({ length: ticks }, () => {
    subject.work();
    return subject.tick();
  });
}

/** The same, with a rest before each of them. */
async function timeRested(subject: TickSubject, ticks: number): Promise<number[]> {
  const us: number[] = [];
  for (let i = 0; i < ticks; i++) {
    subject.work();
    await setTimeout(REST_MS);
    us.push(subject.tick());
  }
  return us;
}

async function measureVariant(variant: string, effort: Effort): Promise<Sample> {
  const { warm, timed, rested } = plan(effort);
  const subject = new TickSubject(SETUPS[variant as Variant]);
  const firstUs = Math.max(...time(subject, FIRST_TICKS));
  time(subject, warm);
  subject.check();
  const before = subject.disposedByTicks;
  const took = time(subject, timed);
  const restedUs = median(await timeRested(subject, rested));
  const ownShelves = subject.check();
  const disposed = subject.disposedByTicks - before;
  if (disposed > 0) {
    throw new Error(`Cannot measure tick: ticks must not dispose: received ${disposed} disposals`);
  }
  return { us: median(took), p95Us: quantile(took, 0.95), restedUs, firstUs, ownShelves };
}

/** Draws one figure of each variant. */
function draw<R>(
  samples: ReadonlyMap<string, readonly Sample[]>,
  figure: (taken: readonly Sample[]) => R,
): Readonly<Record<Variant, R>> {
  return Object.fromEntries(
    VARIANTS.map((variant) => [variant, figure(samples.get(variant)!)]),
  ) as Record<Variant, R>;
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const us = (taken: readonly Sample[]) => taken.map((sample) => round(sample.us));
  const p95Us = (taken: readonly Sample[]) => taken.map((sample) => round(sample.p95Us));
  const restedUs = (taken: readonly Sample[]) => taken.map((sample) => round(sample.restedUs));
  const firstUs = (taken: readonly Sample[]) => taken.map((sample) => round(sample.firstUs));
  const usPerTick = draw(samples, (taken) => median(us(taken)));
  const idleUs = round(IDLE_FACTOR * usPerTick.idle100);
  const metRounds = (name: Judged) =>
    us(samples.get(name)!).filter((one) => one <= (name === "idle1e6" ? idleUs : BUDGET_US)).length;
  return {
    usPerTick,
    p95Us: draw(samples, (taken) => median(p95Us(taken))),
    restedUs: draw(samples, (taken) => median(restedUs(taken))),
    firstUs: draw(samples, (taken) => median(firstUs(taken))),
    ownShelves: draw(samples, (taken) => median(taken.map((sample) => sample.ownShelves))),
    spread: {
      usPerTick: draw(samples, (taken) => spread(us(taken))),
      p95Us: draw(samples, (taken) => spread(p95Us(taken))),
      restedUs: draw(samples, (taken) => spread(restedUs(taken))),
      firstUs: draw(samples, (taken) => spread(firstUs(taken))),
    },
    budget: {
      us: BUDGET_US,
      idleUs,
      metRounds: Object.fromEntries(
        JUDGED.map((name) => [name, metRounds(name)]),
      ) as Record<Judged, number>,
      rounds: samples.get("tags256")!.length,
    },
  };
}

const LABELS: Readonly<Record<Variant, string>> = {
  tags1: "tags1: 1 tag",
  tags256: "tags256: 256 tags, all in use",
  tags256sized: "tags256sized: the same with sizeOf",
  idle100: "idle100: a hundred idle objects",
  idle1e6: "idle1e6: a million idle objects",
};

function judge({ usPerTick, budget }: Report): string[] {
  return JUDGED.map((name) => {
    const most = name === "idle1e6"
      ? `${budget.idleUs} are allowed (${IDLE_FACTOR} × idle100)`
      : `${budget.us} are allowed`;
    return verdictOfRounds(
      budget.metRounds[name],
      budget.rounds,
      `${name}: ${usPerTick[name]} µs a tick in the middle, where at most ${most}`,
    );
  });
}

function sheets(report: Report): Sheet[] {
  const { usPerTick, p95Us, restedUs, firstUs, ownShelves, spread } = report;
  const range = ([least, greatest]: Spread) => `(${least}–${greatest})`;
  return [{
    rows: [
      [
        "per tick",
        "µs",
        "(min–max)",
        "p95 µs",
        "(min–max)",
        "rested µs",
        "(min–max)",
        "first µs",
        "(min–max)",
        "own shelves",
      ],
      ...VARIANTS.map((name) => [
        LABELS[name],
        String(usPerTick[name]),
        range(spread.usPerTick[name]),
        String(p95Us[name]),
        range(spread.p95Us[name]),
        String(restedUs[name]),
        range(spread.restedUs[name]),
        String(firstUs[name]),
        range(spread.firstUs[name]),
        String(ownShelves[name]),
      ]),
    ],
    remarks: judge(report),
  }];
}

function charts({ usPerTick, p95Us, restedUs, firstUs, budget }: Report): BarChart[] {
  const allowed: Partial<Figures> = {
    tags256: budget.us,
    tags256sized: budget.us,
    idle1e6: budget.idleUs,
  };
  const categories = VARIANTS.map((name) => LABELS[name]);
  const seriesOf = (name: string, figures: Partial<Figures>) => ({
    name,
    figures: VARIANTS.map((variant) => figures[variant] ?? null),
  });
  return [
    {
      kind: "bar",
      title: "A tick against its budget",
      caption: "Medians of ticks one after another, the least that a tick costs, and what is " +
        "allowed, where there is a budget.",
      y: { label: "µs per tick" },
      categories,
      series: [seriesOf("a tick", usPerTick), seriesOf("allowed", allowed)],
    },
    {
      kind: "bar",
      title: "A tick with cold caches, and before it is compiled",
      caption: `After a rest of ${REST_MS} ms, as in service, and the longest of the first ` +
        `${FIRST_TICKS}. The axis is logarithmic: compare where bars end, not how long they are.`,
      y: { label: "µs per tick", scale: "logarithmic" },
      categories,
      series: [
        seriesOf("one after another", usPerTick),
        seriesOf("p95 of those", p95Us),
        seriesOf("after a rest", restedUs),
        seriesOf("the longest of the first", firstUs),
      ],
    },
  ];
}

/** A tick of a real pool on the real host. */
export const tick: Bench<Sample, Report> = {
  question: "What does a tick cost, by the number of tags and of idle objects?",
  rival: "its budget: 100 µs for 256 tags, whatever lies idle",
  packages: [],
  runtimes: ["deno", "bun"],
  variants: VARIANTS,
  measure: measureVariant,
  report,
  sheets,
  charts,
};
