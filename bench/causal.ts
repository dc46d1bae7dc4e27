/**
 * The causal bench: whether it is collections that make the tail of latency.
 *
 * It serves the spiky gateway, looks at each virtual millisecond with the stops that fell into it, and
 * asks what the latencies had been without them.
 *
 * @module
 */

import { type Chain, chainOf, type Step } from "./causal/chain.ts";
import { SPIKE } from "./gateway/load.ts";
import { type Served, serveSpikes } from "./gateway/serve.ts";
import { type SubjectName, SUBJECTS } from "./gateway/subject.ts";
import type { Bench } from "./runner/bench.ts";
import type { Chart } from "./runner/chart.ts";
import type { EngineRecord } from "./runner/engine_log.ts";
import { needSameWork } from "./runner/checksum.ts";
import { type Sheet, suspectUnparsed } from "./runner/sheet.ts";
import { round, sum } from "./runner/statistics.ts";

/** What one process found out. */
interface Sample {
  readonly chain: Chain;
  readonly checksum: number;
  /** Lines of the engine's log that could not be read: a stop may be missing. */
  readonly unparsed: number;
}

/** What all samples amount to. */
interface Report {
  /** Of the round in the middle, by variant. */
  readonly chains: Readonly<Record<string, Chain>>;
  readonly checksum: number;
  /** Lines of the engine's log that could not be read, over all processes. */
  readonly unparsed: number;
}

const isBurst = (ms: number) => ms % SPIKE.everyMs < SPIKE.onMs;

/** The steps that did work. A stop outside of them is felt by nobody. */
export function stepsOf({ stepMs, tookMs }: Served, { stoppedMs }: EngineRecord): Step[] {
  const steps: Step[] = [];
  for (const [i, took] of tookMs.entries()) {
    if (took !== null) steps.push({ ms: stepMs[i]!, tookMs: took, stoppedMs: stoppedMs[i]! });
  }
  return steps;
}

/** The round in the middle by its 99th percentile: figures of several rounds would not fit together. */
function middle(samples: readonly Sample[]): Chain {
  const sorted = samples.map(({ chain }) => chain).toSorted((a, b) => a.p99Ms - b.p99Ms);
  return sorted[sorted.length >> 1]!;
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  return {
    chains: Object.fromEntries([...samples].map(([name, taken]) => [name, middle(taken)])),
    checksum: needSameWork("causal variants", samples, ({ checksum }) => checksum),
    unparsed: sum([...samples.values()].flat().map(({ unparsed }) => unparsed)),
  };
}

function show(figure: number | null): string {
  return figure === null ? "–" : String(round(figure));
}

function percent(share: number | null): string {
  return share === null ? "–" : `${round(100 * share)} %`;
}

function remarkOn(name: string, chain: Chain): string {
  const { p99Ms, p99WithoutMs, gcShareOfP99, p999Ms, p999WithoutMs, gcShareOfP999 } = chain;
  return `${name}: without its stops p99 were ${show(p99WithoutMs)} ms instead of ${show(p99Ms)} (${
    percent(gcShareOfP99)
  } of it is the collector's), p99.9 ${show(p999WithoutMs)} instead of ${show(p999Ms)} (${
    percent(gcShareOfP999)
  })`;
}

function sheets({ chains, unparsed }: Report): Sheet[] {
  return [{
    rows: [
      [
        "latency",
        "p99 ms",
        "p99.9 ms",
        "met a stop",
        "p50, p99 of those",
        "p50, p99 of others",
        "stops in bursts",
        "correlation",
        "GC's share of p99",
        "of p99.9",
      ],
      ...Object.entries(chains).map(([name, chain]) => [
        name,
        show(chain.p99Ms),
        show(chain.p999Ms),
        percent(chain.inside.share),
        `${show(chain.inside.p50Ms)}, ${show(chain.inside.p99Ms)}`,
        `${show(chain.outside.p50Ms)}, ${show(chain.outside.p99Ms)}`,
        percent(chain.stoppedInBursts),
        show(chain.correlation),
        percent(chain.gcShareOfP99),
        percent(chain.gcShareOfP999),
      ]),
    ],
    remarks: [
      "What V8 marks in steps its log tells only as a sum, so no stop is made of it: the collector's share is at least this.",
      ...Object.entries(chains).map(([name, chain]) => remarkOn(name, chain)),
      ...suspectUnparsed(unparsed),
    ],
  }];
}

function charts({ chains }: Report): Chart[] {
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

/** The chain from burst to collection to latency. */
export const causal: Bench<Served, Report, Sample> = {
  question: "How much of the tail of latency do collections make?",
  rival: "the same requests without the stops that the engine's log tells of",
  packages: ["hono"],
  // The clock of workerd is too coarse: it goes on in steps of a millisecond.
  runtimes: ["deno", "bun"],
  variants: Object.keys(SUBJECTS),
  rounds: 3,
  drawn: "the round in the middle by its p99",
  measure: (variant, effort, probe) =>
    serveSpikes(
      {
        name: variant as SubjectName,
        isWasteful: true,
        seconds: effort.quick ? [5, 20] : [10, 60],
      },
      effort,
      probe,
    ),
  complete: (served, { engine }) => ({
    chain: chainOf(stepsOf(served, engine), isBurst),
    checksum: served.checksum,
    unparsed: engine.unparsed,
  }),
  report,
  sheets,
  charts,
};
