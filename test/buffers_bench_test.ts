import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MIXES, runMix } from "../bench/buffers/fragmentation.ts";
import { replay } from "../bench/buffers/replay.ts";
import { type Report, reportOf, type Sample } from "../bench/buffers/report.ts";
import { chartsOf, sheetsOf } from "../bench/buffers/sheet.ts";
import { CHECKSUM, freeList, SIZES, WAYS } from "../bench/buffers/subject.ts";
import { parseTrace } from "../bench/policy/csv.ts";
import { textOf } from "../bench/runner/sheet.ts";

/** A report of one round, where a pair takes 20 ns and the free list 10 unless told otherwise. */
function reportWith(
  ns: Readonly<Record<string, number>>,
  { bytes, most = 1.2 }: { bytes?: number; most?: number } = {},
): Report {
  const paces = (way: string): Sample => ({
    kind: "paces",
    paces: Object.fromEntries(SIZES.map((size) => [size, {
      ns: ns[way] ?? 20,
      floorNs: 10,
      ...(bytes === undefined ? {} : { bytes }),
    }])),
  });
  const mix = (chunkBytes: number): Sample => ({
    kind: "mix",
    mix: {
      chunkBytes,
      looks: 9,
      p50: 1.1,
      p99: 1.15,
      most,
      mostLearning: 1.6,
      perUsed: 1.3,
      hitRate: 0.98,
    },
  });
  return reportOf(
    new Map<string, Sample[]>([
      ...Object.keys(WAYS).map((way) => [way, [paces(way)]] as const),
      ...Object.entries(MIXES).map(([name, { chunkBytes }]) => [name, [mix(chunkBytes)]] as const),
    ].map(([name, taken]) => [name, [...taken]])),
  );
}

const GOOD = {
  alloc: 2000,
  allocWhole: 1800,
  freeListWhole: 590,
  whole: 600,
  never: 20,
  dirty: 40,
  freeListDirty: 25,
};

describe("buffers bench", () => {
  for (const name of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
    it(`The way ${name} touches what it should, at every size`, async () => {
      const way = await WAYS[name]();
      for (const size of SIZES) {
        for (let i = 0; i < 3; i++) assertEquals(way(size), CHECKSUM);
      }
    });
  }

  it("The free list touches what it should", () => {
    const way = freeList();
    for (const size of SIZES) assertEquals(way(size), CHECKSUM);
  });

  const TARGETS: readonly (readonly [
    string,
    Parameters<typeof reportWith>[0],
    Parameters<typeof reportWith>[1],
    number,
  ])[] = [
    ["all is met", GOOD, { bytes: 0 }, 0],
    ["never is too slow against new ones and the list", { ...GOOD, never: 21 }, { bytes: 0 }, 2],
    ["dirty is too slow", { ...GOOD, dirty: 41 }, { bytes: 0 }, 1],
    ["whole is too slow", { ...GOOD, whole: 601 }, { bytes: 0 }, 1],
    ["whole is much slower than the list", { ...GOOD, freeListWhole: 500 }, { bytes: 0 }, 1],
    ["hits allocate", GOOD, { bytes: 1 }, 2],
    ["slabs waste", GOOD, { bytes: 0, most: 1.51 }, 2],
  ];
  for (const [what, ns, options, missed] of TARGETS) {
    it(`reportOf() counts ${missed} missed targets where ${what}`, () => {
      const report = reportWith(ns, options);
      const names = report.targets.filter(({ met }) => !met).map(({ what }) => what);
      assertEquals(names.length, missed, names.join(", "));
      const lines = textOf(sheetsOf(report)).match(/^MISSED /gm) ?? [];
      assertEquals(lines.length, missed);
    });
  }

  it("reportOf() has the form that was asked for", () => {
    const { ns, fragmentation } = reportWith(GOOD, { bytes: 0 });
    const { alloc, dirty, freeList, never, typedarrayPool } = ns["65536"]!;
    assertEquals([alloc, never, dirty, freeList, typedarrayPool], [2000, 20, 40, 10, 20]);
    assertEquals(fragmentation, 1.2);
  });

  it("reportOf() compares by the free list of each one's own process", () => {
    const samples = new Map<string, Sample[]>();
    for (const way of Object.keys(WAYS)) {
      // A process in which the machine is half as fast.
      const factor = way === "never" ? 2 : 1;
      const pace = { ns: 20 * factor, floorNs: 10 * factor };
      samples.set(way, [{ kind: "paces", paces: { 65536: pace } }]);
    }
    const mix = {
      chunkBytes: 1,
      looks: 1,
      p50: 1,
      p99: 1,
      most: 1,
      mostLearning: 1,
      perUsed: 1,
      hitRate: 1,
    };
    samples.set("fragmentation", [{ kind: "mix", mix }]);
    const { ns, ratio } = reportOf(samples);
    assertEquals([ns["65536"]!.never, ratio["65536"]!.never], [40, 2]);
  });

  it("sheetsOf() says who wins and loses at which size, and what is unknown", () => {
    const text = textOf(sheetsOf(reportWith(GOOD)));
    for (
      const line of [
        /^WIN {4}never, times as fast as alloc: 100 at 256 B, .*100 at 1 MB$/m,
        /^LOSS {3}never, times as fast as freeList: 0\.5 at 256 B/m,
        /^UNKNOWN bytes per hit/m,
        /^chunks of 256 KB/m,
      ]
    ) assert(line.test(text.replaceAll(/^(WIN|LOSS) +/gm, (mark) => mark.trim().padEnd(7))), text);
  });

  it("chartsOf() draws each way over the sizes", () => {
    const [chart] = chartsOf(reportWith(GOOD));
    assert(chart?.kind === "line");
    assertEquals(chart.lines.find(({ name }) => name === "never")!.points[4], [65_536, 20]);
  });

  it("replay() serves every arrival of a trace by its bytes", () => {
    const lines = Array.from(
      { length: 400 },
      (_, i) => `${i},${i % 2 === 0 ? 8000 : 70_000.5},5,t`,
    );
    const trace = parseTrace(["arrival_ms,bytes,hold_ms,tag", ...lines].join("\n"));
    const { arrivals, hitRate, unpooled, waste } = replay(trace);
    assertEquals([arrivals, unpooled], [400, 200]);
    assert(hitRate > 0.9 && hitRate < 1, `${hitRate}`);
    assert(waste > 0.5 && waste < 0.52, `${waste}`);
  });

  it("runMix() looks twice a second, and refuses a mix that never fills four chunks", () => {
    const { looks, most, p50, p99 } = runMix(MIXES.fragmentation, 1 / 20);
    // Both ends of the minute count.
    assertEquals(looks, 2 * (180 - 120) + 1);
    assert(1 <= p50 && p50 <= p99 && p99 <= most, `${p50}, ${p99}, ${most}`);
    assertThrows(
      () => runMix({ chunkBytes: 2 ** 24, perMs: 0.01, mostMs: 10 }, 1 / 20),
      Error,
      "received never so many",
    );
  });
});
