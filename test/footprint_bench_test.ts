import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { COUNT_MS, type Report, reportOf, type Sample } from "../bench/footprint/report.ts";
import { sheetsOf } from "../bench/footprint/sheet.ts";
import { PHASES, SHIFT_MS } from "../bench/footprint/shift.ts";
import { textOf } from "../bench/runner/sheet.ts";

const QUIET_FROM = PHASES.busyMs / COUNT_MS;
const QUIET_TO = QUIET_FROM + PHASES.quietMs / COUNT_MS;

/** A round with so many idle megabytes in the quiet phase, and 10 in all others. */
function sampleOf(quietMB: number, changed: Partial<Sample> = {}): Sample {
  return {
    idleBytes: Array.from(
      { length: SHIFT_MS / COUNT_MS },
      (_, i) => (i >= QUIET_FROM && i < QUIET_TO ? quietMB : 10) * 1e6,
    ),
    endBytes: 2e6,
    tookS: 3,
    hit: 0.99996,
    checksum: 7,
    rssBytes: 100e6,
    peakRssBytes: 150e6,
    ...changed,
  };
}

const RIVALS = ["alloc", "sync-pool", "sync-pool-gc", "free-list"];

/** A report of these rounds, and of rivals that keep 10 MB in all phases. */
function reportWith(ours: readonly Sample[]): Report {
  return reportOf(
    new Map([["siliconflow", ours], ...RIVALS.map((rival) => [rival, [sampleOf(10)]] as const)]),
  );
}

const ROUNDS = [
  sampleOf(9, { rssBytes: 90e6 }),
  sampleOf(1, { rssBytes: 120e6 }),
  sampleOf(3, { endBytes: 4e6 }),
];

describe("footprint", () => {
  it("reportOf() takes what lies idle of all rounds, not of the first one", () => {
    const { variants, spread, series } = reportWith(ROUNDS);
    const ours = variants.siliconflow!;
    assertEquals(ours.idleMB, { busyMs: 10, quietMs: 3, busyAgainMs: 10, goneMs: 10 });
    assertEquals(spread.siliconflow!.idleMB.quietMs, [1, 9]);
    assertEquals([ours.endMB, ours.rssMB, ours.peakRssMB], [2, 100, 150]);
    assertEquals(spread.siliconflow!.rssMB, [90, 120]);
    assertEquals([series.siliconflow![QUIET_FROM - 1], series.siliconflow![QUIET_FROM]], [10, 3]);
  });

  it("reportOf() tells no memory of the process where the system does not", () => {
    const { variants, spread } = reportWith([sampleOf(3, { rssBytes: null, peakRssBytes: null })]);
    assertEquals([variants.siliconflow!.rssMB, spread.siliconflow!.rssMB], [null, null]);
  });

  it("reportOf() refuses variants that did different work", () => {
    assertThrows(() => reportWith([sampleOf(3, { checksum: 6 })]), Error, "received 7 of alloc");
  });

  it("sheetsOf() prints the least and the greatest where they differ, and what MB are", () => {
    const text = textOf(sheetsOf(reportWith(ROUNDS)));
    for (
      const line of [
        /^siliconflow +10 +3 \(1–9\) +10 +10 +2 \(2–4\) +99.99 +100 \(90–120\) +150$/m,
        /^WIN +siliconflow against free-list: 3 MB idle in the quiet phase, not 10$/m,
        /^MB are millions of bytes.* number of idle contexts times the byteLength/m,
      ]
    ) assert(line.test(text), `${line} in ${text}`);
  });
});
