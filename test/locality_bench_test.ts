import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  chartsOf,
  type Report,
  reportOf,
  type Sample,
  sheetsOf,
} from "../bench/locality/report.ts";
import { reuseDistances } from "../bench/locality/reuse_distance.ts";
import { Requests, type Reuse, REUSES } from "../bench/locality/subject.ts";
import { textOf } from "../bench/runner/sheet.ts";
import { assertGrammar } from "./fixture/thing.ts";

/** The distances by their definition. */
function naiveDistances(uses: readonly number[]): number[] {
  return uses.flatMap((object, now) => {
    const last = uses.lastIndexOf(object, now - 1);
    return now === 0 || last < 0 ? [] : [new Set(uses.slice(last + 1, now)).size];
  });
}

describe("reuseDistances()", () => {
  const CASES = [
    { uses: [1, 1, 1], p50: 0, p99: 0, objects: 1 },
    { uses: [1, 2, 3, 1, 2, 3], p50: 2, p99: 2, objects: 3 },
    { uses: [1, 2, 2, 2, 1], p50: 0, p99: 1, objects: 2 },
    { uses: [5, 6, 7, 6, 5, 8, 5], p50: 1, p99: 2, objects: 4 },
  ];
  for (const { uses, ...expected } of CASES) {
    it(`reuseDistances() of ${uses.join(" ")}`, () => {
      assertEquals(reuseDistances(uses), expected);
    });
  }

  it("reuseDistances() is what the definition says", () => {
    const uses = fc.array(fc.nat(8), { minLength: 10, maxLength: 60 });
    fc.assert(fc.property(uses, (uses) => {
      const sorted = naiveDistances(uses).sort((a, b) => a - b);
      const { p50, p99 } = reuseDistances(uses);
      assertEquals(p50, sorted[Math.ceil(0.5 * sorted.length) - 1]);
      assertEquals(p99, sorted[Math.ceil(0.99 * sorted.length) - 1]);
    }));
  });

  it("reuseDistances() refuses uses without a reuse", () => {
    assertGrammar(assertThrows(() => reuseDistances([1, 2, 3]), RangeError));
  });
});

describe("Requests", () => {
  const distanceOf = (reuse: Reuse) => reuseDistances(new Requests(reuse).trace(1000));

  it("Requests touch as few objects as there are requests where the last used comes first", () => {
    const distance = distanceOf(REUSES.lifo(100, 8));
    assertEquals(distance.objects, 16);
    assert(distance.p99 <= 15, `${distance.p99}`);
  });

  it("Requests touch all objects where the longest unused comes first", () => {
    const distance = distanceOf(REUSES.fifo(100, 8));
    assertEquals(distance.objects, 100);
    assert(distance.p50 >= 84 && distance.p99 <= 99, JSON.stringify(distance));
  });

  it("Requests find in our pool what they find in the bare array", () => {
    assertEquals(distanceOf(REUSES.ours(100, 8)), distanceOf(REUSES.lifo(100, 8)));
  });

  it("Requests.serve() reads the same in each way to reuse", () => {
    const sums = Object.values(REUSES).map((reuse) => new Requests(reuse(100, 256)).serve(64));
    assertEquals(sums, [8064, 8064, 8064]);
  });

  it("Requests.serve() writes whole payloads, of the object that it got", () => {
    const payload = new Uint8Array(200);
    let given = 0;
    const requests = new Requests({
      acquire: () => ({ id: 0, payload }),
      release: () => void given++,
    });
    // A byte of each of four lines, from 0 to 5.
    assertEquals(requests.serve(6), 4 * (0 + 1 + 2 + 3 + 4 + 5));
    assertEquals(given, 6);
    assert(payload.every((byte) => byte === 5), `${payload}`);
  });
});

describe("locality", () => {
  /** A report of one round of requests that take 100 ns and read a sum of 7 unless told otherwise. */
  function reportWith(
    ns: Readonly<Record<string, number>>,
    checksums: Readonly<Record<string, number>> = {},
  ): Report {
    const sampleOf = (variant: string): Sample => ({
      ns: ns[variant] ?? 100,
      checksum: checksums[variant] ?? 7,
      distance: variant.startsWith("fifo")
        ? { p50: 900, p99: 1000, objects: 1001 }
        : { p50: 7, p99: 15, objects: 16 },
    });
    const variants = [256, 4096, 65_536].flatMap((payload) =>
      ["lifo", "fifo", "ours"].map((reuse) => `${reuse}${payload}`)
    );
    return reportOf(new Map(variants.map((variant) => [variant, [sampleOf(variant)]])));
  }

  it("reportOf() takes medians, and compares with the bare array of the same payload", () => {
    const distance = { p50: 1, p99: 2, objects: 3 };
    const samples = new Map<string, Sample[]>();
    for (const payload of [256, 4096, 65_536]) {
      for (const [reuse, ns] of [["lifo", 10], ["fifo", 50], ["ours", 20]] as const) {
        const taken = [ns, ns * 3, ns * 2].map((ns) => ({
          ns: ns * payload,
          checksum: payload,
          distance,
        }));
        samples.set(`${reuse}${payload}`, taken);
      }
    }
    const { payloads, checksums } = reportOf(samples);
    assertEquals(checksums, { 256: 256, 4096: 4096, 65536: 65_536 });
    const { ours, fifo } = payloads[256]!;
    assertEquals(ours, { ns: 10_200, spread: [5120, 15_400], byLifo: 2, distance });
    assertEquals(fifo.byLifo, 5);
  });

  it("reportOf() refuses a way to reuse that leaves work out", () => {
    const error = assertThrows(() => reportWith({}, { ours4096: 6 }), Error);
    assertEquals(
      error.message,
      "Cannot compare locality of 4 KB: variants must do the same work, with the checksum 7: received 6 of ours4096",
    );
  });

  it("sheetsOf() says who is faster, and what is the same", () => {
    const text = textOf(sheetsOf(reportWith({ fifo256: 700, lifo256: 80, fifo4096: 50 })));
    for (
      const line of [
        /^WIN {3}256 B: ours is 7 × as fast as the ring$/m,
        /^LOSS {2}256 B: ours takes 1.25 × as long as the bare array$/m,
        /^LOSS {2}4 KB: ours takes 2 × as long as the ring$/m,
        /^EVEN {2}64 KB: ours takes as long as the bare array$/m,
        /^64 KB × 2048: bare ring, first in first out +900 +1000 +1001 +100 /m,
      ]
    ) assert(line.test(text), `${line} in ${text}`);
  });

  it("chartsOf() draws distances and times by payload", () => {
    const charts = chartsOf(reportWith({ fifo4096: 800 }));
    assertEquals(charts.length, 2);
    const [distance, time] = charts;
    assert(distance?.kind === "bar" && time?.kind === "bar");
    assertEquals(distance.categories, ["256 B", "4 KB", "64 KB"]);
    assertEquals(distance.series.map(({ figures }) => figures[1]), [7, 900, 7]);
    assertEquals(time.series.map(({ figures }) => figures[1]), [100, 800, 100]);
  });
});
