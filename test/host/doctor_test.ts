/** The doctor as a program, on real runtimes. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const skip = !("Deno" in globalThis) && "one runtime is enough to run programs";
const FIXTURES = "test/fixture/doctor";

const RUNTIMES: Readonly<Record<string, () => readonly string[]>> = {
  Deno: () => [Deno.execPath(), "run", "-A", "--no-check"],
  Bun: () => ["node_modules/.bin/bun"],
};

/** Runs the doctor, and says how it ended. */
async function run(command: () => readonly string[], ...args: string[]) {
  const [program, ...rest] = [...command(), "doctor/mod.ts", ...args];
  const { code, stdout, stderr } = await new Deno.Command(program!, { args: rest }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

describe("Doctor", () => {
  for (const [runtime, command] of Object.entries(RUNTIMES)) {
    const examine = async (file: string) => {
      const { code, out, err } = await run(
        command,
        "--json",
        "--seconds=0.3",
        `${FIXTURES}/${file}.ts`,
      );
      assertEquals(err, "", "no progress bar off a terminal");
      return { code, found: JSON.parse(out) };
    };

    it(`${runtime}: a large buffer is pooled, a tiny object is not`, { skip }, async () => {
      const buffer = await examine("buffer");
      assertEquals([buffer.code, buffer.found.pays], [0, true]);
      assertEquals(buffer.found.schema, 1);
      const tiny = await examine("tiny");
      assertEquals([tiny.code, tiny.found.pays], [1, false]);
    });

    it(`${runtime}: what reset forgets, clears or replaces is named`, { skip }, async () => {
      const { code, found } = await examine("forgotten");
      assertEquals(code, 1);
      assertEquals(found.leftovers, "name (a string of 3)");
      assertMatch(found.remarks[0], /^reset clears seen: .* with 1 entries costs \d+ ns more /);
      const dropped = await examine("dropped");
      assertStringIncludes(dropped.found.remarks[0], "reset replaces bytes");
    });

    it(`${runtime}: what could not be looked at is not called clean`, { skip }, async () => {
      const { found: hidden } = await examine("hidden");
      assertEquals([hidden.leftovers, hidden.remarks], ["", [
        "nothing that use changes can be seen: reset was not checked",
      ]]);
      const { found: large } = await examine("large");
      assertEquals([large.leftovers, large.remarks], ["", [
        "the object is larger than what is looked at: reset was not checked for all of it",
      ]]);
    });

    it(`${runtime}: an object that holds so much and no more is reset before it is full`, {
      skip,
    }, async () => {
      const { code, found } = await examine("bounded");
      assert(code < 2, `ended with ${code}`);
      assert(found.resetUs > 0);
    });

    it(`${runtime}: what is kept is told, and what to write`, { skip }, async () => {
      const { found } = await examine("growing");
      assertEquals([found.keptBytes, found.isGrowing], [32_768, true]);
      assertEquals(found.remarks.length, 2);
      assertStringIncludes(found.remarks[0], "reset replaces names: its capacity (1) is lost");
      assertStringIncludes(found.remarks[1], "Object.assign");
      const { code, out } = await run(command, "--seconds=0.3", `${FIXTURES}/buffer.ts`);
      assertEquals(code, 0);
      assertMatch(out, /^Pooling pays: /);
      assertStringIncludes(out, "65536 bytes of buffers");
      assertStringIncludes(out, "new Pool({ create, reset, sizeOf: 65536 });");
    });

    it(
      `${runtime}: figures are numbers, and never kinder than what was measured`,
      { skip },
      async () => {
        const { found } = await examine("tiny");
        const { allocateUs, createUs, pairUs, poolUs, resetUs } = found;
        for (const us of [allocateUs, createUs, pairUs, poolUs, resetUs]) {
          assert(us >= 0 && us < 1e6, JSON.stringify(found));
        }
        assertEquals(found.pays, allocateUs >= Math.max(poolUs, pairUs));
        assertEquals([found.keptBytes, found.isGrowing], [0, false]);
      },
    );

    it(`${runtime}: what cannot be examined is refused on one line`, { skip }, async () => {
      const refusals: [string, RegExp][] = [
        ["promised", /^Cannot examine: create must return an object .*: received a promise\n$/],
        ["nothing", /^Cannot examine: create must be an exported function: received undefined\n$/],
        ["missing", /^Cannot examine: the file must load: received .*missing\.ts: .*\n$/],
        ["throwing", /^Cannot examine: reset must not throw: received Error: reset is broken\n$/],
      ];
      for (const [file, text] of refusals) {
        const { code, err } = await run(command, `${FIXTURES}/${file}.ts`);
        assertEquals(code, 2, file);
        assertMatch(err, text);
      }
    });

    it(`${runtime}: progress is shown on a terminal`, { skip }, async () => {
      const line = [...command(), "doctor/mod.ts", "--seconds=0.1", `${FIXTURES}/buffer.ts`].join(
        " ",
      );
      const { stdout } = await new Deno.Command("script", { args: ["-qec", line, "/dev/null"] })
        .output();
      assertStringIncludes(new TextDecoder().decode(stdout), "\r[#");
    });

    it(`${runtime}: help is given`, { skip }, async () => {
      const { code, out } = await run(command, "--help");
      assertEquals(code, 0);
      assert(out.startsWith("Usage: doctor"));
    });
  }
});
