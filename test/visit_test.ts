/** pooled().handler() and of(): leases that begin when somebody asks, and end with the request. */

import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { methodOverride } from "hono/method-override";
import { stream } from "hono/streaming";
import { timeout } from "hono/timeout";
import { type App, contextPool, hold, pooled, type PooledEnv } from "../edge/mod.ts";
import { inertHost, Pool, type PoolOptions } from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";

interface Thing {
  owner: string;
}

/** A lease of plain things, with the errors that nobody was given. */
function things(options: Partial<PoolOptions<Thing>> = {}) {
  const errors: Error[] = [];
  const pool = new Pool<Thing>({
    create: () => ({ owner: "" }),
    reset: (thing) => void (thing.owner = ""),
    host: inertHost(),
    ...options,
  });
  const lease = pooled({ pool, onError: (error) => void errors.push(error) });
  return { lease, pool, errors };
}

const request = (path = "/", init?: RequestInit) => new Request(`http://localhost${path}`, init);

/** Lets everything run that waits for nothing. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

describe("pooled().handler()", () => {
  it("leases for the first who asks, and nothing for who does not", () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.get("/health", (c) => c.text("well"));
    app.get("/things/:id", (c) => {
      const thing = lease.of(c);
      assertStrictEquals(lease.of(c), thing);
      assertEquals(pool.stats().leased, 1);
      return c.text(c.req.param("id"));
    });
    const handler = lease.handler(app);
    const health = handler(request("/health"));
    assert(health instanceof Response, "what is answered at once stays synchronous");
    assertEquals(pool.stats().acquires, 0);
    assert(handler(request("/things/7")) instanceof Response);
    assertEquals([pool.stats().acquires, pool.stats().leased], [1, 0]);
    assertEquals(pool.stats().tags.map(({ name }) => name), ["/things/:id"]);
  });

  it("gives all middlewares and the handler of a request one object", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.use(async (c, next) => {
      lease.of(c).owner = "outer";
      await next();
      assertEquals(lease.of(c).owner, "inner");
    });
    app.get("/", async (c) => {
      await settle();
      assertEquals(lease.of(c).owner, "outer");
      lease.of(c).owner = "inner";
      return c.json({});
    });
    assertEquals((await lease.handler(app)(request())).status, 200);
    assertEquals([pool.stats().acquires, pool.stats().leased], [1, 0]);
  });

  it("ends the lease of a handler that asks late, that throws and that rejects", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.onError((error, c) => c.text(error.message, 500));
    app.get("/late", async (c) => {
      await settle();
      lease.of(c);
      await settle();
      assertEquals(pool.stats().leased, 1);
      return c.text("late");
    });
    app.get("/throws", (c) => {
      lease.of(c);
      throw new Error("thrown");
    });
    app.get("/rejects", async (c) => {
      await settle();
      lease.of(c);
      throw new Error("rejected");
    });
    const handler = lease.handler(app);
    for (const [path, text] of [["late", "late"], ["throws", "thrown"], ["rejects", "rejected"]]) {
      assertEquals(await (await handler(request(`/${path}`))).text(), text);
      assertEquals(pool.stats().leased, 0, path);
    }
    // Hono answers no error that is none; whoever serves has to.
    const odd: App = {
      fetch: (_, __, execution) => {
        lease.of({ executionCtx: execution, req: { routeIndex: 0, matchedRoutes: [] } } as never);
        throw 1;
      },
    };
    let thrown: unknown;
    try {
      lease.handler(odd)(request());
    } catch (error) {
      thrown = error;
    }
    assertEquals([thrown, pool.stats().leased], [1, 0]);
    pool.close();
  });

  it("holds the lease until a body has been sent, and gives it up where it breaks off", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.get("/", (c) => {
      const thing = lease.of(c);
      thing.owner = "stream";
      return stream(c, async (out) => {
        for (let i = 0; i < 3; i++) {
          assertStrictEquals(lease.of(c), thing);
          await out.write(new TextEncoder().encode(thing.owner));
          await settle();
        }
      }, () => Promise.resolve());
    });
    const handler = lease.handler(app);
    const answer = await handler(request());
    assertEquals(pool.stats().leased, 1);
    assertEquals(await answer.text(), "streamstreamstream");
    assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);

    const broken = await handler(request());
    await broken.body!.cancel();
    await settle();
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1]);
  });

  it("uses no object again whose stream Hono drops for HEAD", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.get("/", (c) => {
      lease.of(c);
      return c.body(new ReadableStream({ pull: (out) => out.enqueue(new Uint8Array(9)) }));
    });
    assertEquals((await lease.handler(app)(request("/", { method: "HEAD" }))).body, null);
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1]);
  });

  it("holds the lease for what waitUntil() was given, before it and after", async () => {
    for (const isFirst of [true, false]) {
      const { lease, pool } = things();
      const gate = Promise.withResolvers<void>();
      const app = new Hono();
      app.get("/", (c) => {
        if (!isFirst) lease.of(c);
        c.executionCtx.waitUntil(gate.promise);
        const { owner } = lease.of(c);
        return c.text(owner);
      });
      assertEquals((await lease.handler(app)(request())).status, 200);
      await settle();
      assertEquals(pool.stats().leased, 1);
      gate.resolve();
      await settle();
      assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);
    }
  });

  it("tells of a promise that rejects where there is no platform to hear of it", async () => {
    const { lease, errors } = things();
    const app = new Hono();
    const failure = new Error("in the background");
    app.get("/", (c) => {
      c.executionCtx.waitUntil(Promise.reject(failure));
      c.executionCtx.passThroughOnException();
      return c.text("");
    });
    await lease.handler(app)(request());
    await settle();
    assertEquals(errors, [failure]);
  });

  it("hands on the platform's own execution context, whose methods know their own object", async () => {
    class Platform {
      readonly #waited: Promise<unknown>[] = [];
      props = { plan: "free" };
      waitUntil(promise: Promise<unknown>): void {
        this.#waited.push(promise);
      }
      passThroughOnException(): number {
        return this.#waited.length;
      }
    }
    const { lease, pool } = things();
    const app = new Hono();
    const gate = Promise.withResolvers<void>();
    app.get("/", (c) => {
      const execution = c.executionCtx as unknown as Platform;
      assert(execution instanceof Platform);
      assertStrictEquals(c.executionCtx, c.executionCtx);
      lease.of(c);
      execution.waitUntil(gate.promise);
      assert("props" in execution && !("other" in execution));
      assertEquals([Object.keys(execution), "holders" in execution], [["props"], false]);
      const copied = { ...execution };
      assertEquals(copied.props, { plan: "free" });
      execution.props = { plan: "paid" };
      return c.json([execution.passThroughOnException(), execution.props]);
    });
    const platform = Object.freeze(new Platform());
    assertThrows(() => (platform as Platform).props = { plan: "" }, TypeError);
    const open = new Platform();
    const answer = await lease.handler(app)(request(), {}, open);
    assertEquals(await answer.json(), [1, { plan: "paid" }]);
    assertEquals(open.props, { plan: "paid" });
    assertEquals(pool.stats().leased, 1);
    gate.resolve();
    await settle();
    assertEquals(pool.stats().leased, 0);
  });

  it("knows a request by whatever middleware made of it", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.use(bodyLimit({ maxSize: 100 }));
    app.use(methodOverride({ app }));
    app.delete("/", async (c) => {
      lease.of(c).owner = "deleted";
      const form = await c.req.parseBody();
      return c.text(`${lease.of(c).owner} ${form.id}`);
    });
    const body = new FormData();
    body.append("_method", "DELETE");
    body.append("id", "7");
    const small = new Hono().route("/", app);
    const answer = await lease.handler(small)(
      request("/", { method: "POST", body: new URLSearchParams({ _method: "DELETE", id: "7" }) }),
    );
    assertEquals(await answer.text(), "deleted 7");
    assertEquals([pool.stats().acquires, pool.stats().leased], [1, 0]);
  });

  it("leaves the end to the outermost of several, whose pools lease apart", async () => {
    const one = things();
    const two = things();
    const inner = new Hono();
    inner.get("/inner", (c) => {
      one.lease.of(c).owner = "one";
      two.lease.of(c).owner = "two";
      return c.text("inner");
    });
    const served = two.lease.handler(inner);
    const outer = new Hono();
    outer.get("/inner", async (c) => {
      const thing = one.lease.of(c);
      const answer = await served(c.req.raw, c.env, c.executionCtx);
      assertEquals([thing.owner, two.pool.stats().leased], ["", 1]);
      return c.text(`${await answer.text()} in outer`);
    });
    const answer = await one.lease.handler(outer)(request("/inner"));
    assertEquals(await answer.text(), "inner in outer");
    assertEquals([one.pool.stats().acquires, one.pool.stats().leased], [2, 0]);
    assertEquals([two.pool.stats().acquires, two.pool.stats().leased], [1, 0]);
  });

  it("knows the static answers of every app that leases in a request", async () => {
    const { lease, pool } = things();
    const inner = new Hono();
    inner.get("/", (c) => {
      lease.of(c);
      return c.text("inner");
    });
    const outer = new Hono();
    outer.get("/", (c) => {
      lease.of(c);
      return inner.fetch(c.req.raw, c.env, c.executionCtx);
    });
    await lease.handler(outer)(request());
    // Nobody has read it, and nobody has to.
    assertEquals([pool.stats().acquires, pool.stats().leased, pool.stats().idle], [2, 0, 2]);
  });

  it("goes with the middleware of another pool in the same app, and hold() keeps both", async () => {
    const outer = things();
    const pool = contextPool({ host: inertHost() });
    const gate = Promise.withResolvers<void>();
    const app = new Hono<PooledEnv>();
    app.use(pooled({ pool }));
    app.get("/", (c) => {
      outer.lease.of(c).owner = "held";
      hold(c, gate.promise);
      return c.text("");
    });
    await outer.lease.handler(app)(request());
    assertEquals([pool.stats().leased, outer.pool.stats().leased], [1, 1]);
    gate.resolve();
    await settle();
    assertEquals([pool.stats().leased, outer.pool.stats().leased], [0, 0]);
    pool.close();
  });

  it("hold() without a promise keeps the lease until its end is called, once", async () => {
    const { lease, pool } = things();
    const ends: (() => void)[] = [];
    const app = new Hono();
    app.get("/", (c) => {
      assertThrows(() => hold(c), TypeError, "must be of a request with a lease");
      lease.of(c);
      ends.push(hold(c), hold(c));
      return c.text("");
    });
    await lease.handler(app)(request());
    ends[0]!();
    ends[0]!();
    assertEquals(pool.stats().leased, 1);
    ends[1]!();
    assertEquals(pool.stats().leased, 0);
  });

  it("leases apart for requests that an app makes of its own within one", async () => {
    const { lease, pool } = things();
    const parts = new Hono();
    parts.get("/:id", async (c) => {
      const thing = lease.of(c);
      thing.owner += c.req.param("id");
      await settle();
      thing.owner += c.req.param("id");
      const { owner } = thing;
      return c.text(owner);
    });
    const app = new Hono();
    app.get("/", async (c) => {
      const texts = ["a", "b", "c"].map(async (id) =>
        await (await parts.fetch(request(`/${id}`), c.env, c.executionCtx)).text()
      );
      return c.json(await Promise.all(texts));
    });
    assertEquals(await (await lease.handler(app)(request())).json(), ["aa", "bb", "cc"]);
    assertEquals([pool.stats().acquires, pool.stats().leased, pool.stats().idle], [3, 0, 3]);
  });

  it("uses no object again whose handler may go on after a timeout", async () => {
    const { lease, pool } = things();
    const gate = Promise.withResolvers<void>();
    const app = new Hono();
    app.use(timeout(1));
    app.get("/", async (c) => {
      const thing = lease.of(c);
      await gate.promise;
      thing.owner = "late";
      return c.text("");
    });
    const answer = await lease.handler(app)(request());
    assertEquals([answer.status, await answer.text()], [504, "Gateway Timeout"]);
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1]);
    gate.resolve();
  });

  it("uses no object again whose stream a middleware drops", async () => {
    const writes: Record<string, (c: Context) => Response> = {
      stream(c) {
        const thing = c.get("thing") as Thing;
        return stream(c, async (out) => {
          await settle();
          thing.owner = "late";
          await out.write("late");
        }, () => Promise.resolve());
      },
      response(c) {
        const thing = c.get("thing") as Thing;
        const { readable, writable } = new TransformStream();
        const write = async () => {
          await settle();
          thing.owner = "late";
          await writable.getWriter().write("late");
        };
        write().catch(() => {});
        return new Response(readable, { headers: { ETag: '"v"' } });
      },
    };
    const drops: Record<string, (app: Hono) => void> = {
      etag: (app) => app.use(etag(), (c, next) => (c.header("ETag", '"v"'), next())),
      text: (app) =>
        app.use(async (c, next) => {
          await next();
          c.res = undefined;
          c.res = c.text("instead");
        }),
    };
    drops.other = (app) =>
      app.use(async (c, next) => {
        await next();
        c.res = undefined;
        c.res = new Response("instead");
      });
    for (const [name, drop] of Object.entries(drops)) {
      for (const [what, write] of Object.entries(writes)) {
        for (const way of ["handler", "both", "middleware"]) {
          const where = `${name}, ${what}, ${way}`;
          const { lease, pool } = things();
          const app = new Hono<{ Variables: { thing: Thing; pooled: Thing } }>();
          if (way === "middleware") app.use(lease as never);
          // The setter of one context tells them both.
          if (way === "both") app.use(things().lease as never);
          drop(app as unknown as Hono);
          app.get("/", (c) => {
            c.set("thing", way === "middleware" ? c.get("pooled") : lease.of(c));
            return write(c);
          });
          const serve = way === "middleware" ? app.fetch : lease.handler(app);
          const answer = await serve(request("/", { headers: { "If-None-Match": '"v"' } }));
          assertEquals([where, answer.status], [where, name === "etag" ? 304 : 200]);
          await answer.text();
          assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1], where);
        }
      }
    }
  });

  it("uses an object again whose stream a middleware compresses, or sends with other headers", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.use("/zip", compress({ threshold: 0 }));
    app.use("/cors", cors(), async (c, next) => {
      await next();
      c.header("X-Late", "yes");
    });
    app.use("/rebuilt", async (c, next) => {
      await next();
      c.res = new Response(c.res.body, c.res);
    });
    app.use("/moved", async (c, next) => {
      await next();
      const { res } = c;
      c.res = undefined;
      c.res = new Response(res.body, res);
    });
    app.get("/rebuilt", (c) => {
      const line = new TextEncoder().encode(`${lease.of(c).owner}line`);
      return new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(line);
            controller.close();
          },
        }),
      );
    });
    for (const path of ["/zip", "/cors", "/moved"]) {
      app.get(path, (c) => {
        const thing = lease.of(c);
        c.header("Content-Type", "text/plain");
        return stream(c, async (out) => {
          for (let i = 0; i < 3; i++) {
            await settle();
            await out.write(new TextEncoder().encode(`${thing.owner}line `));
          }
        });
      });
    }
    const handler = lease.handler(app);
    const zipped = await handler(request("/zip", { headers: { "Accept-Encoding": "gzip" } }));
    assertEquals(zipped.headers.get("content-encoding"), "gzip");
    const text = new Response(zipped.body!.pipeThrough(new DecompressionStream("gzip")));
    assertEquals(await text.text(), "line line line ");
    const other = await handler(request("/cors"));
    assertEquals([await other.text(), other.headers.get("x-late")], ["line line line ", "yes"]);
    assertEquals(await (await handler(request("/rebuilt"))).text(), "line");
    assertEquals(await (await handler(request("/moved"))).text(), "line line line ");
    await settle();
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 0]);
  });

  it("uses no object again of an upgrade that nobody holds it for", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.get("/", (c) => {
      lease.of(c);
      return c.body(null);
    });
    const handler = lease.handler(app);
    await handler(request());
    assertEquals([pool.stats().idle, pool.stats().discarded.expired], [1, 0]);
    await handler(request("/", { headers: { Upgrade: "websocket" } }));
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1]);
  });

  it("uses no object again of an upgrade beside an answer, as Bun has it", {
    skip: !("Bun" in globalThis),
  }, async () => {
    const { lease, pool } = things();
    const app = new Hono();
    app.get("/", (c) => void lease.of(c) as never);
    const answer = await lease.handler(app)(
      request("/", { headers: { Upgrade: "websocket" } }),
    );
    assertEquals(answer.status, 404);
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1]);
  });

  it("leases for who is held after the answer, and takes null for no execution context", async () => {
    const { lease, pool } = things();
    const other = things();
    const gate = Promise.withResolvers<void>();
    const app = new Hono();
    let late: Context | undefined;
    app.get("/", (c) => {
      late = c;
      lease.of(c);
      hold(c, gate.promise);
      return c.text("");
    });
    await lease.handler(app)(request(), undefined, null as never);
    other.lease.of(late!);
    assertEquals([pool.stats().leased, other.pool.stats().leased], [1, 1]);
    gate.resolve();
    await settle();
    assertEquals([pool.stats().leased, other.pool.stats().leased], [0, 0]);
    assertThrows(() => other.lease.of(late!), TypeError, "received one that is answered");
  });

  it("answers 503 where the pool refuses, and goes on", async () => {
    const { lease, pool } = things({ maxLeases: 1 });
    const app = new Hono();
    app.onError((error, c) =>
      error instanceof HTTPException ? error.getResponse() : c.text(error.message, 500)
    );
    app.get("/", (c) => {
      const { owner } = lease.of(c);
      return c.text(`<${owner}>`);
    });
    const handler = lease.handler(app);
    const taken = pool.lease();
    const refused = await handler(request());
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    taken.release();
    assertEquals(await (await handler(request())).text(), "<>");
    pool.close();
    assertEquals((await handler(request())).status, 500);
  });

  it("refuses who asks outside of it, or too late", async () => {
    const { lease, pool } = things();
    const app = new Hono();
    let late: Context | undefined;
    app.get("/", (c) => {
      late = c;
      return c.text("");
    });
    app.get("/lease", (c) => c.text(lease.of(c).owner));
    app.onError((error, c) => c.text(`${error.name}: ${error.message}`, 500));
    assertEquals(
      await (await app.request("/lease")).text(),
      "TypeError: Cannot lease: the request must come through handler(), and not be answered yet: " +
        "received one that does not",
    );
    await lease.handler(app)(request());
    assertThrows(() => lease.of(late!), TypeError, "received one that is answered");
    assertThrows(() => lease.of({} as Context), TypeError, "received one that does not");
    for (const none of [undefined, {}, { fetch: 1 }]) {
      assertThrows(() => lease.handler(none as unknown as App), TypeError, "app must have fetch()");
    }
    assertEquals(pool.stats().acquires, 0);
  });

  it("expires what a request holds for too long, which nobody else gets", async () => {
    const host = new FakeHost({ timers: true });
    const pool = new Pool<Thing>({ create: () => ({ owner: "" }), reset: () => {}, host });
    const lease = pooled({ pool, host, maxHoldMs: 1000, onError: () => {} });
    const gate = Promise.withResolvers<void>();
    const seen: Thing[] = [];
    const app = new Hono();
    app.get("/", async (c) => {
      seen.push(lease.of(c));
      await gate.promise;
      assertStrictEquals(lease.of(c), seen[0]);
      return c.text("done");
    });
    const answer = lease.handler(app)(request());
    host.advance(1251);
    assertEquals([pool.stats().leased, pool.stats().discarded.expired], [0, 1]);
    assertNotStrictEquals(pool.acquire(), seen[0]);
    gate.resolve();
    assertEquals(await (await answer).text(), "done");
  });

  it("gives no object to two of many requests at once", async () => {
    const { lease, pool } = things();
    const live = new Set<Thing>();
    const app = new Hono();
    let state = 1;
    const random = (below: number) => (state = state * 48_271 % 2_147_483_647) % below;
    app.get("/:id", async (c) => {
      for (let i = random(4); i > 0; i--) await Promise.resolve();
      const thing = lease.of(c);
      assert(!live.has(thing), "in two hands");
      live.add(thing);
      const id = thing.owner = c.req.param("id");
      const work = (async () => {
        for (let i = random(9); i > 0; i--) await Promise.resolve();
        assertEquals(thing.owner, id);
        live.delete(thing);
      })();
      if (random(2) === 0) await work;
      else c.executionCtx.waitUntil(work);
      if (random(7) === 0) throw new Error("now and then");
      return random(3) === 0 ? stream(c, async (out) => void await out.write(id)) : c.text(id);
    });
    app.onError((_, c) => c.text("failed", 500));
    const handler = lease.handler(app);
    for (let round = 0; round < 40; round++) {
      await Promise.all(Array.from({ length: 25 }, async (_, i) => {
        const answer = await handler(request(`/${round}-${i}`));
        const text = await answer.text();
        assertEquals(text, answer.status === 500 ? "failed" : `${round}-${i}`);
      }));
      await settle();
    }
    const { acquires, created, leased } = pool.stats();
    assertEquals([acquires, leased, live.size], [1000, 0, 0]);
    assert(created <= 25, `${created}`);
  });

  it("rejects with what an app rejects with, and ends the lease", async () => {
    const { lease, pool } = things();
    const app: App = {
      fetch: async (_, __, execution) => {
        await settle();
        lease.of({ executionCtx: execution, req: { routeIndex: 0, matchedRoutes: [] } } as never);
        throw new RangeError("no answer");
      },
    };
    await assertRejects(
      async () => await lease.handler(app)(request()),
      RangeError,
      "no answer",
    );
    assertEquals([pool.stats().acquires, pool.stats().leased], [1, 0]);
  });
});
