/**
 * The scrape bench: what it costs to tell Prometheus of a pool.
 *
 * @module
 */

import { allocatedBytes } from "./runner/allocation.ts";
import type { Bench, Effort } from "./runner/bench.ts";
import type { BarChart } from "./runner/chart.ts";
import { type Sheet, verdict } from "./runner/sheet.ts";
import { median, round, type Spread, spread } from "./runner/statistics.ts";
import { naive, ours, type Scrape, statsOnly, usedPool } from "./scrape/subject.ts";

/** The tags of a pool, if nobody says otherwise: as many as are told apart. */
const TAGS = 256;

const WAYS = {
  ours: () => ours(usedPool(TAGS)),
  oneTag: () => ours(usedPool(1)),
  stats: () => statsOnly(usedPool(TAGS)),
  naive: () => naive(usedPool(TAGS)),
} as const satisfies Readonly<Record<string, () => Scrape>>;

type Variant = keyof typeof WAYS;

const VARIANTS = Object.keys(WAYS) as readonly Variant[];

/** What one process measured of a variant. */
interface Sample {
  /** Microseconds of a scrape, the median. */
  readonly us: number;
  /** What one scrape writes; of `stats` the tags. */
  readonly written: number;
  /** Bytes of the heap that a scrape allocates. */
  readonly allocated: number;
}

type Figures = Readonly<Record<Variant, number>>;

/** What all samples amount to. */
interface Report {
  /** The tags of the pool. */
  readonly tags: number;
  /** Microseconds of a scrape of it. */
  readonly usPerScrape: number;
  /** What a scrape sends, in bytes. */
  readonly bytesPerScrape: number;
  /** Microseconds by variant, and the least and the greatest of all rounds. */
  readonly us: Figures;
  readonly spread: Readonly<Record<Variant, Spread>>;
  /** Bytes of the heap that a scrape allocates. */
  readonly allocatedBytes: Figures;
}

const WARM = 200;

async function measure(variant: string, { quick }: Effort): Promise<Sample> {
  const scrape = WAYS[variant as Variant]();
  const written = scrape();
  for (let i = 0; i < WARM; i++) check(scrape(), written);
  const us = Array.from({ length: quick ? 200 : 1000 }, () => {
    const begun = performance.now();
    check(scrape(), written);
    return (performance.now() - begun) * 1000;
  });
  const counted = quick ? 50 : 200;
  const allocated = await allocatedBytes(() => {
    for (let i = 0; i < counted; i++) check(scrape(), written);
  });
  return { us: median(us), written, allocated: allocated / counted };
}

/** A way that writes less must not look faster. Collections and ages change a digit or two. */
function check(written: number, first: number): void {
  if (Math.abs(written - first) <= first / 100 + 1000) return;
  throw new Error(`Cannot measure scrape: it must write ${first} bytes: received ${written}`);
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): Report {
  const draw = <R>(figure: (taken: readonly Sample[]) => R) =>
    Object.fromEntries(
      VARIANTS.map((variant) => [variant, figure(samples.get(variant)!)]),
    ) as Record<Variant, R>;
  const us = draw((taken) => median(taken.map((sample) => round(sample.us))));
  return {
    tags: TAGS,
    usPerScrape: us.ours,
    bytesPerScrape: samples.get("ours")![0]!.written,
    us,
    spread: draw((taken) => spread(taken.map((sample) => round(sample.us)))),
    allocatedBytes: draw((taken) => round(median(taken.map((sample) => sample.allocated)))),
  };
}

const LABELS: Readonly<Record<Variant, string>> = {
  ours: `ours: ${TAGS} tags`,
  oneTag: "oneTag: ours, 1 tag",
  stats: `stats: the snapshot alone, ${TAGS} tags`,
  naive: `naive: ${TAGS} tags, a string for each line`,
};

function sheets({ allocatedBytes, bytesPerScrape, spread, us }: Report): Sheet[] {
  const kb = (bytes: number) => String(round(bytes / 1024));
  return [{
    rows: [
      ["a scrape", "µs", "(min–max)", "KB allocated"],
      ...VARIANTS.map((variant) => [
        LABELS[variant],
        String(us[variant]),
        `(${spread[variant].join("–")})`,
        kb(allocatedBytes[variant]),
      ]),
    ],
    remarks: [
      `A scrape sends ${kb(bytesPerScrape)} KB.`,
      verdict(
        us.ours <= us.naive,
        `ours takes ${round(us.ours / us.naive)} of the time of naive, and ${
          round(allocatedBytes.ours / allocatedBytes.naive)
        } of its memory`,
      ),
    ],
  }];
}

function charts({ us }: Report): BarChart[] {
  return [{
    kind: "bar",
    title: "A scrape by Prometheus",
    caption: "A snapshot and its text, on the steady path. Less is better.",
    y: { label: "µs a scrape" },
    categories: VARIANTS.map((variant) => LABELS[variant]),
    series: [{ name: "a scrape", figures: VARIANTS.map((variant) => us[variant]) }],
  }];
}

/** A scrape of a real pool on the real host. */
export const scrape: Bench<Sample, Report> = {
  question: "What does it cost to tell Prometheus of a pool?",
  rival: "a writer that builds strings",
  packages: [],
  runtimes: ["deno", "bun"],
  variants: VARIANTS,
  measure,
  report,
  sheets,
  charts,
};
