/** What is told of a pool, to a real receiver of OTLP over HTTP. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { METRICS } from "../../metrics/catalogue.ts";
import type { PoolStats } from "../../mod.ts";
import { npmCommand } from "../../bench/runner/root.ts";
import { NAME } from "../fixture/otel_pool.ts";
import { runToEnd, startWorkerd } from "../fixture/server.ts";

const skip = !("Deno" in globalThis) && "one runtime is enough to receive";

/** A value with its attributes. */
interface Point {
  readonly asDouble?: number;
  readonly asInt?: string | number;
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue: string };
  }[];
}

/** A metric as OTLP has it. */
interface Told {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly sum?: { readonly dataPoints: readonly Point[]; readonly isMonotonic: boolean };
}

/** Receives OTLP in JSON. */
class Receiver implements AsyncDisposable {
  readonly #told: Map<string, Told> = new Map();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname !== "/v1/metrics") return new Response(null, { status: 404 });
        assertEquals(request.headers.get("Content-Type"), "application/json");
        const { resourceMetrics } = await request.json();
        for (const { scopeMetrics } of resourceMetrics) {
          for (const { metrics, scope } of scopeMetrics) {
            if (scope.name !== "@siliconflow/pool") continue;
            for (const metric of metrics) this.#told.set(metric.name, metric);
          }
        }
        return Response.json({});
      },
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What was told last under a name. */
  of(name: string): Told {
    const told = this.#told.get(name);
    assert(told !== undefined, `${name}: ${[...this.#told.keys()].join(" ")}`);
    return told;
  }

  has(name: string): boolean {
    return this.#told.has(name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** The values of a metric by one of its attributes. */
function valuesBy({ gauge, sum }: Told, key: string): Record<string, number> {
  return Object.fromEntries((gauge ?? sum)!.dataPoints.map((point) => {
    const attribute = point.attributes.find((each) => each.key === key);
    return [attribute?.value.stringValue ?? "", Number(point.asInt ?? point.asDouble)];
  }));
}

/** Asserts that a receiver was told what a pool said. */
function check(receiver: Receiver, stats: PoolStats): void {
  const byTag = (name: string) => valuesBy(receiver.of(name), "siliconflow.pool.tag");
  const acquires = receiver.of("siliconflow.pool.acquires");
  assertEquals(acquires.sum!.isMonotonic, true);
  assertEquals(byTag("siliconflow.pool.acquires"), { a: 100, b: 200 });
  assertEquals(
    byTag("siliconflow.pool.misses"),
    Object.fromEntries(stats.tags.map(({ misses, name }) => [name, misses])),
  );
  const pools = valuesBy(receiver.of("siliconflow.pool.created.objects"), "siliconflow.pool.name");
  assertEquals(pools, { [NAME]: stats.created });
  const runtimes = valuesBy(receiver.of("siliconflow.pool.leased.objects"), "process.runtime.name");
  assertEquals(runtimes, { [stats.runtime]: 0 });
  assertEquals(receiver.of("siliconflow.pool.idle.bytes").unit, "By");
  assertEquals(receiver.of("siliconflow.pool.hold.sum").unit, "s");
  assertEquals(acquires.unit, "1");
  // JSON leaves out what is empty.
  for (const gauge of ["pressure", "bypass"]) {
    assertEquals(receiver.of(`siliconflow.pool.${gauge}`).unit ?? "", "");
  }
  const counts = byTag("siliconflow.pool.hold.count");
  for (const { holds, name } of stats.tags) {
    assertEquals(counts[name], holds.counts.reduce((a, b) => a + b));
  }
  const buckets = receiver.of("siliconflow.pool.hold.bucket").sum!.dataPoints;
  assertEquals(buckets.length, 2 * stats.tags[0]!.holds.counts.length);
  // What the runtime hides is not told.
  assertEquals(receiver.has("siliconflow.pool.heap.used.bytes"), stats.heap !== undefined);
  const plain = METRICS.filter(({ name }) => !/^(heap|gc_pause)/.test(name));
  for (const { help } of plain.filter(({ type }) => type !== "histogram")) {
    assert([...told(receiver)].includes(help), help);
  }
}

function* told(receiver: Receiver): Iterable<string> {
  for (const { name, unit } of METRICS) {
    const dotted = `siliconflow.pool.${name.replaceAll("_", ".")}`;
    for (const each of [dotted, `${dotted}.${unit}`]) {
      if (receiver.has(each)) yield receiver.of(each).description;
    }
  }
}

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "pool_otel_"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

describe("observePools()", () => {
  it("observePools() tells Deno's own exporter", { skip }, async () => {
    await using receiver = new Receiver();
    const { code, output } = await runToEnd({
      program: Deno.execPath(),
      args: ["run", "-A", "--no-check", "test/fixture/otel_deno.ts"],
      env: {
        OTEL_DENO: "true",
        OTEL_DENO_CONSOLE: "ignore",
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_METRIC_EXPORT_INTERVAL: "300",
      },
    });
    assertEquals(code, 0, output);
    check(receiver, JSON.parse(output.match(/^\{.*\}$/m)![0]));
  });

  it("observePools() tells through the SDK on Bun", { skip }, async () => {
    await using receiver = new Receiver();
    const { code, output } = await runToEnd({
      program: npmCommand("bun"),
      args: ["run", "test/fixture/otel_bun.ts"],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    });
    assertEquals(code, 0, output);
    check(receiver, JSON.parse(output.match(/^\{.*\}$/m)![0]));
  });

  it("observePools() tells through the SDK on workerd", { skip }, async () => {
    await using receiver = new Receiver();
    const bindings = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    await using server = await startWorkerd(folder, "test/fixture/otel_worker.ts", bindings);
    const response = await server.fetch("/");
    const text = await response.text();
    assertEquals(response.status, 200, text);
    check(receiver, JSON.parse(text));
  });
});
