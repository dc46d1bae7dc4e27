/**
 * The attribution bench: what it costs to know which tag does what.
 *
 * The spiky gateway is served by one pool, whatever is told of it: nothing; once a second what the pool
 * counts anyway; or each event, with a string of labels and a record, as metrics are mostly written by
 * hand, the records sent one by one or together. What is told is counted where it is sent, the seconds before the measurement included.
 *
 * @module
 */

import { type MeterName, METERS, type Told } from "./attribution/metered.ts";
import { type Figures, figuresOf } from "./gateway/figures.ts";
import { type Served, serveSpikes } from "./gateway/serve.ts";
import type { Bench, Effort, Observation } from "./runner/bench.ts";
import type { Probe } from "./runner/probe.ts";
import { needSameWork } from "./runner/checksum.ts";
import { type Sheet, suspectUnparsed, verdict } from "./runner/sheet.ts";
import { median, round, sum } from "./runner/statistics.ts";

const VARIANTS = Object.keys(METERS) as readonly MeterName[];

/** What a process served, and told. */
interface Raw {
  readonly served: Served;
  readonly told: Told;
}

interface Sample {
  readonly figures: Figures;
  readonly told: Told;
  readonly requests: number;
}

/** Figures of a variant: medians. A second is one of virtual time. */
interface Row {
  /** Collections a second, of both kinds. */
  readonly gcPerS: number;
  /** Milliseconds a second for which the program stood still. */
  readonly stwMsPerS: number;
  /** Megabytes allocated a second. */
  readonly allocMBps: number;
  /** Bytes allocated a request. */
  readonly allocBytesPerReq: number;
  /** Processor time of a request, in µs; `null` where the system does not tell. */
  readonly cpuUsPerReq: number | null;
  /** What was told. */
  readonly samples: number;
  readonly messages: number;
  readonly bytes: number;
}

/** What all samples amount to. */
interface Report {
  readonly rows: Readonly<Record<MeterName, Row>>;
  /** The share of samples, and of bytes, that telling once a second saves. */
  readonly saved: { readonly samples: number; readonly bytes: number };
  /** What it has to save of the samples at least. */
  readonly goal: number;
  readonly checksum: number;
  /** Lines of the engine's log that could not be read, over all processes. */
  readonly unparsed: number;
}

/** The share of samples that the ancestor saved. */
const GOAL = 0.68;

async function measure(variant: string, effort: Effort, probe: Probe): Promise<Raw> {
  const told: Told = { samples: 0, messages: 0, bytes: 0 };
  const seconds = effort.quick ? [5, 10] as const : [10, 30] as const;
  const served = await serveSpikes(
    {
      name: "siliconflow",
      isWasteful: false,
      seconds,
      wrap: (subject) => METERS[variant as MeterName](subject, told),
    },
    effort,
    probe,
  );
  return { served, told };
}

function complete({ served, told }: Raw, observation: Observation): Sample {
  return { figures: figuresOf(served, observation).figures, told, requests: served.requests };
}

function rowOf(taken: readonly Sample[], seconds: number): Row {
  const mid = (figure: (sample: Sample) => number) => round(median(taken.map(figure)));
  const cpu = taken.map(({ figures }) => figures.cpuUsPerReq).filter((us) => us !== null);
  return {
    gcPerS: mid(({ figures }) => figures.minorPerS + figures.majorPerS),
    stwMsPerS: mid(({ figures }) => figures.stwMsPerS),
    allocMBps: mid(({ figures }) => figures.allocMBps),
    allocBytesPerReq: mid(({ figures, requests }) => figures.allocMBps * 1e6 * seconds / requests),
    cpuUsPerReq: cpu.length === 0 ? null : round(median(cpu)),
    samples: mid(({ told }) => told.samples),
    messages: mid(({ told }) => told.messages),
    bytes: mid(({ told }) => told.bytes),
  };
}

/** Requests come as often in every virtual second, so the load tells how many seconds there were. */
const REQUESTS_PER_S = 12_000;

function report(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const checksum = needSameWork("attribution", samples, ({ figures }) => figures.checksum);
  const seconds = samples.get("none")![0]!.requests / REQUESTS_PER_S;
  const rows = Object.fromEntries(
    VARIANTS.map((variant) => [variant, rowOf(samples.get(variant)!, seconds)]),
  ) as Record<MeterName, Row>;
  const { naive, ours } = rows;
  return {
    rows,
    saved: {
      samples: 1 - ours.samples / naive.samples,
      bytes: 1 - ours.bytes / naive.bytes,
    },
    goal: GOAL,
    checksum,
    unparsed: sum([...samples.values()].flat().map(({ figures }) => figures.unparsed)),
  };
}

const LABELS: Readonly<Record<MeterName, string>> = {
  none: "none: nothing is told",
  ours: "ours: the pool's counts, once a second",
  naive: "naive: a string and a record for each event",
  batched: "batched: the same, records sent once a second",
};

function sheets({ rows, saved, goal, unparsed }: Report): Sheet[] {
  const percent = (share: number) => `${round(100 * share)} %`;
  return [{
    rows: [
      ["", "GC/s", "stopped ms/s", "MB/s", "B/request", "CPU µs/request", "samples", "sent KB"],
      ...VARIANTS.map((variant) => {
        const row = rows[variant];
        return [
          LABELS[variant],
          String(row.gcPerS),
          String(row.stwMsPerS),
          String(row.allocMBps),
          String(row.allocBytesPerReq),
          String(row.cpuUsPerReq ?? "–"),
          String(row.samples),
          String(round(row.bytes / 1024)),
        ];
      }),
    ],
    remarks: [
      verdict(
        saved.samples >= goal,
        `telling once a second saves ${percent(saved.samples)} of the samples, where at least ${
          percent(goal)
        } are asked, and ${percent(saved.bytes)} of the bytes: so it is by construction`,
      ),
      ...suspectUnparsed(unparsed),
    ],
  }];
}

/** The spiky gateway, told in three ways. */
export const attribution: Bench<Raw, Report, Sample> = {
  question: "What does it cost to know which tag does what?",
  rival: "metrics that build a string and a record for each event",
  packages: ["hono"],
  runtimes: ["deno", "bun"],
  variants: VARIANTS,
  rounds: 3,
  asksAllocated: true,
  checksumOf: ({ served }) => served.checksum,
  measure,
  complete,
  report,
  sheets,
};
