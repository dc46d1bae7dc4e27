/**
 * The http bench: whether pooling shows in a real service.
 *
 * A Hono app on a runtime's own server, on loopback, with `wrk` as the only client. Both share the
 * machine: what a server does not take of it, wrk does not need either, because it is faster.
 *
 * @module
 */

import { measureRound, type Sample } from "./http/round.ts";
import { type Report, reportOf } from "./http/report.ts";
import { VARIANTS } from "./http/service.ts";
import { chartsOf, sheetsOf } from "./http/sheet.ts";
import type { RoundBench } from "./runner/bench.ts";

/** A Hono service under load. */
export const http: RoundBench<Sample, Report> = {
  question: "Does pooling pay in a Hono service under load, and what does it cost where it cannot?",
  rival: "a new context for each request, a bare free list, and no middleware at all",
  packages: ["hono"],
  runtimes: ["deno", "bun", "workerd"],
  variants: VARIANTS,
  rounds: 3,
  drawn: "all servers up at once, loaded in turns; median (min–max)",
  measureRound,
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
