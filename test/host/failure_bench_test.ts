import { it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

// The benches' runner is a program for Deno.
const skip = !("Deno" in globalThis);

it("deno task bench failure runs each mode and prints one document", { skip }, async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "bench/run.ts", "failure", "--quick", "--json"],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  const document = JSON.parse(text.decode(stdout));
  assertEquals(document.bench, "failure");
  assertEquals(document.variants, ["alias", "mismatch", "falseRate"]);
  assertEquals(document.held, true);
  assertEquals(document.alias.ours.with, { requests: 100, corrupted: 0, refused: 0 });
  assert(document.alias.port.race.corrupted > 90);
  assert(document.mismatch.ours.hitRate > document.mismatch.port.hitRate);
  assertEquals(document.falseRate.ours.isTrue, true);
});
