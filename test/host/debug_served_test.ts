/** What each runtime lets a debugger see, over real sockets. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import type { Snapshot } from "../../mod.ts";
import denoJson from "../../deno.json" with { type: "json" };
import { EDGE, type Server, startOn, startServer } from "../fixture/server.ts";

const TOKEN = "abc.DEF-123";
const SETTINGS = { POOL_STATS: "1", POOL_TOKEN: TOKEN, POOL_DEBUG: "1" };
const BEARER = { Authorization: `Bearer ${TOKEN}` };

/** How long the service rests after each of them, and a little more, in ms. */
const REST_MS = 2100;

const skip = !("Deno" in globalThis) && "one runtime is enough to ask";

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "pool_debug_"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

function get(server: Server, path: string, headers: HeadersInit = BEARER): Promise<Response> {
  return server.fetch(`/_pool/debug${path}`, { headers });
}

function post(server: Server, path: string, init: RequestInit = {}): Promise<Response> {
  return server.fetch(`/_pool/debug${path}`, { method: "POST", headers: BEARER, ...init });
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

/** Loads a server until told to stop. */
async function load(server: Server, isOver: () => boolean): Promise<void> {
  while (!isOver()) await (await server.fetch("/hello/Ada")).text();
}

for (const runtime of RUNTIMES) {
  describe(`/_pool/debug of ${runtime}`, () => {
    it(`/_pool/debug of ${runtime} shows nobody anything without the token, or where it is off`, {
      skip,
    }, async () => {
      await using server = await startOn(runtime, EDGE, folder, SETTINGS);
      for (const path of ["", "/", "/snapshot"]) {
        assertEquals((await get(server, path, {})).status, 401, path);
      }
      for (const path of ["/gc", "/heap-snapshot", "/gc-trace", "/cpu-profile"]) {
        assertEquals((await post(server, path, { headers: {} })).status, 401, path);
      }
      await using closed = await startOn(runtime, EDGE, folder, { ...SETTINGS, POOL_DEBUG: "0" });
      assertEquals((await get(closed, "/snapshot")).status, 404);
      assertEquals((await post(closed, "/gc")).status, 404);
    });

    it(`/_pool/debug of ${runtime} answers snapshots of the pools, and says what there is`, {
      skip,
    }, async () => {
      await using server = await startOn(runtime, EDGE, folder, SETTINGS);
      await (await server.fetch("/hello/Ada")).text();
      const response = await get(server, "/snapshot");
      assertEquals(response.headers.get("Cache-Control"), "no-store");
      const [snapshot] = await response.json() as Snapshot[];
      assertEquals([snapshot!.schema, snapshot!.stats.acquires], [1, 1]);
      assertEquals(snapshot!.sketches.tags.map(({ name }) => name), ["/hello/:name"]);
      const has = runtime !== "workerd";
      assertEquals(await (await get(server, "")).json(), {
        "snapshot": true,
        "gc": has,
        "heap-snapshot": has,
        "gc-trace": has,
        "cpu-profile": has,
      });
      assertEquals((await get(server, "/gc")).status, 405);
      assertEquals((await get(server, "/nothing")).status, 404);
    });
  });
}

for (const runtime of RUNTIMES.filter((each) => each !== "workerd")) {
  describe(`Debugging ${runtime}`, () => {
    it(
      `/_pool/debug/gc of ${runtime} has the collector run, and then rests`,
      { skip },
      async () => {
        await using server = await startOn(runtime, EDGE, folder, SETTINGS);
        for (let i = 0; i < 500; i++) await (await server.fetch("/hello/Ada")).text();
        const response = await post(server, "/gc");
        const { afterBytes, beforeBytes, ms } = await response.json();
        // Bun counts no garbage before it is collected.
        if (runtime === "bun") assertEquals(beforeBytes, undefined);
        else assertLess(afterBytes, beforeBytes);
        assertGreater(afterBytes, 100_000);
        assertGreater(ms, 0);
        const soon = await post(server, "/gc");
        assertEquals([soon.status, soon.headers.get("Retry-After")], [429, "2"]);
        await soon.body?.cancel();
      },
    );

    it(`/_pool/debug/heap-snapshot of ${runtime} holds the objects, and may be broken off`, {
      skip,
    }, async () => {
      await using server = await startOn(runtime, EDGE, folder, SETTINGS);
      await (await server.fetch("/hello/Ada")).text();
      const broken = await post(server, "/heap-snapshot");
      const reader = broken.body!.getReader();
      await reader.read();
      await reader.cancel();
      await rest();
      const response = await post(server, "/heap-snapshot");
      assertEquals(response.status, 200);
      const disposition = response.headers.get("Content-Disposition");
      assert(/^attachment; filename="[\dTZ-]+\.heapsnapshot"$/.test(disposition!), disposition!);
      const { nodes, snapshot, strings } = await response.json();
      assertGreater(snapshot.node_count, 1000);
      assertGreater(nodes.length, 1000);
      assert(strings.includes("RequestContext"));
    });

    it(
      `/_pool/debug/gc-trace of ${runtime} tells collections, one recording at a time`,
      { skip },
      async () => {
        await using server = await startOn(runtime, EDGE, folder, SETTINGS);
        let isOver = false;
        const loaded = load(server, () => isOver);
        const tracing = post(server, "/gc-trace?seconds=2");
        await new Promise((resolve) => setTimeout(resolve, 300));
        const other = await post(server, "/cpu-profile?seconds=1");
        assertEquals([other.status, other.headers.has("Retry-After")], [409, true]);
        await other.body?.cancel();
        const { statistics } = await (await tracing).json();
        isOver = true;
        await loaded;
        assertGreater(statistics.length, 0);
        assertEquals(typeof statistics[0].gcType, "string");
        await rest();
        for (const seconds of ["61", "0", "1.5", ""]) {
          const wrong = await post(server, `/gc-trace?seconds=${seconds}`);
          assertEquals(wrong.status, 400, seconds);
          await wrong.body?.cancel();
        }
      },
    );

    it(`/_pool/debug/cpu-profile of ${runtime} names what ran`, { skip }, async () => {
      await using server = await startOn(runtime, EDGE, folder, SETTINGS);
      let isOver = false;
      const loaded = load(server, () => isOver);
      const response = await post(server, "/cpu-profile?seconds=1");
      isOver = true;
      await loaded;
      const { nodes } = await response.json();
      const urls = nodes.map(({ callFrame }: { callFrame: { url: string } }) => callFrame.url);
      assert(urls.some((url: string) => url.includes("/edge/")), urls.join(" "));
    });

    it(`/_pool/debug/gc-trace of ${runtime} ends with its client`, { skip }, async () => {
      await using server = await startOn(runtime, EDGE, folder, SETTINGS);
      const leaving = new AbortController();
      const tracing = post(server, "/gc-trace?seconds=60", { signal: leaving.signal });
      await new Promise((resolve) => setTimeout(resolve, 300));
      leaving.abort();
      await tracing.catch(() => {});
      await rest();
      const next = await post(server, "/gc");
      assertEquals(next.status, 200);
      await next.body?.cancel();
    });
  });
}

describe("Debugging Deno as it is started", () => {
  const command = denoJson.tasks.start.command.split(" ");
  const start = (args: readonly string[]) =>
    startServer({ program: Deno.execPath(), args, env: { PORT: "0", ...SETTINGS } });

  it(
    "/_pool/debug has all but cpu-profile, and names the permission for that",
    { skip },
    async () => {
      assertEquals(command[0], "deno");
      await using server = await start(command.slice(1));
      for (const name of ["gc", "heap-snapshot", "gc-trace?seconds=1"]) {
        const response = await post(server, `/${name}`);
        assertEquals(response.status, 200, name);
        await response.body?.cancel();
        await rest();
      }
      const response = await post(server, "/cpu-profile?seconds=1");
      assertEquals([response.status, await response.json()], [501, {
        error: "Cannot debug: the program must be started with --allow-sys: " +
          "received cpu-profile on one without",
      }]);
    },
  );

  it("/_pool/debug/cpu-profile is there with that permission", { skip }, async () => {
    await using server = await start(["run", "--allow-sys", ...command.slice(2)]);
    const response = await post(server, "/cpu-profile?seconds=1");
    assertEquals(response.status, 200);
    await response.body?.cancel();
  });
});

describe("Debugging workerd", () => {
  it("/_pool/debug of workerd says what it does not have", { skip }, async () => {
    await using server = await startOn("workerd", EDGE, folder, SETTINGS);
    for (const name of ["gc", "heap-snapshot", "gc-trace", "cpu-profile"]) {
      const response = await post(server, `/${name}`);
      assertEquals(response.status, 501, name);
      assert((await response.json()).error.includes(name));
    }
  });
});
