/**
 * Charts of a page: a canvas for those who see, a table of the same figures for everybody.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { figuresOf } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { tableHtml } from "./table.ts";

/** Writes the place of a chart, which the script finds by its index. */
export function figureHtml(chart: Chart, index: number): Html {
  const { title, caption } = chart;
  const { title: tableTitle, rows } = figuresOf(chart);
  const id = `chart-${index}`;
  return html`
    <figure>
      <h4 id="${id}">${title}</h4>
      <div class="chart">
        <canvas data-chart="${index}" role="img" aria-labelledby="${id}"
          aria-describedby="${id}-caption"></canvas>
      </div>
      <figcaption id="${id}-caption">${caption}</figcaption>
      <details>
    <summary>The figures of this chart</summary>
    <p>${tableTitle}</p>
    ${tableHtml(rows, `${title}: ${tableTitle}`)}
      </details>
    </figure>
  `;
}
