import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { textOf } from "../bench/runner/sheet.ts";
import { growthOf, type Report, reportOf, type Sample, SCALES } from "../bench/scale/report.ts";
import { chartsOf, sheetsOf } from "../bench/scale/sheet.ts";
import { spinBySteps, TickSubject } from "../bench/tick/subject.ts";

const SAMPLE: Sample = { pairNs: 8, floorNs: 3, tickUs: 40, tags: 1, otherShare: 0, bypassed: 0 };
const CAPPED: Sample = { ...SAMPLE, tags: 257, otherShare: 0.974 };

/** A report of one round, where all is flat but for what is told. */
function reportWith(changed: Readonly<Record<string, Partial<Sample>>>): Report {
  const sampleOf = (name: string) => ({
    ...(name === "tags1e4capped" ? CAPPED : SAMPLE),
    ...changed[name],
  });
  return reportOf(new Map(Object.keys(SCALES).map((name) => [name, [sampleOf(name)]])));
}

describe("growthOf()", () => {
  const CASES = [
    { costs: [[10, 15, 12]], factor: 1.5, metRounds: 1 },
    { costs: [[15.1, 10]], factor: 1.51, metRounds: 0 },
    { costs: [[1, 2.5]], factor: 2.5, metRounds: 0 },
    { costs: [[10, 11], [30, 60], [20, 24]], factor: 1.2, metRounds: 2 },
  ];
  for (const { costs, factor, metRounds } of CASES) {
    const rounds = costs.map((ofRound) => ofRound.join(", ")).join(" and ");
    it(`growthOf() finds ${rounds} flat in ${metRounds} of ${costs.length} rounds`, () => {
      const growth = growthOf(costs);
      assertEquals(growth.factor, factor);
      assertEquals([growth.most, growth.metRounds, growth.rounds], [1.5, metRounds, costs.length]);
    });
  }

  it("growthOf() tells the least and the greatest of all rounds", () => {
    assertEquals(growthOf([[10, 11], [30, 60], [20, 24]]).spread, [1.1, 2]);
  });
});

describe("scale", () => {
  it("reportOf() takes medians over rounds and the extremes over one dimension each", () => {
    const samples = new Map<string, Sample[]>(
      Object.keys(SCALES).map((name) => [name, [CAPPED, CAPPED, CAPPED]]),
    );
    samples.set("idle1e4", [
      { ...SAMPLE, pairNs: 20 },
      { ...SAMPLE, pairNs: 16 },
      { ...SAMPLE, pairNs: 4 },
    ]);
    const { pairNs, spread, growth, capped } = reportOf(samples);
    assertEquals(pairNs.idle1e4, 16);
    assertEquals(spread.pairNs.idle1e4, [4, 20]);
    assertEquals([growth.pairByIdle.factor, growth.pairByIdle.metRounds], [2, 0]);
    assertEquals([growth.pairByTags.factor, growth.pairByTags.metRounds], [1, 3]);
    assertEquals(capped, { tags: 257, otherShare: 0.974 });
  });

  it("reportOf() does not count the capped pool among those whose tags grow", () => {
    const { growth } = reportWith({ tags1e4capped: { pairNs: 100, tickUs: 1000 } });
    assertEquals([growth.pairByTags.metRounds, growth.tickByTags.metRounds], [1, 1]);
  });

  it("sheetsOf() says what is flat and what is not", () => {
    const text = textOf(sheetsOf(reportWith({
      idle1e6: { pairNs: 9 },
      tags1e4: { tickUs: 1040, pairNs: 13 },
    })));
    for (
      const line of [
        /^MET {4}pair, 100 to 1 000 000 idle objects: the dearest takes 1.13 ×.* at most 1.5 × is flat/m,
        /^MISSED pair, 1 to 10 000 tags: the dearest takes 1.63 ×.*\(a bare array: 1 ×\)$/m,
        /^MET {4}tick, 100 to 1 000 000 idle objects/m,
        /^MISSED tick, 1 to 10 000 tags: the dearest takes 26 ×.*0.1 µs each$/m,
        /^Flat is what grows to at most 1.5 times the cheapest.*least of several turns/m,
        /^Beyond maxTags: of 10 000 tags 256 are told apart.*97.4 % of the acquires/m,
        /^tags1e4capped: 64 idle, 10000 tags, maxTags 256 /m,
      ]
    ) assert(line.test(text), `${line} in ${text}`);
  });

  it("sheetsOf() says in how many rounds it was flat, and grants a tick no microseconds on top", () => {
    const samples = new Map<string, Sample[]>(
      Object.keys(SCALES).map((name) => [name, [CAPPED, CAPPED, CAPPED]]),
    );
    const slow = { ...SAMPLE, tickUs: 64 };
    samples.set("idle1e6", [slow, SAMPLE, SAMPLE]);
    const text = textOf(sheetsOf(reportOf(samples)));
    assert(
      /^MIXED {2}tick, 100 to 1 000 000 .*1 × \(1–1.6\).*kept in 2 of 3 rounds$/m.test(text),
      text,
    );
  });

  it("sheetsOf() tells of tags that were bypassed by chance", () => {
    const remark = /^Of 10 000 tags told apart up to 2 were bypassed by chance/m;
    assert(remark.test(textOf(sheetsOf(reportWith({ tags1e4: { bypassed: 2 } })))));
    assert(!/bypassed/.test(textOf(sheetsOf(reportWith({})))));
  });

  it("chartsOf() draws both costs over both dimensions", () => {
    const charts = chartsOf(reportWith({ idle1e6: { pairNs: 9 }, tags1e4: { tickUs: 1040 } }));
    const [pairs, ticks] = charts.map((chart) => {
      assert(chart.kind === "line");
      assertEquals(chart.x.scale, "logarithmic");
      return chart.lines;
    });
    assertEquals(pairs![0]!.points.map(([x]) => x), [100, 1e3, 1e4, 1e5, 1e6]);
    assertEquals(pairs![0]!.points.at(-1), [1e6, 9]);
    assertEquals(pairs![1]!.points.map(([x]) => x), [1, 10, 100, 1e3, 1e4]);
    assertEquals(ticks![1]!.points.at(-1), [1e4, 1040]);
  });
});

describe("TickSubject", () => {
  const setup = { tags: 6, idle: 80, isSized: false };

  it("TickSubject.pair() goes through the tags one after another", () => {
    const subject = new TickSubject(setup, spinBySteps);
    const before = subject.shares();
    assertEquals(before.size, 6);
    for (let i = 0; i < 10; i++) subject.pair(601);
    const shares = [...subject.shares().values()];
    for (const share of shares) assertAlmostEquals(share, 1 / 6, 0.01);
  });

  it("TickSubject.shares() shows that tags past the cap are one", () => {
    const subject = new TickSubject({ ...setup, maxTags: 2 }, spinBySteps);
    subject.pair(6000);
    subject.work();
    subject.tick();
    subject.check();
    const shares = subject.shares();
    assertEquals([...shares.keys()].toSorted(), ["(other)", "tag0", "tag1"]);
    assertAlmostEquals(shares.get("(other)")!, 4 / 6, 0.02);
  });

  it("TickSubject.check() refuses a pool with fewer tags than are meant", () => {
    const subject = new TickSubject({ tags: 500, idle: 80, isSized: false }, spinBySteps);
    const error = assertThrows(() => subject.check(), Error);
    assert(
      /^Cannot measure tick: 255 tags must be pooled: received \d+$/.test(error.message),
      error.message,
    );
    subject.pair(500);
    subject.check();
  });
});
