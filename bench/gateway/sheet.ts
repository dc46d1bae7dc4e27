/**
 * The report of the gateway bench for people.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { percentDown, type Sheet, suspectUnparsed, verdict } from "../runner/sheet.ts";
import { round, type Spread } from "../runner/statistics.ts";
import { WINDOW_MS } from "./figures.ts";
import { type Measure, type Report, type Saving, type Scene, WASTEFUL } from "./report.ts";
import type { SubjectName } from "./subject.ts";

const COLUMNS: readonly (readonly [measure: Measure, head: string])[] = [
  ["hit", "hit %"],
  ["minorPerS", "minor GCs/s"],
  ["majorPerS", "major GCs/s"],
  ["stwMsPerS", "stopped ms/s"],
  ["stwP99Per100ms", "p99 per 100 ms"],
  ["maxPauseMs", "longest ms"],
  ["allocMBps", "alloc MB/s"],
  ["cpuUsPerReq", "CPU µs/req"],
  ["p999Ms", "p99.9 ms"],
  ["rssMB", "peak RSS MB"],
  ["meanIdle", "mean idle"],
];

function cell(measure: Measure, figure: number | null, range: Spread | null): string {
  if (figure === null || range === null) return "–";
  const show = (value: number) => measure === "hit" ? percentDown(value) : String(value);
  const [least, greatest] = range;
  return least === greatest ? show(figure) : `${show(figure)} (${show(least)}–${show(greatest)})`;
}

function rowsOf(title: string, { variants, spread }: Scene): string[][] {
  return [
    [title, ...COLUMNS.map(([, head]) => head)],
    ...(Object.keys(variants) as SubjectName[]).map((name) => [
      name,
      ...COLUMNS.map(([measure]) => cell(measure, variants[name][measure], spread[name][measure])),
    ]),
  ];
}

function shareOf(share: number): string {
  return `${share > 0 ? "−" : "+"}${round(Math.abs(100 * share))} %`;
}

/** Judges what is saved against `sync-pool`. */
function judge({ variants, vsSyncPool, freeListVsSyncPool, targets }: Report): string[] {
  const { stw, alloc, hit } = targets;
  const saved = (what: string, share: number, least: number) =>
    verdict(
      share >= least,
      `siliconflow: ${shareOf(share)} ${what} against sync-pool, where at least ${
        shareOf(least)
      } is asked for`,
    );
  return [
    saved("stop-the-world time", vsSyncPool.stw, stw),
    ...(alloc === null ? [] : [saved("allocated bytes", vsSyncPool.alloc, alloc)]),
    verdict(
      variants["siliconflow"].hit >= hit,
      `siliconflow: hits ${percentDown(variants["siliconflow"].hit)} %, where at least ${
        percentDown(hit)
      } are asked for`,
    ),
    ...near(vsSyncPool, freeListVsSyncPool, targets.pointsToFreeList, ""),
  ];
}

/** Judges how near the pool comes to what can be saved at all. */
function near(ours: Saving, limit: Saving, most: number, where: string): string[] {
  return ([["stw", "stop-the-world time"], ["alloc", "allocated bytes"]] as const).map(
    ([key, what]) => {
      const points = round(100 * (limit[key] - ours[key]));
      return verdict(
        points <= most,
        `siliconflow${where}: ${shareOf(ours[key])} ${what}, free-list ${
          shareOf(limit[key])
        }: ${points} points apart, where at most ${most} are allowed`,
      );
    },
  );
}

const RIVALS: readonly SubjectName[] = ["alloc", "sync-pool", "sync-pool-gc", "free-list"];
/** Figures of which less is better. Hits are not among them: a miss shows in what is allocated. */
const COMPARED: readonly (readonly [measure: Measure, what: string])[] = [
  ["stwMsPerS", "stop-the-world time"],
  ["stwP99Per100ms", "p99 of it per 100 ms"],
  ["maxPauseMs", "longest stop"],
  ["allocMBps", "allocated bytes"],
  ["cpuUsPerReq", "CPU per request"],
  ["p999Ms", "p99.9 of a millisecond's work"],
  ["rssMB", "peak RSS"],
  ["meanIdle", "idle contexts"],
];
/** Figures that differ by less are as good as equal. */
const EQUAL = 0.03;

/** Says where the pool is better than its rivals, and where it is worse. */
function compare({ variants }: Scene, where: string): string[] {
  const ours = variants["siliconflow"];
  return RIVALS.map((rival) => {
    const better: string[] = [];
    const worse: string[] = [];
    for (const [measure, what] of COMPARED) {
      const mine = ours[measure];
      const theirs = variants[rival][measure];
      if (mine === null || theirs === null) continue;
      if (Math.abs(mine - theirs) <= EQUAL * Math.max(mine, theirs)) continue;
      (mine < theirs ? better : worse).push(what);
    }
    const list = (word: string, items: string[]) =>
      items.length === 0 ? "" : `${word}: ${items.join(", ")}`;
    const lists = [list("better", better), list("worse", worse)].filter((text) => text !== "");
    const outcome = lists.length === 0
      ? "EVEN  "
      : worse.length === 0
      ? "WIN   "
      : better.length === 0
      ? "LOSS  "
      : "MIXED ";
    return `${outcome} against ${rival}${where}: ${lists.join("; ") || "as good in all"}`;
  });
}

function warn({ suspicions, garbage, unparsed, clockStepMs }: Report): string[] {
  return [
    ...(clockStepMs === null
      ? []
      : [`The clock goes on in steps of ${clockStepMs} ms, so p99.9 is no finer.`]),
    ...suspicions.map((text) => `SUSPECT ${text}`),
    ...garbage.suspicions.map((text) => `SUSPECT with garbage: ${text}`),
    ...suspectUnparsed(unparsed),
  ];
}

/** The report for people. */
export function sheetsOf(report: Report): Sheet[] {
  const { garbage, targets, memory, liveMB } = report;
  return [
    {
      rows: rowsOf("no other garbage", report),
      remarks: [
        `Seconds are virtual. ${liveMB} MB of other objects are alive. Idle contexts of siliconflow may hold ${memory.fraction} of ${memory.limitMB} MB.`,
        ...judge(report),
        ...compare(report, ""),
      ],
    },
    {
      rows: rowsOf("a JSON.parse a request", garbage),
      remarks: [
        ...near(
          garbage.vsSyncPool,
          garbage.freeListVsSyncPool,
          targets.garbagePointsToFreeList,
          WASTEFUL,
        ),
        ...compare(garbage, WASTEFUL),
      ],
    },
    { remarks: warn(report) },
  ];
}

/** The report in pictures. */
export function chartsOf(report: Report): Chart[] {
  const names = Object.keys(report.variants) as SubjectName[];
  const scenes = [["", report], [", with a JSON.parse a request", report.garbage]] as const;
  return scenes.flatMap(([where, { series, variants }]): Chart[] => [
    {
      kind: "line",
      title: `Stop-the-world time${where}`,
      caption:
        `Milliseconds for which the program stood still in each window of ${WINDOW_MS} virtual ms. The load comes in the first of every ten windows.`,
      x: { label: "virtual time, s" },
      y: { label: "stopped, ms" },
      lines: names.map((name) => ({
        name,
        points: series[name].stoppedMs.map((ms, i) => [i * WINDOW_MS / 1000, round(ms)]),
      })),
    },
    {
      kind: "line",
      title: `Latency distribution${where}`,
      caption:
        "How long the work of one virtual millisecond really took, by quantile: to the right lies the tail.",
      x: { label: "1 in … milliseconds takes longer", scale: "logarithmic" },
      y: { label: "took, ms", scale: "logarithmic" },
      lines: names.map((name) => ({
        name,
        points: series[name].tookMs.filter(([q]) => q < 1).map(([q, ms]) => [
          round(1 / (1 - q)),
          round(ms),
        ]),
      })),
    },
    {
      kind: "bar",
      title: `Cost against sync-pool${where}`,
      caption: "sync-pool is 1; shorter is better.",
      y: { label: "× sync-pool", scale: "logarithmic" },
      categories: names,
      series: ([
        ["stwMsPerS", "stop-the-world time"],
        ["allocMBps", "allocated bytes"],
        ["cpuUsPerReq", "CPU per request"],
      ] as const).map(([measure, name]) => ({
        name,
        figures: names.map((each) => {
          const figure = variants[each][measure];
          const rival = variants["sync-pool"][measure];
          return figure === null || rival === null ? null : round(figure / rival);
        }),
      })),
    },
  ]);
}
