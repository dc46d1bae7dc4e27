/**
 * The request bench's report for people.
 *
 * @module
 */

import type { Chart } from "../runner/chart.ts";
import { type Sheet, suspectUnparsed } from "../runner/sheet.ts";
import { round, type Spread } from "../runner/statistics.ts";
import type { Figures, Report } from "./report.ts";
import { type Holder, HOLDERS, type Route, ROUTES } from "./route.ts";

const LABELS: Readonly<Record<Route, string>> = {
  bare: "bare: a route that does nothing",
  page: "page: GET /hello/:name, 20 headers",
  transform: "transform: POST /transform",
  hash: "hash: POST /hash, 4 KB",
  events: "events: GET /events, 3 of them",
};

/** The routes that use a context. */
const USING = ROUTES.filter((route) => route !== "bare");

/** Writes the report. */
export function sheetsOf({ runtime, figures, unparsed }: Report): Sheet[] {
  const range = ([least, greatest]: Spread) => `(${least}–${greatest})`;
  const cells = ({ bytes, spread, scratchBytes }: Figures) => [
    String(bytes),
    range(spread),
    runtime === "bun" ? "" : String(scratchBytes),
  ];
  return [{
    rows: [
      [
        "bytes per request",
        ...HOLDERS.flatMap((holder) => [holder, "(min–max)", "+ scratch"]),
      ],
      ...ROUTES.map((route) => [
        LABELS[route],
        ...HOLDERS.flatMap((holder) => cells(figures[route][holder])),
      ]),
    ],
    remarks: [
      ...USING.map((route) => compare(route, figures[route])),
      "",
      runtime === "bun"
        ? "JavaScriptCore counts array buffers: a new context's scratch is in the figures."
        : "V8 counts no array buffers: a new context's scratch comes on top, and what it grows by.",
      ...suspectUnparsed(unparsed),
    ],
  }];
}

function compare(route: Route, { alloc, pooled }: Readonly<Record<Holder, Figures>>): string {
  const bytesOf = ({ bytes, scratchBytes }: Figures) => bytes + scratchBytes;
  const saved = round(bytesOf(alloc) - bytesOf(pooled));
  return saved > 0
    ? `WIN   ${route}: a pool saves ${saved} bytes a request`
    : `LOSS  ${route}: a pool costs ${-saved} bytes a request`;
}

/** Draws the report. */
export function chartsOf({ runtime, figures }: Report): Chart[] {
  return [{
    kind: "bar",
    title: `Bytes allocated per request of the gateway on ${runtime}`,
    caption: "Less is better. What a route that does nothing allocates belongs to Hono, to the " +
      "runtime and to the making of requests, and no pool can save it.",
    y: { label: "bytes per request" },
    categories: ROUTES.map((route) => LABELS[route]),
    series: HOLDERS.map((holder) => ({
      name: holder,
      figures: ROUTES.map((route) => {
        const { bytes, scratchBytes } = figures[route][holder];
        return round(bytes + scratchBytes);
      }),
    })),
  }];
}
