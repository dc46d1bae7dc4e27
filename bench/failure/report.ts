/**
 * The failure bench's report, in figures, words and a picture.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { type Sheet, verdict } from "../runner/sheet.ts";
import { round } from "../runner/statistics.ts";
import type { AliasSample, Misrelease, Race } from "./alias.ts";
import type { FalseRateSample } from "./false_rate.ts";
import type { MismatchSample } from "./mismatch.ts";

/** What was seen, by mode. */
export interface Report {
  readonly alias: AliasSample;
  readonly mismatch: MismatchSample;
  readonly falseRate: FalseRateSample;
  /** Whether this pool held in all of them. */
  readonly held: boolean;
}

/** Draws the samples together. All rounds are alike. */
export function reportOf(samples: ReadonlyMap<string, readonly unknown[]>): Report {
  const alias = samples.get("alias")![0] as AliasSample;
  const mismatch = samples.get("mismatch")![0] as MismatchSample;
  const falseRate = samples.get("falseRate")![0] as FalseRateSample;
  return {
    alias,
    mismatch,
    falseRate,
    held: alias.held && mismatch.held && falseRate.held,
  };
}

function percent(share: number): string {
  return `${round(100 * share)} %`;
}

/** A share so near to all that to round it would say it were all. */
function nearly(share: number): string {
  return `${(Math.floor(10_000 * share) / 100).toFixed(2)} %`;
}

/** Says where this pool fails as the port does. */
function admit(isFailing: boolean, text: string): string {
  return `${isFailing ? "FAILS " : "HOLDS "} ${text}`;
}

function aliasSheet({ port, ours, held }: AliasSample): Sheet {
  const race = (name: string, { requests, corrupted, refused }: Race) => [
    name,
    `${corrupted} of ${requests}`,
    String(refused),
  ];
  const misrelease = (name: string, { trials, shared, refused }: Misrelease) => [
    name,
    `${shared} of ${trials}`,
    String(refused),
  ];
  return {
    rows: [
      ["alias race: a task writes on after its request has answered", "wrong", "refused"],
      race("sync.Pool: the request puts", port.race),
      race("ours: with, until the task has settled", ours.with),
      race("ours: a lease that the last holder ends", ours.lease),
      race("ours: released through a guard", ours.guard),
      race("ours: the same mistake, by lease", ours.endedLease),
      race("ours: the same mistake, raw release", ours.raw),
      misrelease("sync.Pool: put twice, one object for two", port.doubleRelease),
      misrelease("sync.Pool: put again once it is somebody else's", port.lateRelease),
      misrelease("ours: raw release twice", ours.doubleRelease),
      misrelease("ours: lease ended again once it is somebody else's", ours.lateLease),
      misrelease("ours: raw release once it is somebody else's", ours.lateRaw),
    ],
    remarks: [
      verdict(
        held,
        "with, leases and guards: nobody gets what another one still writes to; a release too many is an error",
      ),
      admit(
        ours.raw.corrupted > 0,
        `raw release by a request whose task writes on: ${ours.raw.corrupted} of ${ours.raw.requests} answers wrong, ` +
          "as with sync.Pool: hold by with, lease or guard",
      ),
      admit(
        ours.lateRaw.shared > 0,
        `raw release after somebody else has acquired the object raw: ${ours.lateRaw.shared} of ${ours.lateRaw.trials} ` +
          "shared; it cannot be told from theirs, a lease can",
      ),
    ],
  };
}

function mismatchSheet({ period, port, portSeldom, ours, held }: MismatchSample): Sheet {
  const row = (name: string, { hitRate, meanIdle }: MismatchSample["ours"]) => [
    name,
    percent(hitRate),
    String(round(meanIdle)),
  ];
  return {
    rows: [
      [
        `GC mismatch: ${period.put} put and ${period.got} got between collections`,
        "hit rate",
        "mean idle",
      ],
      row("sync.Pool, a collection every 100 ms", port),
      row("sync.Pool, a collection every second", portSeldom),
      row("ours", ours),
    ],
    remarks: [
      verdict(
        held,
        `ours serves ${percent(ours.hitRate)} of what comes after the first burst, and sync.Pool ` +
          `${
            percent(port.hitRate)
          }: it can serve no more than what was put since the last collections`,
      ),
      `The price is what lies idle: ${round(ours.meanIdle)} objects on average instead of ${
        round(port.meanIdle)
      }.`,
      `Where collections are rare, sync.Pool serves ${
        percent(portSeldom.hitRate)
      }: its rule fails, not its code.`,
    ],
  };
}

function falseRateSheet({ port, ours, held }: FalseRateSample): Sheet {
  const { tags, because } = ours.told;
  const row = (name: string, { overall, bursts, firstBursts }: FalseRateSample["port"]) => [
    name,
    nearly(overall),
    percent(bursts),
    percent(firstBursts),
  ];
  const told = Object.entries(tags).map(([tag, { acquires, hits }]) =>
    `${tag} ${hits} of ${acquires}`
  );
  return {
    rows: [
      [
        "false 100 %: one task and its object, bursts of 30",
        "hit rate",
        "of bursts",
        "of the first two",
      ],
      row("sync.Pool, a collection every 100 ms", port),
      row("ours", ours),
    ],
    remarks: [
      verdict(
        held,
        `sync.Pool shows ${nearly(port.overall)} and serves ${
          percent(port.bursts)
        } of its bursts; ours serves ${
          percent(ours.bursts)
        } of them, once it has seen two, and stats() says so by tag`,
      ),
      `stats().tags: ${told.join(", ")} hits, ${
        ours.isTrue ? "just what was counted from outside" : "which is NOT what was counted"
      }.`,
      `explain(): ${because}.`,
      `Taken alone, the hit rate of all arrivals (${
        nearly(ours.overall)
      }) says as little with ours; the tags tell.`,
    ],
  };
}

/** Writes the report. */
export function sheetsOf({ alias, mismatch, falseRate }: Report): Sheet[] {
  return [aliasSheet(alias), mismatchSheet(mismatch), falseRateSheet(falseRate)];
}

/** The share of answers that were right, in percent. */
function rightPercent({ requests, corrupted }: Race): number {
  return round(100 * (1 - corrupted / requests));
}

/** Draws the report. */
export function chartsOf({ alias, mismatch, falseRate }: Report): Chart[] {
  const { with: withPromise, lease, guard } = alias.ours;
  const safe = [withPromise, lease, guard].map(rightPercent);
  return [{
    kind: "bar",
    title: "What goes right under three failure modes of sync.Pool",
    caption:
      "Answers that hold what their own request wrote; gets that an idle object serves, in " +
      "bursts between collections and beside a task that keeps the hit rate at 100 %. Of our ways to hold the worst " +
      "of with, lease and guard is shown; a raw release is as wrong as sync.Pool.",
    y: { label: "right, in %" },
    categories: ["alias race", "GC mismatch", "false 100 %"],
    series: [
      {
        name: "sync.Pool",
        figures: [
          rightPercent(alias.port.race),
          round(100 * mismatch.port.hitRate),
          round(100 * falseRate.port.bursts),
        ],
      },
      {
        name: "ours",
        figures: [
          Math.min(...safe),
          round(100 * mismatch.ours.hitRate),
          round(100 * falseRate.ours.bursts),
        ],
      },
    ],
  }];
}
