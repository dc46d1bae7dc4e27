import { it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runWorkerd } from "../runner/workerd.ts";

// The runner is a program for Deno.
const skip = !("Deno" in globalThis);

it("runWorkerd() reports every way in which a test fails", { skip }, async () => {
  const printed: string[] = [];
  const tally = await runWorkerd(["test/fixture/failing.ts"], (line) => printed.push(line));

  assertEquals(printed.filter((line) => /^\((?:pass|fail|skip)\)/.test(line)), [
    "(pass) hooks > run before a test",
    "(pass) hooks > nested > run around each test",
    "(pass) run after a suite",
    "(fail) fails at once",
    "(fail) fails later",
    "(skip) is left out",
    "(fail) broken hook > cannot run",
    "(skip) broken hook > is left out as well",
    "(fail) (unhandled rejection)",
    "(pass) leaves a promise behind",
  ]);
  const output = printed.join("\n");
  assertStringIncludes(output, "TypeError: late\n        at test/fixture/failing.ts:");
  assertStringIncludes(output, "Caused by: Error: deep");
  assertStringIncludes(output, "at never ends");
  assertEquals(tally, { passed: 4, failed: 5, skipped: 2 });
});

it("Workers of an old compatibility date pool, without weak references", { skip }, async () => {
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const tally = await runWorkerd(["test/fixture/old_date.ts"], print, "2025-05-04");
  assertEquals(tally, { passed: 1, failed: 0, skipped: 0 }, printed.join("\n"));
});

it("runWorkerd() refuses a file that runs nothing", { skip }, async () => {
  const tally = await runWorkerd(["test/fixture/bun.ts"], () => {});
  assertEquals(tally, { passed: 0, failed: 1, skipped: 0 });
});
