/**
 * The report of the gateway bench for people.
 *
 * @module
 */

import {
  percentDown,
  rangeCell,
  type Sheet,
  suspectUnparsed,
  verdictOfRounds,
} from "../runner/sheet.ts";
import { round, type Spread } from "../runner/statistics.ts";
import { WINDOW_MS } from "./figures.ts";
import { type Measure, type Report, type Scene, WASTEFUL } from "./report.ts";
import { type Middle, middleOf, pointsApart } from "./saving.ts";
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
  return rangeCell(figure, range, measure === "hit" ? percentDown : String);
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

/** A figure in the middle of rounds with the least and the greatest of them. */
function toldOf({ median, spread: [least, greatest] }: Middle, show: (figure: number) => string) {
  if (least === greatest) return show(median);
  return `${show(median)} (${show(least)} to ${show(greatest)})`;
}

/** Judges the figure of each round; `null` where `sync-pool` had nothing of which to save. */
function judgeRounds(
  figures: readonly (number | null)[],
  isMet: (figure: number) => boolean,
  what: string,
  tell: (middle: Middle) => string,
): string {
  const middle = middleOf(figures);
  if (middle === null) return `UNKNOWN ${what}: in some round sync-pool had none of it`;
  const met = figures.filter((figure) => figure !== null && isMet(figure)).length;
  return verdictOfRounds(met, figures.length, tell(middle));
}

/** What is saved. */
const SAVED = [["stw", "stop-the-world time"], ["alloc", "allocated bytes"]] as const;

/** Judges what is saved against `sync-pool`, and the hits. */
function judge(report: Report): string[] {
  const { byRound, targets } = report;
  const saved = SAVED.flatMap(([key, what]) => {
    const least = targets[key];
    if (least === null) return [];
    return judgeRounds(
      byRound.map(({ vsSyncPool }) => vsSyncPool[key]),
      (share) => share >= least,
      `siliconflow: ${what} against sync-pool`,
      (middle) =>
        `siliconflow: ${toldOf(middle, shareOf)} ${what} against sync-pool, where at least ${
          shareOf(least)
        } is asked for`,
    );
  });
  const hits = judgeRounds(
    byRound.map(({ hit }) => hit),
    (hit) => hit >= targets.hit,
    "siliconflow: hits",
    (middle) =>
      `siliconflow: hits ${toldOf(middle, percentDown)} %, where at least ${
        percentDown(targets.hit)
      } are asked for`,
  );
  return [...saved, hits, ...near(report, targets.pointsToFreeList, "")];
}

/** Judges how near the pool comes to what can be saved at all. */
function near(scene: Scene, most: number, where: string): string[] {
  const { byRound, vsSyncPool, freeListVsSyncPool } = scene;
  return SAVED.map(([key, what]) =>
    judgeRounds(
      byRound.map((each) => pointsApart(each.freeListVsSyncPool[key], each.vsSyncPool[key])),
      (points) => points <= most,
      `siliconflow${where}: ${what}, how near to free-list`,
      (middle) =>
        // Where the distance is known, both savings are.
        `siliconflow${where}: ${shareOf(vsSyncPool[key]!)} ${what}, free-list ${
          shareOf(freeListVsSyncPool[key]!)
        }: ${toldOf(middle, String)} points apart, where at most ${most} are allowed`,
    )
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

/** Says what the figures are of. */
function explain(report: Report): string[] {
  const { runtime, requestsPerS, variants, liveMB, memory } = report;
  const work = (name: SubjectName) => {
    const us = variants[name].cpuUsPerReq;
    return us === null ? "an unknown time" : `${round(us * requestsPerS / 1000)} ms`;
  };
  return [
    `Seconds are virtual: one is ${requestsPerS} requests, which really take ${
      work("siliconflow")
    } of CPU with siliconflow, ${work("alloc")} with alloc.`,
    "So stops of 10 ms/s are 10 ms in the time of as many requests, not a hundredth of all time.",
    `The p99 of windows of ${WINDOW_MS} ms is 0 where no more than 1 in 100 had a stop.`,
    ...(runtime === "bun" ? [] : [
      "V8's log tells the stop that ends a marking; the steps of marking before it, between which the program runs, are not among the stops.",
    ]),
    `${liveMB} MB of other objects are alive. Idle contexts of siliconflow may hold ${memory.fraction} of ${memory.limitMB} MB.`,
    "What is saved, and how far that is from free-list, is taken within each round: the median (least to greatest) of the rounds is told, MIXED where some keep to a target and others do not.",
  ];
}

/** The report for people. */
export function sheetsOf(report: Report): Sheet[] {
  const { garbage, targets } = report;
  return [
    {
      rows: rowsOf("no other garbage", report),
      remarks: [
        ...explain(report),
        ...judge(report),
        ...compare(report, ""),
      ],
    },
    {
      rows: rowsOf("a JSON.parse a request", garbage),
      remarks: [
        ...near(garbage, targets.garbagePointsToFreeList, WASTEFUL),
        ...compare(garbage, WASTEFUL),
      ],
    },
    { remarks: warn(report) },
  ];
}
