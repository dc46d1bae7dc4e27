/** Requests of a real worker that wait for each other: their timers and promises belong to them. */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { PoolStats } from "../../mod.ts";
import { type Server, startWorkerd } from "../fixture/server.ts";

// The server is a process, which is started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

const WAIT = "/wait?timeoutMs=20000";

describe("Pool.leaseAsync() between requests in workerd", () => {
  let folder = "";
  let server: Server | undefined;
  before(async () => {
    if (skip) return;
    folder = Deno.makeTempDirSync({ prefix: "pool_test_" });
    server = await startWorkerd(folder, "test/fixture/waiting_worker.ts");
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    if (!skip) Deno.removeSync(folder, { recursive: true });
  });

  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await server!.fetch(path, init);
    return { status: response.status, body: await response.json() };
  };
  /** Asks for the statistics until they satisfy a test. */
  const until = async (isSo: (stats: PoolStats) => boolean): Promise<PoolStats> => {
    for (let i = 0; i < 2000; i++) {
      const { body } = await ask("/stats");
      if (isSo(body)) return body;
    }
    throw new Error("Cannot wait any longer: the statistics must come: received others");
  };

  it(
    "A request gets what another one releases, and goes on in its own context",
    { skip },
    async () => {
      const holding = ask("/hold?waiters=1");
      await until(({ leased }) => leased === 1);
      const waited = await ask(WAIT);
      assertEquals(waited, { status: 200, body: { uses: 1 } });
      assertEquals((await holding).status, 200);
      const { leased, idle, waiting, created } = await until(() => true);
      assertEquals([leased, idle, waiting, created], [0, 1, 0, 1]);
    },
  );

  it("Many requests get it one after the other", { skip }, async () => {
    const holding = ask("/hold?waiters=24");
    await until(({ leased }) => leased === 1);
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask(WAIT)));
    assertEquals(answers.map(({ status }) => status), Array(24).fill(200));
    // Each of them used it alone.
    const uses = answers.map(({ body }) => body.uses).sort((a, b) => a - b);
    assertEquals(uses, Array.from({ length: 24 }, (_, i) => i + 2));
    await holding;
    const { leased, created, refused } = await until(() => true);
    assertEquals([leased, created, refused], [0, 1, 0]);
  });

  it("A wait times out, and another one is aborted", { skip }, async () => {
    await ask("/keep");
    const late = await ask("/wait?timeoutMs=20");
    assertEquals(late, { status: 503, body: { code: "timeout" } });
    const aborted = await ask("/abort?timeoutMs=20000");
    assertEquals(aborted, { status: 503, body: { code: "aborted" } });
    assertEquals((await until(() => true)).waiting, 0);
    await ask("/give");
    assertEquals((await ask(WAIT)).status, 200);
  });

  it("A client that leaves while its request waits takes nothing along", { skip }, async () => {
    await ask("/keep");
    const controller = new AbortController();
    const { signal } = controller;
    const gone = ask("/wait?timeoutMs=200", { signal }).then(() => false, () => true);
    await until(({ waiting }) => waiting === 1);
    controller.abort();
    assert(await gone);
    const next = ask(WAIT);
    await until(({ waiting }) => waiting >= 1);
    await ask("/give");
    assertEquals((await next).status, 200);
    const { leased, idle } = await until(({ leased }) => leased === 0);
    assertEquals([leased, idle], [0, 1]);
  });

  it("Requests that wait for the rate are served by their own timers", { skip }, async () => {
    // More than the second's worth that may be made at once.
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask("/make")));
    assertEquals(answers.map(({ status }) => status), Array(24).fill(200));
  });
});
