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
import { type Lease, type Pool, PoolError, type Tag } from "../mod.ts";
import { RequestContext } from "./context.ts";
import { VISIT, type Visited, visitOf } from "./execution.ts";
import { HoldLimit } from "./hold_limit.ts";
import { Holders, isPromise } from "./holders.ts";
import { answerOverload, isOverload, overloadException } from "./overload.ts";
import type { Handler, PooledContext, PooledMiddleware } from "./pooled_middleware.ts";
import { type PooledOptions, readPooledOptions } from "./pooled_options.ts";
import { received } from "./received.ts";
import { type RoutedContext, tagOf } from "./route_tag.ts";
import { type App, Visit } from "./visit.ts";

/** The turns of the microtask queue in which a handler that waits for nothing has ended. */
const SOON_TURNS = 12;

/**
 * Hono middleware that leases an object for each request, as the variable `pooled`: take it with
 * `c.get("pooled")`, since `c.var` copies all variables each time that it is asked for one.
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
 * @throws {RangeError} `maxHoldMs` or `waitMs` is out of range.
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
 *   const { scratch } = c.get("pooled");
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
 * app.get("/", lease, (c) => c.json(++c.get("point").x));
 * assertEquals(await (await app.request("/")).json(), 1);
 * assertEquals(await (await app.request("/")).json(), 1);
 * lease.pool.close();
 * ```
 */
export function pooled<T extends object = RequestContext, Name extends string = "pooled">(
  options: PooledOptions<T, Name> = {},
): PooledMiddleware<T, Name> {
  const { name, pool, maxHoldMs, waitMs, host, report } = readPooledOptions(options);
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
      const { hasFailed } = holders;
      if (hasFailed) holders.doubt();
      if (c.finalized) replaceAnswer(c, holders, hasFailed);
      else holders.settle(undefined);
    } catch (error) {
      holders.doubt();
      throw error;
    } finally {
      // What runs later in this request must not find an object that is somebody else's by then.
      c.set(name, outer as T);
      holders.exit();
    }
  };

  const settle = async <R>(answer: PromiseLike<R>, holders: Holders): Promise<R> => {
    try {
      if (isWorkers) void keepAliveIfLate(holders, report);
      const late = await answer;
      return holders.settle(late, holders.isAnswered) as R;
    } catch (error) {
      holders.doubt();
      throw error;
    } finally {
      holders.exit();
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
          : holders.settle(answer, holders.isAnswered)) as R;
      } finally {
        if (!isPending) holders.exit();
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

/**
 * Sends an answer that holds the leases, if it has to.
 *
 * @param hasFailed Whether it may have come instead of a handler's: then it may be on its way already.
 */
function replaceAnswer(
  c: Pick<PooledContext<object, string>, "res">,
  holders: Holders,
  hasFailed: boolean,
): void {
  const { res } = c;
  const answer = holders.settle(res, hasFailed);
  if (answer === res) return;
  // Or Hono would make a third one of both.
  (c as { res: Response | undefined }).res = undefined;
  c.res = answer;
}

/** What leases under a tag, or under none. */
function findTag<T extends object>(pool: Pool<T>, name: string | undefined): Pick<Tag<T>, "lease"> {
  return name === undefined ? { lease: () => pool.lease() } : pool.tag(name);
}
