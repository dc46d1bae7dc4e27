/**
 * What the servers serve: one route, and what its handler gets its working memory from.
 *
 * Every variant gives the same answer to the same request. The handler of the first six takes the
 * request's headers over into a {@linkcode RequestContext} with a scratch of 64 KB and writes its
 * answer there, as a gateway's would; the others need neither.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import {
  contextPool,
  type Handler,
  pooled,
  type PooledEnv,
  RequestContext,
} from "../../edge/mod.ts";
import type { Probe } from "../runner/probe.ts";

/** The variants, in the order of the first turn. */
export const VARIANTS = [
  "alloc",
  "free-list",
  "free-list-next",
  "pooled",
  "pooled-around",
  "pooled-handler",
  "plain",
  "plain-next",
  "plain-pooled",
  "plain-around",
  "plain-handler",
] as const;

/** A variant's name. */
export type Variant = typeof VARIANTS[number];

/** The path of the one route. */
export const PATH = "/orders/:id";

/** A path that it answers. */
export const SOME_PATH: string = PATH.replace(":id", "7");

/** Requests of a slice: those that a server makes itself at once. */
export const SLICE_REQUESTS = 1000;

/** The limits of every context. */
const LIMITS = { scratch: { initialBytes: 65_536 } };

const JSON_TYPE = { "Content-Type": "application/json" };

/** Answers requests. */
export interface Service {
  /** Answers a request. */
  readonly fetch: Handler;
}

/**
 * Makes the service of a variant. What is under `POST` is for whoever measures it; it costs the others
 * nothing, since Hono looks up each method's routes apart.
 */
export function makeService(variant: Variant, probe: Probe): Service {
  const app = new Hono<PooledEnv>();
  const fetch = ROUTES[variant](app);
  for (const what of ["begin", "work", "end"] as const) {
    app.post(`/${what}`, async (c) => {
      await probe[what]();
      return c.body(null, 204);
    });
  }
  app.post("/rest", async (c) => {
    await probe.rest();
    // Each turn is a step.
    probe.mark();
    return c.body(null, 204);
  });
  app.post("/repeat/:times", async (c) => {
    const { headers } = c.req.raw;
    const url = new URL(SOME_PATH, c.req.url);
    let bytes = 0;
    for (let left = Number(c.req.param("times")); left > 0; left--) {
      const pending = fetch(new Request(url, { headers }));
      const response = pending instanceof Promise ? await pending : pending;
      const { status } = response;
      if (status !== 200) {
        throw new Error(`Cannot repeat request: it must succeed: received ${status}`);
      }
      bytes += (await response.arrayBuffer()).byteLength;
    }
    return c.text(String(bytes));
  });
  return { fetch };
}

/** Serves an app as it is. */
function bare(app: Hono<PooledEnv>): Handler {
  return (request, env, execution) => app.fetch(request, env as object, execution as never);
}

/** How each variant routes, and serves what it routes. */
const ROUTES: Readonly<Record<Variant, (app: Hono<PooledEnv>) => Handler>> = {
  "alloc": (app) => bare(app.get(PATH, (c) => answerIn(new RequestContext(LIMITS), c))),
  "free-list": (app) => {
    const free: RequestContext[] = [];
    app.get(PATH, (c) => {
      const context = free.pop() ?? new RequestContext(LIMITS);
      try {
        return answerIn(context, c);
      } finally {
        context.reset();
        free.push(context);
      }
    });
    return bare(app);
  },
  // What a middleware of this kind costs, whatever it takes its contexts from.
  "free-list-next": (app) => {
    const free: RequestContext[] = [];
    app.get(PATH, async (c, next) => {
      const context = free.pop() ?? new RequestContext(LIMITS);
      try {
        c.set("pooled", context);
        await next();
      } finally {
        context.reset();
        free.push(context);
      }
    }, (c) => answerIn(c.get("pooled"), c));
    return bare(app);
  },
  "pooled": (app) => bare(app.get(PATH, newLease(), (c) => answerIn(c.get("pooled"), c))),
  "pooled-around": (app) =>
    bare(app.get(PATH, newLease().around((c: Context, context) => answerIn(context, c)))),
  "pooled-handler": (app) => {
    const lease = newLease();
    return lease.handler(app.get(PATH, (c) => answerIn(lease.of(c), c)));
  },
  "plain": (app) => bare(app.get(PATH, answerPlainly)),
  // What Hono itself takes for a middleware.
  "plain-next": (app) => bare(app.get(PATH, (_, next) => next(), answerPlainly)),
  "plain-pooled": (app) => bare(app.get(PATH, newLease(), answerPlainly)),
  "plain-around": (app) => bare(app.get(PATH, newLease().around((c: Context) => answerPlainly(c)))),
  "plain-handler": (app) => newLease().handler(app.get(PATH, answerPlainly)),
};

function newLease() {
  return pooled({ pool: contextPool({ context: LIMITS }) });
}

/** Answers from a context. */
function answerIn({ headers, params, scratch }: RequestContext, c: Context): Response {
  c.req.raw.headers.forEach((value, name) => headers.set(name, value));
  params.set("id", c.req.param("id")!);
  let characters = 0;
  headers.forEach((_, value) => characters += value.length);
  scratch.write(JSON.stringify({
    id: params.get("id"),
    // As a request's own headers have it: else the answers would differ.
    request: headers.get("x-request-id") ?? null,
    headers: headers.size,
    characters,
  }));
  return c.body(scratch.view(), 200, JSON_TYPE);
}

/** Gives the same answer without a context. */
function answerPlainly(c: Context): Response {
  const { headers } = c.req.raw;
  let size = 0;
  let characters = 0;
  headers.forEach((value) => {
    size++;
    characters += value.length;
  });
  const text = JSON.stringify({
    id: c.req.param("id"),
    request: headers.get("x-request-id"),
    headers: size,
    characters,
  });
  return c.body(text, 200, JSON_TYPE);
}
