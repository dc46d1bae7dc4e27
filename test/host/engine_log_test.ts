import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { RuntimeName } from "../../bench/runner/bench.ts";
import {
  EngineLog,
  type EngineRecord,
  JSC_COUNT,
  needAllocated,
  parserOf,
} from "../../bench/runner/engine_log.ts";
import { npmCommand } from "../../bench/runner/root.ts";
import { lineByLine, spawn } from "../../bench/runner/runtime.ts";

/** What an engine's lines were recorded of. */
type Recording = RuntimeName | "bun_count";

/** Lines that an engine wrote, cut out of a run of the gateway bench. */
function recorded(recording: Recording): string[] {
  const path = join(import.meta.dirname!, "..", "fixture", "engine_log", `${recording}.txt`);
  return readFileSync(path, "utf8").split("\n");
}

function read(recording: Recording, lines: readonly string[]): EngineRecord {
  const log = new EngineLog(parserOf(recording === "bun_count" ? "bun" : recording));
  for (const line of lines) log.add(line);
  return log.record();
}

/** Marks with nothing of the engine between them, and a collection after the end. */
function session(...within: readonly string[]): string[] {
  const last = recorded("deno").findLast((line) => line !== "")!;
  return ["##begin", ...within, "##end", last];
}

describe("EngineLog", () => {
  // What is expected was read off the files by eye.
  const CASES = [
    {
      runtime: "deno",
      stoppedMs: [0, 0, 13.169, 0, 0, 0],
      maxPauseMs: 13.169,
      allocatedBytes: 33_631_744 + 9_947_720,
      liveBytes: 166_649_104,
    },
    {
      runtime: "workerd",
      stoppedMs: [0, 0, 6.474, 0, 0, 0],
      maxPauseMs: 6.474,
      allocatedBytes: 27_943_512 + 250_264,
      liveBytes: 62_589_268,
    },
    {
      runtime: "bun",
      // A collection that stopped the program before a mark and twice after it.
      stoppedMs: [0, 0, 3.059876, 1.967076 + 1.719759, 0, 0],
      maxPauseMs: 3.059876,
      liveBytes: 142_770 * 1024,
    },
    {
      runtime: "bun_count",
      stoppedMs: [0, 0, 1.198006, 0, 0, 0, 0, 0, 1.616997, 0],
      maxPauseMs: 1.616997,
      allocatedBytes: (284_975.9375 + 57.227539) * 1024,
      liveBytes: 143_315 * 1024,
    },
  ] as const;
  for (const { runtime, stoppedMs, ...expected } of CASES) {
    it(`reads each line that ${runtime} wrote`, () => {
      const { stoppedMs: actual, ...record } = read(runtime, recorded(runtime));
      assertEquals(record, { ...expected, minor: 1, major: 0, unparsed: 0 });
      assertEquals(actual.length, stoppedMs.length);
      for (const [i, ms] of stoppedMs.entries()) assertAlmostEquals(actual[i]!, ms, 1e-9);
    });

    it(`counts a line of ${runtime} that was spliced`, () => {
      const lines = recorded(runtime);
      const at = lines.findIndex((line) => /pause"|START/.test(line));
      const spliced = lines.with(at, lines[at]!.slice(0, 60) + "hello" + lines[at]!.slice(60, 90));
      assertEquals(read(runtime, spliced).unparsed, 1);
    });

    it(`counts a line of another engine than that of ${runtime}`, () => {
      const other = recorded(runtime.startsWith("bun") ? "deno" : "bun")[0]!;
      assertEquals(read(runtime, [other, ...recorded(runtime)]).unparsed, 1);
    });

    it(`does not count a line of ${runtime} that was cut after the end`, () => {
      const cut = recorded(runtime).find((line) => /pause"|START/.test(line))!.slice(0, 60);
      assertEquals(read(runtime, [...recorded(runtime), cut]).unparsed, 0);
    });
  }

  const WHOLE = [
    { runtime: "deno", minor: 1, lastMs: 175.477 },
    { runtime: "workerd", minor: 1, lastMs: 83.428 },
    // It first collects what is young.
    { runtime: "bun", minor: 2, lastMs: undefined },
  ] as const;
  for (const { runtime, minor, lastMs } of WHOLE) {
    it(`tells a collection of the whole heap of ${runtime} from one of what is young`, () => {
      const lines = recorded(runtime);
      const end = lines.indexOf("##end");
      const closing = lines.slice(end + 1);
      const record = read(runtime, [...lines.slice(0, end), ...closing, "##end", ...closing]);
      assertEquals([record.minor, record.major, record.unparsed], [minor, 1, 0]);
      if (lastMs !== undefined) assertAlmostEquals(record.stoppedMs.at(-1)!, lastMs, 1e-9);
      else assert(record.stoppedMs.at(-1)! > 5, `${record.stoppedMs.at(-1)}`);
    });
  }

  it("counts what a collection stopped after the last mark with that one", () => {
    const [line] = recorded("deno");
    const { stoppedMs, minor } = read("deno", session("##0", line!));
    assertEquals([stoppedMs, minor], [[7.428], 1]);
  });

  it("counts nothing before the beginning, and no stop after the end", () => {
    const [line] = recorded("deno");
    const { stoppedMs, minor, major } = read("deno", [line!, ...session("##0")]);
    assertEquals([stoppedMs, minor, major], [[0], 0, 0]);
  });

  it("counts no collection of a rest, but what was allocated until then", () => {
    const [line] = recorded("deno");
    const active = read("deno", session(line!, "##0", line!));
    const resting = read("deno", session(line!, "##rest", line!, "##work", "##0"));
    assertEquals([active.stoppedMs, active.minor], [[7.428 * 2], 2]);
    assertEquals([resting.stoppedMs, resting.minor], [[7.428], 1]);
    assertEquals(resting.allocatedBytes, active.allocatedBytes);
  });

  it("numbers marks from 0 again after 999", () => {
    const marks = Array.from({ length: 2001 }, (_, i) => `##${i % 1000}`);
    assertEquals(read("deno", session(...marks)).stoppedMs.length, 2001);
  });

  it("says so where JavaScriptCore was not told to count what is allocated", () => {
    assertThrows(
      () => needAllocated(read("bun", recorded("bun"))),
      Error,
      "Cannot read engine log: it must tell what was allocated: received none of that",
    );
  });

  const BAD = [
    { lines: session("##0", "##2"), message: "received ##2, where 1 was due" },
    { lines: session("##0", "##0"), message: "received ##0, where 1 was due" },
    { lines: ["##0"], message: "received ##0, where 0 was due" },
    { lines: session("##0").slice(0, -1), message: "received one that ends closing" },
    { lines: [], message: "received one that ends before" },
  ];
  for (const { lines, message } of BAD) {
    it(`fails where marks are not whole: ${message}`, () => {
      assertThrows(() => read("deno", lines), Error, message);
    });
  }
});

const skip = "Deno" in globalThis ? false : "starts processes with Deno's API";

describe("needAllocated()", () => {
  const OBJECTS = 5_000_000;
  const COUNTED = [
    // 16 bytes and 6 fields.
    { runtime: "bun", program: npmCommand("bun"), args: ["--no-install"], bytes: 64, off: 0.01 },
    // 24 bytes and 6 fields. V8 counts a semi-space as full that is nearly so.
    {
      runtime: "deno",
      program: "deno",
      args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc,--trace-gc-nvp"],
      bytes: 72,
      off: 0.08,
    },
  ] as const;
  for (const { runtime, program, args, bytes, off } of COUNTED) {
    for (const turns of [1, 100]) {
      it(
        `tells what ${runtime} allocates in ${turns} turns beside live objects`,
        { skip },
        async () => {
          const script = join(import.meta.dirname!, "..", "fixture", "allocating.ts");
          const plan = lineByLine({
            program,
            args: [...args, script, String(OBJECTS), String(turns)],
            env: JSC_COUNT,
            log: runtime === "bun" ? "stderr" : "stdout",
          });
          const { status, [plan.log]: log } = spawn(
            plan,
            "Cannot test",
            new AbortController().signal,
          );
          const said = await new Response(log).text();
          assert((await status).success, said);
          const perObject = needAllocated(read(runtime, said.split("\n"))) / OBJECTS;
          assertAlmostEquals(perObject, bytes, bytes * off);
        },
      );
    }
  }
});
