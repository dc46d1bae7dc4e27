import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { repeat } from "../bench/pair/repeat.ts";
import { type Report, reportOf, type Sample } from "../bench/pair/report.ts";
import { chartsOf, sheetsOf } from "../bench/pair/sheet.ts";
import { floor, floorHeld, PAIRS, type Subject, SUBJECTS } from "../bench/pair/subject.ts";
import { steppedStopwatch } from "../bench/runner/stopwatch.ts";
import { textOf } from "../bench/runner/sheet.ts";
import { assertGrammar } from "./fixture/thing.ts";

const VARIANTS = [
  "floorReset",
  "pool",
  "tagged",
  "taggedVariable",
  "taggedSized",
  "lease",
  "with",
  "held16",
  "reusify",
  "deepool",
  "generic-pool",
  "lightning-pool",
  "tarn",
];

/** A report of one round, where a pair takes 10 ns and the floor 5 unless told otherwise. */
function reportWith(ns: Readonly<Record<string, number>>, bytes?: number): Report {
  const sampleOf = (variant: string): Sample => {
    const taken = ns[variant] ?? 10;
    return {
      ns: taken,
      floorNs: 5,
      ratio: taken / 5,
      ...(bytes === undefined ? {} : { bytes }),
    };
  };
  return reportOf(new Map(VARIANTS.map((variant) => [variant, [sampleOf(variant)]])));
}

const SLOW_PEERS = { "generic-pool": 600, "lightning-pool": 700, tarn: 6000 };

describe("pair", () => {
  it("reportOf() takes medians, of bytes too: one count of none is not enough", () => {
    const rounds: Sample[] = [
      { ns: 10, floorNs: 4, ratio: 2.5, bytes: 3 },
      { ns: 30, floorNs: 5, ratio: 6, bytes: 0.005 },
      { ns: 20, floorNs: 5, ratio: 4, bytes: 9 },
    ];
    const report = reportOf(new Map(VARIANTS.map((variant) => [variant, rounds])));
    assertEquals(report.ns.tagged, 20);
    assertEquals(report.ratio.tagged, 4);
    assertEquals(report.bytes.tagged, 3);
    assertEquals(report.spread.bytes.tagged, [0, 9]);
    assertEquals(report.spread.ratio.tagged, [2.5, 6]);
    assertEquals(report.held16, { floor: 5, tagged: 20, ratio: 4 });
    assertEquals(report.budget.met, false);
  });

  const BUDGETS = [
    { tagged: 15, bytes: 0, met: true },
    { tagged: 15.1, bytes: 0, met: false },
    { tagged: 15, bytes: 1, met: false },
  ];
  for (const { tagged, bytes, met } of BUDGETS) {
    it(`reportOf() says of ${tagged / 5} × the floor and ${bytes} bytes: met is ${met}`, () => {
      assertEquals(reportWith({ tagged }, bytes).budget.met, met);
    });
  }

  const TARGETS = [
    { genericPool: 500, lightningPool: 600, tarn: 9000, leastGuarded: 50, met: true },
    { genericPool: 9000, lightningPool: 600, tarn: 490, leastGuarded: 49, met: false },
    { genericPool: 9000, lightningPool: 170, tarn: 490, leastGuarded: 17, met: false },
  ];
  for (const { genericPool, lightningPool, tarn, leastGuarded, met } of TARGETS) {
    it(`reportOf() says of the fastest guarded peer at ${leastGuarded} ×: met is ${met}`, () => {
      const { peers } = reportWith({
        "generic-pool": genericPool,
        "lightning-pool": lightningPool,
        tarn,
        reusify: 5,
      });
      assertEquals(peers.leastGuarded, leastGuarded);
      assertEquals(peers.met, met);
      assertEquals(peers.factor.reusify, 0.5);
    });
  }

  it("reportOf() compares with peers by the floor of each one's own process", () => {
    const samples = new Map<string, Sample[]>(
      VARIANTS.map((variant) => [variant, [{ ns: 10, floorNs: 5, ratio: 2 }]]),
    );
    // A process in which the machine is half as fast.
    samples.set("reusify", [{ ns: 20, floorNs: 10, ratio: 2 }]);
    assertEquals(reportOf(samples).peers.factor.reusify, 1);
  });

  it("reportOf() leaves bytes out where nobody counted them", () => {
    const report = reportWith({});
    assertEquals("bytesPerHit" in report, false);
    assertEquals(report.bytes, {});
    assertEquals(report.budget.met, true);
    const text = textOf(sheetsOf(report));
    assert(/^UNKNOWN bytes/m.test(text), text);
    assert(!/0 bytes/.test(text), text);
  });

  it("sheetsOf() says what was met and missed, who won and who lost", () => {
    const text = textOf(sheetsOf(reportWith({ ...SLOW_PEERS, lease: 40, reusify: 5 }, 0)));
    for (
      const line of [
        /^MET {4}tagged: 2 × the floor/m,
        /^MET {4}tagged is 60 × as fast as the fastest peer that sees a double release/m,
        /^LOSS {2}tagged takes 2 × as long as reusify, which does not see a double release/m,
        /^WIN {3}tagged is 600 × as fast as tarn$/m,
      ]
    ) assert(line.test(text), `${line} in ${text}`);
    assert(/^MISSED tagged is 1 ×/m.test(textOf(sheetsOf(reportWith({}, 0)))));
  });

  it("chartsOf() draws each variant of the table by the floor", () => {
    const [chart] = chartsOf(reportWith({ ...SLOW_PEERS, lease: 40 }));
    assert(chart?.kind === "bar");
    assertEquals(chart.y.scale, "logarithmic");
    const figure = (name: string) => chart.series[0]!.figures[chart.categories.indexOf(name)];
    assertEquals([figure("floor"), figure("lease"), figure("tarn")], [1, 8, 1200]);
  });
});

describe("repeat()", () => {
  /** A stack of objects, as the bench touches them, with or without a reset. */
  function stackOf(isReset: boolean, reset: (object: { hits: number }) => void): Subject {
    const stack = Array.from({ length: 4 }, () => ({ hits: isReset ? 0 : 1 }));
    const run = () => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = stack.pop()!;
        touches += object.hits + 1;
        object.hits = 1;
        reset(object);
        stack.push(object);
      }
      return touches;
    };
    return { isReset, run, runOthers() {} };
  }

  it("repeat() refuses a subject that does not reset where it is to", async () => {
    await repeat(stackOf(true, (object) => void (object.hits = 0)), 3);
    const error = await assertRejects(() => repeat(stackOf(true, () => {}), 3), Error);
    assertEquals(
      error.message,
      "Cannot measure pair: a call must see 64 touches, one of each object, which was reset: received 127",
    );
  });

  it("repeat() refuses a floor that resets: the rest could not be compared with it", async () => {
    await repeat(stackOf(false, () => {}), 3);
    const resets = stackOf(false, (object) => void (object.hits = 0));
    assertGrammar(await assertRejects(() => repeat(resets, 3), Error));
  });

  it("repeat() refuses a subject that leaves objects out", async () => {
    const lazy: Subject = { isReset: true, run: () => Promise.resolve(63), runOthers() {} };
    assertGrammar(await assertRejects(() => repeat(lazy, 1), Error));
  });

  for (const name of ["pool", "tagged", "taggedVariable", "lease", "with", "held16"] as const) {
    it(`repeat() finds that ${name} resets`, async () => {
      await repeat(SUBJECTS[name](), 3);
    });
  }

  it("repeat() finds that the floors do not", async () => {
    await repeat(floor(), 3);
    await repeat(floorHeld(), 3);
  });
});

describe("steppedStopwatch()", () => {
  /** A machine on which a look at the clock takes 40 ns, and a clock with steps of a millisecond. */
  function machine() {
    const state = { ms: 0.3 };
    const now = () => {
      state.ms += 4e-5;
      return Math.floor(state.ms);
    };
    return { state, now };
  }

  for (const ns of [900, 20_000, 700_000]) {
    it(`steppedStopwatch() finds that a call takes ${ns} ns, by a clock of whole milliseconds`, async () => {
      const { state, now } = machine();
      const measured = await steppedStopwatch(now)(() => void (state.ms += ns / 1e6), 20);
      assertAlmostEquals(measured, ns, 0.05 * ns);
    });
  }

  it("steppedStopwatch() awaits promises", async () => {
    const { state, now } = machine();
    const run = async () => {
      await Promise.resolve();
      state.ms += 0.02;
    };
    assertAlmostEquals(await steppedStopwatch(now)(run, 20), 20_000, 1000);
  });

  it("steppedStopwatch() goes on for as long as it is told", async () => {
    const { state, now } = machine();
    await steppedStopwatch(now)(() => void (state.ms += 0.01), 50);
    assert(state.ms > 50 && state.ms < 80, `${state.ms}`);
  });

  it("steppedStopwatch() refuses a clock that stands still", async () => {
    const error = await assertRejects(() => steppedStopwatch(() => 0)(() => {}, 20), Error);
    assertEquals(
      error.message,
      "Cannot time: the clock must move: received one that stood still for 16777216 calls",
    );
  });
});
