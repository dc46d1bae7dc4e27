import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { METRICS, prometheusName } from "../metrics/catalogue.ts";
import { PROMETHEUS_TYPES, prometheusFormat, PrometheusWriter } from "../metrics/mod.ts";
import { discardReasons, inertHost, Pool, type PoolStats } from "../mod.ts";
import { FakeHost } from "../testing/mod.ts";

/** A sample of an exposition. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads an exposition as a scraper does; fails on what is none. */
function parse(text: string): Sample[] {
  assert(text.endsWith("\n"));
  return text.slice(0, -1).split("\n").filter((line) => !line.startsWith("#")).map((line) => {
    const [, name, inner, value] = line.match(/^([a-z_]+)\{(.*)\} (\S+)$/s)!;
    const labels: Record<string, string> = {};
    const rest = inner!.replaceAll(
      /([a-z_]+)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/gs,
      (_, key: string, escaped: string) => {
        assert(!(key in labels), `two labels ${key}: ${line}`);
        labels[key] = escaped.replaceAll(/\\(.)/gs, (_, c: string) => c === "n" ? "\n" : c);
        return "";
      },
    );
    assertEquals(rest, "", line);
    assert(/^(-?\d+(\.\d+)?(e[+-]?\d+)?|[+-]Inf|NaN)$/.test(value!), line);
    return { name: name!, labels, value: Number(value!.replace("Inf", "Infinity")) };
  });
}

function write(all: readonly PoolStats[], format?: "text" | "openmetrics"): string {
  return new TextDecoder().decode(new PrometheusWriter().write(all, format));
}

function poolNamed(name: string): Pool<object> {
  return new Pool({ name, create: () => ({}), reset: () => {}, host: inertHost() });
}

/** What a pool could say, no figure of it like another: whatever is read from the wrong place shows. */
const DISTINCT: PoolStats = {
  name: "api",
  runtime: "deno",
  scheduler: "adaptive",
  created: 11,
  live: 12,
  leased: 13,
  idle: 14,
  limbo: 15,
  peak: 16,
  acquires: 17,
  hits: 18,
  misses: 19,
  waiting: 20,
  refused: 21,
  bytes: 22,
  maxBytes: 23,
  ticks: 24,
  cycles: 25,
  gc: {
    minor: 26,
    major: 27,
    unknown: 28,
    pauseMs: 29,
    maxPauseMs: 30,
    pauses: { edges: [1, 4], counts: [31, 32, 33], sum: 250 },
  },
  heap: { usedBytes: 34, limitBytes: 35, externalBytes: 36, allocatedBytes: 37 },
  pressure: "high",
  bypass: true,
  hotLevels: 38,
  pinnedLevels: 39,
  misuses: 40,
  closed: false,
  generations: [
    { name: "T0", idle: 41, target: 42, maxSize: 43, ttlMs: 44 },
    { name: "T1", idle: 45, target: 46, maxSize: 47, ttlMs: 48 },
  ],
  tags: [{
    name: "auth",
    acquires: 49,
    hits: 50,
    misses: 51,
    heat: 52,
    hot: true,
    shelf: "own",
    holdMs: { p50: 53, p99: 54 },
    holds: { edges: [0.25, 1], counts: [55, 56, 57], sum: 1500 },
  }],
  discarded: Object.fromEntries(
    discardReasons.map((reason, i) => [reason, 60 + i]),
  ) as PoolStats["discarded"],
};

/** What is written of it, but for the heads. */
const WRITTEN: readonly string[] = [
  'siliconflow_pool_info{pool="api",runtime="deno",scheduler="adaptive"} 1',
  'siliconflow_pool_acquires_total{pool="api",tag="auth"} 49',
  'siliconflow_pool_misses_total{pool="api",tag="auth"} 51',
  'siliconflow_pool_hold_seconds_bucket{pool="api",tag="auth",le="0.00025"} 55',
  'siliconflow_pool_hold_seconds_bucket{pool="api",tag="auth",le="0.001"} 111',
  'siliconflow_pool_hold_seconds_bucket{pool="api",tag="auth",le="+Inf"} 168',
  'siliconflow_pool_hold_seconds_sum{pool="api",tag="auth"} 1.5',
  'siliconflow_pool_hold_seconds_count{pool="api",tag="auth"} 168',
  'siliconflow_pool_created_objects_total{pool="api"} 11',
  ...discardReasons.map((reason, i) =>
    `siliconflow_pool_discarded_objects_total{pool="api",reason="${reason}"} ${60 + i}`
  ),
  'siliconflow_pool_refused_total{pool="api"} 21',
  'siliconflow_pool_misuses_total{pool="api"} 40',
  'siliconflow_pool_ticks_total{pool="api"} 24',
  'siliconflow_pool_cycles_total{pool="api"} 25',
  'siliconflow_pool_idle_objects{pool="api",generation="T0"} 41',
  'siliconflow_pool_idle_objects{pool="api",generation="T1"} 45',
  'siliconflow_pool_target_objects{pool="api",generation="T0"} 42',
  'siliconflow_pool_target_objects{pool="api",generation="T1"} 46',
  'siliconflow_pool_ceiling_objects{pool="api",generation="T0"} 43',
  'siliconflow_pool_ceiling_objects{pool="api",generation="T1"} 47',
  'siliconflow_pool_leased_objects{pool="api"} 13',
  'siliconflow_pool_limbo_objects{pool="api"} 15',
  'siliconflow_pool_peak_objects{pool="api"} 16',
  'siliconflow_pool_waiting_leases{pool="api"} 20',
  'siliconflow_pool_idle_bytes{pool="api"} 22',
  'siliconflow_pool_budget_bytes{pool="api"} 23',
  'siliconflow_pool_hot_levels{pool="api"} 38',
  'siliconflow_pool_pinned_levels{pool="api"} 39',
  'siliconflow_pool_pressure{pool="api"} 2',
  'siliconflow_pool_bypass{pool="api"} 1',
  'siliconflow_pool_gc_total{pool="api",kind="minor"} 26',
  'siliconflow_pool_gc_total{pool="api",kind="major"} 27',
  'siliconflow_pool_gc_total{pool="api",kind="unknown"} 28',
  'siliconflow_pool_gc_pause_seconds_bucket{pool="api",le="0.001"} 31',
  'siliconflow_pool_gc_pause_seconds_bucket{pool="api",le="0.004"} 63',
  'siliconflow_pool_gc_pause_seconds_bucket{pool="api",le="+Inf"} 96',
  'siliconflow_pool_gc_pause_seconds_sum{pool="api"} 0.25',
  'siliconflow_pool_gc_pause_seconds_count{pool="api"} 96',
  'siliconflow_pool_heap_used_bytes{pool="api"} 34',
  'siliconflow_pool_heap_limit_bytes{pool="api"} 35',
  'siliconflow_pool_heap_external_bytes{pool="api"} 36',
  'siliconflow_pool_heap_allocated_bytes_total{pool="api"} 37',
];

describe("PrometheusWriter", () => {
  it("PrometheusWriter writes exactly what a pool says, each figure under its own name", () => {
    const samples = (text: string) =>
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assertEquals(samples(write([DISTINCT])), WRITTEN);
    assertEquals(samples(write([DISTINCT], "openmetrics")), WRITTEN);
  });

  it("PrometheusWriter writes the heads in the order of their format", () => {
    const of = (text: string, name: string) =>
      text.split("\n").filter((line) => line.startsWith("# ") && line.includes(` ${name} `));
    const help = "Heap allocated since the process began; absent where the runtime hides it.";
    const name = "siliconflow_pool_heap_allocated_bytes";
    const text = write([DISTINCT]);
    assertEquals(of(text, `${name}_total`), [
      `# HELP ${name}_total ${help}`,
      `# TYPE ${name}_total counter`,
    ]);
    assertEquals(of(text, "siliconflow_pool_info"), [
      "# HELP siliconflow_pool_info The runtime and the scheduler of a pool.",
      "# TYPE siliconflow_pool_info gauge",
    ]);
    const open = write([DISTINCT], "openmetrics");
    assertEquals(of(open, name), [
      `# TYPE ${name} counter`,
      `# UNIT ${name} bytes`,
      `# HELP ${name} ${help}`,
    ]);
    assertEquals(of(open, "siliconflow_pool"), [
      "# TYPE siliconflow_pool info",
      "# HELP siliconflow_pool The runtime and the scheduler of a pool.",
    ]);
  });

  for (
    const [pressure, value] of [["none", 0], ["moderate", 1], ["high", 2], ["critical", 3]] as const
  ) {
    it(`PrometheusWriter writes pressure ${pressure} as ${value}`, () => {
      const text = write([{ ...DISTINCT, pressure, bypass: false }]);
      assert(text.includes(`\nsiliconflow_pool_pressure{pool="api"} ${value}\n`), text);
      assert(text.includes('\nsiliconflow_pool_bypass{pool="api"} 0\n'), text);
    });
  }

  it("PrometheusWriter writes each family once, and of each pool what it holds", () => {
    const pools = ["a", "b"].map(poolNamed);
    pools[0]!.release(pools[0]!.acquire("x"));
    pools[1]!.acquire("y");
    const text = write(pools.map((pool) => pool.stats()));
    const lines = text.split("\n");
    const of = (name: string) => lines.filter((line) => line.includes(name));
    assertEquals(of("siliconflow_pool_acquires_total"), [
      "# HELP siliconflow_pool_acquires_total Acquires so far, those of stamped leases included.",
      "# TYPE siliconflow_pool_acquires_total counter",
      'siliconflow_pool_acquires_total{pool="a",tag="x"} 1',
      'siliconflow_pool_acquires_total{pool="b",tag="y"} 1',
    ]);
    assertEquals(of("siliconflow_pool_leased_objects{"), [
      'siliconflow_pool_leased_objects{pool="a"} 0',
      'siliconflow_pool_leased_objects{pool="b"} 1',
    ]);
    assertEquals(of("siliconflow_pool_info{"), [
      'siliconflow_pool_info{pool="a",runtime="none",scheduler="adaptive"} 1',
      'siliconflow_pool_info{pool="b",runtime="none",scheduler="adaptive"} 1',
    ]);
    const heads = lines.filter((line) => line.startsWith("# TYPE "));
    assertEquals(new Set(heads).size, heads.length);
  });

  it("PrometheusWriter leaves out what the runtime does not tell", () => {
    const host = new FakeHost();
    const pool = new Pool({ create: () => ({}), reset: () => {}, host });
    pool.tick();
    assert(!/heap|gc_pause/.test(write([pool.stats()])));
    host.heapReading = { usedBytes: 5, limitBytes: 1.5e9 };
    pool.tick();
    const told = parse(write([pool.stats()])).filter(({ name }) => name.includes("heap"));
    assertEquals(told.map(({ name, value }) => [name, value]), [
      ["siliconflow_pool_heap_used_bytes", 5],
      ["siliconflow_pool_heap_limit_bytes", 1.5e9],
    ]);
  });

  it("PrometheusWriter writes histograms that rise, in seconds", () => {
    const host = new FakeHost();
    const pool = new Pool({ create: () => ({}), reset: () => {}, host, debug: true });
    for (const heldMs of [0.5, 3, 3000]) {
      const object = pool.acquire("a");
      host.time += heldMs;
      pool.release(object, "a");
    }
    const samples = parse(write([pool.stats()]))
      .filter(({ name }) => name.startsWith("siliconflow_pool_hold_seconds"));
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    const at = (le: string) => buckets.find(({ labels }) => labels["le"] === le)?.value;
    assertEquals([at("0.00025"), at("0.001"), at("0.004"), at("1.024"), at("4.096"), at("+Inf")], [
      0,
      1,
      2,
      2,
      3,
      3,
    ]);
    for (const [i, { labels, value }] of buckets.entries()) {
      if (i === 0) continue;
      assert(value >= buckets[i - 1]!.value);
      assert(
        Number(labels["le"]!.replace("Inf", "Infinity")) > Number(buckets[i - 1]!.labels["le"]),
      );
    }
    const [sum, count] = samples.slice(-2);
    assertEquals([sum!.value, count!.value], [3.0035, 3]);
  });

  it("PrometheusWriter writes a budget where there is one", () => {
    const generations = [{ name: "only", maxSize: 3, ttlMs: 0 }];
    for (const [options, value] of [[{}, undefined], [{ maxBytes: 4096 }, 4096]] as const) {
      const pool = new Pool({
        create: () => ({}),
        reset: () => {},
        host: inertHost(),
        generations,
        ...options,
      });
      const told = parse(write([pool.stats()]))
        .find(({ name }) => name === "siliconflow_pool_budget_bytes");
      assertEquals(told?.value, value);
    }
  });

  it("PrometheusWriter tells pools of one name apart", () => {
    const pools = ["a", "a", "a#2", "a"].map(poolNamed);
    const samples = parse(write(pools.map((pool) => pool.stats())));
    const names = samples.filter(({ name }) => name === "siliconflow_pool_info")
      .map(({ labels }) => labels["pool"]);
    assertEquals(names, ["a", "a#2", "a#2#2", "a#3"]);
  });

  it("PrometheusWriter brings any name of a tag through, and makes no two of them one", () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    const hostile = fc.constantFrom(
      '"',
      "\\",
      "\n",
      "\r\n",
      '"} 1\nx{a="',
      "\ud800",
      "\ud801",
      "\ufffd",
      "\ufffdd800",
      "\0",
      "{}",
    );
    fc.assert(fc.property(fc.uniqueArray(fc.oneof(name, hostile), { maxLength: 30 }), (tags) => {
      const pool = new Pool({
        create: () => ({}),
        reset: () => {},
        host: inertHost(),
        maxTags: 40,
        name: tags[0] ?? "pool",
      });
      for (const tag of tags) pool.release(pool.acquire(tag));
      const stats = pool.stats();
      for (const format of ["text", "openmetrics"] as const) {
        const read = parse(write([stats], format))
          .filter(({ name }) => name === "siliconflow_pool_acquires_total")
          .map(({ labels }) => labels["tag"]!);
        assertEquals(read.length, tags.length);
        assertEquals(new Set(read).size, tags.length);
        const isWhole = (tag: string) => tag.isWellFormed() && !tag.includes("\ufffd");
        const whole = read.filter((_, i) => isWhole(stats.tags[i]!.name));
        assertEquals(whole, stats.tags.map(({ name }) => name).filter(isWhole));
      }
    }));
  });

  it("PrometheusWriter writes any number as it is", () => {
    const numbers = [
      0,
      1,
      9,
      10,
      99,
      100,
      2 ** 31,
      Number.MAX_SAFE_INTEGER,
      2 ** 60,
      0.1,
      1e-7,
      -3,
      NaN,
    ];
    for (const created of [...numbers, Infinity, -Infinity]) {
      const stats = { ...poolNamed("a").stats(), created };
      const [sample] = parse(write([stats]))
        .filter(({ name }) => name === "siliconflow_pool_created_objects_total");
      assertEquals(sample!.value, created);
    }
  });

  it("PrometheusWriter keeps its buffer, whatever it wrote before", () => {
    const writer = new PrometheusWriter();
    const small = poolNamed("small");
    const large = new Pool({
      create: () => ({}),
      reset: () => {},
      host: inertHost(),
      maxTags: 2000,
    });
    const before = writer.write([small.stats()]).slice();
    for (let i = 0; i < 2000; i++) large.release(large.acquire(`tag ${i}`));
    assertEquals(
      parse(new TextDecoder().decode(writer.write([large.stats()]))).length > 2000,
      true,
    );
    const view = writer.write([small.stats()]);
    assertEquals(view, before);
    assertStrictEquals(writer.write([small.stats()]).buffer, view.buffer);
  });

  it("PrometheusWriter writes the same whether it still knows the labels or not", () => {
    const stats = poolNamed("a").stats();
    const holds = { edges: [1], counts: [1, 2], sum: 7 };
    // More than it keeps, so that it forgets them all in between.
    const tags = Array.from({ length: 9000 }, (_, i) => ({
      name: `"tag ${i}"`,
      acquires: i,
      hits: i,
      misses: 0,
      heat: 0,
      hot: false,
      shelf: "main" as const,
      holds,
    }));
    const writer = new PrometheusWriter();
    const first = writer.write([{ ...stats, tags }]).slice();
    assertEquals(writer.write([{ ...stats, tags }]), first);
    const few = { ...stats, tags: tags.slice(0, 3) };
    assertEquals(new TextDecoder().decode(writer.write([few])), write([few]));
  });

  it("PrometheusWriter may write again before a response with what it wrote is read", async () => {
    const writer = new PrometheusWriter();
    const [first, second] = ["first", "other"].map((name) => poolNamed(name).stats());
    const written = writer.write([first!]);
    const text = new TextDecoder().decode(written);
    const responses = [new Response(written), new Response(writer.write([second!]))];
    assertEquals(await responses[0]!.text(), text);
    assert((await responses[1]!.text()).includes('pool="other"'));
  });

  it("PrometheusWriter writes OpenMetrics with units and an end", () => {
    const lines = write([poolNamed("a").stats()], "openmetrics").split("\n");
    assertEquals(lines.slice(-2), ["# EOF", ""]);
    assert(lines.includes("# TYPE siliconflow_pool info"));
    assert(lines.includes("# TYPE siliconflow_pool_created_objects counter"));
    assert(lines.includes('siliconflow_pool_created_objects_total{pool="a"} 0'));
    assert(lines.includes("# UNIT siliconflow_pool_idle_bytes bytes"));
  });

  it("METRICS have names of the form that Prometheus asks for, each once", () => {
    const names = METRICS.map(prometheusName);
    assertEquals(new Set(names).size, names.length);
    for (const name of names) {
      assert(/^siliconflow_pool_[a-z_]+$/.test(name) && !/_total$/.test(name), name);
    }
    for (const { help } of METRICS) assert(/^[^\n\\]+\.$/.test(help), help);
  });
});

describe("prometheusFormat()", () => {
  const cases: readonly (readonly [string | null, "text" | "openmetrics"])[] = [
    [null, "text"],
    ["*/*", "text"],
    ["text/plain", "text"],
    ["application/openmetrics-text", "openmetrics"],
    ["application/openmetrics-text; version=1.0.0; q=0.5, text/plain;q=0.4", "openmetrics"],
    ["application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.4", "text"],
    ["application/openmetrics-text;version=0.0.1", "text"],
    ["application/openmetrics-text;version=1.0.0;q=0", "text"],
    ["APPLICATION/OPENMETRICS-TEXT;VERSION=1.0.0", "openmetrics"],
    ["application/openmetrics-text;q=many", "text"],
    ["application/openmetrics-text,text/plain", "openmetrics"],
  ];
  for (const [accept, format] of cases) {
    it(`prometheusFormat() is ${format} for ${accept}`, () => {
      assertEquals(prometheusFormat(accept), format);
      assert(PROMETHEUS_TYPES[format].includes("version="));
    });
  }
});
