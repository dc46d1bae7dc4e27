/**
 * The page: everything that was found out, in one file that asks for nothing from anywhere.
 *
 * @module
 */

import type { Fault } from "../runner/fault.ts";
import type { Finding } from "../runner/finding.ts";
import { headerHtml } from "./header.ts";
import { html } from "./html.ts";
import { inlineJson, inlineScript, inlineStyle } from "./inline.ts";
import { type Entry, sectionHtml } from "./section.ts";
import { thinChart } from "./thin.ts";

/** What a page is made of. */
export interface PageParts {
  /** What it shows, at least one. */
  readonly findings: readonly Finding[];
  /** What is missing. @default {[]} */
  readonly faults?: readonly Fault[];
  /** CSS. */
  readonly stylesheet: string;
  /** What draws the charts, in JavaScript. */
  readonly script: string;
}

/** Writes the page. */
export async function pageOf(
  { findings, faults = [], stylesheet, script }: PageParts,
): Promise<string> {
  if (findings.length === 0) {
    throw new TypeError("Cannot write report: there must be findings: received none");
  }
  const style = await inlineStyle(stylesheet);
  const program = await inlineScript(script);
  const policy = [
    "default-src 'none'",
    `script-src ${program.source}`,
    `style-src ${style.source}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const benches = groupByBench(findings);
  const charts = benches.flat().flatMap(({ finding }) => finding.charts.map(thinChart));
  return String(html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Benchmark report</title>
        <style>${style.text}</style>
      </head>
      <body>
    ${headerHtml(benches, faults)}
    <main>
    ${benches.map(sectionHtml)}
    </main>
    <script type="application/json" id="charts">${inlineJson(charts)}</script>
    <script>${program.text}</script>
      </body>
    </html>
  `);
}

/** Findings of one bench stand next to each other, wherever they were made. */
function groupByBench(findings: readonly Finding[]): Entry[][] {
  const groups = Map.groupBy(findings, ({ circumstances }) => circumstances.bench);
  let count = 0;
  let firstChart = 0;
  return [...groups.values()].map((group) =>
    group.map((finding) => {
      const entry = { finding, id: `finding-${count++}`, firstChart };
      firstChart += finding.charts.length;
      return entry;
    })
  );
}
