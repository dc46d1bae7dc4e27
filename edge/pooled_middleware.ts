/**
 * What {@linkcode pooled} gives: the middleware, and what else it is asked for.
 *
 * @module
 */

import type { Pool } from "../mod.ts";
import type { RequestContext } from "./context.ts";
import type { Execution } from "./execution.ts";
import type { RoutedContext } from "./route_tag.ts";
import type { App } from "./visit.ts";

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
 * app.get("/", (c) => c.text(`${c.get("pooled").headers.size} headers`));
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
   * stream. Where a request fails, the object is discarded: as after a timeout, its handler may
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
