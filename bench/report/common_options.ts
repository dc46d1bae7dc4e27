/**
 * What all charts have in common, in the terms of Chart.js.
 *
 * @module
 */

import type { Palette } from "./palette.ts";

/** Options of charts that stand still and fill their box. */
export function commonOptions({ ink }: Palette) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    locale: "en",
    plugins: {
      legend: { labels: { color: ink, usePointStyle: true } },
      tooltip: { usePointStyle: true },
    },
  } as const;
}
