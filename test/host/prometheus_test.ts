/** What is told of a pool, to promtool and to a real Prometheus that scrapes each runtime. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { METRICS, prometheusName } from "../../metrics/catalogue.ts";
import type { PoolStats } from "../../mod.ts";
import { type Entries, freePort, type Server, startOn } from "../fixture/server.ts";

const EDGE: Entries = { deno: "edge/main.ts", bun: "edge/bun.ts", workerd: "edge/worker.ts" };
const TOKEN = "abc.DEF-123";
const SETTINGS = { POOL_STATS: "1", POOL_TOKEN: TOKEN };
const BEARER = { headers: { Authorization: `Bearer ${TOKEN}` } };
const ROOT = join(import.meta.dirname!, "..", "..");

/** How long Prometheus may take to answer, or to have scraped what is asked for, in ms. */
const PATIENCE_MS = 20_000;

/** Why nothing is tested, or `false`. Where changes are accepted, to have no Prometheus is a failure. */
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

/** A real Prometheus. */
class Prometheus implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #url: string;

  constructor(servers: ReadonlyMap<string, Server>) {
    const home = mkdtempSync(join(folder, "prometheus_"));
    const config = join(home, "prometheus.yml");
    const targets = Array.from(
      servers,
      ([name, { port }]) =>
        `      - targets: ["127.0.0.1:${port}"]\n        labels: { instance: ${name} }\n`,
    );
    writeFileSync(
      config,
      `rule_files: ["${join(ROOT, "edge", "alerts.yml")}"]
scrape_configs:
  - job_name: pools
    metrics_path: /_pool/metrics
    scrape_interval: 500ms
    scrape_timeout: 400ms
    authorization: { credentials: "${TOKEN}" }
    static_configs:
${targets.join("")}`,
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
    const deadline = Date.now() + PATIENCE_MS;
    let last: unknown;
    while (Date.now() < deadline) {
      try {
        const path = `/api/v1/query?query=${encodeURIComponent(query)}`;
        const response = await fetch(this.#url + path);
        const body = await response.json();
        last = body;
        if (body.status === "success" && isGood(body.data.result)) return body.data.result;
      } catch (error) {
        // It does not listen yet.
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`Cannot ask Prometheus: ${query} must be answered: received ${show(last)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

function show(answer: unknown): string {
  return answer instanceof Error ? answer.message : JSON.stringify(answer);
}

/** Has promtool look at something; returns what it found. */
function promtool(args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return status === 0 ? stderr : `${status}: ${stdout}${stderr}`;
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
    const prometheus = stack.use(new Prometheus(servers));
    await prometheus.ask("up == 1", (answers) => answers.length === RUNTIMES.length);
    for (const server of servers.values()) await load(server, 200);
    for (const [runtime, server] of servers) {
      const stats = await statsOf(server);
      assertEquals(stats.acquires, 200);
      const only = `{instance="${runtime}"}`;
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
    // It asks for OpenMetrics itself, and reads the units that only those have.
    const rules = await prometheus.ask(
      'count({__name__=~"siliconflow_pool_.+"})',
      (answers) => Number(answers[0]?.value[1]) > 100,
    );
    assertEquals(rules.length, 1);
  });
});

describe("Rules and dashboards", () => {
  const alerts = readFileSync(join(ROOT, "edge", "alerts.yml"), "utf8");
  const grafana = readFileSync(join(ROOT, "edge", "grafana.json"), "utf8");

  it("edge/alerts.yml pleases promtool", { skip }, () => {
    assertEquals(promtool(["check", "rules", join(ROOT, "edge", "alerts.yml")]), "");
  });

  it("edge/alerts.yml and edge/grafana.json name only what is told, and the dashboard all of it", () => {
    const told = new Set(["siliconflow_pool_info"]);
    for (const metric of METRICS) {
      const name = prometheusName(metric);
      if (metric.type === "gauge") told.add(name);
      else if (metric.type === "counter") told.add(`${name}_total`);
      else for (const ending of ["bucket", "sum", "count"]) told.add(`${name}_${ending}`);
    }
    const namesIn = (text: string) => new Set(text.match(/siliconflow_pool_\w+/g));
    for (const text of [alerts, grafana]) {
      const names = namesIn(text);
      assert(names.size > 5);
      for (const name of names) assert(told.has(name), name);
    }
    const shown = [...namesIn(grafana)];
    for (const metric of METRICS) {
      assert(shown.some((name) => name.startsWith(prometheusName(metric))), prometheusName(metric));
    }
  });

  it("edge/grafana.json is a dashboard whose queries Prometheus can read", { skip }, () => {
    const { panels } = JSON.parse(grafana) as {
      panels: readonly { readonly title: string; readonly targets: readonly { expr: string }[] }[];
    };
    assert(panels.length > 10);
    const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const rules = queries.map((query, i) => {
      const plain = query.replaceAll("$__rate_interval", "1m").replaceAll("$__range", "1h")
        .replaceAll(/\$(pool|instance)/g, ".*");
      return `      - record: q${i}\n        expr: ${JSON.stringify(plain)}\n`;
    });
    const file = join(folder, "queries.yml");
    writeFileSync(file, `groups:\n  - name: g\n    rules:\n${rules.join("")}`);
    assertEquals(promtool(["check", "rules", file]), "");
  });
});

function whyToSkip(): string | false {
  if (!("Deno" in globalThis)) return "one runtime is enough to drive Prometheus";
  const found = ["prometheus", "promtool"].every((program) =>
    spawnSync(program, ["--version"]).status === 0
  );
  if (found || process.env["CI"] === "true") return false;
  return "no prometheus and promtool: install Debian's package prometheus";
}
