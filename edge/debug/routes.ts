/**
 * A look into pools and into the engine that they run on: for whoever debugs a service.
 *
 * What these routes tell holds secrets, and what they do stops the service for a while. So they are off
 * unless asked for, and whoever mounts them guards them; one of them runs at a time, and then none for a
 * moment.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import type { Snapshot } from "../../mod.ts";
import { received } from "../received.ts";
import { refuse, refuseMethod } from "../refusal.ts";
import { findInspector, type Inspector } from "./inspector.ts";

/** A pool as far as it is debugged. */
export interface DebuggedPool {
  /** What {@linkcode Pool.snapshot} returns. */
  snapshot(): Snapshot;
}

/** How long recordings last, if nobody says otherwise, and at most, in seconds. */
const USUAL_S = 10;
const MOST_S = 60;

/** How long nothing runs after something that stopped the service, in milliseconds. */
const REST_MS = 2000;

const NO_STORE = { "Cache-Control": "no-store" };

/** What must not run beside itself: what stops the service, or sees all of it. */
class Turn {
  #isTaken = false;
  #endedAt = -Infinity;

  /** Begins; or says in how many seconds to come again. */
  begin(
    now: number,
  ): { readonly is: "begun" } | { readonly status: 409 | 429; readonly waitS: number } {
    if (this.#isTaken) return { status: 409, waitS: USUAL_S };
    // A clock that was put back makes nobody wait longer.
    const waitMs = Math.min(REST_MS, this.#endedAt + REST_MS - now);
    if (waitMs > 0) return { status: 429, waitS: Math.ceil(waitMs / 1000) };
    this.#isTaken = true;
    return { is: "begun" };
  }

  /** Ends one, after which there is a rest. */
  end(now: number): void {
    this.#isTaken = false;
    this.#endedAt = now;
  }

  /** Ends one that did nothing. */
  giveBack(): void {
    this.#isTaken = false;
  }
}

/**
 * Makes the routes, below a path.
 *
 * - `GET /` lists what this runtime has.
 * - `GET /snapshot` answers {@linkcode Snapshot}s of all pools.
 * - `POST /gc` has the collector run, and tells how long it took and the heap before and after, as far as the
 *   runtime knows it.
 * - `POST /heap-snapshot` answers all objects, as Chromium's developer tools read them.
 * - `POST /gc-trace?seconds=10` records collections, `POST /cpu-profile?seconds=10` what the processor does.
 */
export function debugRoutes(
  path: string,
  pools: readonly DebuggedPool[],
  report: (error: unknown) => void,
): Hono {
  const app = new Hono();
  const turn = new Turn();
  let found: Promise<Inspector> | undefined;
  const inspector = () => found ??= findInspector();

  app.get(`${path}/snapshot`, (c) => c.json(pools.map((pool) => pool.snapshot()), 200, NO_STORE));
  app.all(`${path}/snapshot`, (c) => refuseMethod(c, "GET, HEAD"));

  const show = async (c: Context) => {
    const { collect, heapSnapshot, profile, traceCollections } = await inspector();
    return c.json(
      {
        "snapshot": true,
        "gc": collect !== undefined,
        "heap-snapshot": heapSnapshot !== undefined,
        "gc-trace": traceCollections !== undefined,
        "cpu-profile": profile !== undefined,
      },
      200,
      NO_STORE,
    );
  };
  app.get(path, show);
  app.get(`${path}/`, show);

  /** Answers with what only one may do at a time: `run` ends that, unless it does nothing. */
  const serve = (
    name: string,
    run: (c: Context, inspector: Inspector, end: () => void) => Promise<Response> | undefined,
  ) => {
    app.post(`${path}/${name}`, async (c) => {
      const own = await inspector();
      const begun = turn.begin(Date.now());
      if ("status" in begun) {
        c.header("Retry-After", String(begun.waitS));
        const rule = begun.status === 409 ? "nothing else must run" : "it must have rested";
        return refuse(c, begun.status, `Cannot debug: ${rule}: received ${name} too soon`);
      }
      const end = () => turn.end(Date.now());
      try {
        const answer = run(c, own, end);
        if (answer !== undefined) return await answer;
      } catch (error) {
        end();
        throw error;
      }
      turn.giveBack();
      const flag = name === "cpu-profile" ? own.profileFlag : undefined;
      const rule = flag === undefined
        ? "the runtime must have a way to it"
        : `the program must be started with ${flag}`;
      return refuse(c, 501, `Cannot debug: ${rule}: received ${name} on one without`);
    });
    app.all(`${path}/${name}`, (c) => refuseMethod(c, "POST"));
  };

  serve("gc", (c, { collect, heapBytes, liveBytes }, end) => {
    if (collect === undefined) return undefined;
    const before = heapBytes?.();
    const begun = performance.now();
    collect();
    const ms = performance.now() - begun;
    const after = liveBytes?.();
    end();
    const told = { ms, beforeBytes: before, afterBytes: after };
    return Promise.resolve(c.json(told, 200, NO_STORE));
  });

  serve("heap-snapshot", (c, { heapSnapshot }, end) => {
    if (heapSnapshot === undefined) return undefined;
    const chunks = heapSnapshot()[Symbol.asyncIterator]();
    const stop = async () => {
      end();
      await chunks.return?.();
    };
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await chunks.next();
          if (done !== true) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          end();
          // The answer has begun: the client only sees it break off.
          report(error);
          controller.error(error);
        }
      },
      cancel: stop,
    });
    const name = `${new Date().toISOString().replaceAll(/[:.]/g, "-")}.heapsnapshot`;
    return Promise.resolve(c.body(stream, 200, {
      ...NO_STORE,
      "Content-Type": "application/json",
      "Content-Disposition": `attachment; filename="${name}"`,
    }));
  });

  const record = (name: string, recorder: (inspector: Inspector) => Recorder | undefined) =>
    serve(name, (c, own, end) => {
      const start = recorder(own);
      if (start === undefined) return undefined;
      const seconds = secondsOf(c);
      if (typeof seconds !== "number") {
        turn.giveBack();
        return Promise.resolve(seconds);
      }
      return start(passed(seconds * 1000, c.req.raw.signal))
        .then((result) => c.json(result as object, 200, NO_STORE)).finally(end);
    });
  record("gc-trace", ({ traceCollections }) => traceCollections);
  record("cpu-profile", ({ profile }) => profile);
  return app;
}

/** Records until a promise settles. */
type Recorder = (end: Promise<void>) => Promise<unknown>;

/** How long a request asks for, or what is wrong with that. */
function secondsOf(c: Context): number | Response {
  const asked = c.req.query("seconds") ?? String(USUAL_S);
  const seconds = /^\d{1,2}$/.test(asked) ? Number(asked) : NaN;
  if (seconds >= 1 && seconds <= MOST_S) return seconds;
  const rule = `seconds must be an integer from 1 to ${MOST_S}`;
  return refuse(c, 400, `Cannot debug: ${rule}: received ${received(asked)}`);
}

/** Waits for a time, or until whoever asked has gone. */
function passed(ms: number, signal: AbortSignal): Promise<void> {
  // A signal that has fired does not fire again, and whoever left must not hold the turn.
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
  return promise;
}
