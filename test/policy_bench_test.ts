import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { chartsOf } from "../bench/policy/chart.ts";
import { clairvoyant } from "../bench/policy/clairvoyant.ts";
import { parseTrace } from "../bench/policy/csv.ts";
import { costOf, meanOutcome, Meter, type Outcome } from "../bench/policy/meter.ts";
import { poolSubject } from "../bench/policy/pool.ts";
import { ABLATIONS, POLICIES, replay, tryPolicies } from "../bench/policy/replay.ts";
import { reportOf, type TraceTrials } from "../bench/policy/report.ts";
import { expiring, freeList, noPool, syncPool } from "../bench/policy/subject.ts";
import { sheetsOf } from "../bench/policy/sheet.ts";
import { textOf } from "../bench/runner/sheet.ts";
import { type Trace, TraceDraft } from "../bench/policy/trace.ts";
import { type Extent, poison, WORKLOADS } from "../bench/policy/workload.ts";
import { fixedScheduler, type Scheduler } from "../mod.ts";
import { assertGrammar } from "./fixture/thing.ts";

const LAMBDAS_MS = [1000, 5000, 30_000];
/** Little enough for a test. */
const SHORT: Extent = { rate: 0.02, length: 0.1 };

/** A trace of arrivals, each with its hold and its bytes. */
function traceOf(
  durationMs: number,
  arrivals: readonly (readonly [arrivalMs: number, holdMs: number, bytes?: number])[],
): Trace {
  const draft = new TraceDraft();
  for (const [arrivalMs, holdMs, bytes] of arrivals) draft.add(arrivalMs, holdMs, "a", bytes);
  return draft.finish("test", durationMs);
}

/** Two levels: the first idles for 15 ms, 60 ms and to the end, the second from 10 ms to the end. */
const TWO_LEVELS = traceOf(200, [[0, 10], [5, 10], [30, 10], [100, 10]]);

/** Acquires, creations and idle time. */
function countsOf({ acquires, creations, idleMs }: Outcome): number[] {
  return [acquires, creations, idleMs];
}

describe("TraceDraft", () => {
  it("TraceDraft.finish() sorts arrivals and merges the ends of their holds", () => {
    const { events, times } = traceOf(100, [[20, 5], [0, 30], [10, 2]]);
    assertEquals([...events], [0, 1, ~1, 2, ~2, ~0]);
    assertEquals([...times], [0, 10, 12, 20, 25, 30]);
  });

  it("TraceDraft.finish() lets releases come first, but not before their own arrival", () => {
    const { events } = traceOf(100, [[0, 10], [10, 0], [10, 0], [10, 5]]);
    assertEquals([...events], [0, ~0, 1, ~1, 2, ~2, 3, ~3]);
  });

  it("TraceDraft.finish() leaves out what happens after the end", () => {
    const { events } = traceOf(10, [[0, 10], [5, 6], [11, 1]]);
    assertEquals([...events], [0, 1, ~0]);
  });

  it("TraceDraft.finish() keeps the tag and the bytes of each arrival", () => {
    const draft = new TraceDraft();
    draft.add(9, 1, "late", 7);
    draft.add(1, 1, "early", 8);
    const { tags, tagOf, bytesOf } = draft.finish("test", 10);
    assertEquals([...tagOf].map((tag) => tags[tag]), ["early", "late"]);
    assertEquals([...bytesOf], [8, 7]);
  });
});

describe("clairvoyant()", () => {
  const CASES: readonly (readonly [lambdaMs: number, creations: number, idleMs: number])[] = [
    [10, 4, 0],
    [15, 3, 15],
    [50, 3, 15],
    [60, 2, 75],
    [1e9, 2, 75],
  ];
  for (const [lambdaMs, creations, idleMs] of CASES) {
    it(`clairvoyant() with λ ${lambdaMs} ms creates ${creations} times and idles ${idleMs} ms`, () => {
      const outcome = clairvoyant(TWO_LEVELS, lambdaMs);
      assertEquals(countsOf(outcome), [4, creations, idleMs]);
      assertEquals(costOf(outcome, lambdaMs), lambdaMs * creations + idleMs);
    });
  }

  it("clairvoyant() is what trying all choices finds", () => {
    const arrivals = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 9 })), {
      maxLength: 6,
    });
    fc.assert(fc.property(arrivals, fc.integer({ min: 1, max: 20 }), (arrivals, lambdaMs) => {
      const trace = traceOf(50, arrivals);
      const least = costOf(clairvoyant(trace, lambdaMs), lambdaMs);
      assertEquals(cheapest(trace, lambdaMs), least);
    }));
  });
});

/** The least cost of a trace, from trying at each event how many of the idle objects to drop. */
function cheapest({ events, times, durationMs }: Trace, lambdaMs: number): number {
  const seen = new Map<number, number>();
  const search = (i: number, idle: number): number => {
    if (i === events.length) return 0;
    const key = i * 100 + idle;
    const known = seen.get(key);
    if (known !== undefined) return known;
    const isRelease = events[i]! < 0;
    const made = !isRelease && idle === 0 ? lambdaMs : 0;
    const left = isRelease ? idle + 1 : Math.max(0, idle - 1);
    const spanMs = (times[i + 1] ?? durationMs) - times[i]!;
    let least = Infinity;
    for (let kept = 0; kept <= left; kept++) {
      least = Math.min(least, made + kept * spanMs + search(i + 1, kept));
    }
    seen.set(key, least);
    return least;
  };
  return search(0, 0);
}

describe("replay()", () => {
  const CASES = [
    { name: "noPool()", make: noPool, counts: [4, 4, 0] },
    { name: "freeList()", make: freeList, counts: [4, 2, 15 + 60 + 90 + 190] },
    {
      name: "expiring() after 50 ms",
      make: (meter: Meter) => expiring(meter, 50),
      counts: [4, 3, 15 + 50 + 50 + 50],
    },
    {
      name: "expiring() after 60 ms, the very gap",
      make: (meter: Meter) => expiring(meter, 60),
      counts: [4, 2, 15 + 60 + 60 + 60],
    },
    {
      name: "expiring() at once",
      make: (meter: Meter) => expiring(meter, 0),
      counts: [4, 4, 0],
    },
    {
      name: "syncPool() cleared at 20, 40, 60 ms …",
      make: (meter: Meter) => syncPool(meter, 20, 20),
      // The first release is taken from the victim after 20 ms and later dies at 80 ms and 140 ms.
      counts: [4, 3, 20 + 40 + 30 + 25],
    },
    {
      name: "syncPool() never cleared",
      make: (meter: Meter) => syncPool(meter, 1000, 1000),
      counts: [4, 2, 15 + 60 + 90 + 190],
    },
  ];
  for (const { name, make, counts } of CASES) {
    it(`replay() of ${name} makes ${counts.join(", ")}`, () => {
      assertEquals(countsOf(replay(TWO_LEVELS, make)), counts);
    });
  }

  it("replay() of syncPool() takes the private object, then the newest, then the oldest victim", () => {
    // Held by four; released as 1, 2, 4, 8 bytes, of which the first one is private.
    const arrivals = [[0, 10, 1], [0, 11, 2], [0, 12, 4], [0, 13, 8]] as const;
    const order = (clearMs: number, takeMs: number) => {
      const meter = new Meter();
      const pool = syncPool(meter, 1000, clearMs);
      const items = arrivals.map(() => meter.create());
      items.forEach((item, i) => meter.grow(item, arrivals[i]![2]));
      for (const item of items) pool.release(item, 0);
      meter.now = takeMs;
      pool.advance();
      return arrivals.map(() => pool.acquire(0).bytes);
    };
    assertEquals(order(100, 50), [1, 8, 4, 2]);
    assertEquals(order(100, 150), [1, 2, 4, 8]);
  });

  it("replay() weighs idle time with what objects were grown to", () => {
    const trace = traceOf(100, [[0, 10, 5], [20, 10, 2], [50, 10, 8]]);
    const { idleByteMs, grownBytes } = replay(trace, freeList);
    assertEquals([idleByteMs, grownBytes], [5 * 10 + 5 * 20 + 8 * 40, 8]);
  });

  it("replay() of expiring() never costs more than twice the optimum", () => {
    for (const lambdaMs of LAMBDAS_MS) {
      for (const workload of WORKLOADS.values()) {
        const trace = workload(SHORT, lambdaMs);
        const cost = costOf(replay(trace, (meter) => expiring(meter, lambdaMs)), lambdaMs);
        assert(cost <= 2 * costOf(clairvoyant(trace, lambdaMs), lambdaMs) + 1e-6);
      }
    }
  });
});

describe("poolSubject()", () => {
  const single = [{ name: "T0", maxSize: 1, ttlMs: 0 }];

  it("poolSubject() counts what the real pool makes, refuses and keeps", () => {
    const options = { generations: single, scheduler: fixedScheduler() };
    for (const tags of [TWO_LEVELS.tags, []]) {
      const outcome = replay(
        TWO_LEVELS,
        (meter) => poolSubject(meter, { tags, phaseMs: 0, isSized: false, pool: options }),
      );
      // The second release finds the one place taken.
      assertEquals(countsOf(outcome), [4, 2, 20 + 60 + 90]);
    }
  });

  it("poolSubject() ticks every 500 ms from its phase on", () => {
    const ticks: number[] = [];
    const scheduler: Scheduler = {
      name: "test",
      decide({ now }) {
        ticks.push(now);
        return now > 1000 ? { targets: [0] } : {};
      },
    };
    const outcome = replay(
      traceOf(2000, [[10, 10]]),
      (meter) =>
        poolSubject(meter, {
          tags: [],
          phaseMs: 200,
          isSized: false,
          pool: { generations: single, scheduler },
        }),
    );
    // A pool without objects ticks no more.
    assertEquals(ticks, [300, 800, 1300]);
    assertEquals(countsOf(outcome), [1, 1, 1280]);
  });

  it("poolSubject() tells the pool the sizes of objects", () => {
    const bytes: number[] = [];
    const scheduler: Scheduler = {
      name: "test",
      decide: (sample) => {
        bytes.push(sample.bytes);
        return {};
      },
    };
    replay(
      traceOf(900, [[0, 10, 5], [0, 10, 7], [600, 10, 9]]),
      (meter) =>
        poolSubject(meter, { tags: ["a"], phaseMs: 0, isSized: true, pool: { scheduler } }),
    );
    assertEquals(bytes, [12]);
  });

  it("poolSubject() fails where its scheduler does", () => {
    const scheduler: Scheduler = {
      name: "test",
      decide: () => {
        throw new Error("out of ideas");
      },
    };
    const make = (meter: Meter) =>
      poolSubject(meter, { tags: [], phaseMs: 0, isSized: false, pool: { scheduler } });
    assertThrows(() => replay(traceOf(900, [[0, 10]]), make), Error, "out of ideas");
  });
});

describe("Workloads", () => {
  const all = new Map([...WORKLOADS, ["poison", poison]]);
  for (const [name, workload] of all) {
    it(`${name} is the same whenever it is drawn, and grows with its extent`, () => {
      const trace = workload(SHORT, 1000);
      assertEquals(workload(SHORT, 1000), trace);
      assertEquals(trace.name, name);
      assert(trace.events.length > 100);
      assert(trace.times.every((time, i) => time >= (trace.times[i - 1] ?? 0)));
      assert(trace.times.at(-1)! <= trace.durationMs);
      const more = workload({ ...SHORT, rate: 2 * SHORT.rate }, 1000);
      assertAlmostEquals(more.tagOf.length / trace.tagOf.length, 2, 0.6);
      assert(workload({ ...SHORT, length: 0.2 }, 1000).durationMs === 2 * trace.durationMs);
    });
  }

  it("onoff alone depends on λ", () => {
    const moved = [...all].filter(([, workload]) =>
      workload(SHORT, 1000).durationMs !== workload(SHORT, 5000).durationMs
    );
    assertEquals(moved.map(([name]) => name), ["onoff"]);
  });

  it("poison gives 2 % of the requests 1 MB", () => {
    const { bytesOf, tagOf, tags } = poison({ rate: 0.1, length: 0.2 }, 1000);
    const uploads = [...tagOf].filter((tag) => tags[tag] === "upload").length;
    assertAlmostEquals(uploads / tagOf.length, 0.02, 0.01);
    assert(tagOf.every((tag, i) => bytesOf[i] === (tags[tag] === "upload" ? 2 ** 20 : 2048)));
  });
});

describe("tryPolicies()", () => {
  for (const [name, workload] of WORKLOADS) {
    it(`tryPolicies() finds no policy below the clairvoyant one on ${name}`, () => {
      for (const lambdaMs of LAMBDAS_MS) {
        const trace = workload(SHORT, lambdaMs);
        const outcomes = tryPolicies(trace, lambdaMs, undefined, 1);
        assertEquals([...outcomes.keys()], [...POLICIES.keys()]);
        const least = costOf(outcomes.get("clairvoyant")!, lambdaMs);
        for (const [policy, outcome] of outcomes) {
          assert(costOf(outcome, lambdaMs) >= least - 1e-3, `${policy} with λ ${lambdaMs}`);
          assertEquals(outcome.acquires, outcomes.get("none")!.acquires);
        }
      }
    });
  }

  it("tryPolicies() tries what ticks at several phases, and tells the mean", () => {
    const trace = traceOf(2000, [[0, 100], [650, 100], [1300, 100]]);
    const names = ["sync.Pool 1 s", "fixed TTL λ"];
    const outcomes = tryPolicies(trace, 1000, names, 50);
    assertEquals(countsOf(outcomes.get("fixed TTL λ")!), [3, 1, 1700]);
    // Idle for 550 ms, an object sees one clearing at most; the second would drop it.
    assertEquals(outcomes.get("sync.Pool 1 s")!.creations, 1);
    assertEquals(tryPolicies(trace, 1000, names, 50), outcomes);
  });

  it("meanOutcome() is the mean of each figure", () => {
    const one = { acquires: 4, creations: 1, idleMs: 10, idleByteMs: 6, grownBytes: 2 };
    const other = { acquires: 4, creations: 2, idleMs: 20, idleByteMs: 0, grownBytes: 4 };
    const mean = { acquires: 4, creations: 1.5, idleMs: 15, idleByteMs: 3, grownBytes: 3 };
    assertEquals(meanOutcome([one, other]), mean);
  });
});

describe("parseTrace()", () => {
  const HEADER = "arrival_ms,bytes,hold_ms,tag";

  it("parseTrace() divides arrivals and holds by the speed", () => {
    const text = `${HEADER}\r\n100,7,40,chat\r\n0.0,5,400,conv\r\n`;
    const { name, durationMs, tags, tagOf, bytesOf, events, times } = parseTrace(text, 10);
    assertEquals([name, durationMs], ["file", 40]);
    assertEquals([...tagOf].map((tag) => tags[tag]), ["conv", "chat"]);
    assertEquals([...bytesOf], [5, 7]);
    assertEquals([[...events], [...times]], [[0, 1, ~1, ~0], [0, 10, 14, 40]]);
  });

  const BAD: readonly (readonly [string, number, string])[] = [
    ["", 1, 'line 1 must be arrival_ms,bytes,hold_ms,tag: received ""'],
    ["1,2,3,a", 1, 'line 1 must be arrival_ms,bytes,hold_ms,tag: received "1,2,3,a"'],
    [HEADER, 1, "the file must have an arrival: received none"],
    [`${HEADER}\n1,2,3`, 1, "line 2 must have 4 columns: received 3"],
    [`${HEADER}\n1,2,3,a,b`, 1, "line 2 must have 4 columns: received 5"],
    [`${HEADER}\n1,2,3,a\n\n1,2,3,a`, 1, "line 3 must have 4 columns: received 1"],
    [
      `${HEADER}\nx,2,3,a`,
      1,
      'arrival_ms in line 2 must be a finite number of at least 0: received "x"',
    ],
    [`${HEADER}\n1,,3,a`, 1, 'bytes in line 2 must be a finite number of at least 0: received ""'],
    [
      `${HEADER}\n1,2,-3,a`,
      1,
      'hold_ms in line 2 must be a finite number of at least 0: received "-3"',
    ],
    [
      `${HEADER}\n1,2,Infinity,a`,
      1,
      'hold_ms in line 2 must be a finite number of at least 0: received "Infinity"',
    ],
    [`${HEADER}\n1,2,3,`, 1, "tag in line 2 must have 1 to 256 characters: received 0"],
    [`${HEADER}\n1,2,3,a`, 0, "speed must be a finite number above 0: received 0"],
    [`${HEADER}\n1,2,3,a`, NaN, "speed must be a finite number above 0: received NaN"],
  ];
  for (const [text, speed, message] of BAD) {
    it(`parseTrace() says: ${message}`, () => {
      const error = assertThrows(() => parseTrace(text, speed), Error);
      assertEquals(error.message, `Cannot read trace: ${message}`);
      assert(error instanceof TypeError || error instanceof RangeError);
      assertGrammar(error);
    });
  }
});

describe("reportOf()", () => {
  /** Trials of 1 s in which each policy creates, of 10 acquires, as often as it is told. */
  const trialsOf = (creations: Readonly<Record<string, number>>): TraceTrials => ({
    "5000": {
      durationMs: 1000,
      outcomes: Object.fromEntries([...POLICIES.keys()].map((name) => [name, {
        acquires: 10,
        creations: creations[name] ?? 8,
        idleMs: 0,
        idleByteMs: 1000 * (creations[name] ?? 8),
        grownBytes: 0,
      }])),
    },
  });
  const good = trialsOf({ clairvoyant: 4, full: 4 });
  const fair = trialsOf({ clairvoyant: 4, full: 5, "tags off": 6 });
  const poisoned = trialsOf({ full: 1, "tags off": 6 });

  it("reportOf() tells ratios to the clairvoyant policy, their mean and the worst", () => {
    const { traces, summary, target } = reportOf({ good, fair }, poisoned);
    const figures = { ratio: 1.25, hit: 0.5, meanIdle: 0, creations: 5 };
    assertEquals(traces.fair!["5000"]!.full, figures);
    const worstAt = { trace: "fair", lambdaMs: 5000 };
    assertEquals(summary.full, { mean: 1.125, worst: 1.25, worstAt });
    assertEquals(target, { mean: 1.2, worst: 1.75, met: true, best: true });
  });

  it("reportOf() leaves a file and poison out of the summary", () => {
    const { traces, summary } = reportOf({ good }, poisoned, fair);
    assertEquals(Object.keys(traces), ["good", "file"]);
    assertEquals(summary.full!.worst, 1);
  });

  it("reportOf() tells a target that was missed, and who was better", () => {
    const bad = trialsOf({ clairvoyant: 4, full: 9 });
    const { target } = reportOf({ bad }, poisoned);
    assertEquals([target.met, target.best], [false, false]);
    // Its own ablations are no rivals.
    const ablated = trialsOf({ clairvoyant: 4, full: 5, "two bands": 4 });
    assertEquals(reportOf({ ablated }, poisoned).target.best, true);
  });

  it("reportOf() tells what each part saves", () => {
    const { savings, poison } = reportOf({ good, fair }, poisoned);
    assertEquals(Object.keys(savings), [...ABLATIONS.keys()]);
    assertEquals(savings.tags, { good: 1, fair: 0.25 });
    assertEquals([poison.factor, poison.idleByteSeconds.full], [6, 1]);
    assertEquals(Object.keys(poison.lambdas), ["5000"]);
  });

  it("sheetsOf() says what was met, and which parts do not pay", () => {
    const same = trialsOf({ clairvoyant: 4, full: 6, "heat off": 6, "two bands": 5 });
    const table = textOf(sheetsOf(reportOf({ same }, poisoned)));
    for (
      const line of [
        "MISSED full: 1.500 × clairvoyant on average, where at most 1.2 are allowed",
        "MET    full: 1.500 × clairvoyant at worst (same, λ 5 s), where at most 1.75 are allowed",
        "MET    poison: tags cut the idle byte-time 6.00 ×, where at least 5 are asked for",
        "bands  1.500 with, 1.250 without: pay on no trace; cost on same (by 0.25)",
        "heat   1.500 with, 1.500 without: pay on no trace; make no difference on same",
        "tags   1.500 with, 2.000 without: pay on same (by 0.50)",
      ]
    ) assert(table.split("\n").includes(line), `${line}\nin\n${table}`);
  });

  it("chartsOf() draws policies that can be had from the cheapest on, and traces", () => {
    const [byPolicy, byTrace] = chartsOf(reportOf({ good, fair }, poisoned));
    const means = byPolicy!.series[0]!.figures;
    assertEquals(means, means.toSorted((a, b) => a! - b!));
    assert(!byPolicy!.categories.includes("clairvoyant"));
    assertEquals(byTrace!.categories, ["good", "fair"]);
    for (const { categories, series } of [byPolicy!, byTrace!]) {
      for (const { figures } of series) assertEquals(figures.length, categories.length);
    }
  });
});
