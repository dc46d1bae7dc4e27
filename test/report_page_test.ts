import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { figuresOf } from "../bench/report/figures.ts";
import { html } from "../bench/report/html.ts";
import { escapeHtml } from "../edge/html.ts";
import { pageOf, type PageParts } from "../bench/report/page.ts";
import { lookOf, PALETTES } from "../bench/report/palette.ts";
import { thinChart, thinLine } from "../bench/report/thin.ts";
import { countVerdicts, readVerdict } from "../bench/report/verdict.ts";
import type { Chart, Line } from "../bench/runner/chart.ts";
import type { Finding } from "../bench/runner/finding.ts";
import { Random } from "../bench/runner/random.ts";
import { CHARTS, FINDINGS, HOSTILE } from "./fixture/findings.ts";

const [plain, hostile] = FINDINGS as [Finding, Finding];

function write(parts: Partial<PageParts> = {}): Promise<string> {
  return pageOf({ findings: FINDINGS, stylesheet: "p { margin: 0 }", script: "draw()", ...parts });
}

/** What stands between the tags of the elements that open like this. */
function contentsOf(page: string, tag: string): string[] {
  const name = /\w+/.exec(tag)![0];
  return page.split(tag).slice(1).map((rest) => rest.slice(0, rest.indexOf(`</${name}>`)));
}

async function hashOf(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}'`;
}

/** The words of a page that a reader sees. */
function wordsOf(page: string): string {
  return page.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
}

describe("html``", () => {
  it("html`` escapes text and keeps markup", () => {
    assertEquals(
      String(html`<p title="${"\"'"}">${"<b>"}${html`<i>`}</p>`),
      [
        '<p title="&quot;&#39;">',
        "&lt;b&gt;<i></p>",
      ].join(""),
    );
  });

  it("html`` joins lists and writes numbers", () => {
    assertEquals(String(html`${[html`a`, html`b`]}${1.5}`), "ab1.5");
  });
});

describe("pageOf()", () => {
  it("pageOf() refuses no findings", async () => {
    await assertRejects(
      () => write({ findings: [] }),
      TypeError,
      "Cannot write report: there must be findings: received none",
    );
  });

  it("pageOf() lets no name become markup", async () => {
    const page = await write();
    assert(!page.includes("<img"), "an element");
    assert(!/<script>alert/.test(page), "a script");
    assertEquals(page.match(/<\/script>/g)!.length, 2, "the data's and the program's");
    assertEquals(page.match(/<!--/g), null);
    assertStringIncludes(page, escapeHtml(HOSTILE));
    const text = page.replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/g, "");
    assertEquals(text.split(HOSTILE).length, 1);
  });

  it("pageOf() names in its policy the hashes of its script and style, and allows nothing else", async () => {
    const script = `const end = "</script>", comment = "<!--";\r\ndraw(end, comment);`;
    const page = await write({ script });
    const [program] = contentsOf(page, "<script>") as [string];
    const [style] = contentsOf(page, "<style>") as [string];
    assertEquals(program, `const end = "<\\/script>", comment = "\\x3C!--";\ndraw(end, comment);`);
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
    assertEquals(policy.replaceAll("&#39;", "'").split("; "), [
      "default-src 'none'",
      `script-src ${await hashOf(program)}`,
      `style-src ${await hashOf(style)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it("pageOf() refers to nothing outside", async () => {
    const page = await write();
    const references = [...page.matchAll(/\b(?:src|href|action|data|srcset)="([^"]*)"/g)];
    assertEquals(references.filter(([, target]) => !target!.startsWith("#")), []);
    assert(!/<(?:link|iframe|object|embed|base)\b/.test(page));
  });

  it("pageOf() shows where and how each finding came about", async () => {
    const words = wordsOf(await write({ findings: [plain] }));
    for (const part of [plain.question, plain.rival, "2 × AMD EPYC", "2026-11-24", "5 rounds"]) {
      assertStringIncludes(words, part);
    }
    for (const variant of plain.circumstances.variants) assertStringIncludes(words, variant);
    for (const pair of Object.entries(plain.circumstances.versions)) {
      assertStringIncludes(words, pair.join(" "));
    }
    assert(!words.includes("rough"));
  });

  it("pageOf() says of variants that took turns that they did, and of others that they did not", async () => {
    const turns = { ...plain, circumstances: { ...plain.circumstances, isInTurns: true } };
    const words = wordsOf(await write({ findings: [turns] }));
    assertStringIncludes(words, "then in turns, whose order is drawn anew each time");
    assertStringIncludes(words, "a fresh process per variant and round, all side by side");
    const alone = wordsOf(await write({ findings: [plain] }));
    assertStringIncludes(alone, "unbounded, reversed every round");
    assert(!/in turns|side by side/.test(alone));
  });

  it("pageOf() says what was measured once more, and why", async () => {
    const repeats = [`Cannot measure ${HOSTILE}: it failed`];
    const page = await write({
      findings: [{ ...plain, circumstances: { ...plain.circumstances, repeats } }],
    });
    assertStringIncludes(page, escapeHtml(`measured once more after: ${repeats[0]}`));
    assert(!(await write({ findings: [plain] })).includes("once more"));
  });

  it("pageOf() lists at its head what is missing, and why", async () => {
    const faults = [{ bench: "tick", runtime: "bun", message: HOSTILE }] as const;
    const page = await write({ faults });
    const [head] = contentsOf(page, "<header>") as [string];
    assertStringIncludes(head, `<strong>FAILED</strong> tick on bun: ${escapeHtml(HOSTILE)}`);
    assert(!(await write()).includes("FAILED"));
  });

  it("pageOf() calls a quick run rough in its heading and in the contents", async () => {
    const page = await write({ findings: [hostile] });
    assertEquals(page.match(/rough: a quick run/g)!.length, 2);
  });

  it("pageOf() shows each cell and each remark of each sheet", async () => {
    const page = await write();
    for (const { sheets } of FINDINGS) {
      for (const { rows = [], remarks = [] } of sheets) {
        for (const cell of rows.flat()) assert(page.includes(`>${escapeHtml(cell)}</t`), cell);
        for (const remark of remarks) {
          assertStringIncludes(page, escapeHtml(readVerdict(remark)?.text ?? remark));
        }
      }
    }
  });

  it("pageOf() marks what was met and won, and what was missed and lost, in words", async () => {
    const page = await write({ findings: [plain] });
    for (
      const [word, kind] of [["MET", "good"], ["WIN", "good"], ["MISSED", "bad"], ["LOSS", "bad"]]
    ) {
      assertStringIncludes(page, `<li class="${kind}"><strong>${word}</strong>`);
    }
  });

  it("pageOf() gives each chart a canvas, its data, and a table of its figures", async () => {
    const page = await write();
    const data: Chart[] = JSON.parse(
      contentsOf(page, `<script type="application/json" id="charts">`)[0]!,
    );
    // Findings of one bench stand together.
    const [first, second, third] = FINDINGS as [Finding, Finding, Finding];
    const charts = [first, third, second].flatMap(({ charts }) => charts);
    assertEquals(data, charts.map(thinChart));
    const indices = [...page.matchAll(/<canvas data-chart="(\d+)"/g)].map(([, index]) =>
      Number(index)
    );
    assertEquals(indices, charts.map((_, i) => i));
    const figures = contentsOf(page, "<figure>");
    for (const [i, chart] of charts.entries()) {
      assertStringIncludes(figures[i]!, escapeHtml(chart.title));
      assertStringIncludes(figures[i]!, escapeHtml(chart.caption));
      for (const cell of figuresOf(chart).rows.flat()) {
        assertStringIncludes(figures[i]!, escapeHtml(cell));
      }
    }
  });

  it("pageOf() puts the findings of a bench next to each other and links to each", async () => {
    const page = await write();
    const benches = contentsOf(page, "<section>");
    assertEquals(benches.length, 2);
    assertStringIncludes(benches[0]!, "gateway on deno");
    assertStringIncludes(benches[0]!, "gateway on bun");
    const ids = [...page.matchAll(/<article id="([^"]+)"/g)].map(([, id]) => id);
    const links = [...page.matchAll(/<a href="#([^"]+)"/g)].map(([, id]) => id);
    assertEquals(links, ids);
    assertEquals(new Set(ids).size, FINDINGS.length);
  });
});

describe("readVerdict()", () => {
  it("readVerdict() takes the first word from the rest, and leaves other remarks alone", () => {
    assertEquals(readVerdict("MET    a: 1"), { word: "MET", outcome: "good", text: "a: 1" });
    assertEquals(readVerdict("LOSS  b"), { word: "LOSS", outcome: "bad", text: "b" });
    assertEquals(readVerdict("SUSPECT c")?.outcome, "bad");
    assertEquals(readVerdict("FAILS  d")?.outcome, "bad");
    assertEquals(readVerdict("MIXED  e")?.outcome, "neither");
    assertEquals(readVerdict("METAL is heavy"), undefined);
    assertEquals(readVerdict("it was MET"), undefined);
  });

  it("countVerdicts() counts each word", () => {
    assertEquals([...countVerdicts(["MET a", "none", "LOSS b", "MET c"])], [["MET", 2], [
      "LOSS",
      1,
    ]]);
  });
});

describe("thinLine()", () => {
  const random = new Random("thin");
  const points: Line["points"] = Array.from({ length: 10_000 }, (_, i) => [i, random.next()]);

  it("thinLine() leaves a short line alone", () => {
    const line = { name: "short", points: points.slice(0, 100) };
    assertEquals(thinLine(line, 100), line);
  });

  it("thinLine() keeps the extremes, the order, and about as many points as asked for", () => {
    const thin = thinLine({ name: "long", points }, 100).points;
    const figures = (points: Line["points"]) => points.map(([, y]) => y!);
    assertEquals(thin.length, 100);
    assertEquals(Math.max(...figures(thin)), Math.max(...figures(points)));
    assertEquals(Math.min(...figures(thin)), Math.min(...figures(points)));
    assertEquals(thin, thin.toSorted(([a], [b]) => a - b));
  });

  it("thinLine() keeps gaps", () => {
    const gappy: Line["points"] = points.map(([x, y], i) => [x, i % 1000 === 500 ? null : y]);
    const thin = thinLine({ name: "gaps", points: gappy }, 100).points;
    assertEquals(thin.filter(([, y]) => y === null).length, 10);
  });

  it("thinChart() writes no more digits than can be seen", () => {
    const points: Line["points"] = [[1 / 3, 1 / 3], [1, null], [2, NaN]];
    const chart = { ...CHARTS[0]!, kind: "line", lines: [{ name: "a", points }] } as Chart;
    const thin = thinChart(chart) as typeof chart & { kind: "line" };
    assertEquals(thin.lines[0]!.points, [[1 / 3, 0.33333], [1, null], [2, NaN]]);
  });
});

describe("figuresOf()", () => {
  it("figuresOf() writes bars by category, and says where there is none", () => {
    const chart = CHARTS.find(({ title }) => title === "Cost by policy")!;
    const { title, rows } = figuresOf(chart);
    assertEquals(title, "× clairvoyant");
    assertEquals(rows[0], ["", "mean", "worst"]);
    assertEquals(rows[4], ["unbounded free list", "2.46", "–"]);
  });

  it("figuresOf() writes short lines point by point, wherever their points are", () => {
    const lines: Line[] = [
      { name: "a", points: [[1, 10], [2, null], [3, 30.12345]] },
      { name: "b", points: [[2, 5]] },
    ];
    const { rows } = figuresOf({
      kind: "line",
      title: "",
      caption: "",
      x: { label: "s" },
      y: { label: "MB" },
      lines,
    });
    assertEquals(rows, [["s", "a", "b"], ["1", "10", "–"], ["2", "–", "5"], ["3", "30.12", "–"]]);
  });

  it("figuresOf() writes long lines span by span, with both extremes", () => {
    const points: Line["points"] = Array.from({ length: 400 }, (_, i) => [i, i % 10]);
    const { title, rows } = figuresOf({
      kind: "line",
      title: "",
      caption: "",
      x: { label: "s" },
      y: { label: "MB" },
      lines: [{ name: "a", points }],
    });
    assertEquals(title, "MB, the least and the greatest of each span");
    assertEquals(rows.length, 1 + 40);
    assertEquals(rows[1], ["0 to 9", "0 to 9"]);
    assertEquals(rows.at(-1), ["390 to 399", "0 to 9"]);
  });
});

describe("lookOf()", () => {
  it("lookOf() gives each of fifty lines a look of its own, in each scheme", () => {
    for (const palette of Object.values(PALETTES)) {
      const looks = Array.from({ length: 50 }, (_, i) => JSON.stringify(lookOf(i, palette)));
      assertEquals(new Set(looks).size, 50);
    }
  });
});
