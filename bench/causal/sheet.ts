/**
 * The causal bench's report for people.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { rangeCell, type Sheet, suspectUnparsed } from "../runner/sheet.ts";
import { round } from "../runner/statistics.ts";
import { type Measure, MEASURES, type Report } from "./report.ts";

function show(figure: number): string {
  return String(round(figure));
}

function percent(share: number): string {
  return `${round(100 * share)} %`;
}

/** The columns and how their figures are written. */
const COLUMNS: readonly (readonly [head: string, measure: Measure, write: typeof show])[] = [
  ["p99 ms", "p99Ms", show],
  ["p99.9 ms", "p999Ms", show],
  ["met a stop", "insideShare", percent],
  ["p50 of those", "insideP50Ms", show],
  ["p99 of those", "insideP99Ms", show],
  ["p50 of others", "outsideP50Ms", show],
  ["p99 of others", "outsideP99Ms", show],
  ["stops in bursts", "stoppedInBursts", percent],
  ["correlation", "correlation", show],
  ["GC's share of p99", "gcShareOfP99", percent],
  ["of p99.9", "gcShareOfP999", percent],
];

/** The figure of the round in the middle, with the least and the greatest of all where they differ. */
function cellOf(
  { chains, spread }: Report,
  name: string,
  measure: Measure,
  write: typeof show,
): string {
  return rangeCell(MEASURES[measure](chains[name]!), spread[name]![measure], write);
}

function remarkOn(report: Report, name: string): string {
  const tell = (measure: Measure, write = show) => cellOf(report, name, measure, write);
  return `${name}: without its stops p99 were ${tell("p99WithoutMs")} ms instead of ${
    tell("p99Ms")
  }: ${tell("gcShareOfP99", percent)} of it is the collector's; p99.9 ${
    tell("p999WithoutMs")
  } instead of ${tell("p999Ms")}: ${tell("gcShareOfP999", percent)}`;
}

/** Writes the report. */
export function sheetsOf(report: Report): Sheet[] {
  const { chains, unparsed } = report;
  return [{
    rows: [
      ["latency", ...COLUMNS.map(([head]) => head)],
      ...Object.keys(chains).map((name) => [
        name,
        ...COLUMNS.map(([, measure, write]) => cellOf(report, name, measure, write)),
      ]),
    ],
    remarks: [
      "What V8 marks in steps its log tells only as a sum, so no stop is made of it: the collector's share is at least this.",
      ...Object.keys(chains).map((name) => remarkOn(report, name)),
      ...suspectUnparsed(unparsed),
    ],
  }];
}

/** Draws the report. */
export function chartsOf({ chains }: Report): Chart[] {
  const names = Object.keys(chains);
  return [
    {
      kind: "line",
      title: "Latency of requests that come when they come",
      caption:
        "Each request waits for the work before it, stops of the collector included: to the right lies the tail.",
      x: { label: "1 in … requests waits longer", scale: "logarithmic" },
      y: { label: "latency, ms", scale: "logarithmic" },
      lines: names.map((name) => ({
        name,
        points: chains[name]!.curve.map(([share, ms]) =>
          [round(1 / (1 - share)), round(ms)] as const
        ),
      })),
    },
    {
      kind: "bar",
      title: "What the collector adds to the tail",
      caption: "p99.9 of latency as it was, and as it had been without a single stop.",
      y: { label: "p99.9, ms", scale: "logarithmic" },
      categories: names,
      series: [
        { name: "as it was", figures: names.map((name) => round(chains[name]!.p999Ms)) },
        { name: "without stops", figures: names.map((name) => round(chains[name]!.p999WithoutMs)) },
      ],
    },
  ];
}
