/**
 * Sections of a page: a bench, and what was found out on each runtime, side by side.
 *
 * @module
 */

import type { Finding } from "../runner/finding.ts";
import { methodOf, repeatsOf } from "../runner/method.ts";
import { figureHtml } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { sheetHtml } from "./table.ts";

/** A finding within a page. */
export interface Entry {
  readonly finding: Finding;
  /** What links lead to. */
  readonly id: string;
  /** The index of its first chart among all of the page. */
  readonly firstChart: number;
}

/** Writes what was found out by one bench. */
export function sectionHtml(entries: readonly Entry[]): Html {
  return html`
    <section>
      <h2>${entries[0]!.finding.circumstances.bench}</h2>
      <div class="findings">
    ${entries.map(findingHtml)}
      </div>
    </section>
  `;
}

/** The mark of figures that are not to be relied on. */
export function roughHtml(quick: boolean): Html {
  return quick ? html`<strong class="rough">rough: a quick run</strong>` : html``;
}

function findingHtml({ finding, id, firstChart }: Entry): Html {
  const { circumstances, question, rival, sheets, charts } = finding;
  const { bench, runtime, versions, machine, date, quick, trace } = circumstances;
  const { order, method } = methodOf(circumstances);
  const repeats = repeatsOf(circumstances);
  return html`
    <article id="${id}">
    <h3>${bench} on ${runtime} ${roughHtml(quick)}</h3>
    <p class="question">${question}</p>
    <dl>
    <dt>Rival</dt><dd>${rival}</dd>
    <dt>Versions</dt><dd>${Object.entries(versions).map((pair) => pair.join(" ")).join(", ")}</dd>
    <dt>Machine</dt><dd>${machine}, ${date}</dd>
    ${trace === undefined ? "" : html`
      <dt>File</dt>
      <dd>${trace.path}, ${trace.speed} × as fast</dd>
    `}
    <dt>Order</dt><dd>${order}</dd>
    <dt>Method</dt><dd>${method}</dd>
    ${repeats.length === 0 ? "" : html`
      <dt>Repeats</dt>
      ${repeats.map((line) => html`<dd>${line}</dd>`)}
    `}
    </dl>
    ${sheets.map((sheet, i) => sheetHtml(sheet, `${bench} on ${runtime}, table ${i + 1}`))}
    ${charts.map((chart, i) => figureHtml(chart, firstChart + i))}
    </article>
  `;
}
