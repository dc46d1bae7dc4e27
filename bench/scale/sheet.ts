/**
 * The scale bench's report for people.
 *
 * @module
 */

import type { Chart, Line } from "../runner/chart.ts";
import { type Sheet, verdictOfRounds } from "../runner/sheet.ts";
import { round, type Spread } from "../runner/statistics.ts";
import { BY_IDLE, BY_TAGS, CAPPED, type Growth, type Report, SCALES } from "./report.ts";

function judge({ growth, pairNs, tickUs, capped, bypassed }: Report): string[] {
  const line = (what: string, growth: Growth, aside = "") => {
    const { factor, spread: [least, greatest], most, metRounds, rounds } = growth;
    const by = least === greatest ? `${factor} ×` : `${factor} × (${least}–${greatest})`;
    return verdictOfRounds(
      metRounds,
      rounds,
      `${what}: the dearest takes ${by} as long as the cheapest, where at most ${most} × is flat${aside}`,
    );
  };
  const bare = ({ factor }: Growth) => ` (a bare array: ${factor} ×)`;
  const { tags1, tags1e4 } = tickUs;
  const perTagUs = round((tags1e4! - tags1!) / (SCALES.tags1e4!.tags - 1));
  return [
    line("pair, 100 to 1 000 000 idle objects", growth.pairByIdle, bare(growth.floorByIdle)),
    line("pair, 1 to 10 000 tags", growth.pairByTags, bare(growth.floorByTags)),
    line("tick, 100 to 1 000 000 idle objects", growth.tickByIdle),
    line(
      "tick, 1 to 10 000 tags",
      growth.tickByTags,
      `; a tick looks at each tag that was ever used, ${perTagUs} µs each`,
    ),
    `Flat is what grows to at most ${growth.pairByIdle.most} times the cheapest of the same round: the machine ` +
    "itself is no steadier. A round's pair is the least of several turns in its process, because what " +
    "disturbs only adds; its tick is the median of all, or their mean where the clock is too coarse. " +
    "Nothing is allowed on top.",
    `Beyond maxTags: of 10 000 tags ${
      capped.tags - 1
    } are told apart, and all others share "(other)", ` +
    `with ${round(100 * capped.otherShare)} % of the acquires: ${pairNs[CAPPED]} ns a pair, ` +
    `${tickUs[CAPPED]} µs a tick.`,
    ...(bypassed === 0 ? [] : [
      `Of 10 000 tags told apart up to ${bypassed} were bypassed by chance: the machine stopped amid one of ` +
      "the few releases of theirs that are timed.",
    ]),
  ];
}

/** Writes the report. */
export function sheetsOf(report: Report): Sheet[] {
  const { pairNs, floorNs, tickUs, spread } = report;
  const range = ([least, greatest]: Spread) => `(${least}–${greatest})`;
  return [{
    rows: [
      ["", "pair ns", "(min–max)", "bare array ns", "tick µs", "(min–max)"],
      ...Object.entries(SCALES).map(([name, { tags, idle, maxTags = 256 }]) => [
        `${name}: ${idle} idle, ${tags} ${tags === 1 ? "tag" : "tags"}${
          tags > maxTags ? `, maxTags ${maxTags}` : ""
        }`,
        String(pairNs[name]),
        range(spread.pairNs[name]!),
        String(floorNs[name]),
        String(tickUs[name]),
        range(spread.tickUs[name]!),
      ]),
    ],
    remarks: judge(report),
  }];
}

/** Draws the report. */
export function chartsOf({ pairNs, floorNs, tickUs }: Report): Chart[] {
  const points = (
    name: string,
    costs: Readonly<Record<string, number>>,
    scales: Readonly<Record<string, { readonly tags: number; readonly idle: number }>>,
    x: "tags" | "idle",
  ): Line => ({
    name,
    points: Object.entries(scales).map(([variant, scale]) => [scale[x], costs[variant]!]),
  });
  return [
    {
      kind: "line",
      title: "A pair at scale",
      caption:
        "Acquire and release, as idle objects grow under one tag and as tags grow, one after " +
        "another. Flat is good; what grows with tags is what a walk over as many handles costs the caches.",
      x: { label: "idle objects, or tags", scale: "logarithmic" },
      y: { label: "ns per pair" },
      lines: [
        points("by idle objects", pairNs, BY_IDLE, "idle"),
        points("by tags", pairNs, BY_TAGS, "tags"),
        points("bare array, by idle objects", floorNs, BY_IDLE, "idle"),
        points("bare array, by tags", floorNs, BY_TAGS, "tags"),
      ],
    },
    {
      kind: "line",
      title: "A tick at scale",
      caption:
        "Ticks one after another, with work in between. They do not look at idle objects one by one; " +
        "they do look at each tag, which is why maxTags is 256 unless raised.",
      x: { label: "idle objects, or tags", scale: "logarithmic" },
      y: { label: "µs per tick", scale: "logarithmic" },
      lines: [
        points("by idle objects", tickUs, BY_IDLE, "idle"),
        points("by tags", tickUs, BY_TAGS, "tags"),
      ],
    },
  ];
}
