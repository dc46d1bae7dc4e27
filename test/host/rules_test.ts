/** The alerts and the dashboard: what they ask for exists, and alerts come when they should. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { METRICS, prometheusName } from "../../metrics/catalogue.ts";
import { promtool, whyToSkip } from "../fixture/promtool.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const ALERTS = join(ROOT, "edge", "alerts.yml");

const skip = whyToSkip();

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "pool_rules_"));
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** A pool that does well, minute by minute: metrics, and their labels after a bar. */
const HEALTHY = {
  'acquires_total|,tag="x"': "0+6000x90",
  'misses_total|,tag="x"': "0+60x90",
  'discarded_objects_total|,reason="leaked"': "3x90",
  'discarded_objects_total|,reason="expired"': "3x90",
  'discarded_objects_total|,reason="cold"': "0+9x90",
  'discarded_objects_total|,reason="bypass"': "0x90",
  "misuses_total": "2x90",
  "refused_total": "5x90",
  "bypass": "0x90",
  "pressure": "2x90",
  'gc_pause_seconds_bucket|,le="0.064"': "0+995x90",
  'gc_pause_seconds_bucket|,le="0.256"': "0+1000x90",
  'gc_pause_seconds_bucket|,le="+Inf"': "0+1000x90",
  "gc_pause_seconds_count": "0+1000x90",
} as const;

/** What happens to that pool, and which alerts there are then. */
interface AlertCase {
  readonly name: string;
  readonly series: Partial<Readonly<Record<keyof typeof HEALTHY, string>>>;
  readonly at: string;
  readonly alerts: readonly string[];
}

const CASES: readonly AlertCase[] = [
  { name: "health", series: {}, at: "80m", alerts: [] },
  {
    name: "one leak",
    series: { 'discarded_objects_total|,reason="leaked"': "3x20 4x70" },
    at: "25m",
    alerts: ["PoolLeak"],
  },
  {
    name: "one leak, long ago",
    series: { 'discarded_objects_total|,reason="leaked"': "3x20 4x70" },
    at: "45m",
    alerts: [],
  },
  {
    name: "leases that last",
    series: { 'discarded_objects_total|,reason="expired"': "3+1x90" },
    at: "20m",
    alerts: ["PoolLeaseExpired"],
  },
  {
    name: "one misuse",
    series: { "misuses_total": "2x20 3x70" },
    at: "22m",
    alerts: ["PoolMisuse"],
  },
  {
    name: "refusals",
    series: { "refused_total": "5+9x90" },
    at: "20m",
    alerts: ["PoolRefuses"],
  },
  {
    name: "misses",
    series: { 'misses_total|,tag="x"': "0+1800x90" },
    at: "30m",
    alerts: ["PoolHitRateLow"],
  },
  {
    name: "misses, but too few to matter",
    series: { 'acquires_total|,tag="x"': "0+30x90", 'misses_total|,tag="x"': "0+20x90" },
    at: "30m",
    alerts: [],
  },
  {
    name: "misses, because pooling does not pay",
    series: {
      'misses_total|,tag="x"': "0+6000x90",
      'discarded_objects_total|,reason="bypass"': "0+6000x90",
      "bypass": "1x90",
    },
    at: "45m",
    alerts: ["PoolBypassed"],
  },
  {
    name: "misses, because pooling does not pay under tags with most of the acquires",
    series: {
      'misses_total|,tag="x"': "0+5400x90",
      'discarded_objects_total|,reason="bypass"': "0+5340x90",
    },
    at: "45m",
    alerts: ["PoolBypassed"],
  },
  {
    name: "misses, because pooling does not pay under some tags",
    series: {
      'misses_total|,tag="x"': "0+2460x90",
      'discarded_objects_total|,reason="bypass"': "0+2400x90",
    },
    at: "45m",
    alerts: [],
  },
  {
    name: "misses under tags that pay, beside others that do not",
    series: {
      'misses_total|,tag="x"': "0+3300x90",
      'discarded_objects_total|,reason="bypass"': "0+2400x90",
    },
    at: "45m",
    alerts: ["PoolHitRateLow"],
  },
  {
    name: "a short peak of pressure",
    series: { "pressure": "2x20 3 2x60" },
    at: "21m",
    alerts: [],
  },
  {
    name: "memory that is short",
    series: { "pressure": "2x20 3x70" },
    at: "25m",
    alerts: ["PoolPressureCritical"],
  },
  {
    name: "collections that take long",
    series: { 'gc_pause_seconds_bucket|,le="0.064"': "0+988x90" },
    at: "30m",
    alerts: ["PoolCollectionsSlow"],
  },
];

describe("Rules and dashboards", () => {
  const alerts = readFileSync(ALERTS, "utf8");
  const grafana = readFileSync(join(ROOT, "edge", "grafana.json"), "utf8");

  it("edge/alerts.yml pleases promtool", { skip }, () => {
    assertEquals(promtool(["check", "rules", ALERTS]), "");
  });

  it("edge/alerts.yml alerts when there is a reason, and of nothing else", { skip }, () => {
    const file = join(folder, "alerts_test.yml");
    const tests = CASES.map(({ name, series, at, alerts }) => ({
      name,
      interval: "1m",
      input_series: Object.entries({ ...HEALTHY, ...series }).map(([key, values]) => {
        const [metric, labels = ""] = key.split("|");
        const own = 'job="a",instance="b",pool="c"';
        return { series: `siliconflow_pool_${metric}{${own}${labels}}`, values };
      }),
      promql_expr_test: [{
        expr: 'count by (alertname, pool) (ALERTS{alertstate="firing"})',
        eval_time: at,
        exp_samples: alerts.map((alertname) => ({
          labels: `{alertname="${alertname}",pool="c"}`,
          value: 1,
        })),
      }],
    }));
    // What is JSON is YAML as well.
    writeFileSync(file, JSON.stringify({ rule_files: [ALERTS], evaluation_interval: "1m", tests }));
    assertEquals(promtool(["test", "rules", file]), "");
    const all = Array.from(alerts.matchAll(/alert: (\w+)/g), ([, name]) => name!).sort();
    assertEquals([...new Set(CASES.flatMap(({ alerts }) => alerts))].sort(), all);
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
