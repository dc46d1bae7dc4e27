/**
 * The footprint bench's report for people.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { percentDown, rangeCell, type Sheet } from "../runner/sheet.ts";
import { COUNT_MS, type Figures, type Phase, type Report } from "./report.ts";
import { PHASES, SHIFT_MS } from "./shift.ts";

/** Figures that differ by less are as good as equal. */
const EQUAL = 0.03;

/** Says where the pool keeps less than a rival, and where more. */
function compare(ours: Figures, rival: string, theirs: Figures): string {
  const kept: readonly (readonly [string, number | null, number | null])[] = [
    ["idle in the quiet phase", ours.idleMB.quietMs, theirs.idleMB.quietMs],
    ["idle at the end", ours.endMB, theirs.endMB],
    ["in the process at the end", ours.rssMB, theirs.rssMB],
  ];
  const less: string[] = [];
  const more: string[] = [];
  for (const [what, mine, other] of kept) {
    if (mine === null || other === null) continue;
    if (Math.abs(mine - other) <= EQUAL * Math.max(mine, other)) continue;
    (mine < other ? less : more).push(`${mine} MB ${what}, not ${other}`);
  }
  const all = [...less, ...more];
  if (all.length === 0) return `EVEN   siliconflow against ${rival}: as much of all`;
  const outcome = more.length === 0 ? "WIN   " : less.length === 0 ? "LOSS  " : "MIXED ";
  return `${outcome} siliconflow against ${rival}: ${all.join("; ")}`;
}

const RIVALS = ["alloc", "sync-pool", "sync-pool-gc", "free-list"];

function rowOf(name: string, { variants, spread }: Report): string[] {
  const { idleMB, endMB, hit, rssMB, peakRssMB } = variants[name]!;
  const ranges = spread[name]!;
  return [
    name,
    ...(Object.keys(PHASES) as Phase[]).map((phase) =>
      rangeCell(idleMB[phase], ranges.idleMB[phase])
    ),
    rangeCell(endMB, ranges.endMB),
    rangeCell(hit, ranges.hit, percentDown),
    rangeCell(rssMB, ranges.rssMB),
    rangeCell(peakRssMB, ranges.peakRssMB),
  ];
}

/** Writes the report. */
export function sheetsOf(report: Report): Sheet[] {
  const { variants, tookS } = report;
  const ours = variants["siliconflow"]!;
  return [{
    rows: [
      [
        "idle MB",
        "busy",
        "quiet",
        "busy again",
        "gone",
        "at the end",
        "hit %",
        "RSS MB",
        "peak RSS",
      ],
      ...Object.keys(variants).map((name) => rowOf(name, report)),
    ],
    remarks: [
      ...RIVALS.map((rival) => compare(ours, rival, variants[rival]!)),
      `The ${
        SHIFT_MS / 1000
      } s of the phases are virtual and really took ${tookS}: collections that an engine makes by the clock come less often in them. At the end come two of the whole heap, which all get to know of.`,
      "MB are millions of bytes. Idle MB are not measured in the process: they are the number of idle contexts times the byteLength that one of them tells after a request. RSS is what the system says of the whole process.",
    ],
  }];
}

/** Draws the report. */
export function chartsOf({ variants, series }: Report): Chart[] {
  const names = Object.keys(variants);
  return [
    {
      kind: "line",
      title: "Footprint over time",
      caption: `Idle contexts: ${PHASES.busyMs / 1000} s of full load, ${
        PHASES.quietMs / 1000
      } s of a twentieth, ${PHASES.busyAgainMs / 1000} s of full load, then none.`,
      x: { label: "virtual time, s" },
      y: { label: "idle, MB" },
      lines: names.map((name) => ({
        name,
        points: series[name]!.map((mb, i) => [i * COUNT_MS / 1000, mb] as const),
      })),
    },
    {
      kind: "bar",
      title: "What the process keeps",
      caption: "Memory of the whole process: at its peak, and after the load has gone.",
      y: { label: "RSS, MB" },
      categories: names,
      series: [
        { name: "peak", figures: names.map((name) => variants[name]!.peakRssMB) },
        { name: "at the end", figures: names.map((name) => variants[name]!.rssMB) },
      ],
    },
  ];
}
