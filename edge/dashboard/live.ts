/**
 * The stream behind the dashboard: server-sent events with a reading of one pool each second.
 *
 * A pool is read only while somebody listens, and at most twice a second however many do: they share
 * the text. Each listener still has a timer of its own, because a Worker's request may write to no
 * stream but its own. Why nothing gathers: a reading is written only once the one before it was taken,
 * and whoever takes none for too long is given up; the number of listeners is limited.
 *
 * @module
 */

import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { SessionEnv } from "../session.ts";
import { refuse } from "../refusal.ts";
import { type ObservedPool, readPool } from "./reading.ts";

/** The most listeners at once. */
export const MAX_LISTENERS = 16;

/** When one who is refused should come again, in seconds. */
const RETRY_S = 10;

/** The time between two events, and for how long a reading serves, in milliseconds. */
const INTERVAL_MS = 1000;
const FRESH_MS = 500;

/** How soon a browser comes back after the stream has broken off, in milliseconds. */
const RECONNECT_MS = 1500;

/** How long a listener may take to take an event, in milliseconds. */
const STALL_MS = 20_000;

/** A reading as it is sent, and when it was taken. */
interface Sent {
  readonly at: number;
  readonly text: string;
}

/** How the streams behave. */
export interface LiveOptions {
  /** What there is to be looked at. */
  readonly pools: readonly ObservedPool[];
  /** Whether leaks are shown with their stacks. */
  readonly showsStacks: boolean;
  /** Ends all streams. */
  readonly signal: AbortSignal | undefined;
  /** Receives what no client can be told. */
  readonly report: (error: unknown) => void;
}

/** The streams of some pools. */
export class Live {
  readonly #options: LiveOptions;
  readonly #sent: (Sent | undefined)[] = [];
  /** The listeners, and when each was last seen to be there. */
  readonly #listeners: Map<symbol, number> = new Map();
  #names: readonly string[] | undefined;

  /** Makes streams that nobody listens to yet: it touches no pool and no clock. */
  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Streams what becomes of a pool until the client goes, its session ends or the service stops. */
  stream(c: Context<SessionEnv>, selected: number): Response {
    this.#forgetLost();
    if (this.#listeners.size >= MAX_LISTENERS || this.#options.signal?.aborted) {
      c.header("Retry-After", String(RETRY_S));
      const rule = `there must be at most ${MAX_LISTENERS} listeners`;
      return refuse(c, 503, `Cannot stream readings: ${rule}: received one more`);
    }
    // Nobody would read it, and so nothing would end it.
    if (c.req.method === "HEAD") return c.body(null, 200, { "Content-Type": "text/event-stream" });
    const { signal, report } = this.#options;
    const end = c.var.sessionEnd ?? Infinity;
    const listener = Symbol("listener");
    this.#listeners.set(listener, Date.now());
    const response = streamSSE(c, async (stream) => {
      let wake = () => {};
      const stop = () => wake();
      stream.onAbort(stop);
      signal?.addEventListener("abort", stop);
      const isOver = () => stream.aborted || signal?.aborted === true || Date.now() >= end;
      try {
        await stream.write(`retry: ${RECONNECT_MS}\n\n`);
        while (!isOver()) {
          this.#listeners.set(listener, Date.now());
          const stall = setTimeout(() => stream.abort(), STALL_MS);
          await stream.write(`event: reading\ndata: ${this.#read(selected)}\n\n`);
          clearTimeout(stall);
          if (isOver()) return;
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, INTERVAL_MS);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
      } catch (error) {
        // Hono would send its message to the client.
        report(error);
      } finally {
        this.#listeners.delete(listener);
        signal?.removeEventListener("abort", stop);
      }
    });
    // No cache and no proxy may keep an event back.
    response.headers.set("Cache-Control", "no-store, no-transform");
    response.headers.set("X-Accel-Buffering", "no");
    return response;
  }

  /** Forgets listeners whose requests were dropped in the middle of a wait, as a Worker's may be. */
  #forgetLost(): void {
    for (const [listener, seen] of this.#listeners) {
      if (Date.now() - seen > 2 * STALL_MS) this.#listeners.delete(listener);
    }
  }

  /** The text of a reading that is fresh enough. JSON has no line ends of its own. */
  #read(selected: number): string {
    const { pools, showsStacks } = this.#options;
    const now = Date.now();
    const sent = this.#sent[selected];
    // A clock that was put back makes a reading look as if it came from the future.
    if (sent !== undefined && now >= sent.at && now - sent.at < FRESH_MS) return sent.text;
    this.#names ??= pools.map((pool) => pool.stats().name);
    const text = JSON.stringify(readPool(pools[selected]!, selected, this.#names, showsStacks));
    this.#sent[selected] = { at: now, text };
    return text;
  }
}
