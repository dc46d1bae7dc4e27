/**
 * A small real service whose answers are built in pooled contexts.
 *
 * A context is leased only once the request is valid, and for `/transform` only once its body has
 * arrived, so that a slow or a wrong client holds nothing. `/hash` and `/events` hold one as long as a
 * client sends or listens, which is what they are there to show.
 *
 * @module
 */

import { type Context, type ExecutionContext, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Pool } from "../mod.ts";
import type { RequestContext } from "./context.ts";
import { contextPool } from "./context_pool.ts";
import { type EventsEnv, planEvents, streamEvents } from "./events.ts";
import type { Execution } from "./execution.ts";
import { hash } from "./hash.ts";
import { needSignal, needToken, operationsApp } from "./operations.ts";
import { page } from "./page.ts";
import { pooled } from "./pooled.ts";
import type { PooledEnv } from "./pooled_middleware.ts";
import { needFunction, needInteger, needOptions, received } from "./received.ts";
import { refuse, refuseMethod } from "./refusal.ts";
import { reporter } from "./reporter.ts";
import { parseInput, transform, type TransformInput } from "./transform.ts";

const ACTION = "Cannot create gateway";

/** Who may read the statistics of a {@linkcode gateway}. */
export interface GatewayStatsOptions {
  /**
   * What a reader must know: see {@linkcode OperationsOptions.token}. Without one anybody reads.
   *
   * @default {undefined}
   */
  readonly token?: string;
  /**
   * Whether `/_pool/debug` answers, too: see {@linkcode OperationsOptions.debug}.
   *
   * @default {false}
   */
  readonly debug?: boolean;
}

/** How a {@linkcode gateway} behaves. */
export interface GatewayOptions {
  /**
   * The pool to lease contexts from. Whoever makes it closes it.
   *
   * @default {contextPool()}
   */
  readonly pool?: Pool<RequestContext>;
  /**
   * The largest body that it reads, in bytes.
   *
   * @default {1048576}
   */
  readonly maxBodyBytes?: number;
  /**
   * Whether `/_pool` answers with the statistics and the dashboard, and to whom.
   *
   * @default {false}
   */
  readonly stats?: boolean | GatewayStatsOptions;
  /**
   * Ends the streams of the dashboard: see {@linkcode OperationsOptions.signal}.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal;
  /**
   * Turns a valid input into the answer's JSON value. It may use the context until it returns, or
   * until the promise that it returns settles; the answer is written to `context.scratch` then.
   *
   * @default {transform}
   */
  readonly transform?: (input: TransformInput, context: RequestContext) => unknown;
  /**
   * Receives what a client is not told: the error behind a 500, a lease that could not be ended.
   *
   * @default {nothing is done}
   */
  readonly onError?: (error: unknown) => void;
}

/** A service: a Hono app as far as a server needs it. */
export interface Gateway {
  /** Answers a request. On Workers give it the environment and the execution context as well. */
  readonly fetch: (
    request: Request,
    env?: object,
    execution?: Execution,
  ) => Response | Promise<Response>;
  /** Answers a request that is made of a path: for tests. */
  readonly request: (path: string, init?: RequestInit) => Response | Promise<Response>;
  /** The pool that its contexts come from. */
  readonly pool: Pool<RequestContext>;
}

/** The environment of the app: what its middleware leaves for its handlers. */
interface GatewayEnv extends PooledEnv {
  Variables: PooledEnv["Variables"] & EventsEnv["Variables"] & { input: TransformInput };
}

/**
 * A service with a route for each way to use a context. The same app runs under `Deno.serve`,
 * `Bun.serve` and workerd.
 *
 * - `POST /transform` answers a JSON body with a text that is changed.
 * - `GET /hello/:name` renders a page from parameters, headers and a cookie.
 * - `POST /hash` reads a body chunk by chunk and answers its SHA-256.
 * - `GET /events?count=10&intervalMs=1000` streams server-sent events.
 * - `GET /healthz`, and below `/_pool` the {@linkcode operations} where they are enabled.
 *
 * Every error is a JSON object with one `error`: 400 for a body or a query that is not valid, 401
 * for a missing or wrong token (400 for what is none), 404, 405, 413 for a body that is too large, 414 and 431 for
 * parameters and headers that are too many or too long, 500 for whatever fails inside.
 *
 * @param options How it behaves.
 * @returns The service.
 * @throws {TypeError} An option is of the wrong type.
 * @throws {RangeError} `maxBodyBytes` is not an integer of at least 1.
 *
 * @example Usage
 * ```ts
 * import { gateway } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const service = gateway();
 * const response = await service.request("/transform", {
 *   method: "POST",
 *   body: JSON.stringify({ text: "  Hello  World ", steps: ["collapse", "uppercase"] }),
 * });
 * assertEquals(await response.json(), { text: "HELLO WORLD", bytes: 11 });
 * service.pool.close();
 * ```
 */
export function gateway(options: GatewayOptions = {}): Gateway {
  needOptions(ACTION, "options", options);
  const { maxBodyBytes = 1_048_576, stats = false, signal, onError = () => {} } = options;
  const answer = options.transform ?? transform;
  needInteger(ACTION, "maxBodyBytes", maxBodyBytes, 1);
  needFunction(ACTION, "transform", answer);
  needFunction(ACTION, "onError", onError);
  needSignal(ACTION, signal);
  const guard = guardOf(stats);
  const report = reporter(onError);
  const lease = pooled({ pool: options.pool ?? contextPool({ onError: report }), onError: report });
  const { pool } = lease;

  const app = new Hono<GatewayEnv>();
  app.use(async function onlyErrors(_, next) {
    try {
      await next();
    } catch (error) {
      // Hono hands nothing else to its error handler.
      throw error instanceof Error ? error : new Error("Cannot answer", { cause: error });
    }
  });

  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.all("/healthz", (c) => refuseMethod(c, "GET, HEAD"));

  const limitBody = bodyLimit({
    maxSize: maxBodyBytes,
    onError: (c) => refuseSize(c, maxBodyBytes),
  });
  app.post(
    "/transform",
    async function readInput(c, next) {
      let body = new ArrayBuffer(0);
      try {
        const refusal = await limitBody(c, async () => void (body = await c.req.arrayBuffer()));
        if (refusal !== undefined) return refusal;
      } catch (cause) {
        // A client that goes away, or whose chunks are none: no failure of the service.
        const message = "Cannot transform: body must arrive whole: received an error";
        throw new HTTPException(400, { message, cause });
      }
      // bodyLimit believes a Content-Length, even one that is no number.
      if (body.byteLength > maxBodyBytes) return refuseSize(c, maxBodyBytes);
      const parsed = parseInput(body);
      if ("error" in parsed) return refuse(c, 400, parsed.error);
      c.set("input", parsed.input);
      await next();
    },
    lease,
    async (c) => {
      const context = c.get("pooled");
      const value = await answer(c.get("input"), context);
      return c.body(context.json(value), 200, { "Content-Type": "application/json" });
    },
  );
  app.all("/transform", (c) => refuseMethod(c, "POST"));

  app.get("/hello/:name", lease.around(page));
  app.all("/hello/:name", (c) => refuseMethod(c, "GET, HEAD"));

  app.post("/hash", lease.around(hash(maxBodyBytes)));
  app.all("/hash", (c) => refuseMethod(c, "POST"));

  app.get("/events", planEvents, lease.around(streamEvents(report)));
  app.all("/events", (c) => refuseMethod(c, "GET, HEAD"));

  if (stats !== false) {
    const ending = signal === undefined ? {} : { signal };
    app.route("/", operationsApp({ pools: [pool], ...guard, ...ending, onError: report }));
  }

  app.notFound((c) => refuse(c, 404, "Cannot answer: route must exist: received an unknown one"));
  app.onError((error, c) => {
    if (error instanceof HTTPException && error.res) return error.getResponse();
    if (error instanceof HTTPException && error.status >= 400 && error.status < 500) {
      return refuse(c, error.status as ContentfulStatusCode, error.message);
    }
    report(error);
    // What went wrong may tell secrets; whoever runs the service gets it from onError.
    return refuse(c, 500, "Cannot answer: handler must not fail: received an internal error");
  });
  return {
    fetch: (request, env, execution) => app.fetch(request, env, execution as ExecutionContext),
    request: app.request,
    pool,
  };
}

function refuseSize(c: Context, maxBodyBytes: number): Response {
  const rule = `body must be at most ${maxBodyBytes} bytes`;
  return refuse(c, 413, `Cannot transform: ${rule}: received more`);
}

/** What guards the statistics. */
function guardOf(stats: unknown): GatewayStatsOptions {
  if (typeof stats === "boolean") return {};
  if (typeof stats !== "object" || stats === null) {
    throw new TypeError(
      `${ACTION}: stats must be a boolean or an object: received ${received(stats)}`,
    );
  }
  const { debug = false, token } = stats as GatewayStatsOptions;
  if (token !== undefined) needToken(ACTION, "stats.token", token);
  return { debug, ...(token === undefined ? {} : { token }) };
}
