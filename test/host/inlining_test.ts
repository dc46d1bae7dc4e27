import { execFileSync } from "node:child_process";
import process from "node:process";
import { it } from "node:test";
import { assert } from "@std/assert";

// V8's own limit, `--max-inlined-bytecode-size`.
const LIMIT = 460;
const skip = !("Deno" in globalThis);

const PROGRAM = `
  import { Pool } from "./mod.ts";
  const pool = new Pool({ create: () => ({}), reset: () => {} });
  const tag = pool.tag("tag");
  pool.release(tag.acquire());
  for (let i = 0; i < 999; i++) tag.release(tag.acquire());
`;

for (const name of ["takeSlow", "endRaw", "endTimed"]) {
  it(`Core.${name}() is more than V8 inlines into a hit`, { skip }, () => {
    const flags = `--v8-flags=--print-bytecode,--print-bytecode-filter=${name}`;
    const args = ["run", "-A", flags, "--ext=ts", "-"];
    const printed = execFileSync(process.execPath, args, { input: PROGRAM, encoding: "utf8" });
    const length = Number(/Bytecode length: (\d+)/.exec(printed)?.[1]);
    assert(length > LIMIT, `its bytecode must be longer than ${LIMIT}: received ${length}`);
  });
}
