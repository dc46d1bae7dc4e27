import { it } from "node:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertMatch } from "@std/assert";
import { npmCommand, ROOT } from "../../bench/runner/root.ts";

/** Whether there is a Node to run it on. */
function hasNode(): boolean {
  try {
    execFileSync("node", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

it("the adapter for Node keeps the contract on a real Node", { skip: !hasNode() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pool_test_"));
  try {
    const bundle = join(folder, "adapter_test.mjs");
    const source = join(ROOT, "test", "adapter_test.ts");
    execFileSync(npmCommand("bun"), ["build", "--target=node", source, `--outfile=${bundle}`], {
      cwd: ROOT,
      stdio: "pipe",
    });
    // A failure throws, with the report in its message.
    const report = execFileSync("node", ["--expose-gc", "--test-reporter=tap", bundle], {
      encoding: "utf8",
    });
    assertMatch(report, /^# Subtest: adapter for node$/m);
    assertMatch(report, /^# fail 0$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
