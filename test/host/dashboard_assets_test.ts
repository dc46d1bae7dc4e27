/** The files that browsers get, which are written into modules. */

import { readFileSync } from "node:fs";
import { it } from "node:test";
import { assert, assertStringIncludes } from "@std/assert";
import { writeModules } from "../dashboard.ts";

// The script is bundled in a process, which is started with Deno's API.
const skip = !("Deno" in globalThis);

it("edge/dashboard/ holds what `deno task dashboard` would write now", { skip }, async () => {
  const modules = await writeModules();
  for (const [path, text] of modules) {
    // Not assertEquals: the difference would be 50 KB long.
    assert(readFileSync(path, "utf8") === text, `${path} is not up to date`);
  }
  const uplot = [...modules].find(([path]) => path.endsWith("uplot.ts"))![1];
  assertStringIncludes(uplot, "The above copyright notice and this permission notice");
});
