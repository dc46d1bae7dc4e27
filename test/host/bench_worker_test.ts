import { it } from "node:test";
import { join } from "node:path";
import { assertStringIncludes } from "@std/assert";
import { npmCommand, ROOT } from "../../bench/runner/root.ts";
import { writeWorker } from "../../bench/runner/workerd.ts";
import { outputOf } from "../fixture/command.ts";

// The benches' runner is a program for Deno.
const skip = !("Deno" in globalThis);

it("writeWorker() bundles what requires modules of Node", { skip }, async () => {
  const folder = await Deno.makeTempDir({ prefix: "pool_bench_" });
  try {
    const config = await writeWorker({
      folder,
      source: `import { Pool } from ${JSON.stringify(join(ROOT, "node_modules/tarn/dist/tarn.js"))};
export default { test: () => console.log("it is a", typeof Pool) };
`,
      v8Flags: [],
    });
    const output = await outputOf(npmCommand("workerd"), ["test", config]);
    assertStringIncludes(output, "it is a function");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
