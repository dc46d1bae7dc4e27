import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type AliasSample, runAlias } from "../bench/failure/alias.ts";
import { falseRateTrace, runFalseRate } from "../bench/failure/false_rate.ts";
import { countPeriod, mismatchTrace, runMismatch } from "../bench/failure/mismatch.ts";
import { chartsOf, type Report, reportOf, sheetsOf } from "../bench/failure/report.ts";
import { hitRate, serve, sumServed } from "../bench/failure/serving.ts";
import { freeList, noPool } from "../bench/policy/subject.ts";
import { TraceDraft } from "../bench/policy/trace.ts";
import { textOf } from "../bench/runner/sheet.ts";

/** Two tags: `a` finds nothing at 0 and 1 and one at 5, `b` one at 9. */
function smallTrace() {
  const draft = new TraceDraft();
  draft.add(0, 3, "a");
  draft.add(1, 3, "a");
  draft.add(5, 2, "a");
  draft.add(9, 1, "b");
  return draft.finish("small", 10);
}

describe("serve()", () => {
  it("serve() counts arrivals and hits by tag", () => {
    const { tags } = serve(smallTrace(), freeList, 0);
    assertEquals(tags, { a: { acquires: 3, hits: 1 }, b: { acquires: 1, hits: 1 } });
    assertEquals(sumServed(tags), { acquires: 4, hits: 2 });
    assertEquals(hitRate(tags.a!), 1 / 3);
    assertEquals(sumServed(serve(smallTrace(), noPool, 0).tags), { acquires: 4, hits: 0 });
  });

  it("serve() leaves out what comes before a time, but not what it left behind", () => {
    assertEquals(serve(smallTrace(), freeList, 5).tags, {
      a: { acquires: 1, hits: 1 },
      b: { acquires: 1, hits: 1 },
    });
  });

  it("serve() tells how many objects lay idle on average", () => {
    // One from 3 ms on and one from 4 ms on, but for 5 to 7 and 9 to 10.
    assertEquals(serve(smallTrace(), freeList, 0).meanIdle, (7 + 6 - 2 - 1) / 10);
  });

  it("serve() shows the subject before it is closed", () => {
    const seen: string[] = [];
    const make = () => ({
      ...freeList({ create: () => ({ bytes: 0 }) } as never),
      close: () => void seen.push("closed"),
    });
    serve(new TraceDraft().finish("empty", 1), make, 0, () => void seen.push("looked"));
    assertEquals(seen, ["looked", "closed"]);
  });
});

describe("runAlias()", () => {
  it("runAlias() sees the port corrupt answers, and with, leases and guards none", async () => {
    const { port, ours, held } = await runAlias(30);
    assert(port.race.corrupted >= 28, `${port.race.corrupted}`);
    for (const way of ["with", "lease", "guard"] as const) {
      assertEquals(ours[way], { requests: 30, corrupted: 0, refused: 0 }, way);
    }
    assertEquals(ours.endedLease, { requests: 30, corrupted: 0, refused: 30 });
    assert(held);
  });

  it("runAlias() sees that a raw release is as wrong as the port's", async () => {
    const { port, ours } = await runAlias(30);
    assertEquals(ours.raw, port.race);
    assertEquals(ours.lateRaw, { trials: 3, shared: 3, refused: 0 });
  });

  it("runAlias() sees who refuses a release too many", async () => {
    const { port, ours } = await runAlias(30);
    assertEquals(port.doubleRelease, { trials: 3, shared: 3, refused: 0 });
    assertEquals(port.lateRelease, { trials: 3, shared: 3, refused: 0 });
    assertEquals(ours.doubleRelease, { trials: 3, shared: 0, refused: 3 });
    assertEquals(ours.lateLease, { trials: 3, shared: 0, refused: 3 });
  });
});

describe("runMismatch()", () => {
  it("mismatchTrace() has 950 gets and 100 puts between two collections", () => {
    const trace = mismatchTrace(3);
    for (const burst of [0, 1, 2]) {
      const fromMs = burst * 1000;
      assertEquals(countPeriod(trace, fromMs, fromMs + 100), { got: 950, put: 100 });
      assertEquals(countPeriod(trace, fromMs + 100, fromMs + 1000), { got: 0, put: 850 });
    }
  });

  it("runMismatch() sees the port serve what was put, and ours all", () => {
    const { period, port, portSeldom, ours, held } = runMismatch(4);
    assertEquals(period, { got: 950, put: 100 });
    assertEquals(port.hitRate, 100 / 950);
    assert(ours.hitRate >= 0.95 && held, `${ours.hitRate}`);
    assert(ours.meanIdle > port.meanIdle);
    assertEquals(portSeldom.hitRate, 1);
  });
});

describe("runFalseRate()", () => {
  it("falseRateTrace() is almost all task", () => {
    const { tags, tagOf } = falseRateTrace(2);
    const counts = tags.map((_, i) => tagOf.filter((tag) => tag === i).length);
    assertEquals([tags, counts], [["task", "burst"], [120_000, 60]]);
  });

  it("runFalseRate() sees a perfect rate of the port and its bursts unserved", () => {
    const { port, ours, held } = runFalseRate(4);
    assert(port.overall > 0.999 && port.bursts < 0.05, JSON.stringify(port));
    assert(ours.bursts >= 0.95 && held, JSON.stringify(ours));
    assertEquals(ours.told.tags.burst?.acquires, 120);
    assert(ours.isTrue);
    assert(/keep \d+ idle objects/.test(ours.told.because), ours.told.because);
  });
});

describe("failure", () => {
  async function whole(): Promise<Report> {
    return reportOf(
      new Map<string, readonly unknown[]>([
        ["alias", [await runAlias(30)]],
        ["mismatch", [runMismatch(3)]],
        ["falseRate", [runFalseRate(3)]],
      ]),
    );
  }

  it("sheetsOf() says where this pool holds, and where it does not", async () => {
    const report = await whole();
    assert(report.held);
    const text = textOf(sheetsOf(report));
    assertEquals(text.match(/^MET {4}/gm)?.length, 3);
    assertEquals(text.match(/^FAILS {2}raw release/gm)?.length, 2);
    assert(/just what was counted from outside/.test(text), text);
    assert(/^sync\.Pool, a collection every 100 ms +99\.95 % +3\.33 %/m.test(text), text);
  });

  it("sheetsOf() says so if a mode is not held, or a failure is gone", async () => {
    const report = await whole();
    const { alias, mismatch, falseRate } = report;
    const raw = { requests: 30, corrupted: 0, refused: 30 };
    const changed: AliasSample = { ...alias, held: false, ours: { ...alias.ours, raw } };
    const samples = new Map<string, readonly unknown[]>([
      ["alias", [changed]],
      ["mismatch", [{ ...mismatch, held: false }]],
      ["falseRate", [{ ...falseRate, held: false, ours: { ...falseRate.ours, isTrue: false } }]],
    ]);
    const bad = reportOf(samples);
    assertEquals(bad.held, false);
    const text = textOf(sheetsOf(bad));
    assertEquals(text.match(/^MISSED /gm)?.length, 3);
    assert(/^HOLDS {2}raw release by a request/m.test(text), text);
    assert(/which is NOT what was counted/.test(text), text);
  });

  it("chartsOf() draws what goes right, of our ways the worst", async () => {
    const report = await whole();
    const { alias } = report;
    const lease = { requests: 100, corrupted: 25, refused: 0 };
    const [chart] = chartsOf({
      ...report,
      alias: { ...alias, ours: { ...alias.ours, lease } },
    });
    assert(chart?.kind === "bar");
    assertEquals(chart.series.map(({ name }) => name), ["sync.Pool", "ours"]);
    assertEquals(chart.series[1]!.figures, [75, 100, 100]);
    assertEquals(chart.series[0]!.figures[1], 10.5);
  });
});
