/**
 * Tables and remarks of a page.
 *
 * @module
 */

import type { Sheet } from "../runner/sheet.ts";
import { type Html, html } from "./html.ts";
import { readVerdict } from "./verdict.ts";

/** Writes a sheet; the label is what a screen reader calls its table. */
export function sheetHtml({ rows, remarks }: Sheet, label: string): Html {
  return html`
    ${rows === undefined ? "" : tableHtml(rows, label)}
    ${remarks === undefined || remarks.length === 0 ? "" : remarksHtml(remarks)}
  `;
}

/** Writes rows of equally many cells: the first row is the head, the first column the names. */
export function tableHtml(rows: readonly (readonly string[])[], label: string): Html {
  const [head, ...body] = rows;
  // Whoever has no mouse scrolls it by keys once it has the focus.
  return html`
    <div class="scroll" role="region" tabindex="0" aria-label="${label}">
      <table>
        <thead>
          <tr>${head!.map((cell) => html`<th scope="col">${cell}</th>`)}</tr>
        </thead>
        <tbody>
    ${body.map(rowHtml)}
        </tbody>
      </table>
    </div>
  `;
}

function rowHtml([name, ...cells]: readonly string[]): Html {
  return html`
    <tr><th scope="row">${name!}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
  `;
}

function remarksHtml(remarks: readonly string[]): Html {
  return html`<ul class="remarks">
${remarks.map(remarkHtml)}
</ul>`;
}

function remarkHtml(remark: string): Html {
  const verdict = readVerdict(remark);
  if (verdict === undefined) {
    return html`
      <li>${remark}</li>
    `;
  }
  const { word, outcome, text } = verdict;
  return html`
    <li class="${outcome}"><strong>${word}</strong> ${text}</li>
  `;
}
