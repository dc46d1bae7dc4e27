/**
 * Server-sent events from one context that is held while they stream: `GET /events`.
 *
 * The scratch keeps what every event begins with, and each one adds its own end and takes it back.
 * What is sent is a copy of that: whoever passes a chunk on may still have it when the next one is
 * asked for.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { streamSSE } from "hono/streaming";
import type { RequestContext } from "./context.ts";
import { received } from "./received.ts";
import { refuse } from "./refusal.ts";

/** The most events of a stream, and how many there are where a client does not say. */
const MAX_COUNT = 100;
const DEFAULT_COUNT = 10;

/** The longest wait between two events, and the usual one, in milliseconds. */
const MAX_INTERVAL_MS = 1000;
const DEFAULT_INTERVAL_MS = 1000;

/** The part of a stream that a client asks for. */
export interface EventPlan {
  /** The events that the stream has in all, those that the client has seen included. */
  readonly count: number;
  /** The wait between two of them, in milliseconds. */
  readonly intervalMs: number;
  /** The number of the last one that the client has seen, or 0. */
  readonly seen: number;
}

/** The environment of a route of events. */
export interface EventsEnv {
  /** What the plan leaves for the stream. */
  Variables: { plan: EventPlan };
}

/**
 * Reads what a client asks for, before a context is leased. A client that comes back with the
 * `Last-Event-ID` of an earlier stream gets the rest of it, and 204 after its end, which tells an
 * `EventSource` not to come again.
 */
export const planEvents: MiddlewareHandler<EventsEnv> = async function planEvents(c, next) {
  const count = readInteger(c.req.query("count"), 1, MAX_COUNT, DEFAULT_COUNT);
  if (count === undefined) return refuseNumber(c, "count", 1, MAX_COUNT, c.req.query("count"));
  const asked = c.req.query("intervalMs");
  const intervalMs = readInteger(asked, 0, MAX_INTERVAL_MS, DEFAULT_INTERVAL_MS);
  if (intervalMs === undefined) return refuseNumber(c, "intervalMs", 0, MAX_INTERVAL_MS, asked);
  const last = c.req.header("Last-Event-ID");
  const seen = readInteger(last, 0, MAX_COUNT, 0);
  if (seen === undefined) return refuseNumber(c, "Last-Event-ID", 0, MAX_COUNT, last);

  if (seen >= count) return c.body(null, 204);
  // Nobody would read the stream, and so nothing would end it.
  if (c.req.method === "HEAD") return c.body(null, 200, { "Content-Type": "text/event-stream" });
  c.set("plan", { count, intervalMs, seen });
  await next();
};

/** Streams the events of the plan, until the last one or until the client goes away. */
export function streamEvents(
  report: (error: unknown) => void,
): (c: Context<EventsEnv>, context: RequestContext) => Response {
  return (c, { scratch }) => {
    const { count, intervalMs, seen } = c.var.plan;
    scratch.write(`event: tick\ndata: {"of":${count},"tick":`);
    const start = scratch.length;
    return streamSSE(c, async (stream) => {
      let wake = () => {};
      stream.onAbort(() => wake());
      const pause = () =>
        new Promise<void>((resolve) => {
          // The client may have gone while an event was written.
          if (stream.aborted) return resolve();
          const timer = setTimeout(resolve, intervalMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      try {
        for (let tick = seen + 1; tick <= count; tick++) {
          if (tick > seen + 1) await pause();
          // The lease has ended with the body.
          if (stream.aborted) return;
          scratch.write(`${tick}}\nid: ${tick}\n\n`);
          const event = scratch.view().slice();
          scratch.rewind(start);
          await stream.write(event);
        }
      } catch (error) {
        // Hono would send its message to the client.
        report(error);
      }
    });
  };
}

/** An integer of a text, the usual one of none, or `undefined` of anything else. */
function readInteger(
  text: string | undefined,
  least: number,
  most: number,
  usual: number,
): number | undefined {
  if (text === undefined) return usual;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

function refuseNumber(
  c: Context,
  name: string,
  least: number,
  most: number,
  given: string | undefined,
): Response {
  const rule = `${name} must be an integer from ${least} to ${most}`;
  return refuse(c, 400, `Cannot stream events: ${rule}: received ${received(given)}`);
}
