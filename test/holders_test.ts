import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Context, type Handler, Hono, type MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { stream, streamSSE } from "hono/streaming";
import { timeout } from "hono/timeout";
import {
  contextPool,
  hold,
  pooled,
  type PooledEnv,
  type PooledOptions,
  type RequestContext,
} from "../edge/mod.ts";
import { inertHost, type Pool, type PoolError } from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";

type Answer = Response | Promise<Response>;

/** An app with one route, and the pool that it leases from. */
interface Served {
  readonly pool: Pool<RequestContext>;
  readonly errors: Error[];
  readonly get: (init?: RequestInit, execution?: FakeExecution) => Promise<Response>;
}

/** An execution context that notes what it is to wait for. */
class FakeExecution {
  readonly promises: Promise<unknown>[] = [];
  readonly props = { of: "the platform" };

  waitUntil(promise: Promise<unknown>): void {
    assert(this instanceof FakeExecution, "called on what it is not");
    this.promises.push(promise);
  }

  passThroughOnException(): void {
    assert(this instanceof FakeExecution, "called on what it is not");
  }
}

/** Serves a handler behind `pooled()`, and another way around it. */
function serve(
  handler: (c: Context, context: RequestContext) => Answer,
  way: "middleware" | "around",
  options: PooledOptions = {},
): Served {
  const pool = contextPool({ host: inertHost() });
  const errors: Error[] = [];
  // Not workerd's own host, where the platform waits for each request.
  const host = inertHost();
  const lease = pooled({ pool, host, onError: (error) => void errors.push(error), ...options });
  const app = new Hono<PooledEnv>();
  app.onError((error, c) => c.text(error.message, 500));
  if (way === "around") app.get("/", lease.around(handler));
  else app.get("/", lease, (c) => handler(c, c.var.pooled));
  const get = async (init?: RequestInit, execution?: FakeExecution) =>
    await app.fetch(new Request("http://localhost/", init), {}, execution as never);
  return { pool, errors, get };
}

/** What has become of the leases of a pool. */
function account(pool: Pool<RequestContext>): Record<"leased" | "idle" | "expired", number> {
  const { leased, idle, discarded } = pool.stats();
  return { leased, idle, expired: discarded.expired };
}

const ENDED = { leased: 0, idle: 1, expired: 0 };
const HELD = { leased: 1, idle: 0, expired: 0 };
const EXPIRED = { leased: 0, idle: 0, expired: 1 };

/** A body of three parts that are read from the context only when they are asked for. */
function partsOf(context: RequestContext): ReadableStream<Uint8Array> {
  context.headers.set("x-secret", "s3cret");
  let parts = 0;
  return new ReadableStream({
    pull(controller) {
      if (++parts > 3) return controller.close();
      controller.enqueue(new TextEncoder().encode(context.headers.get("x-secret") ?? "LOST"));
    },
  });
}

/** Lets everything run that waits for nothing but promises. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

for (const way of ["middleware", "around"] as const) {
  describe(`a lease of pooled() as ${way}`, () => {
    const STATIC: Readonly<Record<string, (c: Context) => Answer>> = {
      "c.text": (c) => c.text("ok"),
      "c.text with a status and headers": (c) => c.text("ok", 201, { "X-A": "b" }),
      "c.json": (c) => c.json({ ok: true }),
      "c.html": (c) => c.html("<p>ok"),
      "c.html of a promise": (c) => c.html(Promise.resolve("<p>ok")) as Answer,
      "c.body of a text": (c) => c.body("ok"),
      "c.body of bytes": (c) => c.body(new Uint8Array(4)),
      "c.body of a buffer": (c) => c.body(new ArrayBuffer(4)),
      "c.body of nothing": (c) => c.body(null, 204),
      "c.redirect": (c) => c.redirect("/elsewhere"),
      "c.notFound": (c) => c.notFound(),
      "new Response of nothing": () => new Response(null, { status: 304 }),
      "a promise of one of them": async (c) => await Promise.resolve(c.text("ok")),
    };
    for (const [name, answer] of Object.entries(STATIC)) {
      it(`ends before ${name} is sent, whose body is left as it is`, async () => {
        let made: unknown;
        const { get, pool } = serve((c) => made = answer(c), way);
        const response = await get();
        assertEquals(account(pool), ENDED);
        assertStrictEquals(response, await made);
        await response.text();
        assertEquals(pool.stats().misuses, 0);
      });
    }

    for (const size of [4, 2 ** 14, 2 ** 16, 2 ** 20]) {
      it(`copies ${size} bytes before it ends: what is sent is what they were`, async () => {
        const kept: Uint8Array[] = [];
        const text = "mine".repeat(size / 4);
        const { get } = serve((c, { scratch }) => {
          scratch.write(text);
          kept.push(scratch.view());
          return c.body(scratch.view());
        }, way);
        const [first, second] = [await get(), await get()];
        for (const bytes of kept) bytes.fill(33);
        assert(await first.text() === text, "the first");
        assert(await second.text() === text, "the second");
      });
    }

    const STREAMS: Readonly<Record<string, (c: Context, context: RequestContext) => Answer>> = {
      "c.body of a stream": (c, context) => c.body(partsOf(context)),
      "new Response of a stream": (_, context) => new Response(partsOf(context)),
      "a promise of it": async (c, context) => await Promise.resolve(c.body(partsOf(context))),
      "hono's stream": (c, context) => {
        context.scratch.write("s3cret");
        return stream(c, async (out) => {
          for (let i = 0; i < 3; i++) {
            await Promise.resolve();
            await out.write(context.scratch.view());
          }
        });
      },
    };
    for (const [name, answer] of Object.entries(STREAMS)) {
      it(`ends when ${name} has been read to its end`, async () => {
        const { get, pool } = serve(answer, way);
        const response = await get();
        assertEquals(account(pool), HELD);
        assertEquals(await response.text(), "s3crets3crets3cret");
        await settled();
        assertEquals(account(pool), ENDED);
      });

      it(`never gives an object on whose ${name} was given up`, async () => {
        const { get, pool } = serve(answer, way);
        const reader = (await get()).body!.getReader();
        assertEquals(new TextDecoder().decode((await reader.read()).value), "s3cret");
        await reader.cancel("client went away");
        assertEquals(account(pool), EXPIRED);
      });
    }

    it("keeps status and headers of a streamed answer", async () => {
      const { get } = serve((c, context) => {
        c.header("X-A", "b");
        c.header("Set-Cookie", "a=1");
        c.header("Set-Cookie", "b=2", { append: true });
        return c.body(partsOf(context), 206);
      }, way);
      const { status, headers } = await get();
      assertEquals([status, headers.get("x-a"), headers.getSetCookie()], [206, "b", [
        "a=1",
        "b=2",
      ]]);
    });

    it("ends as doubtful where a stream fails, and the reader learns why", async () => {
      const { get, pool } = serve((c) =>
        c.body(
          new ReadableStream({
            pull(controller) {
              controller.error(new Error("as asked"));
            },
          }),
        ), way);
      const response = await get();
      await assertRejects(() => response.text(), Error, "as asked");
      assertEquals(account(pool), EXPIRED);
    });

    it("of an answer to HEAD cancels the body that nobody will read", async () => {
      let cancelled = 0;
      const { get, pool } = serve(
        (c) => c.body(new ReadableStream({ cancel: () => void cancelled++ })),
        way,
      );
      const response = await get({ method: "HEAD" });
      assertEquals([response.body, cancelled, account(pool)], [null, 1, EXPIRED]);
    });

    it("lasts until each promise given to waitUntil has settled, which the platform gets too", async () => {
      const first = Promise.withResolvers<void>();
      const second = Promise.withResolvers<void>();
      const { get, pool } = serve((c) => {
        c.executionCtx.waitUntil(first.promise);
        c.executionCtx.waitUntil(second.promise);
        c.executionCtx.passThroughOnException();
        assertStrictEquals(c.executionCtx, c.executionCtx);
        return c.json((c.executionCtx as unknown as FakeExecution).props);
      }, way);
      const execution = new FakeExecution();
      const response = await get({}, execution);
      assertEquals(await response.json(), { of: "the platform" });
      assertEquals(execution.promises, [first.promise, second.promise]);
      assertEquals(account(pool), HELD);
      second.reject(new Error("theirs to handle"));
      await settled();
      assertEquals(account(pool), HELD);
      first.resolve();
      await settled();
      assertEquals(account(pool), ENDED);
      await assertRejects(() => second.promise, Error, "theirs to handle");
    });

    it("is held through an execution context that is frozen, and by which properties are set", async () => {
      const gate = Promise.withResolvers<void>();
      const { get, pool } = serve((c) => {
        c.executionCtx.waitUntil(gate.promise);
        const execution = c.executionCtx as unknown as Record<string, unknown>;
        return c.json(["props" in execution, execution.props]);
      }, way);
      const frozen = Object.freeze({ waitUntil() {}, props: { of: "a test" } });
      const response = await get({}, frozen as never);
      assertEquals(await response.json(), [true, { of: "a test" }]);
      assertEquals(account(pool), HELD);
      gate.resolve();
      await settled();
      assertEquals(account(pool), ENDED);

      const execution = new FakeExecution() as FakeExecution & { note?: string };
      const { get: note } = serve((c) => {
        const lent = c.executionCtx as unknown as typeof execution;
        lent.note = "mine";
        return c.text(`${lent.note}, ${lent instanceof FakeExecution}`);
      }, way);
      assertEquals(await (await note({}, execution)).text(), "mine, true");
      assertEquals(execution.note, "mine");
    });

    it("is held through the event of a service worker", async () => {
      const gate = Promise.withResolvers<void>();
      const { get, pool } = serve((c) => {
        c.event.waitUntil(gate.promise);
        return c.text("ok");
      }, way);
      const event = Object.assign(new FakeExecution(), { respondWith() {} });
      await get({}, event);
      assertEquals([event.promises, account(pool)], [[gate.promise], HELD]);
      gate.resolve();
      await settled();
      assertEquals(account(pool), ENDED);
    });

    it("ends where the platform refuses to wait for it", async () => {
      const refusing = {
        waitUntil(): never {
          throw new Error("too late");
        },
      };
      for (const isWorkers of [true, false]) {
        const host = { ...inertHost(), runtime: isWorkers ? "workers" : "none" };
        const { get, pool } = serve(
          async (c, context) => {
            await Promise.resolve();
            return c.body(partsOf(context));
          },
          way,
          { host },
        );
        assertEquals(await (await get({}, refusing as never)).text(), "too late");
        assertEquals(account(pool).leased, 0);
      }
    });

    it("lasts until a promise has settled where the client went away while a chunk was due", async () => {
      const gate = Promise.withResolvers<void>();
      const { get, pool } = serve((c) => {
        c.executionCtx.waitUntil(gate.promise);
        return c.body(new ReadableStream({ pull: () => new Promise(() => {}) }));
      }, way);
      const response = await get({}, new FakeExecution());
      const reader = response.body!.getReader();
      reader.read();
      await settled();
      await reader.cancel();
      await settled();
      assertEquals(account(pool), HELD);
      gate.resolve();
      await settled();
      assertEquals(account(pool), EXPIRED);
    });

    it("is not there where the server gives no execution context", async () => {
      const { get } = serve((c) => {
        assertThrows(() => c.executionCtx, Error, "no ExecutionContext");
        return c.text("ok");
      }, way);
      assertEquals(await (await get()).text(), "ok");
    });

    it("lasts as long as hold() says: a promise, a socket, a function", async () => {
      const written = Promise.withResolvers<void>();
      const socket = new EventTarget();
      let done = () => {};
      const { get, pool } = serve((c) => {
        assertStrictEquals(hold(c, written.promise), written.promise);
        assertStrictEquals(hold(c, socket), socket);
        done = hold(c);
        return c.text("ok");
      }, way);
      await get();
      assertEquals(account(pool), HELD);
      written.resolve();
      await settled();
      socket.dispatchEvent(new Event("close"));
      assertEquals(account(pool), HELD);
      done();
      done();
      socket.dispatchEvent(new Event("close"));
      assertEquals([account(pool), pool.stats().misuses], [ENDED, 0]);
    });

    it("on Workers has the platform wait for its end", async () => {
      const gate = Promise.withResolvers<void>();
      const { get, pool } = serve(
        async (c) => {
          await gate.promise;
          return c.text("ok");
        },
        way,
        { host: { ...inertHost(), runtime: "workers" } },
      );
      const execution = new FakeExecution();
      const response = get({}, execution);
      await settled();
      let isOver = false;
      assertEquals(execution.promises.length, 1);
      execution.promises[0]!.then(() => isOver = true);
      await settled();
      assertEquals([isOver, account(pool)], [false, HELD]);
      gate.resolve();
      await response;
      await settled();
      assertEquals([isOver, account(pool)], [true, ENDED]);
    });

    it("on Workers spares the platform a handler that waits for nothing", async () => {
      const handlers: readonly ((c: Context) => Answer)[] = [
        (c) => c.text("ok"),
        async (c) => {
          await undefined;
          return c.text("ok");
        },
      ];
      for (const handler of handlers) {
        const { get, pool } = serve(handler, way, {
          host: { ...inertHost(), runtime: "workers" },
        });
        const execution = new FakeExecution();
        assertEquals(await (await get({}, execution)).text(), "ok");
        await settled();
        assertEquals([execution.promises, account(pool)], [[], ENDED]);
      }
    });

    it("of an upgraded connection is given on only where hold() says when it has ended", async () => {
      const socket = new EventTarget();
      const upgrade = { headers: { Upgrade: "websocket" } };
      const held = serve((c) => {
        hold(c, socket);
        return new Response(null);
      }, way);
      await held.get(upgrade);
      assertEquals(account(held.pool), HELD);
      socket.dispatchEvent(new Event("close"));
      assertEquals(account(held.pool), ENDED);
      const free = serve(() => new Response(null), way);
      await free.get(upgrade);
      assertEquals(account(free.pool), EXPIRED);
    });

    const SHORT: Readonly<Record<string, (c: Context) => unknown>> = {
      "waitUntil() was given a promise": (c) => c.executionCtx.waitUntil(Promise.resolve()),
      "hold() was given a promise that has settled": async (c) => {
        await hold(c, Promise.resolve());
        await Promise.resolve();
      },
    };
    for (const [what, wait] of Object.entries(SHORT)) {
      it(`of an upgraded connection goes to nobody where only ${what}`, async () => {
        const { get, pool } = serve(async (c) => {
          await wait(c);
          return new Response(null);
        }, way);
        await get({ headers: { Upgrade: "websocket" } }, new FakeExecution());
        await settled();
        assertEquals(account(pool), EXPIRED);
      });
    }

    it("of a connection that was upgraded beside the answer goes to nobody", async () => {
      const { get, pool } = serve(() => undefined as never, way);
      await get({ headers: { Upgrade: "websocket" } }).catch(() => {});
      assertEquals(account(pool), EXPIRED);
    });

    it("expires where the server aborts a stream, whose writer goes on", async () => {
      const gate = Promise.withResolvers<void>();
      const { get, pool } = serve((c, { scratch }) =>
        stream(c, async (out) => {
          await out.write("begun");
          out.abort();
          await gate.promise;
          scratch.write("late");
        }), way);
      await (await get()).text();
      assertEquals(account(pool), EXPIRED);
      gate.resolve();
      await settled();
    });

    it("expires where a stream is aborted that another one was made of", async () => {
      const gate = Promise.withResolvers<void>();
      const { get, pool } = serve((c, { scratch }) => {
        const first = stream(c, async (out) => {
          await out.write("begun");
          out.abort();
          await gate.promise;
          scratch.write("late");
        });
        return c.body(first.body!.pipeThrough(new TransformStream()));
      }, way);
      await (await get()).text();
      assertEquals(account(pool), EXPIRED);
      gate.resolve();
      await settled();
    });

    const FAILS: Readonly<Record<string, (c: Context) => Answer>> = {
      "throws": (c) => {
        stream(c, async (out) => void await out.write("x"));
        throw new Error("after it began");
      },
      "rejects": async (c) => {
        await Promise.resolve();
        stream(c, async (out) => void await out.write("x"));
        throw new Error("after it began");
      },
      "answers with another stream": (c) => {
        stream(c, async (out) => void await out.write("x"));
        return stream(c, async (out) => void await out.write("instead"));
      },
      "answers with another body": (c) => {
        stream(c, async (out) => void await out.write("x"));
        return new Response(new Response("instead").body);
      },
    };
    for (const [what, handler] of Object.entries(FAILS)) {
      it(`expires where a handler begins a stream and ${what}`, async () => {
        const { get, pool } = serve(handler, way);
        await (await get()).text();
        await settled();
        assertEquals(account(pool), EXPIRED);
      });
    }

    it("ends as usual where a stream is made of another one", async () => {
      const { get, pool } = serve((c, context) => {
        const first = c.body(partsOf(context));
        return c.body(first.body!.pipeThrough(new TransformStream()));
      }, way);
      assertEquals(await (await get()).text(), "s3cret".repeat(3));
      await settled();
      assertEquals(account(pool), ENDED);
    });

    it("ends as usual where a request asks for another upgrade than to a socket", async () => {
      const { get, pool } = serve((c) => c.redirect("/elsewhere"), way);
      await get({ headers: { Upgrade: "h2c" } });
      assertEquals(account(pool), ENDED);
    });

    it("is not held by a socket that has closed already", async () => {
      const { get, pool } = serve((c) => {
        hold(c, Object.assign(new EventTarget(), { readyState: 3 }));
        return c.text("ok");
      }, way);
      await get();
      assertEquals(account(pool), ENDED);
    });

    it("expires where a handler never settles, and goes to nobody", async () => {
      const host = new FakeHost({ timers: true });
      const gate = Promise.withResolvers<void>();
      const { get, pool, errors } = serve(
        async (c, context) => {
          context.headers.set("x-secret", "s3cret");
          await gate.promise;
          return c.text(context.headers.get("x-secret")!);
        },
        way,
        { host, maxHoldMs: 1000 },
      );
      const late = get();
      await settled();
      host.advance(999);
      assertEquals(account(pool), HELD);
      host.advance(300);
      assertEquals(account(pool), EXPIRED);
      assertEquals(
        errors.map((error) => [(error as PoolError).code, error.message]),
        [[
          "expired",
          "Cannot keep lease: a request must end within 1000 ms: received /, which goes on",
        ]],
      );
      gate.resolve();
      assertEquals(await (await late).text(), "s3cret");
      assertEquals([account(pool), pool.stats().misuses], [EXPIRED, 0]);
    });
  });
}

describe("the leases of several pooled() in one request", () => {
  it("end together, and a body is wrapped once", async () => {
    const pools = Array.from({ length: 3 }, () => contextPool({ host: inertHost() }));
    const [outer, inner, around] = pools.map((pool) => pooled({ pool }));
    const app = new Hono<PooledEnv>();
    app.use(outer!);
    const api = new Hono<PooledEnv>();
    let made = 0;
    const Former = globalThis.Response;
    api.get(
      "/:id",
      inner!,
      around!.around((c: Context, context) => c.body(partsOf(context))),
    );
    app.route("/api", api);
    globalThis.Response = class extends Former {
      constructor(...args: ConstructorParameters<typeof Former>) {
        super(...args);
        made++;
      }
    };
    let response: Response;
    try {
      response = await app.request("/api/7");
    } finally {
      globalThis.Response = Former;
    }
    assertEquals(made, 2, "one by c.body, one that holds");
    assertEquals(pools.map((pool) => account(pool)), [HELD, HELD, HELD]);
    assertEquals(await response.text(), "s3crets3crets3cret");
    assertEquals(pools.map((pool) => account(pool)), [ENDED, ENDED, ENDED]);
  });

  it("end where a middleware outside replaces the answer", async () => {
    const pool = contextPool({ host: inertHost() });
    const app = new Hono<PooledEnv>();
    app.use(async (c, next) => {
      await next();
      c.res = new Response(`<${await c.res.text()}>`, c.res);
    });
    app.get("/", pooled({ pool }), (c) => c.body(partsOf(c.var.pooled)));
    assertEquals(await (await app.request("/")).text(), "<s3crets3crets3cret>");
    assertEquals(account(pool), ENDED);
  });

  it("end with handlers whose answers come after another one, and are not waited for", async () => {
    const pool = contextPool({ host: inertHost() });
    const { around } = pooled({ pool });
    const app = new Hono();
    const gate = Promise.withResolvers<void>();
    app.get("/", async (c, next) => {
      // As hono/timeout does.
      next();
      await Promise.resolve();
      return c.text("too late", 504);
    });
    app.get(
      "/",
      around(async (c: Context, context) => {
        await gate.promise;
        return c.body(partsOf(context));
      }),
    );
    assertEquals((await app.request("/")).status, 504);
    assertEquals(account(pool), HELD);
    gate.resolve();
    await settled();
    assertEquals(account(pool), EXPIRED);
  });

  it("end with a stream whose handler answers at once, but after another one", async () => {
    const pool = contextPool({ host: inertHost() });
    const { around } = pooled({ pool });
    const app = new Hono();
    const gate = Promise.withResolvers<void>();
    app.use(async (c, next) => {
      next();
      await Promise.resolve();
      return c.text("too late", 504);
    });
    app.use(async (_, next) => {
      await gate.promise;
      await next();
    });
    app.get("/", around((c: Context, context) => c.body(partsOf(context))));
    assertEquals((await app.request("/")).status, 504);
    gate.resolve();
    await settled();
    assertEquals(account(pool), EXPIRED);
  });

  for (const way of ["middleware", "around"] as const) {
    for (const what of ["error", "answer"] as const) {
      it(`end where an ${what} comes instead of a stream, as ${way}`, async () => {
        const pool = contextPool({ host: inertHost() });
        const lease = pooled({ pool });
        const app = new Hono<PooledEnv>();
        app.onError((error, c) => c.text(error.message, 500));
        app.use(async (c, next) => {
          await next();
          if (what === "error") throw new Error("instead");
          c.res = c.text("instead");
        });
        if (way === "around") {
          app.get(
            "/",
            lease.around((c: Context, context) => c.body(partsOf(context))),
          );
        } else app.get("/", lease, (c) => c.body(partsOf(c.var.pooled)));
        assertEquals(await (await app.request("/")).text(), "instead");
        await settled();
        assertEquals(account(pool), EXPIRED);
      });
    }
  }

  /** A handler that goes on with its context after a timeout in front of it, or beside what has failed. */
  const late = (gate: Promise<void>): Handler => async (c) => {
    const { scratch } = c.get("pooled") as RequestContext;
    await gate;
    scratch.write("late");
    return c.text("");
  };
  const FAILING: readonly [string, (app: Hono, lease: MiddlewareHandler, work: Handler) => void][] =
    [
      ["a middleware behind them", (app, lease, work) => app.get("/", lease, timeout(1), work)],
      [
        "a middleware that is composed with theirs",
        (app, lease, work) => app.get("/", every(lease, timeout(1)), work),
      ],
      [
        "a part of what a handler waits for",
        (app, lease, work) =>
          app.get("/", lease, async (c, next) => {
            await Promise.all([work(c, next), Promise.reject(new Error("no access"))]);
            return c.text("");
          }),
      ],
    ];
  for (const [name, build] of FAILING) {
    it(`go to nobody where ${name} fails`, async () => {
      const pool = contextPool({ host: inertHost() });
      const app = new Hono();
      const gate = Promise.withResolvers<void>();
      build(app, pooled({ pool }) as MiddlewareHandler, late(gate.promise));
      app.onError((error, c) => c.text(error.message, 500));
      assertEquals((await app.request("/")).status, 500);
      assertEquals(account(pool), EXPIRED);
      gate.resolve();
      await settled();
      assertEquals(account(pool), EXPIRED);
    });
  }

  it("go to nobody where an app rejects while a handler works", async () => {
    const lease = pooled({ pool: contextPool({ host: inertHost() }) });
    const gate = Promise.withResolvers<void>();
    const app = new Hono();
    app.onError((error) => {
      throw error;
    });
    app.get("/", timeout(1), async (c) => {
      const { scratch } = lease.of(c);
      await gate.promise;
      scratch.write("late");
      return c.text("");
    });
    await assertRejects(async () => await lease.handler(app)(new Request("http://localhost/")));
    assertEquals(account(lease.pool), EXPIRED);
    gate.resolve();
    await settled();
  });

  it("leave an answer alone that came instead of a handler's before they ended", async () => {
    const pool = contextPool({ host: inertHost() });
    const gate = Promise.withResolvers<void>();
    const app = new Hono();
    app.get("/", timeout(1), pooled({ pool }) as MiddlewareHandler, late(gate.promise));
    app.onError(() => new Response("too late", { status: 504 }));
    const answer = await app.request("/");
    gate.resolve();
    await settled();
    assertEquals([answer.status, await answer.text()], [504, "too late"]);
    assertEquals(account(pool), EXPIRED);
  });

  it("leave a stream readable that a middleware in front begins to rewrite later", async () => {
    const pool = contextPool({ host: inertHost() });
    const app = new Hono<PooledEnv>();
    app.use(async (c, next) => {
      await next();
      const { res } = c;
      let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
      // Nothing is read of the one, and it is not locked, before somebody asks for the other.
      const rewritten = new ReadableStream<Uint8Array>({
        async pull(controller) {
          reader ??= res.body!.getReader();
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      }, { highWaterMark: 0 });
      c.res = new Response(rewritten, res);
    });
    app.get("/", pooled({ pool }), (c) => {
      const { scratch } = c.get("pooled");
      scratch.write("whole");
      return stream(c, async (out) => void await out.write(scratch.view().slice()));
    });
    assertEquals(await (await app.request("/")).text(), "whole");
    await settled();
    assertEquals(account(pool), EXPIRED);
  });

  it("last through server-sent events", async () => {
    const pool = contextPool({ host: inertHost() });
    const app = new Hono<PooledEnv>();
    app.use(pooled({ pool }));
    app.get("/", (c) => {
      const { headers } = c.var.pooled;
      headers.set("x", "mine");
      return streamSSE(c, async (out) => {
        for (const id of ["1", "2"]) await out.writeSSE({ id, data: headers.get("x") ?? "LOST" });
      });
    });
    const response = await app.request("/");
    assertEquals(account(pool), HELD);
    assertEquals(await response.text(), "data: mine\nid: 1\n\ndata: mine\nid: 2\n\n");
    await settled();
    assertEquals(account(pool), ENDED);
  });
});

describe("hold()", () => {
  it("refuses a request without a lease, or whose lease has ended", async () => {
    const pool = contextPool({ host: inertHost() });
    const app = new Hono<PooledEnv>();
    let kept: Context | undefined;
    app.get("/held", pooled({ pool }), (c) => {
      kept = c;
      return c.text("ok");
    });
    app.get("/bare", (c) => {
      hold(c);
      return c.text("ok");
    });
    app.onError((error, c) => c.text(error.message, 500));
    const message =
      "Cannot hold: the context must be of a request with a lease: received one without";
    assertEquals(await (await app.request("/bare")).text(), message);
    await app.request("/held");
    assertThrows(() => hold(kept!, Promise.resolve()), TypeError, message);
  });

  it("refuses what it cannot wait for, and holds nothing then", async () => {
    const { get, pool } = serve((c) => {
      assertThrows(
        () => hold(c, 7 as never),
        TypeError,
        "Cannot hold: until must be a promise or a socket: received 7",
      );
      assertThrows(
        () => hold(c, undefined as never),
        TypeError,
        "Cannot hold: until must be a promise or a socket: received undefined",
      );
      return c.text("ok");
    }, "middleware");
    await get();
    assertEquals(account(pool), ENDED);
  });
});
