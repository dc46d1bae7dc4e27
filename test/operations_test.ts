import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Hono } from "hono";
import { assets } from "../edge/dashboard/assets.ts";
import { MAX_LISTENERS } from "../edge/dashboard/live.ts";
import type { Reading } from "../edge/dashboard/reading.ts";
import {
  type ObservedPool,
  type Operations,
  operations,
  type OperationsOptions,
} from "../edge/mod.ts";
import { Sessions } from "../edge/session.ts";
import { FusedReport, reportTo } from "../metrics/mod.ts";
import { inertHost, Pool, type PoolOptions } from "../mod.ts";

const TOKEN = "abc.DEF-123";
const UNAUTHORIZED = {
  error: "Cannot read stats: bearer token must be right: received none or another",
};
const BEARER = { Authorization: `Bearer ${TOKEN}` };
const HTML = { Accept: "text/html,*/*;q=0.8" };

/** A pool that nothing but the test moves. */
const newPool = (options: Partial<PoolOptions<object>> = {}) =>
  new Pool<object>({ create: () => ({}), reset: () => {}, host: inertHost(), ...options });

const newOperations = (options: Partial<OperationsOptions> = {}) =>
  operations({ pools: [newPool()], token: TOKEN, ...options });

/** Sends the form of the log-in. */
const logIn = (
  service: Operations,
  token: string,
  headers: HeadersInit = {},
  url = "http://a/_pool/login",
) => {
  const body = new URLSearchParams({ token });
  return service.fetch(new Request(url, { method: "POST", body, headers }));
};

/** The cookie that a log-in gives, as a browser sends it. */
async function cookieOf(service: Operations): Promise<string> {
  const response = await logIn(service, TOKEN);
  return response.headers.get("set-cookie")!.split(";")[0]!;
}

/** Reads events of a stream. */
class Events {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(response: Response) {
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    this.#reader = response.body!.getReader();
  }

  /** The next reading, or `undefined` where the stream has ended. */
  async next(): Promise<Reading | undefined> {
    for (;;) {
      const found = this.#text.match(/event: reading\ndata: ([^\n]*)\n\n/);
      if (found !== null) {
        this.#text = this.#text.slice(found.index! + found[0].length);
        return JSON.parse(found[1]!);
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += new TextDecoder().decode(value);
    }
  }

  /** Goes away. */
  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

const listen = async (service: Operations, init: RequestInit = { headers: BEARER }) =>
  new Events(await service.request("/_pool/events", init));

describe("operations() lets in", () => {
  const PATHS = ["/_pool/stats", "/_pool/metrics", "/_pool/events", "/_pool", "/_pool/"];

  for (const path of PATHS) {
    it(`nobody without a token or a session to ${path}`, async () => {
      const service = newOperations();
      const WRONG: readonly HeadersInit[] = [
        {},
        { Authorization: `Bearer ${TOKEN}x` },
        { Cookie: "siliconflow_pool=" },
        { Cookie: `siliconflow_pool=${TOKEN}` },
        { Cookie: `siliconflow_pool=1.9999999999999` },
        { Cookie: `siliconflow_pool=1.9999999999999.${"A".repeat(43)}%3D` },
      ];
      for (const headers of WRONG) {
        for (const method of ["GET", "HEAD"]) {
          const response = await service.request(path, { method, headers });
          assertEquals(response.status, 401);
          assertStringIncludes(response.headers.get("www-authenticate")!, "Bearer ");
          if (method === "GET") assertEquals(await response.json(), UNAUTHORIZED);
        }
      }
    });

    it(`whoever has the token or a session to ${path}`, async () => {
      const service = newOperations();
      const headers = [BEARER, { Cookie: await cookieOf(service) }, {
        Cookie: `theme=dark; ${await cookieOf(service)}`,
      }];
      for (const header of headers) {
        const response = await service.request(path, { headers: header });
        assertEquals(response.status, path === "/_pool" ? 303 : 200);
        await response.body?.cancel();
      }
    });

    it(`anybody to ${path} where there is no token`, async () => {
      const service = operations({ pools: [newPool()] });
      const response = await service.request(path);
      assertEquals(response.status, path === "/_pool" ? 303 : 200);
      await response.body?.cancel();
      assertEquals((await service.request("/_pool/login")).status, 404);
      assertEquals((await service.request("/_pool/logout", { method: "POST" })).status, 404);
    });
  }

  it("a browser to the form, below the same path", async () => {
    const service = newOperations();
    const CASES: readonly [string, string][] = [
      ["/_pool", "./_pool/login"],
      ["/_pool/", "./login"],
    ];
    for (const [path, location] of CASES) {
      const response = await service.request(path, { headers: HTML });
      assertEquals([response.status, response.headers.get("location")], [303, location]);
    }
    // A program that has a token is told that it is wrong.
    const headers = { ...HTML, Authorization: "Bearer wrong" };
    assertEquals((await service.request("/_pool/", { headers })).status, 401);
    // A browser also sends what a proxy in front asked for.
    const proxied = { ...HTML, Authorization: "Basic YTpi" };
    assertEquals((await service.request("/_pool/", { headers: proxied })).status, 303);
  });

  it("no session of another token, or that was changed", async () => {
    const service = newOperations();
    const cookie = await cookieOf(service);
    const end = Number(cookie.match(/=1\.(\d+)/)![1]);
    const forged = [
      cookie.replace(String(end), String(end + 1)),
      cookie.replace("=1.", "=2."),
      await cookieOf(newOperations()),
    ];
    const asks = forged.map((Cookie) => service.request("/_pool/stats", { headers: { Cookie } }));
    // The last one is right: another instance after a restart, or another isolate.
    assertEquals((await Promise.all(asks)).map(({ status }) => status), [401, 401, 200]);
    const other = newOperations({ token: "another" });
    const headers = { Cookie: cookie };
    assertEquals((await other.request("/_pool/stats", { headers })).status, 401);
  });

  it("no change by a session from a page of another port or subdomain", async () => {
    const headers = { Cookie: await cookieOf(newOperations()) };
    const app = new Hono().post("/", new Sessions(TOKEN).admit, (c) => c.text("changed"));
    const CASES: readonly [HeadersInit, number][] = [
      [{ ...headers, "Sec-Fetch-Site": "same-site" }, 403],
      [{ ...headers, Origin: "http://localhost:81" }, 403],
      [{ ...headers, "Sec-Fetch-Site": "same-origin" }, 200],
      [{ ...BEARER, "Sec-Fetch-Site": "same-site" }, 200],
    ];
    for (const [headers, status] of CASES) {
      assertEquals((await app.request("/", { method: "POST", headers })).status, status);
    }
  });

  it("no session that has ended", async () => {
    using time = new FakeTime();
    const service = newOperations();
    const headers = { Cookie: await cookieOf(service) };
    time.tick(12 * 3_600_000 - 1);
    assertEquals((await service.request("/_pool/stats", { headers })).status, 200);
    time.tick(1);
    assertEquals((await service.request("/_pool/stats", { headers })).status, 401);
  });
});

describe("operations() where a route fails", () => {
  it("answers 500 in JSON, and tells the error to nobody but onError", async () => {
    const failing = Object.assign(newPool(), {
      stats() {
        throw new Error("secret");
      },
    });
    const errors: unknown[] = [];
    const service = newOperations({ pools: [failing], onError: (error) => errors.push(error) });
    for (const path of ["/_pool/stats", "/_pool/metrics"]) {
      const response = await service.request(path, { headers: BEARER });
      assertEquals(response.status, 500);
      assertEquals(await response.json(), {
        error: "Cannot answer: route must not fail: received an internal error",
      });
    }
    assertEquals(errors.map(String), ["Error: secret", "Error: secret"]);
  });
});

describe("operations() POST /login", () => {
  it("gives a cookie that scripts and other sites cannot use", async () => {
    const response = await logIn(newOperations(), TOKEN);
    assertEquals([response.status, response.headers.get("location")], [303, "./"]);
    const cookie = response.headers.get("set-cookie")!;
    assertMatch(
      cookie,
      /^siliconflow_pool=1\.\d{13}\.[\w%]+; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    assertFalse(cookie.includes(TOKEN));
  });

  it("keeps the cookie off plain HTTP where the page came encrypted", async () => {
    const CASES: readonly [string, HeadersInit][] = [
      ["https://a/_pool/login", {}],
      // A proxy took the encryption off.
      ["http://a/_pool/login", { Origin: "https://a" }],
    ];
    for (const [url, headers] of CASES) {
      const response = await logIn(newOperations(), TOKEN, headers, url);
      assertStringIncludes(response.headers.get("set-cookie")!, "; Secure");
    }
  });

  it("takes a form from its own page only, whatever the token", async () => {
    const service = newOperations();
    const FOREIGN: readonly HeadersInit[] = [
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "cross-site", Origin: "http://a" },
      { Origin: "http://b" },
      { Origin: "http://a:81" },
      { Origin: "null" },
      { Origin: "" },
    ];
    for (const headers of FOREIGN) {
      const response = await logIn(service, TOKEN, headers);
      assertEquals([response.status, response.headers.get("set-cookie")], [403, null]);
      const out = await service.request("/_pool/logout", { method: "POST", headers });
      assertEquals([out.status, out.headers.get("set-cookie")], [403, null]);
    }
    const OWN: readonly HeadersInit[] = [
      { "Sec-Fetch-Site": "same-origin", Origin: "http://a" },
      // A proxy that changes the host.
      { "Sec-Fetch-Site": "same-origin", Origin: "https://b" },
      { Origin: "http://a" },
    ];
    for (const headers of OWN) assertEquals((await logIn(service, TOKEN, headers)).status, 303);
  });

  it("says that a token is wrong, to people and to screen readers", async () => {
    for (const token of ["", "wrong", `${TOKEN}x`, "<script>"]) {
      const response = await logIn(newOperations(), token);
      assertEquals([response.status, response.headers.get("set-cookie")], [401, null]);
      const page = await response.text();
      assertMatch(page, /role="alert" id="trouble">That is not the token\.</);
      assertStringIncludes(page, 'aria-invalid="true" aria-describedby="trouble"');
      assertFalse(page.includes("<script>"));
    }
  });

  it("takes ten wrong tokens at once, then one in three seconds, and no more", async () => {
    using time = new FakeTime();
    const service = newOperations();
    const cookie = await cookieOf(service);
    const all = await Promise.all(
      Array.from({ length: 30 }, () => logIn(service, "wrong")),
    );
    assertEquals(all.filter(({ status }) => status === 401).length, 10);
    const late = all.filter(({ status }) => status === 429);
    assertEquals(late.length, 20);
    assertEquals(late[0]!.headers.get("retry-after"), "3");
    // Otherwise it would be no limit.
    assertEquals((await logIn(service, TOKEN)).status, 429);
    // Whoever is in stays in.
    for (const headers of [BEARER, { Cookie: cookie }]) {
      assertEquals((await service.request("/_pool/stats", { headers })).status, 200);
    }
    time.tick(3000);
    assertEquals((await logIn(service, "wrong")).status, 401);
    assertEquals((await logIn(service, TOKEN)).status, 429);
    time.tick(3000);
    for (let i = 0; i < 20; i++) assertEquals((await logIn(service, TOKEN)).status, 303);
  });

  it("reads no large form", async () => {
    const response = await logIn(newOperations(), "a".repeat(5000));
    assertEquals(response.status, 413);
    assertEquals(await response.json(), {
      error: "Cannot log in: body must be at most 4096 bytes: received more",
    });
  });
});

describe("operations() POST /logout", () => {
  it("has the browser forget its session", async () => {
    const service = newOperations();
    const headers = { Cookie: await cookieOf(service) };
    const response = await service.request("/_pool/logout", { method: "POST", headers });
    assertEquals([response.status, response.headers.get("location")], [303, "./login"]);
    assertMatch(response.headers.get("set-cookie")!, /^siliconflow_pool=; Max-Age=0; HttpOnly/);
  });
});

describe("operations() GET /stats", () => {
  it("answers those of each pool", async () => {
    const pools = ["first", "second"].map((name) => newPool({ name }));
    const service = operations({ pools });
    const CASES: readonly [string, number][] = [["", 0], ["?pool=0", 0], ["?pool=1", 1]];
    for (const [query, index] of CASES) {
      const response = await service.request(`/_pool/stats${query}`);
      assertEquals(response.headers.get("cache-control"), "no-store");
      assertEquals(await response.json(), JSON.parse(JSON.stringify(pools[index]!.stats())));
    }
  });

  it("answers 400 where there is no such pool", async () => {
    for (const route of ["stats", "events"]) {
      for (const asked of ["1", "-1", "", "first", "1e0", "00000", "__proto__"]) {
        const response = await newOperations().request(`/_pool/${route}?pool=${asked}`, {
          headers: BEARER,
        });
        assertEquals(response.status, 400);
        assertEquals(await response.json(), {
          error: `Cannot read stats: pool must be an integer from 0 to 0: received "${asked}"`,
        });
      }
    }
  });
});

describe("operations() GET /metrics", () => {
  it("answers those of all pools, in the format that is accepted", async () => {
    const pools = ["first", "second"].map((name) => newPool({ name }));
    pools[1]!.lease("auth").release();
    const service = operations({ pools });
    const text = await service.request("/_pool/metrics");
    assertEquals(text.headers.get("cache-control"), "no-store");
    assertMatch(text.headers.get("content-type")!, /^text\/plain; ?version=0\.0\.4/);
    const first = await text.text();
    for (const name of ["first", "second"]) assertStringIncludes(first, `{pool="${name}"`);
    const sample = 'siliconflow_pool_acquires_total{pool="second",tag="auth"}';
    assertStringIncludes(first, `\n${sample} 1\n`);

    pools[1]!.lease("auth").release();
    const headers = { Accept: "application/openmetrics-text;version=1.0.0" };
    const open = await service.request("/_pool/metrics", { headers });
    assertMatch(open.headers.get("content-type")!, /^application\/openmetrics-text/);
    const second = await open.text();
    assertStringIncludes(second, `\n${sample} 2\n`);
    assert(second.endsWith("# EOF\n"));
  });
});

describe("operations() answers", () => {
  it("405 to other methods", async () => {
    const CASES: readonly [string, string, string][] = [
      ["POST", "/_pool", "GET, HEAD"],
      ["PUT", "/_pool/", "GET, HEAD"],
      ["POST", "/_pool/stats", "GET, HEAD"],
      ["DELETE", "/_pool/events", "GET, HEAD"],
      ["POST", "/_pool/metrics", "GET, HEAD"],
      ["PUT", "/_pool/login", "GET, HEAD, POST"],
      ["GET", "/_pool/logout", "POST"],
    ];
    for (const [method, path, allowed] of CASES) {
      const response = await newOperations().request(path, { method });
      assertEquals([response.status, response.headers.get("allow")], [405, allowed]);
      const error = `Cannot answer: method must be ${allowed}: received "${method}"`;
      assertEquals(await response.json(), { error });
    }
  });

  it("404 to what it does not have", async () => {
    const error = "Cannot answer: route must exist: received an unknown one";
    for (const path of ["/", "/_pool/x", "/_pool/stats/", "/_pool/assets/x.js", "/_pool/assets/"]) {
      const response = await newOperations().request(path);
      assertEquals([response.status, await response.json()], [404, { error }]);
    }
  });

  it("below another path", async () => {
    const service = newOperations({ path: "/admin/pools" });
    assertEquals((await service.request("/_pool/stats", { headers: BEARER })).status, 404);
    assertEquals((await service.request("/admin/pools/stats", { headers: BEARER })).status, 200);
    const visit = await service.request("/admin/pools", { headers: HTML });
    assertEquals(visit.headers.get("location"), "./pools/login");
  });
});

describe("operations() serves pages that", () => {
  const pages = async (service: Operations) =>
    await Promise.all(["/_pool/", "/_pool/login"].map(async (path) => {
      const response = await service.request(path, { headers: BEARER });
      return { response, text: await response.text() };
    }));

  it("hold no script and no style of their own, and may fetch from their origin only", async () => {
    for (const { response, text } of await pages(newOperations())) {
      const policy = response.headers.get("content-security-policy")!;
      assertStringIncludes(policy, "default-src 'none'");
      assertFalse(/unsafe|\*|https?:/.test(policy), policy);
      assertFalse(/<style| style=| on\w+=|javascript:|https?:/i.test(text), text);
      for (const [script] of text.matchAll(/<script[^>]*>/g)) assertStringIncludes(script, " src=");
      assertEquals(response.headers.get("cache-control"), "no-store");
    }
  });

  it("name files that are there, for ever", async () => {
    const service = newOperations();
    const named = new Set<string>();
    for (const { text } of await pages(service)) {
      for (const [, name] of text.matchAll(/"assets\/([^"]+)"/g)) named.add(name!);
    }
    assertEquals([...named].sort(), [...assets.keys()].sort());
    for (const name of named) {
      const response = await service.request(`/_pool/assets/${name}`);
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assertEquals(response.headers.get("content-type"), assets.get(name)!.type);
      assertEquals(await response.text(), assets.get(name)!.text);
    }
  });

  it("offer to log out only where there is a session", async () => {
    const service = newOperations();
    const show = async (headers: HeadersInit) =>
      await (await service.request("/_pool/", { headers })).text();
    assertFalse((await show(BEARER)).includes("logout"));
    assertStringIncludes(await show({ Cookie: await cookieOf(service) }), 'action="logout"');
  });
});

describe("operations() GET /events", () => {
  it("streams readings, and says when to come back", async () => {
    using time = new FakeTime();
    const pool = newPool();
    const service = newOperations({ pools: [pool] });
    const response = await service.request("/_pool/events", { headers: BEARER });
    assertEquals(response.headers.get("cache-control"), "no-store, no-transform");
    const events = new Events(response);
    const first = (await events.next())!;
    assertEquals([first.at, first.pools, first.selected], [Date.now(), ["pool"], 0]);
    assertEquals(first.stats, JSON.parse(JSON.stringify(pool.stats())));
    const lease = pool.lease("auth");
    await time.tickAsync(1000);
    const second = (await events.next())!;
    assertEquals([second.at - first.at, second.stats.leased], [1000, 1]);
    lease.release();
    await events.cancel();
  });

  it("carries whatever tags are called", async () => {
    using _ = new FakeTime();
    const names = ["\n\nevent: reading\ndata: {}\n\n", "</script>", "\u2028", "__proto__", "😀"];
    const pool = newPool({ name: "\r\n\r\ndata: x" });
    for (const name of names) pool.lease(name).release();
    const events = await listen(newOperations({ pools: [pool] }));
    const { stats, pools } = (await events.next())!;
    assertEquals(stats.tags.map(({ name }) => name), names);
    assertEquals(pools, ["\r\n\r\ndata: x"]);
    await events.cancel();
  });

  it("shows the tags that were used most, in their order, however many there are", async () => {
    using _ = new FakeTime();
    const pool = newPool();
    for (let i = 0; i < 200; i++) {
      for (let times = i % 2; times >= 0; times--) pool.lease(`tag ${i}`).release();
    }
    const events = await listen(newOperations({ pools: [pool] }));
    const { stats, explanation, counts } = (await events.next())!;
    const names = Array.from({ length: 64 }, (_, i) => `tag ${i * 2 + 1}`);
    assertEquals(stats.tags.map(({ name }) => name), names);
    assertEquals(explanation.tags.map(({ name }) => name), names);
    assertEquals(counts.tags, pool.stats().tags.length);
    await events.cancel();
  });

  it("shows where leaks come from only where there is a token", async () => {
    using _ = new FakeTime();
    let now = 0;
    const host = { ...inertHost(), now: () => now };
    const pool = newPool({ host, debug: true, leakAfterMs: 1000 });
    const lease = pool.lease("lost");
    now = 2000;
    pool.tick();
    const leaksOf = async (options: Partial<OperationsOptions>) => {
      const events = await listen(operations({ pools: [pool], ...options }));
      const reading = (await events.next())!;
      await events.cancel();
      assertEquals(reading.counts.leaks, 1);
      return reading.leaks;
    };
    assertEquals(await leaksOf({}), [{ tag: "lost", heldMs: 2000 }]);
    assertStringIncludes((await leaksOf({ token: TOKEN }))[0]!.stack!, "at ");
    lease.release();
  });

  /** A pool that counts how often it is read. */
  function counted(): ObservedPool & { reads: number } {
    const pool = newPool();
    return {
      reads: 0,
      stats: () => pool.stats(),
      explain() {
        this.reads++;
        return pool.explain();
      },
      leaks: () => pool.leaks(),
    };
  }

  it("reads a pool only while somebody listens, and once for all of them", async () => {
    using time = new FakeTime();
    const pool = counted();
    const service = newOperations({ pools: [pool] });
    await time.tickAsync(5000);
    assertEquals(pool.reads, 0);
    const all = await Promise.all(Array.from({ length: MAX_LISTENERS }, () => listen(service)));
    for (let second = 1; second <= 3; second++) {
      await Promise.all(all.map((events) => events.next()));
      assertEquals(pool.reads, second);
      await time.tickAsync(1000);
    }
    await Promise.all(all.map((events) => events.cancel()));
    const { reads } = pool;
    await time.tickAsync(5000);
    assertEquals(pool.reads, reads);
  });

  it("answers 503 to one listener too many, until another one has gone", async () => {
    using time = new FakeTime();
    const service = newOperations();
    const all = await Promise.all(Array.from({ length: MAX_LISTENERS }, () => listen(service)));
    for (const method of ["GET", "HEAD"]) {
      const response = await service.request("/_pool/events", { method, headers: BEARER });
      assertEquals([response.status, response.headers.get("retry-after")], [503, "10"]);
    }
    await all[0]!.cancel();
    await time.runMicrotasks();
    all[0] = await listen(service);
    await Promise.all(all.map((events) => events.cancel()));
    await time.runMicrotasks();
    assertEquals(time.next(), false);
  });

  it("begins no stream for HEAD", async () => {
    const service = newOperations();
    for (let i = 0; i <= MAX_LISTENERS; i++) {
      const init = { method: "HEAD", headers: BEARER };
      assertEquals((await service.request("/_pool/events", init)).status, 200);
    }
  });

  it("gives up a listener that takes nothing", async () => {
    using time = new FakeTime();
    const service = newOperations();
    const stalled = await Promise.all(
      Array.from({ length: MAX_LISTENERS }, () =>
        service.request("/_pool/events", {
          headers: BEARER,
        })),
    );
    await time.tickAsync(25_000);
    const events = await listen(service);
    assert(await events.next() !== undefined);
    await events.cancel();
    for (const response of stalled) await response.body!.cancel();
  });

  it("ends with the session", async () => {
    using time = new FakeTime();
    const service = newOperations();
    const headers = { Cookie: await cookieOf(service) };
    time.tick(12 * 3_600_000 - 1500);
    const events = await listen(service, { headers });
    assert(await events.next() !== undefined);
    await time.tickAsync(1000);
    assert(await events.next() !== undefined);
    await time.tickAsync(1000);
    assertEquals(await events.next(), undefined);
  });

  it("ends when the service stops, and leaves no timer", async () => {
    using time = new FakeTime();
    const stopping = new AbortController();
    const service = newOperations({ signal: stopping.signal });
    const events = await listen(service);
    assert(await events.next() !== undefined);
    await time.runMicrotasks();
    stopping.abort();
    assertEquals(await events.next(), undefined);
    assertEquals(time.next(), false);
    assertEquals((await service.request("/_pool/events", { headers: BEARER })).status, 503);
  });

  it("tells its owner, not its client, of a pool that fails", async () => {
    using _ = new FakeTime();
    const errors: unknown[] = [];
    const pool = newPool();
    const failing = {
      stats: () => pool.stats(),
      explain: () => {
        throw new Error("secret");
      },
      leaks: () => pool.leaks(),
    };
    const onError = (error: unknown) => void errors.push(error);
    const response = await newOperations({ pools: [failing], onError }).request("/_pool/events", {
      headers: BEARER,
    });
    assertEquals(await response.text(), "retry: 1500\n\n");
    assertEquals(errors.map((error) => (error as Error).message), ["secret"]);
  });
});

describe("GET /_pool/metrics", () => {
  it("tells what a FusedReport has folded, where there is one", async () => {
    const pool = newPool();
    const fused = new FusedReport();
    fused.add(pool);
    const posted: unknown[] = [];
    const other = newPool();
    other.release(other.acquire("elsewhere"));
    const port = { postMessage: (message: unknown) => void posted.push(structuredClone(message)) };
    reportTo(port, { pools: [other], host: inertHost() }).report();
    for (const message of posted) fused.fold(message);
    const { request } = operations({ pools: [pool], metrics: fused });
    const text = await (await request("/_pool/metrics")).text();
    assertStringIncludes(text, 'tag="elsewhere"} 1\n');
    assertEquals(text.match(/^siliconflow_pool_created_objects_total\{/gm)?.length, 1);
  });
});

describe("operations() refuses", () => {
  const pools = [newPool()];
  const BAD_OPTIONS: readonly [unknown, string][] = [
    [undefined, "options must be an object: received undefined"],
    [{}, "pools must be an array: received undefined"],
    [{ pools: pools[0] }, "pools must be an array: received an object"],
    [{ pools: [] }, "pools must hold at least one: received none"],
    [{ pools: [{}] }, "pools must have stats(): received an object"],
    [{ pools: [null] }, "pools must have stats(): received null"],
    [{ pools, token: "" }, "a bearer token may have: received 0 characters"],
    [{ pools, token: "two words" }, "a bearer token may have: received 9 characters"],
    [{ pools, token: 1 }, "a bearer token may have: received number"],
    [{ pools, metrics: {} }, "metrics must have stats(): received an object"],
    [{ pools, debug: 1, token: "a" }, "debug must be a boolean: received 1"],
    [{ pools, debug: true }, "debug must come with a token: received it without"],
    [
      { pools: [{ stats() {}, explain() {}, leaks() {} }], debug: true, token: "a" },
      "pools must have snapshot() with debug: received an object",
    ],
    [{ pools, path: "" }, 'begin with "/": received ""'],
    [{ pools, path: "_pool" }, 'begin with "/": received "_pool"'],
    [{ pools, path: "/a/" }, 'begin with "/": received "/a/"'],
    [{ pools, path: "/:a" }, 'begin with "/": received "/:a"'],
    [{ pools, signal: {} }, "signal must be an AbortSignal: received an object"],
    [{ pools, onError: 1 }, "onError must be a function: received 1"],
  ];
  for (const [options, message] of BAD_OPTIONS) {
    it(message, () => {
      const error = assertThrows(() => operations(options as OperationsOptions), Error);
      assertStringIncludes(error.message, `Cannot create operations: `);
      assertStringIncludes(error.message, message);
    });
  }
});
