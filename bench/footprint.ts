/**
 * The footprint bench: what lies idle while the load shifts, and what the process keeps after it has
 * gone.
 *
 * @module
 */

import { RequestContext } from "../edge/mod.ts";
import { PHASES, SHIFT_MS, shiftLoad } from "./footprint/shift.ts";
import { Driver } from "./gateway/drive.ts";
import { type SubjectName, SUBJECTS } from "./gateway/subject.ts";
import { enter } from "./gateway/work.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import type { Chart } from "./runner/chart.ts";
import { collect, type Probe } from "./runner/probe.ts";
import { needSameWork } from "./runner/checksum.ts";
import { percentDown, type Sheet } from "./runner/sheet.ts";
import { median, round } from "./runner/statistics.ts";

/** What lies idle is counted as often, in virtual ms. */
const COUNT_MS = 500;
/** The engine has so long to give memory back to the system, in ms. */
const SETTLE_MS = 300;

const MB = 1e6;

/** What a process tells before it is seen from outside. */
interface Raw {
  /** Bytes of idle contexts, every {@linkcode COUNT_MS}. */
  readonly idleBytes: readonly number[];
  /** Bytes of idle contexts after all of that and two collections of the whole heap. */
  readonly endBytes: number;
  /** How long all phases really took, in seconds. */
  readonly tookS: number;
  readonly hit: number;
  readonly checksum: number;
}

/** What one process found out. */
interface Sample extends Raw {
  /** Memory that the process held at the end, in bytes; `null` where the system does not tell. */
  readonly rssBytes: number | null;
  readonly peakRssBytes: number | null;
}

/** Figures of a variant. */
interface Figures {
  /** Megabytes of idle contexts on average, in each phase. */
  readonly idleMB: Readonly<Record<keyof typeof PHASES, number>>;
  /** Megabytes of idle contexts at the end, after two collections of the whole heap. */
  readonly endMB: number;
  readonly hit: number;
  /** Megabytes that the process held at the end, after a collection; `null` where nobody tells. */
  readonly rssMB: number | null;
  readonly peakRssMB: number | null;
}

/** What all samples amount to. */
interface Report {
  /** How long all phases really took, in seconds: virtual time is faster. */
  readonly tookS: number;
  readonly variants: Readonly<Record<string, Figures>>;
  /** Megabytes of idle contexts over virtual time, every 500 ms; of the first round. */
  readonly series: Readonly<Record<string, readonly number[]>>;
}

async function measure(variant: string, { runtime, quick }: Effort, probe: Probe): Promise<Raw> {
  const subject = SUBJECTS[variant as SubjectName](runtime);
  const load = shiftLoad(runtime, quick);
  const driver = new Driver({ subject, load, isWasteful: false });
  const used = new RequestContext();
  enter(used, 0);
  const idleBytes: number[] = [];
  await probe.begin();
  const begun = performance.now();
  const { requests, created, checksum } = await driver.serve(SHIFT_MS, {
    countMs: COUNT_MS,
    onCount: (idle) => idleBytes.push(idle * used.byteLength),
  });
  const tookS = (performance.now() - begun) / 1000;
  // Twice, for those that keep a victim, and each time they get to know of it.
  for (let i = 0; i < 2; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    subject.advance(SHIFT_MS);
  }
  const endBytes = subject.idle() * used.byteLength;
  collect();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  await probe.end();
  subject.close();
  return { idleBytes, endBytes, tookS, hit: 1 - created / requests, checksum };
}

/** The mean of what was counted in each phase. */
function phasesOf(idleBytes: readonly number[]): Record<keyof typeof PHASES, number> {
  let from = 0;
  const entries = Object.entries(PHASES).map(([name, ms]) => {
    const counted = idleBytes.slice(from, from += ms / COUNT_MS);
    return [name, round(counted.reduce((sum, bytes) => sum + bytes, 0) / counted.length / MB)];
  });
  return Object.fromEntries(entries);
}

function figuresOf(samples: readonly Sample[]): Figures {
  const of = (pick: (sample: Sample) => number) => round(median(samples.map(pick)));
  const seen = (key: "rssBytes" | "peakRssBytes") =>
    samples.some((sample) => sample[key] === null) ? null : of((sample) => sample[key]! / MB);
  return {
    // Virtual time is the same in every round, and so is what lies idle but for collections.
    idleMB: phasesOf(samples[0]!.idleBytes),
    endMB: of(({ endBytes }) => endBytes / MB),
    hit: median(samples.map(({ hit }) => hit)),
    rssMB: seen("rssBytes"),
    peakRssMB: seen("peakRssBytes"),
  };
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  needSameWork("footprints", samples, ({ checksum }) => checksum);
  return {
    tookS: round(median([...samples.values()].flat().map(({ tookS }) => tookS))),
    variants: Object.fromEntries([...samples].map(([name, taken]) => [name, figuresOf(taken)])),
    series: Object.fromEntries(
      [...samples].map((
        [name, taken],
      ) => [name, taken[0]!.idleBytes.map((bytes) => round(bytes / MB))]),
    ),
  };
}

function show(figure: number | null): string {
  return figure === null ? "–" : String(figure);
}

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

function sheets({ variants, tookS }: Report): Sheet[] {
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
      ...Object.entries(variants).map(([name, { idleMB, endMB, hit, rssMB, peakRssMB }]) => [
        name,
        ...Object.values(idleMB).map(String),
        String(endMB),
        percentDown(hit),
        show(rssMB),
        show(peakRssMB),
      ]),
    ],
    remarks: [
      ...RIVALS.map((rival) => compare(ours, rival, variants[rival]!)),
      `The ${
        SHIFT_MS / 1000
      } s of the phases are virtual and really took ${tookS}: collections that an engine makes by the clock come less often in them. At the end come two of the whole heap, which all get to know of.`,
    ],
  }];
}

function charts({ variants, series }: Report): Chart[] {
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

/** What lies idle while the load shifts. */
export const footprint: Bench<Raw, Report, Sample> = {
  question: "What lies idle while the load shifts, and what is kept after it has gone?",
  rival: "a free list, which keeps all; sync.Pool, which keeps nothing; no pool",
  packages: ["hono"],
  runtimes: ["deno", "bun", "workerd"],
  variants: Object.keys(SUBJECTS),
  rounds: 3,
  drawn: "medians, and what lies idle of the first round: virtual time repeats itself",
  measure,
  complete: (raw, { rssBytes = null, peakRssBytes = null }) => ({ ...raw, rssBytes, peakRssBytes }),
  report,
  sheets,
  charts,
};
