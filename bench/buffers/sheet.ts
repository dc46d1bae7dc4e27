/**
 * The buffers bench's report for people.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { percentDown, type Sheet, verdict } from "../runner/sheet.ts";
import { round } from "../runner/statistics.ts";
import { type Report, type Target, TARGET_BYTES } from "./report.ts";

const LABELS: Readonly<Record<string, string>> = {
  alloc: "alloc: new Uint8Array",
  allocUnsafe: "allocUnsafe: Buffer's",
  allocWhole: "allocWhole: new, all of it written",
  freeList: "freeList: bare array, not zeroed",
  freeListDirty: "freeListDirty: the same, 256 zeroed",
  freeListWhole: "freeListWhole: all written and zeroed",
  typedarrayPool: "typedarrayPool: npm, not zeroed",
  never: "never: pool, not zeroed",
  mixed: "mixed: the same, no two sizes alike",
  dirty: "dirty: pool, 256 declared and zeroed",
  whole: "whole: pool, all written and zeroed",
  with: "with: withBuffer, 256 zeroed",
  slab: "slab: slabs, 256 zeroed",
  strict: "strict: strict guard, 256 zeroed",
};

const WAYS = Object.keys(LABELS);
/** What is compared with what: of those that do as much. */
const RIVALS: readonly (readonly [ours: string, rivals: readonly string[]])[] = [
  ["never", ["alloc", "allocUnsafe", "typedarrayPool", "freeList"]],
  ["dirty", ["alloc", "allocUnsafe", "typedarrayPool", "freeListDirty"]],
  ["strict", ["alloc"]],
  ["mixed", ["freeList"]],
  ["whole", ["allocWhole", "freeListWhole"]],
];

function show(bytes: string): string {
  const size = Number(bytes);
  if (size < 1024) return `${size} B`;
  return size < 2 ** 20 ? `${size / 1024} KB` : `${size / 2 ** 20} MB`;
}

function judge({ what, figure, least, most, met }: Target): string {
  const rule = least === undefined ? `at most ${most} is allowed` : `at least ${least} is wanted`;
  return verdict(met, `${what}: ${figure}, where ${rule}`);
}

/** Says where the pool wins and where it loses, at every size. */
function compare({ ns, ratio }: Report): string[] {
  return RIVALS.flatMap(([ours, rivals]) =>
    rivals.map((rival) => {
      const factors = Object.keys(ns).map((size) => {
        const theirs = rival === "freeList" ? 1 : ratio[size]![rival]!;
        return [show(size), theirs / ratio[size]![ours]!] as const;
      });
      const wins = factors.filter(([, factor]) => factor >= 1);
      const outcome = wins.length === factors.length
        ? "WIN   "
        : wins.length === 0
        ? "LOSS  "
        : "MIXED ";
      const figures = factors.map(([size, factor]) => `${round(factor)} at ${size}`);
      return `${outcome} ${ours}, times as fast as ${rival}: ${figures.join(", ")}`;
    })
  );
}

/** Writes the report. */
export function sheetsOf(report: Report): Sheet[] {
  const { bytes, mixes, ns, targets, ratio, spread, trace } = report;
  const sizes = Object.keys(ns);
  const isCounted = Object.keys(bytes).length > 0;
  const range = (way: string) =>
    spread[way] === undefined ? "" : `(${spread[way][0]}–${spread[way][1]})`;
  return [
    {
      rows: [
        ["ns a pair", ...sizes.map(show), "64 KB (min–max)", "× freeList", "bytes"],
        ...WAYS.map((way) => [
          LABELS[way]!,
          ...sizes.map((size) => String(ns[size]![way] ?? "")),
          range(way),
          way === "freeList" ? "1" : String(ratio[TARGET_BYTES]![way]),
          String(bytes[way] ?? ""),
        ]),
      ],
      remarks: [
        ...targets.map(judge),
        ...(isCounted
          ? []
          : ["UNKNOWN bytes per hit: this runtime does not tell what a program allocates"]),
        "",
        "Each is compared by the free list of its own process. Times are medians of batches, most of them without",
        "a collection; on workerd, whose clock has steps, they are means with the collections that allocation causes.",
        ...compare(report),
      ],
    },
    {
      rows: [
        [
          "an hour of a random mix",
          "reserved by alive: median",
          "99 %",
          "most",
          "by used",
          "hit %",
        ],
        ...Object.values(mixes).map((
          { chunkBytes, p50, p99, most, mostLearning, perUsed, hitRate },
        ) => [
          `chunks of ${show(String(chunkBytes))}`,
          ...[p50, p99, most, mostLearning, perUsed].map((figure) => String(round(figure))),
          percentDown(hitRate),
        ]),
      ],
    },
    ...(trace === undefined ? [] : [{
      rows: [
        ["the file's trace", "ns an arrival", "hit %", "waste %"],
        ["alloc: new Uint8Array", String(round(trace.ns.alloc)), "", ""],
        [
          "dirty: pool, 256 zeroed",
          String(round(trace.ns.dirty)),
          percentDown(trace.hitRate),
          String(round(100 * trace.waste)),
        ],
      ],
      remarks: [
        `${trace.arrivals} arrivals, ${trace.unpooled} larger than any class; classes at the end: ` +
        `${trace.classes.map(String).map(show).join(", ")}.`,
        verdict(
          trace.ns.dirty <= trace.ns.alloc,
          `the pool takes ${round(trace.ns.dirty / trace.ns.alloc)} of the time of new buffers`,
        ),
      ],
    }]),
  ];
}

/** Draws the report. */
export function chartsOf({ ns }: Report): Chart[] {
  const lines = ["alloc", "typedarrayPool", "strict", "dirty", "never", "freeList"];
  return [{
    kind: "line",
    title: "Buffers by size",
    caption: "Get a buffer, touch sixteen of its first 256 bytes, give it back. Less is better; " +
      "alloc zeroes all of it each time, typedarray-pool and never zero nothing.",
    x: { label: "bytes", scale: "logarithmic" },
    y: { label: "ns a pair", scale: "logarithmic" },
    lines: lines.map((way) => ({
      name: way,
      points: Object.keys(ns).map((size) => [Number(size), ns[size]![way]!]),
    })),
  }];
}
