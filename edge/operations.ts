/**
 * What is about the service itself, and not about what it serves: statistics and the dashboard of its
 * pools, behind one guard.
 *
 * Everything lies below one path, where relative references keep it together. A route that does not
 * exist, or not with that method, says so to anybody; what exists says nothing to whoever may not know.
 *
 * @module
 */

import { PROMETHEUS_TYPES, prometheusFormat, PrometheusWriter } from "../metrics/prometheus.ts";
import { type Context, type ExecutionContext, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import type { PoolStats } from "../mod.ts";
import { assets } from "./dashboard/assets.ts";
import { Live } from "./dashboard/live.ts";
import { dashboardPage, loginPage, type LoginTrouble, PAGE_HEADERS } from "./dashboard/page.ts";
import type { ObservedPool } from "./dashboard/reading.ts";
import type { Execution } from "./execution.ts";
import { needFunction, needOptions, received } from "./received.ts";
import { type DebuggedPool, debugRoutes } from "./debug/routes.ts";
import { refuse, refuseMethod } from "./refusal.ts";
import { reporter } from "./reporter.ts";
import { isOwn, type SessionEnv, Sessions } from "./session.ts";

/** What an `Authorization: Bearer` header can carry. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/** A path of at least one part, without what routes give a meaning to. */
const PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;

/** The largest form that the log-in takes, in bytes. */
const MAX_FORM_BYTES = 4096;

const ACTION = "Cannot create operations";

/** How {@linkcode operations} behave. */
export interface OperationsOptions {
  /** The pools to look at, at least one. The first is shown first. */
  readonly pools: readonly (ObservedPool & Partial<DebuggedPool>)[];
  /**
   * What a reader must know: programs send it as a bearer token, people type it in once. Without one
   * anybody reads. A long random one: of wrong bearer tokens there may be any number.
   *
   * @default {undefined}
   */
  readonly token?: string;
  /**
   * The path that everything lies below.
   *
   * @default {"/_pool"}
   */
  readonly path?: string;
  /**
   * What `/_pool/metrics` tells, such as a `FusedReport` of the pools of several workers.
   *
   * @default {the pools}
   */
  readonly metrics?: { stats(): readonly PoolStats[] };
  /**
   * Whether `/_pool/debug` answers, with what it takes to find out what is wrong: snapshots of the pools
   * and of the heap, with all secrets that are in memory, recordings, and collections on demand. It needs
   * a token, and pools with `snapshot()`.
   *
   * @default {false}
   */
  readonly debug?: boolean;
  /**
   * Ends the streams of the dashboard, which have no end of their own: a server that shuts down would
   * wait for them.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal;
  /**
   * Receives what a client is not told.
   *
   * @default {nothing is done}
   */
  readonly onError?: (error: unknown) => void;
}

/** What answers about the service itself. */
export interface Operations {
  /** Answers a request whose path lies below that of the operations; others get 404. */
  readonly fetch: (
    request: Request,
    env?: object,
    execution?: Execution,
  ) => Response | Promise<Response>;
  /** Answers a request that is made of a path: for tests. */
  readonly request: (path: string, init?: RequestInit) => Response | Promise<Response>;
}

/**
 * Statistics and the dashboard of some pools.
 *
 * - `GET /_pool` shows the dashboard to a browser.
 * - `GET /_pool/stats` answers {@linkcode PoolStats}.
 * - `GET /_pool/metrics` tells Prometheus of all pools, as OpenMetrics where that is asked for.
 * - `GET /_pool/events` streams what the dashboard shows, as server-sent events.
 * - `GET /_pool/login`, `POST /_pool/login` and `POST /_pool/logout`, where there is a token.
 *
 * - `/_pool/debug/*`, where it is enabled: `GET snapshot`, and `POST gc`, `heap-snapshot`,
 *   `gc-trace?seconds=10` and `cpu-profile?seconds=10`, one at a time.
 *
 * `?pool=1` asks `stats` and `events` for the second pool.
 *
 * @param options How they behave.
 * @returns The operations.
 * @throws {TypeError} An option is of the wrong type.
 * @throws {RangeError} There is no pool.
 *
 * @example Beside an app of one's own
 * ```ts
 * import { Hono } from "hono";
 * import { contextPool, operations } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = contextPool();
 * const { fetch } = operations({ pools: [pool], token: "4c31f0b8a7" });
 * const app = new Hono().all("/_pool/*", (c) => fetch(c.req.raw));
 *
 * assertEquals((await app.request("/_pool/stats")).status, 401);
 * const headers = { Authorization: "Bearer 4c31f0b8a7" };
 * const response = await app.request("/_pool/stats", { headers });
 * assertEquals((await response.json()).leased, 0);
 * pool.close();
 * ```
 */
export function operations(options: OperationsOptions): Operations {
  const app = operationsApp(options);
  const report = reporter(options.onError ?? (() => {}));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    report(error);
    return refuse(c, 500, "Cannot answer: route must not fail: received an internal error");
  });
  app.notFound((c) => refuse(c, 404, "Cannot answer: route must exist: received an unknown one"));
  return {
    fetch: (request, env, execution) => app.fetch(request, env, execution as ExecutionContext),
    request: app.request,
  };
}

/** The same as a Hono app, whose routes have the whole path. */
export function operationsApp(options: OperationsOptions): Hono<SessionEnv> {
  needOptions(ACTION, "options", options);
  const { pools, token, path = "/_pool", debug = false, metrics, signal, onError = () => {} } =
    options;
  needPools(pools);
  if (token !== undefined) needToken(ACTION, "token", token);
  if (typeof path !== "string" || !PATH.test(path)) {
    throw new TypeError(
      `${ACTION}: path must be of plain parts that begin with "/": received ${received(path)}`,
    );
  }
  needSignal(ACTION, signal);
  needFunction(ACTION, "onError", onError);
  if (metrics !== undefined && typeof metrics?.stats !== "function") {
    throw new TypeError(`${ACTION}: metrics must have stats(): received ${received(metrics)}`);
  }
  if (typeof debug !== "boolean") {
    throw new TypeError(`${ACTION}: debug must be a boolean: received ${received(debug)}`);
  }
  if (debug && token === undefined) {
    throw new TypeError(`${ACTION}: debug must come with a token: received it without`);
  }
  const sessions = token === undefined ? undefined : new Sessions(token);
  const report = reporter(onError);
  const live = new Live({ pools, showsStacks: token !== undefined, signal, report });
  const admit: MiddlewareHandler<SessionEnv> = sessions?.admit ?? ((_, next) => next());

  const app = new Hono<SessionEnv>();
  app.get(`${path}/stats`, admit, (c) => {
    const selected = selectPool(c, pools);
    if (typeof selected !== "number") return selected;
    return c.json(pools[selected]!.stats(), 200, { "Cache-Control": "no-store" });
  });
  app.all(`${path}/stats`, (c) => refuseMethod(c, "GET, HEAD"));

  const writer = new PrometheusWriter();
  app.get(`${path}/metrics`, admit, (c) => {
    const format = prometheusFormat(c.req.header("Accept"));
    const told = metrics?.stats() ?? pools.map((pool) => pool.stats());
    const text = writer.write(told, format);
    // A response copies bytes at once.
    return c.body(text, 200, {
      "Content-Type": PROMETHEUS_TYPES[format],
      "Cache-Control": "no-store",
      "Vary": "Accept",
    });
  });
  app.all(`${path}/metrics`, (c) => refuseMethod(c, "GET, HEAD"));

  if (debug) {
    const debugged = needSnapshots(pools);
    app.use(`${path}/debug`, admit);
    app.use(`${path}/debug/*`, admit);
    app.route("/", debugRoutes(`${path}/debug`, debugged, report));
  }

  app.get(`${path}/events`, admit, (c) => {
    const selected = selectPool(c, pools);
    return typeof selected === "number" ? live.stream(c, selected) : selected;
  });
  app.all(`${path}/events`, (c) => refuseMethod(c, "GET, HEAD"));

  const inviteTo = (login: string): MiddlewareHandler<SessionEnv> => async (c, next) => {
    const isVisit = c.req.header("Accept")?.includes("text/html") ?? false;
    // Browsers send what a proxy in front asked for, which is no bearer token.
    const hasToken = /^bearer\b/i.test(c.req.header("Authorization") ?? "");
    if (!isVisit || sessions === undefined || hasToken) return await next();
    if (await sessions.endOf(c) !== undefined) return await next();
    return c.body(null, 303, { Location: login, "Cache-Control": "no-store" });
  };
  const folder = `./${path.slice(path.lastIndexOf("/") + 1)}/`;
  // Only below the slash are relative references those of the page.
  app.get(path, inviteTo(`${folder}login`), admit, (c) => c.body(null, 303, { Location: folder }));
  app.all(path, (c) => refuseMethod(c, "GET, HEAD"));
  app.get(`${path}/`, inviteTo("./login"), admit, (c) => {
    const hasSession = c.var.sessionEnd !== undefined;
    return c.body(dashboardPage({ hasSession }), 200, PAGE_HEADERS);
  });
  app.all(`${path}/`, (c) => refuseMethod(c, "GET, HEAD"));

  app.get(`${path}/assets/:name`, async (c, next) => {
    const asset = assets.get(c.req.param("name"));
    if (asset === undefined) return await next();
    return c.body(asset.text, 200, {
      "Content-Type": asset.type,
      // The name changes with the contents.
      "Cache-Control": "public, max-age=31536000, immutable",
      "X-Content-Type-Options": "nosniff",
    });
  });

  if (sessions !== undefined) {
    app.get(`${path}/login`, (c) => c.body(loginPage(), 200, PAGE_HEADERS));
    app.post(`${path}/login`, ...formOf(), async (c) => {
      // workerd complains of a form that is read as text.
      const form = new TextDecoder().decode(await c.req.arrayBuffer());
      const typed = new URLSearchParams(form).get("token") ?? "";
      const outcome = await sessions.logIn(c, typed.trim());
      if ("waitS" in outcome) {
        c.header("Retry-After", String(outcome.waitS));
        return answerTrouble(c, 429, "late");
      }
      if (outcome.is === "wrong") return answerTrouble(c, 401, "wrong");
      return c.body(null, 303, { Location: "./", "Cache-Control": "no-store" });
    });
    app.all(`${path}/login`, (c) => refuseMethod(c, "GET, HEAD, POST"));

    app.post(`${path}/logout`, ...formOf(), (c) => {
      sessions.logOut(c);
      return c.body(null, 303, { Location: "./login", "Cache-Control": "no-store" });
    });
    app.all(`${path}/logout`, (c) => refuseMethod(c, "POST"));
  }
  return app;
}

/** Lets only what a form of these pages may have sent pass. */
function formOf(): [MiddlewareHandler, MiddlewareHandler] {
  return [
    async function needOwn(c, next) {
      if (!isOwn(c)) return answerTrouble(c, 403, "foreign");
      await next();
    },
    bodyLimit({
      maxSize: MAX_FORM_BYTES,
      onError: (c) => {
        const rule = `body must be at most ${MAX_FORM_BYTES} bytes`;
        return refuse(c, 413, `Cannot log in: ${rule}: received more`);
      },
    }),
  ];
}

function answerTrouble(c: Context, status: 401 | 403 | 429, trouble: LoginTrouble): Response {
  return c.body(loginPage(trouble), status, PAGE_HEADERS);
}

/** The index of the pool that a request asks for, or a refusal. */
function selectPool(c: Context, pools: readonly ObservedPool[]): number | Response {
  const asked = c.req.query("pool") ?? "0";
  const index = /^\d{1,4}$/.test(asked) ? Number(asked) : NaN;
  if (index < pools.length) return index;
  const rule = `pool must be an integer from 0 to ${pools.length - 1}`;
  return refuse(c, 400, `Cannot read stats: ${rule}: received ${received(asked)}`);
}

/** Throws unless a token can be sent as a bearer token. */
export function needToken(action: string, name: string, token: unknown): void {
  if (typeof token === "string" && BEARER_TOKEN.test(token)) return;
  // Not what it is: it may be almost right.
  throw new TypeError(
    `${action}: ${name} must be of characters a bearer token may have: received ${
      typeof token === "string" ? `${token.length} characters` : typeof token
    }`,
  );
}

/** Throws unless there is a signal or none. */
export function needSignal(action: string, signal: unknown): void {
  const listen = (signal as AbortSignal | undefined)?.addEventListener;
  if (signal === undefined || typeof listen === "function") return;
  throw new TypeError(`${action}: signal must be an AbortSignal: received ${received(signal)}`);
}

/** Throws unless all pools can be taken a snapshot of. */
function needSnapshots(
  pools: readonly Partial<DebuggedPool>[],
): readonly DebuggedPool[] {
  for (const pool of pools) {
    if (typeof pool.snapshot === "function") continue;
    const rule = "pools must have snapshot() with debug";
    throw new TypeError(`${ACTION}: ${rule}: received ${received(pool)}`);
  }
  return pools as readonly DebuggedPool[];
}

function needPools(pools: readonly ObservedPool[]): void {
  if (!Array.isArray(pools)) {
    throw new TypeError(`${ACTION}: pools must be an array: received ${received(pools)}`);
  }
  if (pools.length === 0) {
    throw new RangeError(`${ACTION}: pools must hold at least one: received none`);
  }
  for (const pool of pools) {
    for (const name of ["stats", "explain", "leaks"] as const) {
      if (typeof pool?.[name] === "function") continue;
      throw new TypeError(`${ACTION}: pools must have ${name}(): received ${received(pool)}`);
    }
  }
}
