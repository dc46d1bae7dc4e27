/** The servers of the http bench, for a moment and without `wrk`, which not every machine has. */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { Server } from "../../bench/http/server.ts";
import { VARIANTS } from "../../bench/http/service.ts";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { needAllocated } from "../../bench/runner/engine_log.ts";

// The servers are processes, which are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

const REQUESTS = 20;

let folder = "";
/** What is retained beside each server at least. */
const LEAST_LIVE_BYTES = 50e6;

before(() => {
  if (!skip) folder = Deno.makeTempDirSync({ prefix: "pool_test_" });
});
after(() => {
  if (!skip) Deno.removeSync(folder, { recursive: true });
});

for (const runtime of RUNTIMES) {
  describe(`The http bench on ${runtime}`, () => {
    it("has equal answers from all variants, and a record of each engine", { skip }, async () => {
      const { signal } = new AbortController();
      const measured = await Promise.all(VARIANTS.map(async (variant) => {
        const own = `${folder}/${runtime}-${variant}`;
        Deno.mkdirSync(own);
        await using server = await Server.start({
          variant,
          runtime,
          folder: own,
          signal,
          isCounting: true,
        });
        await server.begin();
        await server.work();
        const answers = new Set<string>();
        for (let i = 0; i < REQUESTS; i++) {
          answers.add(await server.answer({ "X-Request-Id": "trial" }));
        }
        await server.rest();
        assertGreater(server.usage().peakRssBytes, 0);
        await server.end();
        return {
          variant,
          answers: [...answers],
          slice: await server.repeat(10),
          engine: await server.record(),
        };
      }));
      for (const { variant, answers, slice, engine } of measured) {
        assertGreater(slice.ms, 0, variant);
        assertGreater(slice.bytes, 0, variant);
        assertEquals(slice.bytes, measured[0]!.slice.bytes, variant);
        assertEquals(answers, measured[0]!.answers, variant);
        assertEquals(engine.unparsed, 0, variant);
        // The rest before the turn, and the turn.
        assertEquals(engine.stoppedMs.length, 2, variant);
        assertGreater(needAllocated(engine), 0, variant);
        assertGreater(engine.liveBytes, LEAST_LIVE_BYTES, variant);
      }
      assert(JSON.parse(measured[0]!.answers[0]!).headers > 0);
    });
  });
}

describe("Server.start()", () => {
  it("ends with its signal", { skip }, async () => {
    const abort = new AbortController();
    const plan = { variant: "plain", runtime: "bun", folder, signal: abort.signal } as const;
    await using server = await Server.start(plan);
    abort.abort();
    const error = await server.answer({}).catch((error) => error);
    assert(error instanceof Error);
  });
});
