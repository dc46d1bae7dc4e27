/** Requests that mean harm, as bytes over real sockets, to real servers of each runtime. */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import type { NonceAnswer } from "../fixture/served_app.ts";
import { EDGE, SERVED_APP, type Server, startOn } from "../fixture/server.ts";

// The servers are processes, which are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

const TOKEN = "abc.DEF-123";

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 20_000;

const encoder = new TextEncoder();

/** Writes a message from texts and bytes. */
function message(...parts: readonly (string | readonly number[])[]): Uint8Array {
  const bytes = parts.map((part) => typeof part === "string" ? encoder.encode(part) : part);
  return Uint8Array.from(bytes.flatMap((part) => [...part]));
}

/** A request without a body that asks for the connection to be closed. */
function ask(method: string, path: string, headers = ""): Uint8Array {
  return message(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n`);
}

/** A `POST /transform` with a body. */
function post(...body: readonly (string | readonly number[])[]): Uint8Array {
  const bytes = message(...body);
  return message(
    "POST /transform HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
    `Content-Length: ${bytes.length}\r\n\r\n`,
    [...bytes],
  );
}

/** A `POST /transform` under headers that say something wrong about its body. */
function postAs(headers: string, body: string): Uint8Array {
  return message(
    `POST /transform HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n`,
    body,
  );
}

/** What a server sent before it closed the connection. */
interface Answer {
  /** Its status; `undefined` where the server closed without one. */
  readonly status: number | undefined;
  readonly text: string;
}

/** Sends bytes and reads until the server closes. */
async function send(server: Server, bytes: Uint8Array): Promise<Answer> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  // What waits for the connection then throws.
  const timer = setTimeout(() => connection.close(), ANSWER_MS);
  const written = writeAll(connection, bytes);
  const text = await readAll(connection);
  await written;
  clearTimeout(timer);
  connection.close();
  const status = text.match(/^HTTP\/1\.1 (\d{3}) /)?.[1];
  return { status: status === undefined ? undefined : Number(status), text };
}

/** Reads until the other side closes, in whatever way. */
async function readAll(connection: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  try {
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return text;
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return text;
    throw error;
  }
}

/** Writes bytes as far as the other side takes them. */
async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  } catch {
    // It has heard enough.
  }
}

/** Spellings of the paths of the statistics and the dashboard, or of what lies beside them. */
const SPELLINGS: readonly string[] = [
  "/_pool",
  "/_pool/",
  "/_pool/stats",
  "/_pool/stats/",
  "/_pool/metrics",
  "/_pool/debug",
  "/_pool/debug/",
  "/_pool/debug/snapshot",
  "/_pool/debug/gc",
  "/_pool/debug/heap-snapshot",
  "/%5fpool/debug/snapshot",
  "/_pool/metrics/",
  "/%5fpool/metrics",
  "/_pool/stats?token=" + TOKEN,
  "/_pool/stats;a",
  "/_pool/stats%00",
  "/_pool//stats",
  "//_pool/stats",
  "/%5fpool/stats",
  "/%5Fpool/%73tats",
  "/%255fpool/stats",
  "/_pool%2fstats",
  "/_pool\\stats",
  "/_POOL/stats",
  "/x/../_pool/stats",
  "/x/%2e%2e/_pool/stats",
  "http://a/_pool/stats",
  "/_pool/anything",
  "/_pool/events",
  "/_pool/events/",
  "/_pool/events?pool=0",
  "/_pool/%65vents",
  "/_pool/events;a",
  "/_pool/debug",
  "/_pool/explain",
  "/_pool/__proto__",
];

const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/** Headers by which somebody may hope to be let in. */
const KEYS: readonly string[] = [
  "",
  "Authorization: Bearer wrong\r\n",
  `Authorization: Bearer ${TOKEN}x\r\n`,
  `Authorization: Bearer ${TOKEN.slice(0, -1)}\r\n`,
  `Authorization: Bearer ${TOKEN.toLowerCase()}\r\n`,
  `Authorization: Bearer x, Bearer ${TOKEN}\r\n`,
  `Authorization: Bearer x\r\nAuthorization: Bearer ${TOKEN}\r\n`,
  `Authorization: ${TOKEN}\r\n`,
  `Authorization: Basic ${TOKEN}\r\n`,
  "Authorization: Bearer __proto__\r\n",
  "Authorization: Bearer undefined\r\n",
  "Authorization: Bearer \r\n",
  `Cookie: token=${TOKEN}\r\n`,
  `Cookie: siliconflow_pool=${TOKEN}\r\n`,
  "Cookie: siliconflow_pool=1.9999999999999.\r\n",
  `X-Authorization: Bearer ${TOKEN}\r\n`,
  "X-Forwarded-For: 127.0.0.1\r\nX-Original-URL: /_pool/stats\r\n",
];

/** Requests that end: the server answers or closes. */
const ATTACKS: Readonly<Record<string, Uint8Array>> = {
  "a path of 100 KB": ask("GET", "/" + "a".repeat(100_000)),
  "a parameter of 7 KB": ask("GET", "/nonce/" + "a".repeat(7000)),
  "a query of 100 KB": ask("GET", "/healthz?" + "a=b&".repeat(25_000)),
  "5000 headers": ask("GET", "/healthz", headers(5000, "v".repeat(80))),
  "90 headers": ask("GET", "/nonce/attack", headers(90, "v")),
  "a header of 1 MB": ask("GET", "/healthz", headers(1, "v".repeat(1e6))),
  "a header folded over lines": ask("GET", "/healthz", "X: a\r\n b\r\n"),
  "a header with NUL": ask("GET", "/healthz", "X: a\0b\r\n"),
  "a header without a name": ask("GET", "/healthz", ": a\r\n"),
  "__proto__ as a header": ask("GET", "/nonce/attack", "__proto__: polluted\r\nconstructor: x\r\n"),
  "__proto__ as a path": ask("GET", "/__proto__/polluted"),
  "__proto__ as a parameter": ask("GET", "/nonce/__proto__"),
  "__proto__ as a query": ask(
    "GET",
    "/healthz?__proto__[polluted]=1&constructor.prototype.polluted=1",
  ),
  "__proto__ as a JSON key": post('{"text":"a","__proto__":{"polluted":true}}'),
  "__proto__ as the only JSON key": post('{"__proto__":{"text":"a","polluted":true}}'),
  "constructor as a JSON key": post('{"text":"a","constructor":{"prototype":{"polluted":true}}}'),
  "__proto__ as a step": post('{"text":"a","steps":["__proto__","constructor","toString"]}'),
  "arrays 4000 deep": post("[".repeat(4000)),
  "the same, closed": post('{"text":' + "[".repeat(2000) + "]".repeat(2000) + "}"),
  "a body of more than it takes": post("[".repeat(900_000)),
  "the slot of a pooled object": post('{"text":"a","@siliconflow/pool slot":{"holder":0}}'),
  "a body that is no UTF-8": post('{"text":"', [0xff, 0xfe, 0xc0, 0x80], '"}'),
  "a body that ends within a character": post('{"text":"a"', [0xe2, 0x82]),
  "a body of NUL": post("\0\0\0\0"),
  "half a surrogate pair": post('{"text":"\\ud800"}'),
  "a number beyond all": post('{"text":1e999999}'),
  "a path that is no percent-encoding": ask("GET", "/nonce/%E0%A4%A"),
  "half a percent-encoding": ask("GET", "/nonce/%"),
  "an encoded byte that is no UTF-8": ask("GET", "/nonce/%FF"),
  "an encoded NUL": ask("GET", "/nonce/%00"),
  "an encoded end of line": ask("GET", "/nonce/%0d%0aSet-Cookie:%20a=b"),
  "a raw NUL": ask("GET", "/\0"),
  "raw bytes that are no UTF-8": message(
    "GET /",
    [0xff, 0xfe],
    " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  ),
  "a method of its own": ask("BREW", "/healthz"),
  "a method of 10 KB": ask("A".repeat(10_000), "/healthz"),
  "TRACE": ask("TRACE", "/healthz", "Cookie: a=b\r\n"),
  "CONNECT": ask("CONNECT", "a:1"),
  "a version of its own": message("GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
  "no version": message("GET /healthz\r\n\r\n"),
  "the hello of TLS": message([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10]),
  "no host": message("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"),
  "a host that is none": message(
    "GET /healthz HTTP/1.1\r\nHost: a b@:99999/\r\nConnection: close\r\n\r\n",
  ),
  "two lengths": postAs("Content-Length: 2\r\nContent-Length: 3\r\n", "{}x"),
  "a length and chunks": postAs(
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "0\r\n\r\nGET /nonce/smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
  ),
  "a length below 0": postAs("Content-Length: -1\r\n", "{}"),
  "chunks without a length": postAs("Transfer-Encoding: chunked\r\n", "zz\r\n{}"),
};

/** Beginnings of requests whose rest never comes. */
const UNFINISHED: readonly Uint8Array[] = [
  message(""),
  message("GET /nonce/half HTTP/1.1\r\nHost: a\r\n"),
  message("GET /nonce/half HTTP/1.1\r\nX: " + "v".repeat(1000)),
  postAs("Content-Length: 50\r\n", '{"text":'),
  postAs("Transfer-Encoding: chunked\r\n", "FFFFFFF\r\n{}"),
  message("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
];

/** Statuses of errors that are the client's; of the server, only that it does not know such a thing. */
const REFUSALS: readonly number[] = [400, 404, 405, 413, 414, 431, 501, 505];

/** Attacks that workerd itself answers with 500. */
const MAY_FAIL: readonly string[] = ["CONNECT"];

function headers(count: number, value: string): string {
  return Array.from({ length: count }, (_, i) => `X-${i}: ${value}\r\n`).join("");
}

let folder = "";
before(() => {
  if (!skip) folder = Deno.makeTempDirSync({ prefix: "pool_test_" });
});
after(() => {
  if (!skip) Deno.removeSync(folder, { recursive: true });
});

for (const runtime of RUNTIMES) {
  describe(`/_pool/* served by ${runtime}`, () => {
    it("answers 404 to each method and spelling unless it is enabled", { skip }, async () => {
      await using server = await startOn(runtime, EDGE, folder);
      for (const path of SPELLINGS) {
        for (const method of METHODS) {
          const key = `Authorization: Bearer ${TOKEN}\r\n`;
          const { status, text } = await send(server, ask(method, path, key));
          assertEquals(status, 404, `${method} ${path}: ${text}`);
        }
      }
    });

    it("answers nobody without the token where there is one", { skip }, async () => {
      const settings = { POOL_STATS: "1", POOL_TOKEN: TOKEN, POOL_DEBUG: "1" };
      await using server = await startOn(runtime, EDGE, folder, settings);
      const isTold = (text: string) =>
        text.includes('"leased"') || text.includes("siliconflow_pool_") ||
        text.includes(TOKEN);
      for (const path of SPELLINGS) {
        for (const method of METHODS) {
          const { status, text } = await send(server, ask(method, path));
          assert([401, 404, 405].includes(status!), `${method} ${path}: ${text}`);
          assert(!isTold(text), text);
        }
      }
      for (const key of KEYS) {
        for (
          const path of [
            "/_pool/stats",
            "/%5fpool/stats",
            "/_pool/metrics",
            "/_pool/events",
            "/_pool/",
          ]
        ) {
          const { status, text } = await send(server, ask("GET", path, key));
          assert(status === 401 || status === 400, `${key} ${path}: ${text}`);
          assert(!isTold(text), text);
        }
      }
      const missing = await send(server, ask("GET", "/_pool/stats"));
      assertEquals(missing.status, 401);
      assertMatch(missing.text, /^www-authenticate: Bearer /im);
      // A host that looks like a path changes which route is meant, not who may see it.
      const host = "Host: a/_pool/stats?\r\nConnection: close\r\n\r\n";
      const disguised = await send(server, message(`GET /healthz HTTP/1.1\r\n${host}`));
      assert([401, 404].includes(disguised.status!), disguised.text);

      const right = await send(
        server,
        ask("GET", "/_pool/stats", `Authorization: Bearer ${TOKEN}\r\n`),
      );
      assertEquals(right.status, 200);
      assertMatch(right.text, /^cache-control: no-store\r$/im);
      assertEquals(JSON.parse(right.text.match(/\{.*\}/)![0]).leased, 0);
    });
  });

  describe(`a service under attack on ${runtime}`, () => {
    let server: Server | undefined;
    before(async () => {
      if (!skip) server = await startOn(runtime, SERVED_APP, folder);
    });
    after(() => server?.[Symbol.asyncDispose]());

    it("answers or refuses what ends, and tells nobody of another", { skip }, async () => {
      const honest = new Honest(server!);
      // Each alone, and then all of them at once.
      const attack = async ([name, bytes]: [string, Uint8Array]) => {
        const { status, text } = await send(server!, bytes);
        const isExpected = status === undefined || status === 200 || REFUSALS.includes(status) ||
          status === 500 && MAY_FAIL.includes(name);
        assert(isExpected, `${name}: ${text.slice(0, 500)}`);
        assert(!text.includes(Honest.SECRET), `${name}: ${text}`);
      };
      for (const entry of Object.entries(ATTACKS)) await attack(entry);
      for (let round = 0; round < 3; round++) {
        await Promise.all(Object.entries(ATTACKS).map(attack));
      }
      await honest.stop();
      await check(server!);
    });

    it("serves others while requests hang, holds nothing for those", { skip }, async () => {
      const hanging: Deno.Conn[] = [];
      for (let round = 0; round < 10; round++) {
        for (const bytes of UNFINISHED) {
          const connection = await Deno.connect({ hostname: "127.0.0.1", port: server!.port });
          await writeAll(connection, bytes);
          hanging.push(connection);
        }
      }
      await new Honest(server!).stop();
      await check(server!);
      for (const connection of hanging) connection.close();
      await check(server!);
    });

    const names = ["__proto__", "constructor", "hasOwnProperty", "\0", "\r\nA: b", "é👩", "%00"];
    it("takes names for names in each part of a context", { skip }, async () => {
      for (const name of names) {
        const answer = await askNonce(server!, name);
        assertEquals(answer.nonces, Array(4).fill(name));
        assertEquals([answer.isDirty, answer.isPolluted], [false, false]);
      }
      await check(server!);
    });
  });
}

async function askNonce(server: Server, nonce: string): Promise<NonceAnswer> {
  return await (await server.fetch(`/nonce/${encodeURIComponent(nonce)}`)).json();
}

/** Requests that mean no harm, some at a time, until they are told to stop. */
class Honest {
  static readonly SECRET = "secret-of-another";
  readonly #server: Server;
  readonly #all: Promise<unknown>;
  #answered = 0;
  #isStopping = false;

  constructor(server: Server) {
    this.#server = server;
    this.#all = Promise.all(Array.from({ length: 4 }, (_, i) => this.#ask(i)));
    // Whoever stops them hears of it.
    this.#all.catch(() => {});
  }

  /** Waits for the last of them; throws where one of them met somebody else's data. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#all;
    assertGreater(this.#answered, 0);
  }

  async #ask(asker: number): Promise<void> {
    do {
      const nonce = `${Honest.SECRET}-${asker}-${this.#answered}`;
      const { nonces, isShared, isDirty, isPolluted } = await askNonce(this.#server, nonce);
      assertEquals({ nonces, isShared, isDirty, isPolluted }, {
        nonces: Array(4).fill(nonce),
        isShared: false,
        isDirty: false,
        isPolluted: false,
      });
      this.#answered++;
    } while (!this.#isStopping);
  }
}

/** Asserts that a server still answers, and that nothing has got lost in it. */
async function check(server: Server): Promise<void> {
  const body = '{"text":"a","steps":["uppercase"]}';
  const answer = await server.fetch("/transform", { method: "POST", body });
  assertEquals(await answer.json(), { text: "A", bytes: 1 });
  const { leased, limbo, misuses, tags } = await (await server.fetch("/_pool/stats")).json();
  assertEquals([leased, limbo, misuses], [0, 0, 0]);
  for (const { name } of tags) assert(["/nonce/:nonce", "/transform"].includes(name), name);
}
