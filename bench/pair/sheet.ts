/**
 * The pair bench's report for people.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { type Sheet, verdict } from "../runner/sheet.ts";
import { round, type Spread } from "../runner/statistics.ts";
import { GUARDED, OURS, PEERS, type Report } from "./report.ts";

const LABELS: Readonly<Record<string, string>> = {
  floor: "floor: bare array",
  floorReset: "floorReset: the same with a reset",
  pool: "pool: acquire, release",
  tagged: "tagged: a handle's acquire, release",
  taggedVariable: "taggedVariable: the same, no constant",
  taggedSized: "taggedSized: the same with sizeOf",
  lease: "lease: a handle's lease",
  with: "with: a handle's with",
};

/** The variants of the table and the chart. */
const NAMES: readonly string[] = ["floor", "floorReset", ...OURS, ...PEERS];

function times(factor: number): string {
  return `${round(factor)} ×`;
}

/** Says of each peer who is faster. */
function compare({ peers }: Report): string[] {
  return PEERS.map((peer) => {
    const factor = peers.factor[peer]!;
    const guard = GUARDED.includes(peer) ? "" : ", which does not see a double release";
    return factor >= 1
      ? `WIN   tagged is ${times(factor)} as fast as ${peer}${guard}`
      : `LOSS  tagged takes ${times(1 / factor)} as long as ${peer}${guard}`;
  });
}

function judgeBytes({ bytes, budget, bytesPerHit }: Report): string[] {
  if (bytesPerHit === undefined) {
    return ["UNKNOWN bytes allocated per hit: this runtime does not tell what a program allocates"];
  }
  return ["tagged", "with"].map((name) =>
    verdict(
      bytes[name]! <= budget.bytesPerHit,
      `${name}: ${
        bytes[name]
      } bytes allocated per hit in the middle of all rounds, where ${budget.bytesPerHit} are allowed`,
    )
  );
}

function judge(report: Report): string[] {
  const { ratio, held16, budget, peers } = report;
  const lines = [
    ...(["tagged", "taggedSized", "taggedVariable"] as const).map((name) =>
      [name, ratio[name]!] as const
    ),
    ["16 held at once", held16.ratio] as const,
  ];
  return [
    ...lines.map(([name, factor]) =>
      verdict(
        factor <= budget.ratio,
        `${name}: ${times(factor)} the floor, where at most ${budget.ratio} are allowed`,
      )
    ),
    ...judgeBytes(report),
    verdict(
      peers.met,
      `tagged is ${times(peers.leastGuarded)} as fast as the fastest peer that sees a double ` +
        `release (${GUARDED.join(", ")}), where at least ${peers.target} are wanted`,
    ),
  ];
}

/** Writes the report. */
export function sheetsOf(report: Report): Sheet[] {
  const { ns, ratio, bytes, held16, spread } = report;
  const range = ([least, greatest]: Spread) => `(${least}–${greatest})`;
  const row = (name: string) => [
    LABELS[name] ?? name,
    String(ns[name]),
    range(spread.ns[name]!),
    name === "floor" ? "1" : String(ratio[name]),
    name === "floor" ? "" : range(spread.ratio[name]!),
    String(bytes[name] ?? ""),
    bytes[name] === undefined ? "" : range(spread.bytes[name]!),
  ];
  return [{
    rows: [
      ["per pair", "ns", "(min–max)", "× floor", "(min–max)", "bytes", "(min–max)"],
      ...NAMES.map(row),
      ["16 held at once: floor", String(held16.floor), "", "1", "", "", ""],
      ["16 held at once: tagged", String(held16.tagged), "", String(held16.ratio), "", "", ""],
    ],
    remarks: [
      ...judge(report),
      "",
      "Peers are compared by × floor: the machine changes its speed between two processes.",
      ...compare(report),
    ],
  }];
}

/** Draws the report. */
export function chartsOf({ ratio, budget }: Report): Chart[] {
  return [{
    kind: "bar",
    title: "Acquire and release, by the floor",
    caption:
      `A bare array's pop and push in the same process is 1, and a handle (tagged) may take ${budget.ratio} of ` +
      `it. Of the peers, ${GUARDED.join(", ")} see a double release; reusify and deepool do not.`,
    y: { label: "× floor", scale: "logarithmic" },
    categories: NAMES,
    series: [{ name: "time per pair", figures: NAMES.map((name) => ratio[name] ?? null) }],
  }];
}
