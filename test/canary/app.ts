/**
 * A service that would notice a context in two hands: each request writes a secret of its own into
 * its context, looks for it whenever it comes back to it, and answers with what it found.
 *
 * @module
 */

import { type Context, Hono, type MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE } from "hono/streaming";
import {
  type Handler,
  hold,
  pooled,
  type PooledEnv,
  type PooledMiddleware,
  type RequestContext,
} from "../../edge/mod.ts";
import { detectHost, type PoolStats } from "../../mod.ts";
import { isClean, readMark, writeMark } from "../fixture/mark.ts";
import { type FaultCounts, Faults, forceGc, type Weather } from "./faults.ts";

/** The longest that a request may hold its context here, in ms. */
export const MAX_HOLD_MS = 2000;

/** How long a request waits for a context, in ms. */
const WAIT_MS = 100;

/** What `GET /report` answers. */
export interface CanaryReport {
  /** How often a context held something else than its request had written. */
  readonly crossed: number;
  /** How often a context came with something of a former request. */
  readonly dirty: number;
  /** How often a context came to a request while another one had not finished with it. */
  readonly shared: number;
  /** Requests that were never answered. */
  readonly hung: number;
  /** What `onError` heard, by code or name. */
  readonly errors: Readonly<Record<string, number>>;
  /** What was answered with a failure, by code or name. */
  readonly failures: Readonly<Record<string, number>>;
  /** What was made to go wrong. */
  readonly faults: FaultCounts;
  /** The pressures that the pool was under, in looks at it. */
  readonly pressures: Readonly<Record<string, number>>;
  /** The pool. */
  readonly stats: PoolStats;
}

/** What `GET /heap` answers. */
export interface HeapReport {
  /** What is left of the heap after a collection, in bytes, where the runtime tells. */
  readonly usedBytes?: number;
}

/** What the runtimes do in different ways. */
export interface CanaryPlatform {
  /**
   * Answers a request by a WebSocket that sends back whatever `answer` makes of a message, holds the
   * lease until it closes, and then calls `closed`.
   */
  upgrade(c: Context, answer: (message: string) => string, closed: () => void): Response;
}

/** Makes the service, of which things go wrong once `PUT /faults` says so. */
export function canaryApp(platform: CanaryPlatform): { readonly fetch: Handler } {
  const errors: Record<string, number> = {};
  const failures: Record<string, number> = {};
  const pressures: Record<string, number> = {};
  const faults = new Faults();
  const watch = new Watch();
  let hung = 0;
  // Who ended a lease tells the middleware, and where nobody did the pool tells it itself.
  const onError = (error: Error) => count(errors, nameOf(error));
  const pool = faults.pool(onError);
  const lease = pooled({ pool, maxHoldMs: MAX_HOLD_MS, waitMs: WAIT_MS, onError });

  const app = new Hono<PooledEnv>();
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    count(failures, nameOf(error));
    return c.text(`failed: ${nameOf(error)}`, 500);
  });
  app.get("/report", (c) => {
    const { crossed, dirty, shared } = watch;
    const { counts } = faults;
    const stats = pool.stats();
    const seen = {
      crossed,
      dirty,
      shared,
      hung,
      errors,
      failures,
      faults: counts,
      pressures,
      stats,
    };
    return c.json<CanaryReport>(seen);
  });
  app.put("/faults/:state", (c) => {
    faults.weather = c.req.param("state") as Weather;
    return c.body(null, 204);
  });
  app.use(async function makeWeather(_, next) {
    if (faults.request()) count(pressures, pool.stats().pressure);
    const answered = next();
    // What can be leased at once has been.
    faults.disarm();
    await answered;
  });

  // Behind the weather, which lets go of what it holds once it is off.
  app.get("/heap", (c) => {
    forceGc();
    const usedBytes = detectHost().heap()?.usedBytes;
    return c.json<HeapReport>(usedBytes === undefined ? {} : { usedBytes });
  });

  app.get(
    "/sync/:secret",
    lease.around((c: Context, context) =>
      watch.use(context, secretOf(c), (look) => c.text(look()))
    ),
  );
  app.get(
    "/around/:secret",
    lease.around((c: Context, context) =>
      watch.during(context, secretOf(c), async (look) => {
        await pause();
        return c.body(`${look()} ${look()}`);
      })
    ),
  );

  // The same routes by both ways to a lease.
  const served = (begin: MiddlewareHandler<PooledEnv>) => {
    const api = new Hono<PooledEnv>();
    api.use(begin);
    addRoutes(api, lease, watch, platform, () => hung++);
    return api;
  };
  app.route("/api", served(lease));
  app.route(
    "/visit",
    served((c, next) => {
      c.set("pooled", lease.of(c));
      return next();
    }),
  );
  return { fetch: lease.handler(app) };
}

/** Adds what is done with a context that the request has by then. */
function addRoutes(
  api: Hono<PooledEnv>,
  lease: PooledMiddleware<RequestContext, "pooled">,
  watch: Watch,
  platform: CanaryPlatform,
  hang: () => void,
): void {
  api.get("/bytes/:secret", (c) =>
    watch.during(c.var.pooled, secretOf(c), async (look) => {
      await pause();
      look();
      return c.body(c.var.pooled.scratch.view());
    }));
  api.get("/throw/:secret", (c) =>
    watch.during(c.var.pooled, secretOf(c), async (look) => {
      await pause();
      throw new Error(look());
    }));
  api.get("/never/:secret", (c) => {
    hang();
    return watch.during(c.var.pooled, secretOf(c), () => never());
  });
  api.get(
    "/redirect/:secret",
    (c) => watch.use(c.var.pooled, secretOf(c), (look) => c.redirect(`/sync/${look()}`)),
  );
  api.get("/cached/:secret", (c) =>
    watch.use(c.var.pooled, secretOf(c), (look) => {
      const etag = `"${look()}"`;
      if (c.req.header("If-None-Match") === etag) return new Response(null, { status: 304 });
      return c.text(look(), 200, { ETag: etag });
    }));
  // Two leases, of which the inner one is another object.
  api.get(
    "/nested/:secret",
    async (_, next) => await next(),
    lease,
    (c) =>
      watch.during(c.var.pooled, secretOf(c), async (look) => {
        await pause();
        return c.json({ secret: look() });
      }),
  );

  api.get("/chunks/:secret", (c) => {
    const context = c.var.pooled;
    return stream(c, (out) =>
      watch.during(context, secretOf(c), async (look) => {
        for (let i = 0; i < 6; i++) {
          if (i > 0) await pause();
          look();
          // The last one may wait for its socket when the lease has ended.
          await out.write(context.scratch.view());
        }
      }));
  });
  api.get("/events/:secret", (c) => {
    const context = c.var.pooled;
    return streamSSE(c, (out) =>
      watch.during(context, secretOf(c), async (look) => {
        for (let id = 0; id < 6 && !out.aborted; id++) {
          await out.writeSSE({ id: String(id), data: look() });
          await pause();
        }
        look();
      }));
  });
  api.get("/pulled/:secret", (c) => c.body(pulled(watch.begin(c.var.pooled, secretOf(c)), 6)));
  api.get(
    "/broken/:secret",
    (c) => c.body(pulled(watch.begin(c.var.pooled, secretOf(c)), 3, true)),
  );

  api.get("/wait/:secret", (c) =>
    watch.use(c.var.pooled, secretOf(c), (look, keep) => {
      c.executionCtx.waitUntil(keep(async () => {
        for (let i = 0; i < 3; i++) {
          await pause();
          look();
        }
      }));
      return c.text(look());
    }));
  api.get("/hold/:secret", (c) =>
    watch.use(c.var.pooled, secretOf(c), (look, keep) => {
      hold(
        c,
        keep(async () => {
          await pause();
          look();
        }),
      );
      return c.text(look());
    }));
  api.post("/echo/:secret", (c) =>
    watch.during(c.var.pooled, secretOf(c), async (look) => {
      const { scratch } = c.var.pooled;
      const start = scratch.length;
      try {
        for await (const chunk of chunksOf(c.req.raw.body!)) {
          scratch.write(chunk);
          look();
        }
      } catch {
        // The client went away: nobody gets this answer.
        return c.body(null, 400);
      }
      return c.body(scratch.view().subarray(start));
    }));
  api.get("/socket/:secret", (c) => {
    const visit = watch.begin(c.var.pooled, secretOf(c));
    return platform.upgrade(c, (message) => `${message} ${visit.look()}`, () => visit.end());
  });
}

/** A request's stay with its context. */
interface Visit {
  /** Looks whether everything is as it was written; tells the secret that it finds. */
  look(): string;
  /** Nothing of the request touches the context any more. */
  end(): void;
}

/** Has some work go on after the answer. */
type Keep = (work: () => Promise<void>) => Promise<void>;

/** What has been seen of contexts. */
class Watch {
  crossed = 0;
  dirty = 0;
  shared = 0;
  /** Weak, because a request that never ends is not to keep its context. */
  readonly #live = new WeakSet<RequestContext>();

  begin(context: RequestContext, secret: string): Visit {
    if (this.#live.has(context)) this.shared++;
    this.#live.add(context);
    if (!isClean(context)) this.dirty++;
    writeMark(context, secret);
    return {
      look: () => {
        // A request may have written more behind it.
        const found = readMark(context, secret.length);
        const wrong = found.find((value) => value !== secret);
        if (wrong !== undefined) this.crossed++;
        return String(wrong ?? secret);
      },
      end: () => void this.#live.delete(context),
    };
  }

  /** A stay that ends with a function, or with the work that this has begun. */
  use<R>(context: RequestContext, secret: string, run: (look: Visit["look"], keep: Keep) => R): R {
    const { end, look } = this.begin(context, secret);
    let works = 1;
    const leave = () => {
      if (--works === 0) end();
    };
    const keep: Keep = (work) => {
      works++;
      return work().finally(leave);
    };
    try {
      return run(look, keep);
    } finally {
      leave();
    }
  }

  /** A stay that ends with a promise. */
  async during<R>(
    context: RequestContext,
    secret: string,
    run: (look: Visit["look"]) => Promise<R>,
  ): Promise<R> {
    const { end, look } = this.begin(context, secret);
    try {
      return await run(look);
    } finally {
      end();
    }
  }
}

/** A body whose parts are looked up as they are asked for. */
function pulled({ end, look }: Visit, parts: number, fails = false): ReadableStream<Uint8Array> {
  let left = parts;
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      await pause();
      if (left-- > 0) return controller.enqueue(encoder.encode(look()));
      end();
      if (fails) controller.error(new Error("as asked"));
      else controller.close();
    },
    cancel: end,
  });
}

/** The code of an error of the pool, the name of any other. */
function nameOf(error: Error): string {
  return (error as { code?: string }).code ?? error.name;
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function secretOf(c: Context): string {
  return c.req.param("secret")!;
}

/** Lets other requests run. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/** Not `for await` on the stream itself, which Bun and older runtimes do not know. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
