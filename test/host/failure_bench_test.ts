import { it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { outputOf } from "../fixture/command.ts";

// The benches' runner is a program for Deno.
const skip = !("Deno" in globalThis);

it("deno task bench failure runs each mode and prints one document", { skip }, async () => {
  const args = ["run", "-A", "bench/run.ts", "failure", "--quick", "--json"];
  const cwd = fileURLToPath(new URL("../../", import.meta.url));
  const document = JSON.parse(await outputOf(Deno.execPath(), args, { cwd }));
  assertEquals(document.bench, "failure");
  assertEquals(document.variants, ["alias", "mismatch", "falseRate"]);
  assertEquals(document.held, true);
  assertEquals(document.alias.ours.with, { requests: 100, corrupted: 0, refused: 0 });
  assert(document.alias.port.race.corrupted > 90);
  assert(document.mismatch.ours.hitRate > document.mismatch.port.hitRate);
  assertEquals(document.falseRate.ours.isTrue, true);
});
