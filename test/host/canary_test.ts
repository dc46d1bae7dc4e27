import { after, before, describe, it } from "node:test";
import { assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { MAX_HOLD_MS } from "../canary/app.ts";
import { drainCanary, loadCanary } from "../canary/load.ts";
import { startCanary } from "../canary/server.ts";

// The servers are processes, which are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

/** `CANARY_REQUESTS=20000` makes it the long proof. */
const REQUESTS = skip ? 0 : Number(Deno.env.get("CANARY_REQUESTS") ?? 2500);
const CONCURRENCY = 64;

let folder = "";
before(() => {
  if (!skip) folder = Deno.makeTempDirSync({ prefix: "pool_canary_" });
});
after(() => {
  if (!skip) Deno.removeSync(folder, { recursive: true });
});

for (const runtime of RUNTIMES) {
  describe(`the canary on ${runtime}`, () => {
    it("never sees a secret of another request, and every lease ends", { skip }, async () => {
      await using server = await startCanary(runtime, folder);
      const plan = {
        goesOn: (sent: number) => sent < REQUESTS,
        concurrency: CONCURRENCY,
        seed: "canary",
      };
      const { aborted, overloaded, unopened, wrong } = await loadCanary(server, plan);
      assertEquals(wrong, []);
      const { crossed, dirty, shared, hung, errors, failures, stats } = await drainCanary(
        server,
        4 * MAX_HOLD_MS,
      );
      assertEquals({ crossed, dirty, shared }, { crossed: 0, dirty: 0, shared: 0 });
      const { leased, limbo, misuses, discarded, refused } = stats;
      assertGreaterOrEqual(refused, overloaded + unopened);
      assertEquals({ leased, limbo, misuses, leaked: discarded.leaked }, {
        leased: 0,
        limbo: 0,
        misuses: 0,
        leaked: 0,
      });
      // What broke off is discarded as well, and not told; on a busy machine some requests last long.
      assertGreater(aborted, REQUESTS / 50);
      assertGreater(discarded.expired, errors["expired"]!);
      assertGreater(hung, 0);
      assertGreaterOrEqual(errors["expired"]!, hung);
      assertGreater(REQUESTS / 50, errors["expired"]!);
      assertEquals([Object.keys(errors), Object.keys(failures)], [["expired"], ["Error"]]);
    });
  });
}
