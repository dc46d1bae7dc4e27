import { after, before, describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertStringIncludes,
} from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import {
  FAULTY_TEXT,
  MAX_BODY_BYTES,
  MAX_HEADERS,
  type NonceAnswer,
} from "../fixture/served_app.ts";
import {
  freePort,
  runToEnd,
  SERVED_APP,
  type Server,
  startOn,
  startServer,
  startWorkerd,
} from "../fixture/server.ts";
import { npmCommand } from "../../bench/runner/root.ts";
import type { BufferPoolStats } from "../../src/buffers/mod.ts";

// The servers are processes, which are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

const REQUESTS = 1200;
const CONCURRENCY = 32;

let folder = "";
before(() => {
  if (!skip) folder = Deno.makeTempDirSync({ prefix: "pool_test_" });
});
after(() => {
  if (!skip) Deno.removeSync(folder, { recursive: true });
});

for (const runtime of RUNTIMES) {
  describe(`the gateway served by ${runtime}`, () => {
    let server: Server | undefined;
    before(async () => {
      if (!skip) server = await startOn(runtime, SERVED_APP, folder);
    });
    after(() => server?.[Symbol.asyncDispose]());

    it("never has a context in two live requests", { skip }, async () => {
      const answers = await askNonces(server!);
      assertEquals(answers.length, REQUESTS);
      for (const { nonces, isShared, isDirty, nonce } of answers) {
        assertEquals({ nonces, isShared, isDirty }, {
          nonces: Array(4).fill(nonce),
          isShared: false,
          isDirty: false,
        });
      }
      // Requests one after the other would prove nothing.
      assertGreaterOrEqual(Math.max(...answers.map(({ live }) => live)), CONCURRENCY / 2);

      await needNoBlocks(server!);
      const { leased, limbo, acquires, created, live, discarded, tags } = await stats(server!);
      assertEquals([leased, limbo, acquires, discarded.invalid], [0, 0, REQUESTS, 0]);
      assertEquals(live, created - Object.values(discarded).reduce((sum, n) => sum + n, 0));
      assertEquals(tags.map(({ name }) => name), ["/nonce/:nonce"]);
    });

    it("answers each error in JSON", { skip }, async () => {
      const large = new Uint8Array(MAX_BODY_BYTES + 1).fill(32);
      const CASES: readonly [number, string, RequestInit & { duplex?: "half" }][] = [
        [200, "/healthz", {}],
        [200, "/transform", { method: "POST", body: '{"text":"a","steps":["uppercase"]}' }],
        [400, "/transform", { method: "POST", body: "no JSON" }],
        [400, "/events?count=0", {}],
        [404, "/nowhere", {}],
        [405, "/events", { method: "POST" }],
        [405, "/hash", {}],
        [405, "/hello/Ada", { method: "DELETE" }],
        [405, "/transform", { method: "PUT", body: "{}" }],
        [413, "/transform", { method: "POST", body: large }],
        [413, "/transform", { method: "POST", body: inChunks(large), duplex: "half" }],
        [413, "/hash", { method: "POST", body: large }],
        [413, "/hash", { method: "POST", body: inChunks(large), duplex: "half" }],
        [431, "/hello/Ada", { headers: manyHeaders(MAX_HEADERS + 1) }],
        [500, "/transform", { method: "POST", body: JSON.stringify({ text: FAULTY_TEXT }) }],
      ];
      for (const [status, path, init] of CASES) {
        const response = await server!.fetch(path, init);
        const text = await response.text();
        assertEquals(response.status, status, `${init.method ?? "GET"} ${path}: ${text}`);
        const body = JSON.parse(text);
        if (status >= 400) {
          assertEquals(Object.keys(body), ["error"]);
          assertStringIncludes(body.error, ": received ");
        }
      }
      assertEquals((await stats(server!)).leased, 0);
    });

    it("renders a page, and escapes what the request says", { skip }, async () => {
      const headers = { Cookie: "a=1; theme=dark", "User-Agent": '"><script>' };
      const response = await server!.fetch("/hello/%3Cb%3EAda", { headers });
      assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
      const page = await response.text();
      assertStringIncludes(page, "<h1>Hello, &lt;b&gt;Ada</h1>");
      assertStringIncludes(page, "<dd>&quot;&gt;&lt;script&gt;</dd>");
      assertStringIncludes(page, 'content="dark"');
    });

    it("hashes bodies that come in chunks, many at a time", { skip }, async () => {
      await Promise.all(Array.from({ length: CONCURRENCY }, async (_, i) => {
        const bytes = new Uint8Array(MAX_BODY_BYTES - i).fill(i);
        const init = { method: "POST", body: inChunks(bytes), duplex: "half" } as const;
        const answer = await (await server!.fetch("/hash", init)).json();
        assertEquals(answer, { sha256: await sha256(bytes), bytes: bytes.length });
      }));
      assertEquals((await stats(server!)).leased, 0);
    });

    it("lets go of a body that ends in the middle", { skip }, async () => {
      const [connection, begun] = await beginBody(server!);
      assertEquals(begun.leased, 1);
      connection.close();
      await untilIdle(server!);
      const init = { method: "POST", body: "abc" };
      const { bytes } = await (await server!.fetch("/hash", init)).json();
      assertEquals(bytes, 3);
    });

    it("streams events, and goes on where a client has stopped", { skip }, async () => {
      const read = async (headers: HeadersInit) => {
        const response = await server!.fetch("/events?count=3&intervalMs=1", { headers });
        assertEquals(response.headers.get("content-type"), "text/event-stream");
        return await response.text();
      };
      const events = [1, 2, 3].map((tick) =>
        `event: tick\ndata: {"of":3,"tick":${tick}}\nid: ${tick}\n\n`
      );
      assertEquals(await read({}), events.join(""));
      assertEquals(await read({ "Last-Event-ID": "1" }), events.slice(1).join(""));
      await untilIdle(server!);
    });

    it("keeps streams of events apart", { skip }, async () => {
      await Promise.all(Array.from({ length: CONCURRENCY }, async (_, i) => {
        const count = 1 + i;
        const text = await (await server!.fetch(`/events?count=${count}&intervalMs=1`)).text();
        const seen = [...text.matchAll(/data: (.*)/g)].map(([, data]) => JSON.parse(data!));
        assertEquals(seen, Array.from({ length: count }, (_, k) => ({ of: count, tick: k + 1 })));
      }));
      await untilIdle(server!);
    });

    it("stops streaming when the client goes away", { skip }, async () => {
      const gone = new AbortController();
      const { signal } = gone;
      const response = await server!.fetch("/events?count=100&intervalMs=1000", { signal });
      const reader = response.body!.getReader();
      assertStringIncludes(new TextDecoder().decode((await reader.read()).value), "id: 1");
      assertEquals((await stats(server!)).leased, 1);
      gone.abort();
      await reader.closed.catch(() => {});
      // The whole stream would take 99 seconds.
      await untilIdle(server!);
    });
  });
}

describe("deno task start", () => {
  const start = (env: Record<string, string>) => ({
    program: Deno.execPath(),
    args: ["task", "start"],
    env,
  });

  it("serves on PORT until SIGINT, and answers what is in flight", { skip }, async () => {
    const PORT = String(freePort());
    await using server = await startServer(start({ PORT }));
    assertEquals(String(server.port), PORT);
    assertEquals(await (await server.fetch("/healthz")).json(), { status: "ok" });
    assertEquals((await server.fetch("/_pool/stats")).status, 404);

    const answer = await answerAcrossStop(server);
    assertStringIncludes(answer, "HTTP/1.1 200 OK");
    assertStringIncludes(answer, '{"text":"LATE","bytes":4}');
    const { code, output } = await server.ended();
    assertEquals(code, 0, output);
    assertStringIncludes(output, `Listening on http://localhost:${PORT}/`);
  });

  it("ends on SIGTERM with exit code 0", { skip }, async () => {
    await using server = await startServer(start({ PORT: String(freePort()) }));
    server.kill("SIGTERM");
    const { code, output } = await server.ended();
    assertEquals(code, 0, output);
  });

  it("serves the statistics where they are enabled", { skip }, async () => {
    const PORT = String(freePort());
    await using server = await startServer(start({ PORT, POOL_STATS: "1", POOL_TOKEN: "abc" }));
    assertEquals((await server.fetch("/_pool/stats")).status, 401);
    const headers = { Authorization: "Bearer abc" };
    assertEquals((await (await server.fetch("/_pool/stats", { headers })).json()).leased, 0);
  });

  it("says that a port is taken", { skip }, async () => {
    using taken = Deno.listen({ port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const { code, output } = await runToEnd(start({ PORT: String(port) }));
    assertEquals(code, 1, output);
    const message = `Cannot start: port must be free: received ${port}, which is in use`;
    assertEquals(lastLine(output), message);
  });

  it("says that PORT is wrong", { skip }, async () => {
    const { code, output } = await runToEnd(start({ PORT: "80.5" }));
    assertEquals(code, 1, output);
    const message = 'Cannot start: PORT must be an integer from 0 to 65535: received "80.5"';
    assertEquals(lastLine(output), message);
  });
});

describe("edge/bun.ts", () => {
  const start = (env: Record<string, string>) => ({
    program: npmCommand("bun"),
    args: ["run", "edge/bun.ts"],
    env,
  });

  it("serves on PORT until SIGINT, and answers what is in flight", { skip }, async () => {
    await using server = await startServer(start({ PORT: "0" }));
    assertEquals(await (await server.fetch("/healthz")).json(), { status: "ok" });
    const answer = await answerAcrossStop(server);
    assertStringIncludes(answer, "HTTP/1.1 200 OK");
    assertStringIncludes(answer, '{"text":"LATE","bytes":4}');
    const { code, output } = await server.ended();
    assertEquals(code, 0, output);
  });

  it("says that a port is taken", { skip }, async () => {
    using taken = Deno.listen({ port: 0 });
    const { port } = taken.addr as Deno.NetAddr;
    const { code, output } = await runToEnd(start({ PORT: String(port) }));
    assertEquals(code, 1, output);
    const message = `Cannot start: port must be free: received ${port}, which is in use`;
    assertEquals(lastLine(output), message);
  });
});

describe("edge/worker.ts", () => {
  it("serves, and takes its settings from bindings", { skip }, async () => {
    await using server = await startWorkerd(folder, "edge/worker.ts", { POOL_STATS: "1" });
    const init = { method: "POST", body: '{"text":" a ","steps":["trim"]}' };
    for (let i = 0; i < 3; i++) {
      assertEquals(await (await server.fetch("/transform", init)).json(), { text: "a", bytes: 1 });
    }
    const { leased, created } = await stats(server);
    assertEquals([leased, created], [0, 1]);
  });
});

/** The statistics of a server's pool, as far as the tests read them. */
interface Stats {
  readonly leased: number;
  readonly limbo: number;
  readonly acquires: number;
  readonly created: number;
  readonly live: number;
  readonly discarded: Readonly<Record<string, number>>;
  readonly tags: readonly { readonly name: string }[];
}

async function stats(server: Server): Promise<Stats> {
  return await (await server.fetch("/_pool/stats")).json();
}

/** Waits until no request has a context: a server sees late that a client has gone. */
async function untilIdle(server: Server): Promise<void> {
  const end = Date.now() + 10_000;
  while (true) {
    const { leased } = await stats(server);
    if (leased === 0) return await needNoBlocks(server);
    assert(Date.now() < end, `${leased} still leased`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Asserts that contexts in use nowhere have no blocks of the buffer pool that all of them grow into. */
async function needNoBlocks(server: Server): Promise<void> {
  const buffers: BufferPoolStats = await (await server.fetch("/buffers")).json();
  assertEquals([buffers.active, buffers.activeBytes], [0, 0]);
  assertGreater(buffers.allocations, 0);
}

/** Sends the first half of a body, and waits until the server has a context for it. */
async function beginBody(server: Server): Promise<[Deno.TcpConn, Stats]> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head = "POST /hash HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n0123456789";
  await connection.write(new TextEncoder().encode(head));
  const end = Date.now() + 10_000;
  while (true) {
    const begun = await stats(server);
    if (begun.leased > 0 || Date.now() > end) return [connection, begun];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends many requests, always some at a time, each with a nonce of its own. */
async function askNonces(server: Server): Promise<(NonceAnswer & { nonce: string })[]> {
  const answers: (NonceAnswer & { nonce: string })[] = [];
  let sent = 0;
  const ask = async () => {
    while (sent < REQUESTS) {
      const nonce = `${sent++}-${crypto.randomUUID()}`;
      const response = await server.fetch(`/nonce/${nonce}`);
      answers.push({ ...await response.json(), nonce });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
  return answers;
}

function manyHeaders(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`X-${i}`, "1"]));
}

/** A body whose length the server is not told. */
function inChunks(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (let i = 0; i < bytes.length; i += 1000) controller.enqueue(bytes.slice(i, i + 1000));
      controller.close();
    },
  });
}

/** Sends half a request, stops the server, and sends the rest once it takes no more. */
async function answerAcrossStop(server: Server): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const body = '{"text":"late","steps":["uppercase"]}';
  const length = `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n`;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let text = "";
  const readTo = async (end: string) => {
    while (!text.includes(end)) {
      const count = await connection.read(buffer);
      if (count === null) break;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  };
  const head = `POST /transform HTTP/1.1\r\nHost: a\r\n${length}\r\n`;
  await connection.write(encoder.encode(head + body.slice(0, 5)));
  // Said once the service reads the body. An answer on another connection would not tell as much.
  await readTo("\r\n\r\n");
  assertStringIncludes(text, "HTTP/1.1 100 Continue");
  server.kill("SIGINT");
  assert(await isStopping(server.port));
  await connection.write(encoder.encode(body.slice(5)));
  await readTo("}");
  return text;
}

/** Waits until a server answers no new request. */
async function isStopping(port: number): Promise<boolean> {
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode("GET /healthz HTTP/1.0\r\n\r\n"));
      const buffer = new Uint8Array(4096);
      const count = await connection.read(buffer) ?? 0;
      if (new TextDecoder().decode(buffer.subarray(0, count)).includes(" 503 ")) return true;
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

function lastLine(output: string): string | undefined {
  return output.trim().split("\n").at(-1);
}
