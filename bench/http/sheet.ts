/**
 * The report for people.
 *
 * @module
 */

import type { BarChart, Chart } from "../runner/chart.ts";
import { rangeCell, type Sheet, suspectUnparsed, verdictOfRounds } from "../runner/sheet.ts";
import {
  type Comparison,
  comparisonOf,
  type Figure,
  FIGURES,
  type Middle,
  type Report,
} from "./report.ts";
import { type Variant, VARIANTS } from "./service.ts";
import { CONNECTIONS } from "./wrk.ts";

const LABELS: Readonly<Record<Variant, string>> = {
  "alloc": "alloc: a new context for each request",
  "free-list": "free-list: from a bare array, which never shrinks",
  "free-list-next": "free-list-next: the same in a middleware",
  "pooled": "pooled: from pooled()",
  "pooled-around": "pooled-around: from pooled().around()",
  "pooled-handler": "pooled-handler: from pooled().of() within handler()",
  "plain": "plain: needs no context, no middleware",
  "plain-next": "plain-next: behind an empty middleware",
  "plain-pooled": "plain-pooled: behind pooled()",
  "plain-around": "plain-around: within pooled().around()",
  "plain-handler": "plain-handler: within pooled().handler()",
};

/** The figures of each table: more in one line would be too wide. */
const TABLES: readonly (readonly Figure[])[] = [
  ["requestsPerSecond", "cpuUs"],
  ["p50Ms", "p99Ms", "p999Ms", "bytesPerRequest", "peakRssMb"],
  ["stoppedMs", "turnStoppedMs", "minor", "major", "maxPauseMs"],
];

/** The figures of which more is better. */
const MORE_IS_BETTER: ReadonlySet<Figure> = new Set<Figure>(["requestsPerSecond"]);

/** What they are held against each other in, besides what is compared turn by turn. */
const CONTESTS: readonly Figure[] = [
  "p50Ms",
  "p99Ms",
  "p999Ms",
  "stoppedMs",
  "turnStoppedMs",
  "maxPauseMs",
  "bytesPerRequest",
  "peakRssMb",
];

/** Figures that differ by a smaller share are as good as equal. */
const EQUAL = 0.03;

/** Who is held against whom. */
const CONTESTANTS: readonly (readonly [variant: Variant, rival: Variant])[] = [
  ["pooled", "alloc"],
  ["pooled", "free-list-next"],
  ["pooled", "free-list"],
  ["pooled-around", "alloc"],
  ["pooled-around", "free-list"],
  ["pooled-handler", "alloc"],
  ["pooled-handler", "free-list"],
];

const METHOD = [
  "alloc, free-list, around() and of() take their contexts in the handler itself, so that they are spared a",
  "middleware; free-list-next and plain-next tell what one costs that does no more than that.",
  "Beside each server live 150 MB of other objects (60 on workerd), as beside the spiky gateway.",
  `All servers are up at once and one is loaded at a time, over ${CONNECTIONS} connections, in turns of a second`,
  "whose order is drawn each time. A ratio of requests/s or of CPU is one of the same turn: the middle",
  "of a round, and of the rounds; other ratios are those of the medians above. The columns × alloc or plain",
  "are such ratios, and may contradict the absolute figures beside them: a turn's speed is the machine's of",
  "that second, and differs by a third from one to the next, while the turns of a ratio are neighbours in time.",
  "So believe the ratios. Each server also answers slices of a thousand requests that it makes itself, one",
  "server after the other, which tells tenths of a microsecond. A slice is over before most ticks and",
  "collections come: the figures in process leave these out, requests/s and CPU do not.",
  "Each turn opens its connections anew on a server that has rested for those of the others. Their first",
  "requests are more than one in a thousand: p99.9 tells how a server awakes, not how it runs.",
  "The peak RSS is that under wrk, before the slices. An answer of another length is an error of the run.",
  "CPU is all threads', the compiler's and the collector's too. GC counts while a server has its turn, not",
  "while it waits for one; the middle turn's is free of pauses in which the machine did something else, and",
  "of collections that come in few turns, which the sum over all has. What some rounds keep and others do not is",
  "MIXED. V8's semi-spaces are held at 16 MB: left alone they have 1 to 16, which differs from run to run and",
  "makes collections up to ten times as frequent, whatever the variant.",
  "Of what is allocated JavaScriptCore counts array buffers as well, V8 does not; on Bun a server of its own",
  "counts it, since one that does has other stops.",
];

/** Lays a report out. */
export function sheetsOf(report: Report): Sheet[] {
  const tables = TABLES.map((names): Sheet => ({
    rows: [
      ["(min–max)", ...names.flatMap(headsOf)],
      ...VARIANTS.map((variant) => [
        LABELS[variant],
        ...names.flatMap((name) => cellsOf(report, variant, name)),
      ]),
    ],
  }));
  const ratios: Sheet = {
    rows: [
      ["turn by turn", "requests/s", "CPU/request", "in process, µs/request"],
      ...report.comparisons.map(({ variant, rival, requestsPerSecond, cpuUs, extraUs }) => [
        `${variant} over ${rival}`,
        `${show(requestsPerSecond)} ×`,
        `${show(cpuUs)} ×`,
        showExtra(extraUs),
      ]),
    ],
    remarks: METHOD,
  };
  const contests = CONTESTANTS.flatMap(([variant, rival]) => contest(report, variant, rival));
  const remarks = [
    ...judge(report),
    ...contests,
    ...report.suspicions.map((text) => `SUSPECT ${text}`),
    ...suspectUnparsed(report.unparsed),
  ];
  return [...tables, ratios, { remarks }];
}

/** Whether the ratio turn by turn stands beside a figure. */
function isTurnByTurn(name: Figure): name is Figure & keyof Comparison {
  return name === "requestsPerSecond" || name === "cpuUs";
}

function headsOf(name: Figure): string[] {
  return isTurnByTurn(name) ? [FIGURES[name], "× alloc or plain"] : [FIGURES[name]];
}

/** A figure of a variant, and beside some of them the ratio to the variant that has no pool. */
function cellsOf({ figures, comparisons }: Report, variant: Variant, name: Figure): string[] {
  const cell = show(figures[variant][name]);
  if (!isTurnByTurn(name)) return [cell];
  const rival = variant.startsWith("plain") ? "plain" : "alloc";
  if (variant === rival) return [cell, "1"];
  return [cell, show(comparisonOf(comparisons, variant, rival)[name])];
}

function show({ median, spread }: Middle): string {
  return rangeCell(median, spread);
}

/** What was to be reached. */
function judge({ figures, comparisons, targets }: Report): string[] {
  return targets.map(({ variant, name, figure, limit, metRounds, rounds }) => {
    const tell = (what: string) => verdictOfRounds(metRounds, rounds, what);
    if (name === "collector" || name === "turn") {
      const when = name === "turn" ? "in the middle turn" : "over all turns";
      const allowed = `where at most ${limit} are allowed (free-list's + 10 %)`;
      return tell(`${variant}: ${figure} ms of GC per 100 k requests ${when}, ${allowed}`);
    }
    const { extraUs } = comparisonOf(comparisons, variant, name);
    const cpu = `${figures[name].cpuUs.median} µs of CPU`;
    return tell(
      `${variant}: ${figure} × the requests/s of ${name}, where at least ${limit} are due; ` +
        `in process ${showExtra(extraUs)} µs a request, where ${name} takes ${cpu}`,
    );
  });
}

function showExtra(extra: Middle): string {
  return `${extra.median < 0 ? "" : "+"}${show(extra)}`;
}

/** Who won in what. */
function contest({ figures, comparisons }: Report, variant: Variant, rival: Variant): string[] {
  const turns = comparisonOf(comparisons, variant, rival);
  const ratios: (readonly [Figure, number])[] = [
    ["requestsPerSecond", turns.requestsPerSecond.median],
    ["cpuUs", turns.cpuUs.median],
    ...CONTESTS.map((name) =>
      [name, figures[variant][name].median / figures[rival][name].median] as const
    ),
  ];
  return ratios.map(([name, ratio]) => {
    const isWin = MORE_IS_BETTER.has(name) ? ratio > 1 : ratio < 1;
    const isEven = Number.isNaN(ratio) || Math.abs(ratio - 1) < EQUAL;
    const outcome = isEven ? "EVEN  " : isWin ? "WIN   " : "LOSS  ";
    // Nothing over nothing has no ratio.
    const factor = Number.isNaN(ratio) ? "both 0" : `${Number(ratio.toPrecision(3))} ×`;
    return `${outcome} ${variant} against ${rival}: ${FIGURES[name]} ${factor}`;
  });
}

/** Draws a report. */
export function chartsOf({ runtime, figures, comparisons }: Report): Chart[] {
  const bars = (names: readonly Figure[]): BarChart["series"] =>
    names.map((name) => ({
      name: FIGURES[name],
      figures: VARIANTS.map((variant) => figures[variant][name].median),
    }));
  const over = (rival: Variant, ours: Variant) => comparisonOf(comparisons, ours, rival);
  return [{
    kind: "bar",
    title: `A Hono service under wrk on ${runtime}: requests/s`,
    caption:
      `More is better. The first six do the same work in a context of 20 headers and 64 KB, ` +
      `the others need none. Turn by turn pooled makes ${
        over("alloc", "pooled").requestsPerSecond.median
      } × the requests of alloc; the machine's speed changes between turns, which the bars do not show.`,
    y: { label: "requests/s" },
    categories: VARIANTS,
    series: bars(["requestsPerSecond"]),
  }, {
    kind: "bar",
    title: `A Hono service under wrk on ${runtime}: latency`,
    caption:
      `Less is better. ${CONNECTIONS} connections ask again as soon as they have an answer, so the ` +
      `latency is that of a server at its limit, most of it spent waiting. p99.9 tells how it awakes.`,
    y: { label: "ms", scale: "logarithmic" },
    categories: VARIANTS,
    series: bars(["p50Ms", "p99Ms", "p999Ms"]),
  }, {
    kind: "bar",
    title: `A Hono service under wrk on ${runtime}: time in the collector`,
    caption:
      "Less is better: stop-the-world ms per 100 000 requests, as the engine itself logs it, over all turns and in the middle one.",
    y: { label: "ms" },
    categories: VARIANTS,
    series: bars(["stoppedMs", "turnStoppedMs"]),
  }];
}
