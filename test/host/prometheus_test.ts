/** What is told of a pool, to promtool and to a real Prometheus that scrapes each runtime. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { PROMETHEUS_TYPES, prometheusFormat, PrometheusWriter } from "../../metrics/mod.ts";
import { inertHost, Pool, type PoolStats } from "../../mod.ts";
import { promtool, whyToSkip } from "../fixture/promtool.ts";
import { EDGE, freePort, type Server, startOn } from "../fixture/server.ts";

const TOKEN = "abc.DEF-123";
const SETTINGS = { POOL_STATS: "1", POOL_TOKEN: TOKEN };
const BEARER = { headers: { Authorization: `Bearer ${TOKEN}` } };
const ROOT = join(import.meta.dirname!, "..", "..");

/** How long Prometheus may take to answer, or to have scraped what is asked for, in ms. */
const PATIENCE_MS = 20_000;

const skip = whyToSkip();

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "pool_prometheus_"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** A value that Prometheus answers, with its labels. */
interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** What Prometheus scrapes. */
interface Job {
  readonly name: string;
  readonly path: string;
  readonly port: number;
}

/** A real Prometheus. */
class Prometheus implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #url: string;

  constructor(jobs: readonly Job[]) {
    const home = mkdtempSync(join(folder, "prometheus_"));
    const config = join(home, "prometheus.yml");
    writeFileSync(
      config,
      `rule_files: ["${join(ROOT, "edge", "alerts.yml")}"]
scrape_configs:
${
        jobs.map(({ name, path, port }) =>
          `  - job_name: ${name}
    metrics_path: ${path}
    scrape_interval: 500ms
    scrape_timeout: 400ms
    authorization: { credentials: "${TOKEN}" }
    static_configs:
      - targets: ["127.0.0.1:${port}"]
`
        ).join("")
      }`,
    );
    const port = freePort();
    this.#url = `http://127.0.0.1:${port}`;
    this.#child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(home, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Asks until an answer is as it should be. */
  async ask(query: string, isGood: (answers: readonly Answer[]) => boolean): Promise<Answer[]> {
    type Vector = { readonly result: Answer[] };
    const path = `query?query=${encodeURIComponent(query)}`;
    return (await this.get<Vector>(path, ({ result }) => isGood(result))).result;
  }

  /** Gets what its API answers, once it is as it should be. */
  async get<T>(path: string, isGood: (data: T) => boolean): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    let last: unknown;
    while (Date.now() < deadline) {
      try {
        const body = await (await fetch(`${this.#url}/api/v1/${path}`)).json();
        last = body;
        if (body.status === "success" && isGood(body.data)) return body.data;
      } catch (error) {
        // It does not listen yet.
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`Cannot ask Prometheus: ${path} must be answered: received ${show(last)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

function show(answer: unknown): string {
  return answer instanceof Error ? answer.message : JSON.stringify(answer);
}

/** Names of tags that a format or a reader of it could stumble over. */
const HOSTILE = [
  '"',
  "\\",
  "\\n",
  "\n",
  "\r\n",
  "\0",
  "\x7f",
  "\u2028",
  "\ufeff",
  "\ud800",
  "\ufffdd800",
  "\ufffd",
  "\u{1f600}",
  " ",
  "#",
  "}",
  '"} 1\nx{a="',
  "x".repeat(256),
] as const;

/** Serves a pool with hostile names, at one path always as text, at the other as it is asked for. */
function serveHostile(): { readonly port: number } & AsyncDisposable {
  const pool = new Pool({ create: () => ({}), reset: () => {}, host: inertHost() });
  for (const tag of HOSTILE) pool.release(pool.acquire(tag));
  const writer = new PrometheusWriter();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isText = request.url.endsWith("/text");
    const format = isText ? "text" : prometheusFormat(request.headers.get("Accept"));
    const headers = { "Content-Type": PROMETHEUS_TYPES[format] };
    return new Response(writer.write([pool.stats()], format), { headers });
  });
  return {
    port: server.addr.port,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      pool.close();
    },
  };
}

async function statsOf(server: Server): Promise<PoolStats> {
  return await (await server.fetch("/_pool/stats", BEARER)).json();
}

async function load(server: Server, requests: number): Promise<void> {
  for (let i = 0; i < requests; i++) {
    await (await server.fetch(`/hello/${i % 2 === 0 ? "Ada" : "Alan"}`)).text();
  }
}

describe("/_pool/metrics", () => {
  for (const runtime of RUNTIMES) {
    it(`/_pool/metrics of ${runtime} pleases promtool, in both formats`, { skip }, async () => {
      await using server = await startOn(runtime, EDGE, folder, SETTINGS);
      // The heap is read at ticks.
      do await load(server, 50); while ((await statsOf(server)).ticks === 0);
      const response = await server.fetch("/_pool/metrics", BEARER);
      assertEquals(
        response.headers.get("Content-Type"),
        "text/plain; version=0.0.4; charset=utf-8",
      );
      const text = await response.text();
      assertEquals(promtool(["check", "metrics"], text), "");
      const told = runtime === "workerd" ? "workers" : runtime;
      assert(text.includes(`siliconflow_pool_info{pool="contexts",runtime="${told}"`), text);
      // What the runtime hides is absent, not zero.
      assertEquals(text.includes("heap_used_bytes"), runtime !== "workerd");

      const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
      const open = await server.fetch("/_pool/metrics", {
        headers: { ...BEARER.headers, Accept: accept },
      });
      assertEquals(
        open.headers.get("Content-Type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
      );
      assert((await open.text()).endsWith("\n# EOF\n"));
      const post = await server.fetch("/_pool/metrics", { method: "POST", ...BEARER });
      assertEquals([post.status, post.headers.get("Allow")], [405, "GET, HEAD"]);
      await post.body?.cancel();
    });
  }

  it("/_pool/metrics is scraped by a real Prometheus, which then knows what the pools know", {
    skip,
  }, async () => {
    const servers = new Map<string, Server>();
    await using stack = new AsyncDisposableStack();
    for (const runtime of RUNTIMES) {
      servers.set(runtime, stack.use(await startOn(runtime, EDGE, folder, SETTINGS)));
    }
    const hostile = stack.use(serveHostile());
    const jobs: readonly Job[] = [
      ...Array.from(servers, ([name, { port }]) => ({ name, path: "/_pool/metrics", port })),
      { name: "hostile_text", path: "/text", port: hostile.port },
      { name: "hostile_openmetrics", path: "/openmetrics", port: hostile.port },
    ];
    const prometheus = stack.use(new Prometheus(jobs));
    await prometheus.ask("up == 1", (answers) => answers.length === jobs.length);
    for (const server of servers.values()) await load(server, 200);
    for (const [runtime, server] of servers) {
      const stats = await statsOf(server);
      assertEquals(stats.acquires, 200);
      const only = `{job="${runtime}"}`;
      const equals = (value: number) => ([answer]: readonly Answer[]) =>
        Number(answer?.value[1]) === value;
      const ask = prometheus.ask.bind(prometheus);
      await ask(`sum(siliconflow_pool_acquires_total${only})`, equals(stats.acquires));
      await ask(`sum(siliconflow_pool_misses_total${only})`, equals(stats.misses));
      await ask(`siliconflow_pool_created_objects_total${only}`, equals(stats.created));
      await ask(`siliconflow_pool_leased_objects${only}`, equals(0));
      const held = stats.tags.flatMap(({ holds }) => holds.counts).reduce((a, b) => a + b);
      await ask(`sum(siliconflow_pool_hold_seconds_count${only})`, equals(held));
      const quantile =
        `histogram_quantile(0.5, sum by (le) (siliconflow_pool_hold_seconds_bucket${only}))`;
      const [median] = await ask(quantile, (answers) => answers.length === 1);
      assert(Number(median!.value[1]) > 0 && Number(median!.value[1]) < 1, median!.value[1]);
    }
    // Names that nobody should choose are all told, in both formats, and none stands for another.
    await prometheus.ask(
      'count by (job) (siliconflow_pool_acquires_total{job=~"hostile_.+"} == 1)',
      (answers) =>
        answers.length === 2 &&
        answers.every(({ value }) => Number(value[1]) === HOSTILE.length),
    );
    // It asks for OpenMetrics itself, and only those have units.
    type Metadata = Readonly<Record<string, readonly { type: string; unit: string }[]>>;
    const name = "siliconflow_pool_idle_bytes";
    const { [name]: told = [] } = await prometheus.get<Metadata>(
      `metadata?metric=${name}`,
      ({ [name]: all = [] }) => all.length === 2,
    );
    assertEquals(told.map(({ type }) => type), ["gauge", "gauge"]);
    assertEquals(told.map(({ unit }) => unit).sort(), ["", "bytes"]);
  });
});
