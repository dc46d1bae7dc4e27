/**
 * The head of a page: where and when, and what is in it.
 *
 * @module
 */

import type { Fault } from "../runner/fault.ts";
import { type Html, html } from "./html.ts";
import { type Entry, roughHtml } from "./section.ts";
import { countVerdicts } from "./verdict.ts";

/** Writes the head of a page with the findings of each bench, and with what is missing. */
export function headerHtml(
  benches: readonly (readonly Entry[])[],
  faults: readonly Fault[],
): Html {
  const all = benches.flat().map(({ finding }) => finding.circumstances);
  return html`
    <header>
      <h1>Benchmark report</h1>
      <dl>
    <dt>Machine</dt>${distinct(all.map(({ machine }) => machine))}
    <dt>Date</dt>${distinct(all.map(({ date }) => date))}
      </dl>
      ${faults.length === 0 ? "" : faultsHtml(faults)}
      <nav aria-labelledby="contents">
        <h2 id="contents">Contents</h2>
        <ul>
    ${benches.map(linksHtml)}
        </ul>
      </nav>
    </header>
  `;
}

function faultsHtml(faults: readonly Fault[]): Html {
  return html`
    <h2>Missing</h2>
    <ul class="remarks">
    ${faults.map(({ bench, runtime, message }) =>
      html`<li class="bad"><strong>FAILED</strong> ${bench} on ${runtime}: ${message}</li>`
    )}
    </ul>
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
