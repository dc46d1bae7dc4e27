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

describe("Rules and dashboards", () => {
  const alerts = readFileSync(ALERTS, "utf8");
  const grafana = readFileSync(join(ROOT, "edge", "grafana.json"), "utf8");

  it("edge/alerts.yml pleases promtool", { skip }, () => {
    assertEquals(promtool(["check", "rules", ALERTS]), "");
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
