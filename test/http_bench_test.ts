import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AnswerLength } from "../bench/http/answer_length.ts";
import { type Figure, type Report, reportOf } from "../bench/http/report.ts";
import type { Sample } from "../bench/http/round.ts";
import { makeService, type Variant, VARIANTS } from "../bench/http/service.ts";
import { chartsOf, sheetsOf } from "../bench/http/sheet.ts";
import { mergeLatencies, parseWrk, quantileMs } from "../bench/http/wrk.ts";
import type { RuntimeName } from "../bench/runner/bench.ts";
import { textOf } from "../bench/runner/sheet.ts";
import { assertGrammar } from "./fixture/thing.ts";

/** What wrk printed of a server that waits for 100 to 220 ms. */
const OUTPUT = `Running 1s test @ http://127.0.0.1:8124/
  1 threads and 2 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   192.18ms   17.66ms 217.57ms   70.00%
    Req/Sec    10.57      4.54    20.00     71.43%
  Latency Distribution
     50%  193.60ms
     75%  204.73ms
     90%  217.57ms
     99%  217.57ms
  10 requests in 1.00s, 1.14KB read
Requests/sec:      9.96
Transfer/sec:      1.14KB
@@wrk {"requests":10,"bytes":1170,"us":1003736,"errors":{"connect":0,"read":0,"write":0,"status":0,"timeout":0},"latencies":[[159323,1],[175643,1],[185090,1],[185233,1],[190432,1],[193598,1],[194754,1],[204734,1],[215460,1],[217566,1]]}
`;

/** What it printed of one that answers each 50th request with status 500; the latencies are cut. */
const FAULTY_OUTPUT = `  44196 requests in 1.00s, 4.95MB read
  Non-2xx or 3xx responses: 883
Requests/sec:  44113.77
Transfer/sec:      4.94MB
@@wrk {"requests":44196,"bytes":5190451,"us":1001864,"errors":{"connect":0,"read":0,"write":0,"status":883,"timeout":0},"latencies":[[14,1]]}
`;

describe("parseWrk()", () => {
  it("reads what wrk printed", () => {
    const { requests, bytes, seconds, latencies } = parseWrk(OUTPUT);
    assertEquals([requests, bytes, seconds, latencies.length], [10, 1170, 1.003736, 10]);
    assertEquals(quantileMs(latencies, 0.5), 190.432);
  });

  const line = (errors: object, requests = 5) =>
    `@@wrk ${JSON.stringify({ requests, bytes: 0, us: 1, errors, latencies: [] })}\n`;
  const none = { connect: 0, read: 0, write: 0, status: 0, timeout: 0 };
  const REFUSED: readonly [string, string, string][] = [
    ["a status from 400", FAULTY_OUTPUT, "received 883 answers of a status from 400"],
    [
      "errors of connections",
      line({ ...none, connect: 1, read: 2, write: 3, timeout: 4 }),
      "received 1 failed connections, 2 failed reads, 3 failed writes, 4 timeouts",
    ],
    ["a server that is silent", line(none, 0), "received no answer"],
    ["another output", "unable to connect\n", "received unable to connect"],
    ["no output", "", "received nothing"],
  ];
  for (const [name, output, message] of REFUSED) {
    it(`refuses ${name}`, () => {
      const error = assertThrows(() => parseWrk(output), Error);
      assertGrammar(error);
      assertStringIncludes(error.message, message);
    });
  }
});

describe("mergeLatencies()", () => {
  it("puts the latencies of several runs in order", () => {
    const load = (...latencies: [number, number][]) => ({
      requests: 1,
      bytes: 1,
      seconds: 1,
      latencies,
    });
    const merged = mergeLatencies([load([1000, 97], [3000, 1]), load([2000, 1], [3000, 1])]);
    assertEquals(merged, [[1000, 97], [2000, 1], [3000, 2]]);
    assertEquals([0.5, 0.98, 0.99, 0.999, 1].map((share) => quantileMs(merged, share)), [
      1,
      2,
      3,
      3,
      3,
    ]);
  });
});

describe("AnswerLength.need()", () => {
  const REQUESTS = 30_000;

  it("takes answers of one length, of which some were on their way at the end", () => {
    const length = new AnswerLength();
    length.need("alloc", { requests: 100, bytes: 100 * 231 + 63 * 231 });
    length.need("pooled", { requests: REQUESTS, bytes: REQUESTS * 231 + 64 * 180 });
    length.need("plain", { requests: REQUESTS, bytes: REQUESTS * 231 });
  });

  const REFUSED: readonly [string, number][] = [
    ["one empty answer among thousands", REQUESTS * 231 - 80],
    ["answers that are all longer by a byte", REQUESTS * 232],
    ["answers of which each tenth is longer", REQUESTS * 231 + REQUESTS / 10 * 80],
  ];
  for (const [name, bytes] of REFUSED) {
    it(`refuses ${name}`, () => {
      const length = new AnswerLength();
      length.need("alloc", { requests: REQUESTS, bytes: REQUESTS * 231 });
      const error = assertThrows(() => length.need("pooled", { requests: REQUESTS, bytes }), Error);
      assertGrammar(error);
      assertStringIncludes(error.message, "Cannot measure pooled: all answers under load must be");
      assertStringIncludes(error.message, `of 231 bytes: received ${bytes} bytes in 30000`);
    });
  }

  it("refuses answers of several lengths of the first variant", () => {
    const load = { requests: REQUESTS, bytes: REQUESTS * 231.5 };
    const error = assertThrows(() => new AnswerLength().need("alloc", load), Error);
    assertGrammar(error);
    assertStringIncludes(error.message, "must be of one length: received 6945000 bytes in 30000");
  });
});

/** What a variant does in its turns, and how much it is stopped in each. */
interface Conduct {
  readonly rates: readonly number[];
  readonly stoppedMs?: readonly number[];
  readonly slicesMs?: readonly number[];
  readonly bytesPerRequest?: number;
}

/** A sample of turns of a second at the given rates; a request takes 10 µs of the processor. */
function sampleOf(
  { rates, stoppedMs = [], slicesMs = [5], bytesPerRequest = 5000 }: Conduct,
): Sample {
  return {
    turns: rates.map((requests, i) => ({
      requests,
      seconds: 1,
      cpuMs: requests / 100,
      stoppedMs: stoppedMs[i] ?? 0,
    })),
    slicesMs,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    engine: {
      stoppedMs,
      maxPauseMs: 4,
      minor: 50,
      major: 5,
      liveBytes: 0,
      unparsed: 0,
    },
    bytesPerRequest,
    peakRssBytes: 2 ** 21,
  };
}

/** A report on rounds of equally many turns in which all variants do alike, but for some. */
function reportOn(
  runtime: RuntimeName,
  conducts: Readonly<Partial<Record<Variant, readonly Conduct[]>>>,
): Report {
  const [shape = [{ rates: [1000, 1000] }]] = Object.values(conducts);
  const alike = shape.map(({ rates }) => ({ rates: rates.map(() => 1000) }));
  return reportOf(
    new Map(VARIANTS.map((name) => [name, (conducts[name] ?? alike).map(sampleOf)])),
    runtime,
  );
}

describe("reportOf()", () => {
  it("draws figures per request and per 100 000 requests", () => {
    const { figures } = reportOn("deno", {
      alloc: [{ rates: [10_000, 30_000, 10_000], stoppedMs: [70, 24, 6] }],
    });
    const expected: Readonly<Record<Figure, number>> = {
      requestsPerSecond: 10_000,
      p50Ms: 1,
      p99Ms: 2,
      p999Ms: 3,
      cpuUs: 10,
      stoppedMs: 200,
      turnStoppedMs: 80,
      minor: 100,
      major: 10,
      maxPauseMs: 4,
      bytesPerRequest: 5000,
      peakRssMb: 2,
    };
    for (const [name, figure] of Object.entries(expected)) {
      assertEquals(figures.alloc[name as Figure], { median: figure, spread: [figure, figure] });
    }
  });

  it("takes ratios turn by turn, then the middle of a round, then that of the rounds", () => {
    // The machine is twice as fast in every other turn: no ratio of sums shows what was the case.
    const { comparisons } = reportOn("deno", {
      alloc: [{ rates: [100, 200, 100] }, { rates: [100, 200, 100] }, { rates: [100, 200, 100] }],
      pooled: [{ rates: [150, 300, 50] }, { rates: [120, 240, 120] }, { rates: [110, 220, 900] }],
    });
    const pooled = comparisons.find((one) => one.variant === "pooled" && one.rival === "alloc")!;
    assertEquals(pooled.requestsPerSecond, { median: 1.2, spread: [1.1, 1.5] });
    assertEquals(pooled.cpuUs, { median: 1, spread: [1, 1] });
  });

  it("takes what a request takes more slice by slice, whatever the machine's speed", () => {
    const { comparisons } = reportOn("deno", {
      "plain": [{ rates: [1], slicesMs: [5, 20, 5] }],
      "plain-handler": [{ rates: [1], slicesMs: [5.2, 20.1, 25] }],
    });
    const handler = comparisons.find((one) => one.variant === "plain-handler")!;
    assertEquals(handler.extraUs, { median: 0.2, spread: [0.2, 0.2] });
  });

  const met = ({ targets }: Report) =>
    Object.fromEntries(targets.map(({ variant, name, met }) => [`${variant}, ${name}`, met]));
  const OURS = ["pooled", "pooled-around", "pooled-handler"] as const;

  for (const name of OURS) {
    it(`asks of ${name} for 10 % more requests than alloc on Deno and 15 % on Bun`, () => {
      const at = (rate: number) => ({ [name]: [{ rates: [rate] }], alloc: [{ rates: [1000] }] });
      assertEquals(met(reportOn("deno", at(1100)))[`${name}, alloc`], true);
      assertEquals(met(reportOn("deno", at(1090)))[`${name}, alloc`], false);
      assertEquals(met(reportOn("bun", at(1150)))[`${name}, alloc`], true);
      assertEquals(met(reportOn("bun", at(1140)))[`${name}, alloc`], false);
      assertEquals(met(reportOn("workerd", at(2000)))[`${name}, alloc`], undefined);
    });

    it(`allows the collector of ${name} what the free list takes and 10 %`, () => {
      const at = (stoppedMs: number) => ({
        "free-list": [{ rates: [100_000], stoppedMs: [100] }],
        [name]: [{ rates: [100_000], stoppedMs: [stoppedMs] }],
      });
      for (const time of ["collector", "turn"]) {
        assertEquals(met(reportOn("deno", at(110)))[`${name}, ${time}`], true);
        assertEquals(met(reportOn("deno", at(111)))[`${name}, ${time}`], false);
      }
      // One long stop in few turns counts in the sum alone.
      const rates = [100_000, 100_000, 100_000];
      const once = met(reportOn("deno", {
        "free-list": [{ rates, stoppedMs: [100, 100, 100] }],
        [name]: [{ rates, stoppedMs: [100, 400, 100] }],
      }));
      assertEquals([once[`${name}, collector`], once[`${name}, turn`]], [false, true]);
    });
  }

  it("judges each round by its own figures, besides the middle one", () => {
    const { targets } = reportOn("deno", {
      "free-list": [100, 200, 10].map((ms) => ({ rates: [100_000], stoppedMs: [ms] })),
      "pooled": [110, 230, 11].map((ms) => ({ rates: [100_000], stoppedMs: [ms] })),
    });
    const sum = targets.find((one) => one.variant === "pooled" && one.name === "collector")!;
    assertEquals([sum.figure, sum.limit, sum.met], [110, 110, true]);
    assertEquals([sum.metRounds, sum.rounds], [2, 3]);
  });

  for (const name of ["plain-pooled", "plain-around", "plain-handler"] as const) {
    it(`allows ${name} 3 % fewer requests where no scratch is needed`, () => {
      const at = (rate: number) => ({ "plain": [{ rates: [1000] }], [name]: [{ rates: [rate] }] });
      assertEquals(met(reportOn("deno", at(970)))[`${name}, plain`], true);
      assertEquals(met(reportOn("deno", at(969)))[`${name}, plain`], false);
    });
  }
});

describe("reportOf().suspicions", () => {
  const rates = [1000];
  const rounds = (...bytes: number[]): Conduct[] =>
    bytes.map((bytesPerRequest) => ({ rates, bytesPerRequest }));
  const BRACKET = { "alloc": rounds(8000, 8000), "free-list": rounds(4000, 4000) };

  for (const name of ["pooled-around", "pooled-handler"] as const) {
    const suspicionsAt = (...bytes: number[]) =>
      reportOn("deno", { ...BRACKET, [name]: rounds(...bytes) }).suspicions
        .filter((text) => text.startsWith(name));

    it(`tell where ${name} allocates less than a free list or more than no pool in every round`, () => {
      assertEquals(suspicionsAt(3600, 3600), []);
      assertEquals(suspicionsAt(8800, 8800), []);
      assertEquals(suspicionsAt(3000, 3600), []);
      assertEquals(suspicionsAt(8800, 9000), []);
      assertEquals(suspicionsAt(3000, 3500), [
        `${name} allocates 3000 to 3500 bytes per request, fewer than the 4000 of free-list`,
      ]);
      assertEquals(suspicionsAt(8900, 9000), [
        `${name} allocates 8900 to 9000 bytes per request, more than the 8000 without a pool`,
      ]);
    });
  }

  it("allow pooled what a middleware allocates", () => {
    const at = (bytes: number) =>
      reportOn("deno", {
        "alloc": rounds(8000),
        "free-list": rounds(4000),
        "free-list-next": rounds(6000),
        "pooled": rounds(bytes),
        "pooled-around": rounds(4000),
        "pooled-handler": rounds(4000),
      }).suspicions;
    assertEquals(at(11_000), []);
    assertEquals(at(11_100), [
      "pooled allocates 11100 bytes per request, more than the 10000 without a pool",
    ]);
    assertEquals(at(5300), [
      "pooled allocates 5300 bytes per request, fewer than the 6000 of free-list-next",
    ]);
  });

  for (
    const [name, list] of [
      ["pooled", "free-list-next"],
      ["pooled-around", "free-list"],
      ["pooled-handler", "free-list"],
    ] as const
  ) {
    it(`tell where ${name} surpasses the requests/s of ${list} in every round`, () => {
      const at = (...rates: number[]) =>
        reportOn("deno", { [name]: rates.map((rate) => ({ rates: [rate] })) });
      assertEquals(at(1100, 1300).suspicions, []);
      const suspicion =
        `${name} makes 1.2 to 1.3 × the requests/s of ${list}, which nothing can surpass`;
      const report = at(1200, 1300);
      assertEquals(report.suspicions, [suspicion]);
      assertStringIncludes(textOf(sheetsOf(report)), `SUSPECT ${suspicion}`);
    });
  }
});

describe("sheetsOf()", () => {
  const report = reportOn("bun", {
    "alloc": [{ rates: [100_000], stoppedMs: [10] }],
    "free-list": [{ rates: [100_000], stoppedMs: [5] }],
    "pooled": [{ rates: [114_000], stoppedMs: [6.84] }],
    "plain": [{ rates: [1000] }],
    "plain-pooled": [{ rates: [980] }],
  });
  const text = textOf(sheetsOf(report));

  it("says what was met and what was missed", () => {
    assertStringIncludes(
      text,
      "MISSED pooled: 1.14 × the requests/s of alloc, where at least 1.15 are due",
    );
    assertStringIncludes(
      text,
      "MISSED pooled: 6 ms of GC per 100 k requests in the middle turn, where at most 5.5",
    );
    assertStringIncludes(
      text,
      "MET    plain-pooled: 0.98 × the requests/s of plain, where at least 0.97 are due; " +
        "in process +0 µs a request, where plain takes 10 µs of CPU",
    );
  });

  it("says where rounds disagree", () => {
    const mixed = textOf(sheetsOf(reportOn("deno", {
      "plain": [1000, 1000, 1000].map((rate) => ({ rates: [rate] })),
      "plain-handler": [1000, 980, 900].map((rate) => ({ rates: [rate] })),
    })));
    assertStringIncludes(mixed, "MIXED  plain-handler: 0.98 × the requests/s of plain, where");
    assertStringIncludes(mixed, "where plain takes 10 µs of CPU: kept in 2 of 3 rounds");
    assertStringIncludes(mixed, "MET    plain-around: 1 × the requests/s of plain");
  });

  it("puts the ratios turn by turn beside the figures", () => {
    const rows = sheetsOf(reportOn("deno", {
      "alloc": [{ rates: [100, 100, 900] }, { rates: [800, 100, 800] }],
      "pooled": [{ rates: [110, 110, 990] }, { rates: [960, 120, 960] }],
      "plain-pooled": [{ rates: [900, 900, 900] }, { rates: [800, 800, 800] }],
    }))[0]!.rows!;
    const cells = (label: string) => rows.find(([name]) => name!.startsWith(`${label}:`))!.slice(1);
    assertEquals(rows[0]!.slice(1), [
      "requests/s",
      "× alloc or plain",
      "CPU µs/request",
      "× alloc or plain",
    ]);
    assertEquals(cells("pooled"), ["535 (110–960)", "1.15 (1.1–1.2)", "10", "1"]);
    assertEquals(cells("plain-pooled"), ["850 (800–900)", "0.85 (0.8–0.9)", "10", "1"]);
    assertEquals(cells("alloc").slice(1), ["1", "10", "1"]);
    assertEquals(cells("plain").slice(1), ["1", "10", "1"]);
    assertEquals(cells("free-list-next").length, 4);
  });

  it("says what p99.9 and the figures in process tell", () => {
    assertStringIncludes(text, "p99.9 tells how a server awakes, not how it runs");
    assertStringIncludes(text, "the figures in process leave these out");
  });

  it("says who won and who lost", () => {
    assertStringIncludes(text, "WIN    pooled against alloc: requests/s 1.14 ×");
    assertStringIncludes(text, "WIN    pooled against alloc: GC ms/100 k 0.6 ×");
    assertStringIncludes(text, "LOSS   pooled against free-list: GC ms/100 k, middle turn 1.2 ×");
    assertStringIncludes(text, "EVEN   pooled against alloc: p99 ms 1 ×");
    assertStringIncludes(text, "LOSS   pooled against free-list-next: GC ms/100 k, middle turn");
  });
});

describe("chartsOf()", () => {
  it("draws every variant", () => {
    for (const chart of chartsOf(reportOn("workerd", {}))) {
      assert(chart.kind === "bar");
      assertEquals(chart.categories, VARIANTS);
      for (const { figures } of chart.series) assertEquals(figures.length, VARIANTS.length);
    }
  });
});

describe("makeService()", () => {
  const said: string[] = [];
  const probe = {
    begin: () => Promise.resolve(void said.push("begin")),
    mark: () => void said.push("mark"),
    rest: () => Promise.resolve(void said.push("rest")),
    work: () => Promise.resolve(void said.push("work")),
    end: () => Promise.resolve(void said.push("end")),
  };

  it("tells its probe what whoever measures it says", async () => {
    const { fetch } = makeService("plain", probe);
    for (const what of ["begin", "rest", "work", "end"]) {
      const response = await fetch(new Request(`http://127.0.0.1/${what}`, { method: "POST" }));
      assertEquals(response.status, 204);
    }
    assertEquals(said, ["begin", "rest", "mark", "work", "end"]);
  });

  it("answers requests that it makes itself, and tells the length of their bodies", async () => {
    const headers = { "X-Request-Id": "r" };
    for (const variant of VARIANTS) {
      const { fetch } = makeService(variant, probe);
      const one = await fetch(new Request("http://127.0.0.1/orders/7", { headers }));
      const repeat = new Request("http://127.0.0.1/repeat/3", { method: "POST", headers });
      const told = await (await fetch(repeat)).text();
      assertEquals(Number(told), 3 * (await one.text()).length, variant);
    }
  });

  it("gives the same answer whatever the variant, also to the next request", async () => {
    for (const variant of VARIANTS) {
      const { fetch } = makeService(variant, probe);
      for (const [id, name] of [["7", "x-a"], ["8", "x-b"]] as const) {
        const headers = { "X-Request-Id": "r", [name]: "abc" };
        const response = await fetch(new Request(`http://127.0.0.1/orders/${id}`, { headers }));
        assertEquals(await response.json(), { id, request: "r", headers: 2, characters: 4 });
      }
      const response = await fetch(new Request("http://127.0.0.1/orders/9"));
      assertEquals(await response.json(), { id: "9", request: null, headers: 0, characters: 0 });
    }
  });
});
