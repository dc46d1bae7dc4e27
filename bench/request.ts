/**
 * The request bench: what a request of the gateway allocates.
 *
 * The requests are made and answered in one process, so that what the engine tells is about nothing
 * else; what making them takes is in every figure, and `bare` tells it. On Deno V8's counter tells it,
 * elsewhere the engine's log. V8's log says too much where it has marked the whole heap meanwhile: on
 * Deno by half, for 20 000 requests with two such collections.
 *
 * @module
 */

import { type Report, reportOf, type Sample, variantOf } from "./request/report.ts";
import { chartsOf, sheetsOf } from "./request/sheet.ts";
import {
  type Holder,
  HOLDERS,
  makeService,
  type Route,
  ROUTES,
  type Service,
} from "./request/route.ts";
import { allocatedBytes } from "./runner/allocation.ts";
import type { Bench } from "./runner/bench.ts";
import { needAllocated } from "./runner/engine_log.ts";

/** What a process tells before its engine's log is read. */
interface Answered {
  readonly requests: number;
  readonly created: number;
  /** Of the answers: what was answered, and how many bytes that were. */
  readonly checksum: number;
  /** Bytes that were allocated, where the engine has a counter. */
  readonly counted?: number;
}

/** Requests in flight, so that a wait of one is used by the others. */
const CONCURRENCY = 16;

/** Requests that are counted; streams of events wait for timers. */
function plan(route: Route, isQuick: boolean): number {
  return (isQuick ? 4000 : 20_000) / (route === "events" ? 8 : 1);
}

/** Sends so many requests, reads their answers and returns the checksum of these. */
async function answer({ fetch, request }: Service, requests: number): Promise<number> {
  let sent = 0;
  let checksum = 0;
  const ask = async () => {
    while (sent < requests) {
      sent++;
      const response = await fetch(request());
      const body = await response.arrayBuffer();
      if (response.status !== 200) {
        throw new Error(`Cannot measure request: it must succeed: received ${response.status}`);
      }
      // In whatever order they come. Not what the bytes are: to look at them allocates.
      checksum += response.status + body.byteLength;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, ask));
  return checksum;
}

/** The gateway's routes, with and without a pool. */
export const request: Bench<Answered, Report, Sample> = {
  question: "How many bytes does a request of the gateway allocate, with and without a pool?",
  rival: "a new context for each request, and a route that does nothing",
  packages: ["hono"],
  runtimes: ["deno", "bun", "workerd"],
  variants: ROUTES.flatMap((route) => HOLDERS.map((holder) => variantOf(route, holder))),
  rounds: 3,
  asksAllocated: true,
  async measure(variant, { quick, runtime }, probe) {
    const [route, holder] = variant.split("-") as [Route, Holder];
    const service = makeService(route, holder);
    const requests = plan(route, quick);
    await answer(service, requests / 2);
    const before = service.created();
    let checksum = 0;
    const work = async () => {
      checksum = await answer(service, requests);
    };
    await probe.begin();
    const counted = runtime === "deno" ? { counted: await allocatedBytes(work) } : await work();
    probe.mark();
    await probe.end();
    return { requests, created: service.created() - before, checksum, ...counted };
  },
  complete: ({ requests, created, checksum, counted }, { engine }) => ({
    bytes: (counted ?? needAllocated(engine)) / requests,
    created: created / requests,
    checksum,
    unparsed: engine.unparsed,
  }),
  report: reportOf,
  sheets: sheetsOf,
  charts: chartsOf,
};
