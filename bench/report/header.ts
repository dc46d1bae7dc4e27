/**
 * The head of a page: where and when, and what is in it.
 *
 * @module
 */

import { type Html, html } from "./html.ts";
import { type Entry, roughHtml } from "./section.ts";
import { countVerdicts } from "./verdict.ts";

/** Writes the head of a page with the findings of each bench. */
export function headerHtml(benches: readonly (readonly Entry[])[]): Html {
  const all = benches.flat().map(({ finding }) => finding.circumstances);
  return html`
    <header>
      <h1>Benchmark report</h1>
      <dl>
    <dt>Machine</dt>${distinct(all.map(({ machine }) => machine))}
    <dt>Date</dt>${distinct(all.map(({ date }) => date))}
      </dl>
      <nav aria-labelledby="contents">
        <h2 id="contents">Contents</h2>
        <ul>
    ${benches.map(linksHtml)}
        </ul>
      </nav>
    </header>
  `;
}

function distinct(words: readonly string[]): Html[] {
  return [...new Set(words)].sort().map((word) => html`<dd>${word}</dd>`);
}

function linksHtml(entries: readonly Entry[]): Html {
  return html`
    <li>${entries[0]!.finding.circumstances.bench}
    <ul>
    ${entries.map(linkHtml)}
    </ul>
    </li>
  `;
}

function linkHtml({ finding: { circumstances, sheets }, id }: Entry): Html {
  const { runtime, quick } = circumstances;
  const counts = countVerdicts(sheets.flatMap(({ remarks }) => remarks ?? []));
  const verdicts = [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
  return html`
    <li><a href="#${id}">${runtime}</a> ${verdicts} ${roughHtml(quick)}</li>
  `;
}
