/**
 * A lease for the length of a request.
 *
 * Why a lease can end neither too early nor twice: it is taken just before the rest of the request,
 * and each holder (see {@linkcode Holders}) enters before another one leaves. It is stamped, so that
 * nothing that happens to the object later can make its end hit somebody else's lease. Where a
 * handler answers with a promise, the `finally` that awaits it takes over from the one that called
 * the handler. That a lease does not end too late is what the {@linkcode HoldLimit} is for.
 *
 * @module
 */

import type { Context } from "hono";
import {
  detectHost,
  type Host,
  type Lease,
  Pool,
  PoolError,
  type PoolOptions,
  type Tag,
} from "../mod.ts";
import { RequestContext } from "./context.ts";
import { contextPool } from "./context_pool.ts";
import { type Execution, VISIT, type Visited, visitOf } from "./execution.ts";
import { HoldLimit } from "./hold_limit.ts";
import { Holders, isPromise } from "./holders.ts";
import { answerOverload, isOverload, overloadException } from "./overload.ts";
import { needFunction, needHost, needMs, needOptions, received } from "./received.ts";
import { reporter } from "./reporter.ts";
import { type RoutedContext, tagOf } from "./route_tag.ts";
import { type App, Visit } from "./visit.ts";

const ACTION = "Cannot create pooled()";

/** The longest that a request holds its lease, in milliseconds, if nobody says otherwise. */
const MAX_HOLD_MS = 300_000;

/** The turns of the microtask queue in which a handler that waits for nothing has ended. */
const SOON_TURNS = 12;

/**
 * The environment of a Hono app that uses {@linkcode pooled}: what gives `c.get("pooled")` its type.
 *
 * @typeParam T The class of the pooled objects.
 * @typeParam Name The name of the variable.
 *
 * @example Usage
 * ```ts
 * import { Hono } from "hono";
 * import { pooled, type PooledEnv } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const app = new Hono<PooledEnv>();
 * app.use(pooled());
 * app.get("/", (c) => c.text(`${c.var.pooled.headers.size} headers`));
 * assertEquals(await (await app.request("/")).text(), "0 headers");
 * ```
 */
export interface PooledEnv<T extends object = RequestContext, Name extends string = "pooled"> {
  /** The variables of the app's requests. */
  Variables: { [Key in Name]: T };
}

/**
 * The part of Hono's `Context` that the middleware uses.
 *
 * @typeParam T The class of the pooled objects.
 * @typeParam Name The name of the variable.
 */
export interface PooledContext<T extends object, Name extends string> extends RoutedContext {
  /** Whether there is an answer. */
  readonly finalized: boolean;
  /** The answer. */
  res: Response;
  /** Reads the variable. */
  get(name: Name): T | undefined;
  /** Writes the variable. */
  set(name: Name, value: T): void;
}

/**
 * A Hono middleware, and the pool it leases from.
 *
 * @typeParam T The class of the pooled objects.
 * @typeParam Name The name of the variable.
 */
export interface PooledMiddleware<T extends object, Name extends string> {
  /** Runs the rest of the request with a leased object. */
  (context: PooledContext<T, Name>, next: () => Promise<void>): Promise<Response | void>;
  /** The pool. Whoever made it closes it; that is you where the middleware made it. */
  readonly pool: Pool<T>;
  /**
   * A handler that runs another one with a leased object, until its last holder ends. It does what the
   * middleware does for one route, and spares Hono from chaining two functions, which costs more than
   * the lease: a route that answers at once stays synchronous. The variable is not set. The lease is
   * tagged with the pattern of the first route that the handler answers.
   *
   * @param handler Answers a request, with an object that it must not keep.
   * @returns What to give to the route.
   * @throws {TypeError} The handler is not a function.
   *
   * @example Usage
   * ```ts
   * import { type Context, Hono } from "hono";
   * import { pooled } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const lease = pooled();
   * const app = new Hono();
   * app.get(
   *   "/hello/:name",
   *   lease.around((c: Context, { scratch }) => {
   *     scratch.write(`Hello ${c.req.param("name")}`);
   *     return c.body(scratch.view());
   *   }),
   * );
   *
   * assertEquals(await (await app.request("/hello/Ada")).text(), "Hello Ada");
   * assertEquals(lease.pool.stats().leased, 0);
   * lease.pool.close();
   * ```
   */
  around<C extends RoutedContext, R>(handler: (context: C, object: T) => R): (context: C) => R;
  /**
   * Serves an app whose handlers lease with {@linkcode PooledMiddleware.of}: for the first of them that
   * asks, until the last holder ends. A request for which nobody asks costs next to nothing, and one that
   * is answered at once stays synchronous; no route has to name the middleware. It gives all requests an
   * execution context, where the platform gives none: `c.executionCtx.waitUntil` is there on Deno and Bun.
   *
   * @param app What answers: a Hono app.
   * @returns What serves: `Deno.serve(handler)`, `export default { fetch: handler }`.
   * @throws {TypeError} The app has no `fetch`.
   *
   * @example Usage
   * ```ts
   * import { Hono } from "hono";
   * import { pooled } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const lease = pooled();
   * const app = new Hono();
   * app.get("/health", (c) => c.text("well"));
   * app.get("/hello/:name", (c) => {
   *   const { scratch } = lease.of(c);
   *   scratch.write(`Hello ${c.req.param("name")}`);
   *   return c.body(scratch.view());
   * });
   * const handler = lease.handler(app);
   *
   * const answer = await handler(new Request("http://localhost/hello/Ada"));
   * assertEquals(await answer.text(), "Hello Ada");
   * await handler(new Request("http://localhost/health"));
   * assertEquals(lease.pool.stats().acquires, 1);
   * lease.pool.close();
   * ```
   */
  handler(app: App): Handler;
  /**
   * The object of a request that comes through {@linkcode PooledMiddleware.handler}: leased when it is first
   * asked for, tagged with the pattern of the route that runs, and the same for all who ask with this context.
   * Ask before `c.text`, `c.json`, `c.html` or `c.body` is named, or their answer is held as if it were a
   * stream. Where a request with middleware fails, the object is discarded: as after a timeout, its handler may
   * still be using it.
   * `waitMs` does not count: where the pool refuses, the request is answered with 503 at once.
   *
   * @param context The context of the request.
   * @returns The object. It must not be used once the request has been answered, but by who holds on to
   * it: see {@linkcode hold}.
   * @throws {TypeError} The request did not come through `handler`, or is answered and nobody holds it.
   * @throws {HTTPException} The pool has no lease for it now (503).
   */
  of(context: RoutedContext): T;
}

/**
 * Answers requests, as servers call it.
 *
 * @param request The request.
 * @param env What the platform gives beside it.
 * @param execution What lets its work go on after the answer.
 */
export type Handler = (
  request: Request,
  env?: unknown,
  execution?: Execution,
) => Response | Promise<Response>;

/**
 * How {@linkcode pooled} behaves.
 *
 * @typeParam T The class of the pooled objects.
 * @typeParam Name The name of the variable.
 */
export interface PooledOptions<
  T extends object = RequestContext,
  Name extends string = "pooled",
> {
  /**
   * The name of the variable.
   *
   * @default {"pooled"}
   */
  readonly name?: Name;
  /**
   * The pool to lease from: one that exists, or the options to make one.
   *
   * @default {contextPool()}
   */
  readonly pool?: Pool<T> | PoolOptions<T>;
  /**
   * The longest that a request may hold its lease, in milliseconds; up to a quarter more passes
   * before it is noticed. The object of such a request is discarded as `expired` and told to
   * `onError`; the request itself goes on with it, and nobody else ever gets it. 0: no limit.
   *
   * @default {300000}
   */
  readonly maxHoldMs?: number;
  /**
   * How long a request waits for a lease where the pool's `maxLeases` are in use or it may create no
   * more now, in milliseconds, behind at most `maxWaiters` others. After that, or without a wait, it
   * is answered with 503 and `Retry-After`.
   *
   * @default {0}
   */
  readonly waitMs?: number;
  /**
   * What tells the time for `maxHoldMs`.
   *
   * @default {detectHost()}
   */
  readonly host?: Host;
  /**
   * Receives what goes wrong when a lease ends: a `reset` that throws, a request that lasts too long.
   * The object is discarded by then and the response is sent all the same.
   *
   * @default {the pool's own where its options are given here, else console.error}
   */
  readonly onError?: (error: Error) => void;
}

/**
 * Hono middleware that leases an object for each request, as the variable `pooled`.
 *
 * The lease is tagged with the pattern of the matched route, never with the URL. It ends when its
 * last holder has finished: the handler, whether it answered or threw; each promise that was given to
 * `c.executionCtx.waitUntil`; a body that is streamed; and whatever {@linkcode hold} was told. Use it
 * for each route of an app with `app.use(pooled())`, or for one with
 * `app.post("/path", pooled(), handler)`.
 *
 * An object that somebody may still be using is discarded as `expired` and never used again: where a
 * streamed body broke off, since its writer may not know it yet; where a connection became a
 * WebSocket that no `hold` was taken for; and where `maxHoldMs` passed.
 *
 * @typeParam T The class of the pooled objects.
 * @typeParam Name The name of the variable.
 * @param options How it behaves.
 * @returns The middleware.
 * @throws {TypeError} An option is of the wrong type.
 *
 * @example Usage
 * ```ts
 * import { Hono } from "hono";
 * import { pooled, type PooledEnv } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const lease = pooled();
 * const app = new Hono<PooledEnv>();
 * app.use(lease);
 * app.get("/hello/:name", (c) => {
 *   const { scratch } = c.var.pooled;
 *   scratch.write(`Hello ${c.req.param("name")}`);
 *   return c.body(scratch.view());
 * });
 *
 * assertEquals(await (await app.request("/hello/Ada")).text(), "Hello Ada");
 * assertEquals(lease.pool.stats().leased, 0);
 * lease.pool.close();
 * ```
 *
 * @example Objects of another class, under another name
 * ```ts
 * import { Hono } from "hono";
 * import { pooled, type PooledEnv } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const lease = pooled({
 *   name: "point",
 *   pool: { create: () => ({ x: 0 }), reset: (point) => void (point.x = 0) },
 * });
 * const app = new Hono<PooledEnv<{ x: number }, "point">>();
 * app.get("/", lease, (c) => c.json(++c.var.point.x));
 * assertEquals(await (await app.request("/")).json(), 1);
 * assertEquals(await (await app.request("/")).json(), 1);
 * lease.pool.close();
 * ```
 */
export function pooled<T extends object = RequestContext, Name extends string = "pooled">(
  options: PooledOptions<T, Name> = {},
): PooledMiddleware<T, Name> {
  needOptions(ACTION, "options", options);
  const name = options.name ?? "pooled" as Name;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`${ACTION}: name must be a string with text: received ${received(name)}`);
  }
  const pool = findPool(options.pool);
  const report = findReport(options);

  const { host = detectHost(), maxHoldMs = MAX_HOLD_MS, waitMs = 0 } = options;
  needHost(ACTION, host);
  needMs(ACTION, "maxHoldMs", maxHoldMs);
  needMs(ACTION, "waitMs", waitMs);
  const isWorkers = host.runtime === "workers";
  const limit = new HoldLimit(host, maxHoldMs, {
    ended: () => pool.poll(),
    expiring: (lease) => {
      const { value } = lease as Lease<T>;
      if (value instanceof RequestContext) value.scratch.abandon();
    },
    expired: ({ tag = "no route" }) => {
      const rule = `a request must end within ${maxHoldMs} ms`;
      report(
        new PoolError("expired", `Cannot keep lease: ${rule}: received ${tag}, which goes on`),
      );
    },
    // The answer is right, or another error is on its way: neither may be lost to this one.
    failed: report,
  });

  const enter = (c: object, lease: Lease<T>, tag: string | undefined): Holders => {
    // First of all: whatever goes wrong with the context, the lease has an end.
    const held = limit.add(lease, tag);
    const holders = Holders.of(c);
    holders.enter(held);
    return holders;
  };

  /** Waits for a lease where a pool has refused it, if that may help; answers where it does not. */
  const wait = async (
    c: object,
    tag: string | undefined,
    refusal: unknown,
  ): Promise<Lease<T> | Response> => {
    if (!isOverload(refusal)) throw refusal;
    if (waitMs === 0) return answerOverload(refusal);
    const { signal } = (c as Context).req.raw;
    try {
      const under = tag === undefined ? {} : { tag };
      return await pool.leaseAsync({ ...under, timeoutMs: waitMs, signal });
    } catch (error) {
      // Whoever went away meanwhile hears nothing of it; an error of another kind is not lost.
      const isGone = signal.aborted && error === signal.reason;
      if (isGone || isOverload(error)) return answerOverload(error);
      throw error;
    }
  };

  const pooled = async (
    c: PooledContext<T, Name>,
    next: () => Promise<void>,
  ): Promise<Response | void> => {
    const outer = c.get(name);
    const tag = tagOf(c, c.req.routeIndex + 1);
    let lease: Lease<T>;
    try {
      lease = pool.lease(tag);
    } catch (refusal) {
      const late = await wait(c, tag, refusal);
      if (late instanceof Response) return late;
      lease = late;
    }
    const holders = enter(c, lease, tag);
    try {
      if (isWorkers) void keepAliveIfLate(holders, report);
      c.set(name, lease.value);
      await next();
      if (c.finalized) replaceAnswer(c, holders);
    } finally {
      // What runs later in this request must not find an object that is somebody else's by then.
      c.set(name, outer as T);
      holders.leave();
    }
  };

  const settle = async <R>(answer: PromiseLike<R>, holders: Holders): Promise<R> => {
    try {
      if (isWorkers) void keepAliveIfLate(holders, report);
      const late = await answer;
      return holders.settle(late, holders.isAnswered) as R;
    } finally {
      holders.leave();
    }
  };

  const around = <C extends RoutedContext, R>(handler: (context: C, object: T) => R) => {
    if (typeof handler !== "function") {
      throw new TypeError(
        `Cannot lease around: handler must be a function: received ${received(handler)}`,
      );
    }
    // One handler is one label, so its route is looked up once.
    let name: string | undefined;
    let tag: Pick<Tag<T>, "lease"> | undefined;
    const late = async (c: C, refusal: unknown): Promise<unknown> => {
      const lease = await wait(c, name, refusal);
      return lease instanceof Response ? lease : await run(c, lease);
    };
    const run = (c: C, lease: Lease<T>): R => {
      const holders = enter(c, lease, name);
      let isPending = false;
      try {
        const answer = handler(c, lease.value);
        isPending = isPromise(answer);
        return (isPending
          ? settle(answer as PromiseLike<R>, holders)
          : holders.settle(answer)) as R;
      } finally {
        if (!isPending) holders.leave();
      }
    };
    return (c: C): R => {
      tag ??= findTag(pool, name = tagOf(c, c.req.routeIndex));
      let lease: Lease<T>;
      try {
        lease = tag.lease();
      } catch (refusal) {
        return late(c, refusal) as R;
      }
      return run(c, lease);
    };
  };

  const of = (c: RoutedContext): T => {
    const visit = visitOf<Visit>(c);
    const known = visit?.holders?.find(c, limit);
    if (known !== undefined) return known as T;
    if (visit === undefined || visit.hasEnded) {
      const rule = "the request must come through handler(), and not be answered yet";
      const what = visit === undefined ? "one that does not" : "one that is answered";
      throw new TypeError(`Cannot lease: ${rule}: received ${what}`);
    }
    const tag = tagOf(c, c.req.routeIndex);
    let lease: Lease<T>;
    try {
      lease = pool.lease(tag);
    } catch (refusal) {
      throw isOverload(refusal) ? overloadException(refusal) : refusal;
    }
    const { value } = lease;
    const holders = visit.lend(c, limit.add(lease, tag, { context: c, object: value }));
    if (isWorkers) void keepAliveIfLate(holders, report);
    return value;
  };

  const handler = (app: App): Handler => {
    if (typeof app?.fetch !== "function") {
      throw new TypeError(`Cannot handle: app must have fetch(): received ${received(app)}`);
    }
    return (request, env, execution) => {
      // An app that hands on to another one leaves the end to the outermost.
      if ((execution as Visited<Visit> | undefined)?.[VISIT] !== undefined) {
        return app.fetch(request, env, execution);
      }
      return new Visit(execution ?? undefined, report).through(app, request, env);
    };
  };
  return Object.assign(pooled, { pool, around, handler, of });
}

/**
 * Has the platform keep a request alive whose handler does not end at once. Nothing can happen to
 * the request before the microtasks have run that a handler needs which waits for nothing: to be kept
 * alive until then would cost it more than its lease.
 */
async function keepAliveIfLate(
  holders: Holders,
  report: (error: unknown) => void,
): Promise<void> {
  for (let turn = 0; turn < SOON_TURNS; turn++) {
    await undefined;
    if (!holders.isHeld) return;
  }
  try {
    holders.keepAlive();
  } catch (error) {
    report(error);
  }
}

/** Sends an answer that holds the leases, if it has to. */
function replaceAnswer(
  c: Pick<PooledContext<object, string>, "res">,
  holders: Holders,
): void {
  const { res } = c;
  const answer = holders.settle(res);
  if (answer === res) return;
  // Or Hono would make a third one of both.
  (c as { res: Response | undefined }).res = undefined;
  c.res = answer;
}

/** What leases under a tag, or under none. */
function findTag<T extends object>(pool: Pool<T>, name: string | undefined): Pick<Tag<T>, "lease"> {
  return name === undefined ? { lease: () => pool.lease() } : pool.tag(name);
}

/** The pool that the options ask for. */
function findPool<T extends object>(option: PooledOptions<T, string>["pool"]): Pool<T> {
  // Without options T is its default, as the signature says.
  if (option === undefined) return contextPool() as unknown as Pool<T>;
  needOptions(ACTION, "pool", option);
  return isPool(option) ? option : new Pool<T>(option);
}

/** Not `instanceof`: a pool of another copy of this package is as good. */
function isPool<T extends object>(option: Pool<T> | PoolOptions<T>): option is Pool<T> {
  return "lease" in option && typeof option.lease === "function" &&
    "poll" in option && typeof option.poll === "function";
}

/** What to do with an error that no caller can be given. */
function findReport<T extends object>(options: PooledOptions<T, string>): (error: unknown) => void {
  const { onError, pool } = options;
  if (onError !== undefined) needFunction(ACTION, "onError", onError);
  return reporter(onError ?? (pool !== undefined && !isPool(pool) ? pool.onError : undefined));
}
