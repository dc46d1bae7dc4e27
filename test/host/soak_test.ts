import { describe, it } from "node:test";
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { slopeOf } from "../canary/rss.ts";
import { findFaults, type SoakRun, type SoakSummary } from "../canary/verdict.ts";
import { type Ended, runToEnd } from "../fixture/server.ts";

// The program is started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

const soak = (...options: string[]): Promise<Ended> =>
  runToEnd({ program: Deno.execPath(), args: ["run", "-A", "test/soak.ts", ...options] });

describe("deno task soak", () => {
  for (const runtime of RUNTIMES) {
    it(`runs on ${runtime}, and tells what it did as JSON`, { skip }, async () => {
      const { code, output } = await soak("--minutes=0.05", `--runtime=${runtime}`, "--json");
      const summary: SoakSummary & { found: string[] } = JSON.parse(output);
      assertEquals([code, summary.found], [0, []], output);
      const { requests, faults, leaked, crossed, leased, limbo } = summary;
      assertEquals({ leaked, crossed, leased, limbo }, {
        leaked: 0,
        crossed: 0,
        leased: 0,
        limbo: 0,
      });
      assertGreater(requests, 300);
      for (const fault of ["reset", "gc", "jump", "missing"]) {
        assertGreater(faults[fault]!, 0, fault);
      }
    });
  }

  const BAD: readonly [string, string][] = [
    ["--minutes=0", 'minutes must be a finite number above 0: received "0"'],
    ["--minutes=x", 'minutes must be a finite number above 0: received "x"'],
    ["--runtime=node", 'runtime must be one of deno, bun, workerd: received "node"'],
    ["--unknown", "--unknown"],
  ];
  for (const [option, message] of BAD) {
    it(`refuses ${option}`, { skip }, async () => {
      const { code, output } = await soak(option);
      assertEquals(code, 1);
      assertStringIncludes(output, "Cannot soak");
      assertStringIncludes(output, message);
    });
  }

  it("helps", { skip }, async () => {
    const { code, output } = await soak("--help");
    assertEquals(code, 0);
    assertStringIncludes(output, "--minutes");
  });
});

describe("slopeOf()", () => {
  it("is the line through points, and how far they lie from it", () => {
    const { perMin, error } = slopeOf([[0, 1], [1, 3], [2, 5], [3, 7]]);
    assertEquals([perMin, error], [2, 0]);
    assertGreater(slopeOf([[0, 1], [1, 9], [2, 2], [3, 8]]).error, 1);
  });
});

describe("findFaults()", () => {
  const NO_DISCARDS = {
    full: 0,
    ttl: 0,
    cold: 0,
    unused: 0,
    pressure: 0,
    budget: 0,
    invalid: 2,
    bypass: 0,
    limbo: 0,
    leaked: 0,
    expired: 0,
    error: 0,
    closed: 0,
  };
  /** A soak in which all was well, but for what differs. */
  const run = (report: object = {}, stats: object = {}, rest: object = {}): SoakRun => ({
    runtime: "deno",
    seed: "a",
    minutes: 1,
    load: { requests: 10, aborted: 1, overloaded: 1, unopened: 0, kinds: {}, wrong: [] },
    slope: { perMin: 1, error: 1 },
    heapGrowthMB: 1,
    report: {
      crossed: 0,
      dirty: 0,
      shared: 0,
      errors: { reset: 2 },
      failures: { create: 3, Error: 5 },
      faults: { create: 3, reset: 2, gc: 1, jump: 1, missing: 1, pressure: 1 },
      pressures: {},
      stats: {
        created: 4,
        live: 2,
        leased: 0,
        idle: 2,
        limbo: 0,
        peak: 0,
        acquires: 10,
        hits: 6,
        misses: 4,
        waiting: 0,
        refused: 1,
        bytes: 2,
        maxBytes: 9,
        misuses: 0,
        generations: [{ idle: 2, maxSize: 5, target: 5 }],
        discarded: NO_DISCARDS,
        ...stats,
      },
      ...report,
    },
    ...rest,
  } as unknown as SoakRun);

  it("finds nothing where all is well", () => {
    assertEquals(findFaults(run()), []);
  });

  const WRONG: Readonly<Record<string, SoakRun>> = {
    "no request may meet": run({ shared: 1 }),
    "every lease must end": run({}, { leased: 1, live: 3, created: 5, misses: 4, peak: 1 }),
    "nothing must leak": run({}, { created: 5, discarded: { ...NO_DISCARDS, leaked: 1 } }),
    "there must be no misuse": run({}, { misuses: 1 }),
    "the account must add up": run({}, { created: 9 }),
    "each create that throws": run({ failures: { create: 2, Error: 5 } }),
    "each reset that throws": run({ errors: { reset: 1 } }),
    "only injected faults": run({ failures: { create: 3, TypeError: 1 } }),
    "only what is refused may fail": run({}, { refused: 0 }, {
      load: { ...run().load, overloaded: 4 },
    }),
    "memory must not grow": run({}, {}, { slope: { perMin: 20, error: 1 } }),
    "the heap must not grow": run({}, {}, { heapGrowthMB: 20 }),
    "sync: another's secret": run({}, {}, {
      load: { ...run().load, wrong: ["sync: another's secret"] },
    }),
  };
  for (const [rule, soaked] of Object.entries(WRONG)) {
    it(`finds that ${rule}`, () => {
      const found = findFaults(soaked);
      assertEquals(found.length, 1, found.join("\n"));
      assertStringIncludes(found[0]!, rule);
    });
  }
});
