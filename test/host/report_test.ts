import { it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { selectTests } from "../runner/deno.ts";
import { tallyReport } from "../runner/junit.ts";

const BUN_REPORT = `<testsuites>
  <testsuite name="test/a_test.ts" file="test/a_test.ts">
    <testsuite name="suite"><testcase name="in a suite" classname="suite" /></testsuite>
    <testcase name="fails"><failure message="1 &lt; 0">1 &lt; 0</failure></testcase>
    <testcase name="left out"><skipped /></testcase>
  </testsuite>
</testsuites>`;

const DENO_REPORT = `<testsuites>
  <testsuite name="./test/a_test.ts"><testcase name="suite"></testcase></testsuite>
  <testsuite name="ext:deno_node/testing.ts">
    <testcase name="suite &gt; one"></testcase>
    <testcase name="suite &gt; nested"></testcase>
    <testcase name="suite &gt; nested &gt; two"></testcase>
  </testsuite>
</testsuites>`;

it("tallyReport() counts each outcome", () => {
  const run = { files: ["test/a_test.ts"], report: BUN_REPORT, success: false };
  assertEquals(tallyReport(run, (cases) => cases, () => {}), { passed: 1, failed: 1, skipped: 1 });
});

it("tallyReport() counts tests, not the suites around them", () => {
  const run = { files: ["test/a_test.ts"], report: DENO_REPORT, success: true };
  assertEquals(tallyReport(run, selectTests, () => {}), { passed: 2, failed: 0, skipped: 0 });
});

it("tallyReport() takes a silent file, a missing report and a bad exit for failures", () => {
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const silent = {
    files: ["test/a_test.ts", "test/b_test.ts"],
    report: DENO_REPORT,
    success: true,
  };
  assertEquals(tallyReport(silent, selectTests, print).failed, 1);
  assertStringIncludes(printed.join(), "test/b_test.ts");
  const crashed = { files: ["test/a_test.ts"], report: "", success: false };
  assertEquals(tallyReport(crashed, selectTests, print).failed, 1);
  const unexplained = { files: ["test/a_test.ts"], report: DENO_REPORT, success: false };
  assertEquals(tallyReport(unexplained, selectTests, print), { passed: 2, failed: 1, skipped: 0 });
});
