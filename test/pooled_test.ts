import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Context, Hono } from "hono";
import {
  contextPool,
  pooled,
  type PooledEnv,
  type PooledMiddleware,
  type PooledOptions,
  RequestContext,
} from "../edge/mod.ts";
import { inertHost, Pool } from "../mod.ts";

/** A pool that nothing but the test moves. */
const newPool = () => contextPool({ host: inertHost() });

/** The tags that a pool has leased under. */
const tagsOf = (pool: Pool<RequestContext>) => pool.stats().tags.map(({ name }) => name);

describe("pooled() leases", () => {
  it("an object for the length of a request", async () => {
    const pool = newPool();
    const app = new Hono<PooledEnv>();
    app.get("/", pooled({ pool }), async (c) => {
      assertEquals(pool.stats().leased, 1);
      await Promise.resolve();
      assert(c.get("pooled") instanceof RequestContext);
      assertStrictEquals(c.get("pooled"), c.var.pooled);
      return c.json(pool.stats().leased);
    });
    assertEquals(await (await app.request("/")).json(), 1);
    assertEquals(pool.stats().leased, 0);
  });

  it("the same object to requests in turn, and clean", async () => {
    const seen = new Set<RequestContext>();
    const app = new Hono<PooledEnv>();
    app.use(pooled({ pool: newPool() }));
    app.get("/:id", (c) => {
      const context = c.var.pooled;
      const before = context.headers.get("x") ?? "nothing";
      context.headers.set("x", c.req.param("id"));
      seen.add(context);
      return c.text(before);
    });
    const answers = [];
    for (const id of ["1", "2", "3"]) answers.push(await (await app.request(`/${id}`)).text());
    assertEquals(answers, ["nothing", "nothing", "nothing"]);
    assertEquals(seen.size, 1);
  });

  it("an object of its own to each of many live requests", async () => {
    const pool = newPool();
    const live = new Set<RequestContext>();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const app = new Hono<PooledEnv>();
    app.use(pooled({ pool }));
    app.get("/:nonce", async (c) => {
      const context = c.var.pooled;
      assert(!live.has(context));
      live.add(context);
      context.params.set("nonce", c.req.param("nonce"));
      await gate;
      return c.text(context.params.get("nonce")!);
    });
    const requests = Array.from({ length: 100 }, (_, i) => app.request(`/${i}`));
    await Promise.resolve();
    assertEquals(pool.stats().leased, 100);
    open();
    const answers = await Promise.all(requests.map(async (r) => (await r).text()));
    assertEquals(answers, Array.from({ length: 100 }, (_, i) => String(i)));
    assertEquals(pool.stats().leased, 0);
  });

  it("objects of any class, under any name", async () => {
    const pool = new Pool({ create: () => ({ n: 0 }), reset: (o) => void (o.n = 0) });
    const app = new Hono<PooledEnv<{ n: number }, "counter">>();
    app.get("/", pooled({ pool, name: "counter" }), (c) => c.json(++c.var.counter.n));
    assertEquals(await (await app.request("/")).json(), 1);
    assertEquals(await (await app.request("/")).json(), 1);
    pool.close();
  });

  it("from a pool of its own where none is given", async () => {
    const lease = pooled();
    const app = new Hono<PooledEnv>().use(lease).get("/", (c) => c.text("ok"));
    await app.request("/");
    assertEquals(lease.pool.stats().created, 1);
    lease.pool.close();
  });

  it("one more where it is used twice, and gives the outer one back", async () => {
    const pool = newPool();
    const app = new Hono<PooledEnv>();
    let outer, inner, after;
    app.use(pooled({ pool }));
    app.use(async (c, next) => {
      outer = c.var.pooled;
      await next();
      after = c.var.pooled;
    });
    app.get("/", pooled({ pool }), (c) => {
      inner = c.var.pooled;
      return c.text("ok");
    });
    await app.request("/");
    assert(inner !== outer);
    assertStrictEquals(after, outer);
    assertEquals(pool.stats().leased, 0);
  });
});

describe("pooled() tags with", () => {
  /** The tags of a pool after a request to each path. */
  async function tagsAfter(
    build: (app: Hono<PooledEnv>, lease: PooledMiddleware<RequestContext, "pooled">) => void,
    ...paths: string[]
  ): Promise<string[]> {
    const pool = newPool();
    const app = new Hono<PooledEnv>();
    build(app, pooled({ pool }));
    for (const path of paths) await app.request(path);
    return tagsOf(pool);
  }
  const answer = (c: Context) => c.text("ok");

  it("the pattern of the route, never the URL", async () => {
    const tags = await tagsAfter(
      (app, lease) => {
        app.use(lease);
        app.get("/users/:id", answer);
      },
      "/users/1",
      "/users/2?token=secret",
      "/users/3",
    );
    assertEquals(tags, ["/users/:id"]);
  });

  it("the pattern of the handler behind further middleware", async () => {
    const tags = await tagsAfter((app, lease) => {
      app.use(lease);
      app.use("/users/*", (_, next) => next());
      app.get("/users/:id", (_, next) => next(), answer);
    }, "/users/1");
    assertEquals(tags, ["/users/:id"]);
  });

  it("the pattern of the first handler, not of a later fallback", async () => {
    const tags = await tagsAfter(
      (app, lease) => {
        app.use(lease);
        app.get("/a/:id", answer);
        app.get("*", answer);
      },
      "/a/1",
      "/b",
    );
    assertEquals(tags, ["/a/:id", "/*"]);
  });

  it("the pattern of a mounted app", async () => {
    const tags = await tagsAfter((app, lease) => {
      app.use(lease);
      app.route("/api", new Hono().get("/:id", answer));
    }, "/api/1");
    assertEquals(tags, ["/api/:id"]);
  });

  it("its own pattern where no route matches", async () => {
    const paths = Array.from({ length: 300 }, (_, i) => `/unknown/${i}`);
    const tags = await tagsAfter((app, lease) => app.use(lease), ...paths);
    assertEquals(tags, ["/*"]);
  });

  it("its own pattern where it is the only route", async () => {
    const tags = await tagsAfter((app, lease) => app.use("/only/:id", lease), "/only/1");
    assertEquals(tags, ["/only/:id"]);
  });

  it("no more of a pattern than a pool takes", async () => {
    const pattern = `/${"a".repeat(300)}`;
    const tags = await tagsAfter((app, lease) => app.get(pattern, lease, answer), pattern);
    assertEquals(tags, [pattern.slice(0, 256)]);
  });
});

describe("pooled() ends the lease once", () => {
  const ENDINGS: readonly [string, number, (c: Context) => Response | Promise<Response>][] = [
    ["a handler returns", 200, (c) => c.text("ok")],
    ["a handler resolves", 200, (c) => Promise.resolve(c.text("ok"))],
    ["a handler throws", 500, () => {
      throw new Error("wrong");
    }],
    ["a handler rejects", 500, () => Promise.reject(new Error("wrong"))],
  ];
  for (const [name, status, handler] of ENDINGS) {
    it(`where ${name}`, async () => {
      const pool = newPool();
      const app = new Hono<PooledEnv>();
      app.onError((_, c) => c.text("wrong", 500));
      app.get("/", pooled({ pool }), handler);
      for (let i = 0; i < 3; i++) assertEquals((await app.request("/")).status, status);
      const { leased, idle, created, misuses } = pool.stats();
      // What has failed may have left something at work.
      const [kept, made] = status === 200 ? [1, 1] : [0, 3];
      assertEquals({ leased, idle, created, misuses }, {
        leased: 0,
        idle: kept,
        created: made,
        misuses: 0,
      });
    });
  }

  it("where something is thrown that is no Error", async () => {
    const pool = newPool();
    const app = new Hono<PooledEnv>();
    app.get("/", pooled({ pool }), () => Promise.reject("text"));
    const outcome = await Promise.resolve(app.request("/")).catch((error) => error);
    assertEquals(outcome, "text");
    assertEquals(pool.stats().leased, 0);
  });

  it("and takes the variable away from what runs later", async () => {
    const app = new Hono<PooledEnv>();
    let after: unknown = "not run";
    app.use(async (c, next) => {
      await next();
      after = c.get("pooled");
    });
    app.get("/", pooled({ pool: newPool() }), (c) => c.text("ok"));
    await app.request("/");
    assertEquals(after, undefined);
  });

  it("and polls the pool once per request", async () => {
    const pool = newPool();
    let polls = 0;
    const poll = pool.poll.bind(pool);
    pool.poll = () => {
      polls++;
      assertEquals(pool.stats().leased, 0);
      poll();
    };
    const app = new Hono<PooledEnv>();
    app.get("/", pooled({ pool }), (c) => c.text("ok"));
    for (let i = 0; i < 5; i++) await app.request("/");
    assertEquals(polls, 5);
  });
});

describe("pooled().around()", () => {
  const appOf = (
    handler: (c: Context, context: RequestContext) => Response | Promise<Response>,
  ) => {
    const pool = newPool();
    const app = new Hono();
    app.onError((error, c) => c.text(error.message, 500));
    app.get("/users/:id", pooled({ pool }).around(handler));
    return { app, pool };
  };

  it("hands an object to a handler, and takes it back clean", async () => {
    const seen = new Set<RequestContext>();
    const { app, pool } = appOf((c, context) => {
      seen.add(context);
      const before = context.headers.get("x") ?? "nothing";
      context.headers.set("x", c.req.param("id")!);
      return c.text(`${before}, ${pool.stats().leased} leased`);
    });
    for (const id of ["1", "2"]) {
      const answer = await (await app.request(`/users/${id}`)).text();
      assertEquals(answer, "nothing, 1 leased");
    }
    assertEquals([seen.size, pool.stats().leased, pool.stats().idle], [1, 0, 1]);
    assertEquals(tagsOf(pool), ["/users/:id"]);
  });

  it("leaves what answers at once synchronous", () => {
    const { app } = appOf((c) => c.text("ok"));
    assert(app.request("/users/1") instanceof Response);
  });

  it("holds an object until a promise has settled", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { app, pool } = appOf(async (c, context) => {
      context.params.set("id", c.req.param("id")!);
      await gate;
      return c.text(context.params.get("id")!);
    });
    const requests = Array.from({ length: 50 }, (_, i) => app.request(`/users/${i}`));
    await Promise.resolve();
    assertEquals(pool.stats().leased, 50);
    open();
    const answers = await Promise.all(requests.map(async (r) => (await r).text()));
    assertEquals(answers, Array.from({ length: 50 }, (_, i) => String(i)));
    assertEquals([pool.stats().leased, pool.stats().idle], [0, 50]);
  });

  const FAILURES: readonly [string, number, () => Promise<Response>][] = [
    ["takes an object back from a handler that throws at once", 1, () => {
      throw new Error("wrong");
    }],
    ["discards the object of a handler that rejects", 3, () => Promise.reject(new Error("wrong"))],
  ];
  for (const [name, times, handler] of FAILURES) {
    it(name, async () => {
      const { app, pool } = appOf(handler);
      for (let i = 0; i < 3; i++) {
        assertEquals(await (await app.request("/users/1")).text(), "wrong");
      }
      const { leased, created, misuses } = pool.stats();
      assertEquals({ leased, created, misuses }, { leased: 0, created: times, misuses: 0 });
    });
  }

  it("holds an object until any thenable has settled, and through a then that throws", async () => {
    const pool = newPool();
    const { around } = pooled({ pool });
    const request = { req: { routeIndex: 0, matchedRoutes: [] } };
    let settle = (_: string) => {};
    const thenable = around(() => ({
      then(resolve: (value: string) => void) {
        settle = resolve;
      },
    }))(request);
    await Promise.resolve();
    assertEquals(pool.stats().leased, 1);
    settle("done");
    assertEquals(await thenable, "done");
    assertEquals(pool.stats().leased, 0);
    const broken = around(() => ({
      get then(): never {
        throw new Error("no promise");
      },
    }));
    assertThrows(() => broken(request), Error, "no promise");
    assertEquals([pool.stats().leased, pool.stats().misuses], [0, 0]);
  });

  it("keeps the tag of the first route that a handler answers", async () => {
    const pool = newPool();
    const handler = pooled({ pool }).around((c: Context) => c.text("ok"));
    const app = new Hono();
    app.get("/first", handler);
    app.get("/second", handler);
    for (const path of ["/first", "/second", "/first"]) await app.request(path);
    assertEquals(tagsOf(pool), ["/first"]);
  });

  it("polls the pool once per request, after the lease", async () => {
    const { app, pool } = appOf((c) => c.text("ok"));
    const leased: number[] = [];
    pool.poll = () => void leased.push(pool.stats().leased);
    for (let i = 0; i < 3; i++) await app.request("/users/1");
    assertEquals(leased, [0, 0, 0]);
  });

  it("answers all the same where reset throws, and tells onError", async () => {
    const errors: Error[] = [];
    const wrong = new Error("cannot be cleaned");
    const lease = pooled<{ n: number }>({
      pool: {
        create: () => ({ n: 0 }),
        reset: () => {
          throw wrong;
        },
      },
      onError: (error) => errors.push(error),
    });
    const app = new Hono();
    app.get("/", lease.around((c: Context, object) => c.json(++object.n)));
    app.get("/late", lease.around((c: Context, object) => Promise.resolve(c.json(++object.n))));
    assertEquals(await (await app.request("/")).json(), 1);
    assertEquals(await (await app.request("/late")).json(), 1);
    assertEquals(errors.map(({ cause }) => cause), [wrong, wrong]);
    lease.pool.close();
  });

  it("refuses what is no function", () => {
    const { around } = pooled({ pool: newPool() });
    const error = assertThrows(() => around(undefined as never), TypeError);
    assertEquals(
      error.message,
      "Cannot lease around: handler must be a function: received undefined",
    );
  });
});

describe("pooled() with a reset that throws", () => {
  const wrong = new Error("cannot be cleaned");
  const broken = () => ({
    create: () => ({ n: 0 }),
    reset: () => {
      throw wrong;
    },
  });
  const appOf = (options: PooledOptions<{ n: number }>) => {
    const app = new Hono<PooledEnv<{ n: number }>>();
    const lease = pooled(options);
    app.get("/", lease, (c) => c.json(++c.var.pooled.n));
    app.get("/throw", lease, () => {
      throw new Error("the handler's own");
    });
    app.onError((error, c) => c.text(error.message, 500));
    return { app, pool: lease.pool };
  };

  it("answers all the same, discards the object and tells onError", async () => {
    const errors: Error[] = [];
    const pool = new Pool(broken());
    const { app } = appOf({ pool, onError: (error) => errors.push(error) });
    assertEquals(await (await app.request("/")).json(), 1);
    assertEquals(await (await app.request("/")).json(), 1);
    assertEquals(errors.map(({ cause }) => cause), [wrong, wrong]);
    const { leased, created, discarded } = pool.stats();
    assertEquals([leased, created, discarded.invalid], [0, 2, 2]);
    pool.close();
  });

  it("tells the onError of a pool that it made", async () => {
    const errors: Error[] = [];
    const { app, pool } = appOf({ pool: { ...broken(), onError: (e) => void errors.push(e) } });
    assertEquals((await app.request("/")).status, 200);
    assertEquals(errors.map(({ cause }) => cause), [wrong]);
    pool.close();
  });

  it("does not lose the handler's own error, nor an answer to a throwing onError", async () => {
    const onError = () => {
      throw new Error("worse");
    };
    const { app, pool } = appOf({ pool: broken(), onError });
    assertEquals(await (await app.request("/throw")).text(), "the handler's own");
    assertEquals((await app.request("/")).status, 200);
    assertEquals(pool.stats().leased, 0);
    pool.close();
  });

  it("lets a create that throws be the request's error", async () => {
    const create = (): { n: number } => {
      throw wrong;
    };
    const { app, pool } = appOf({ pool: { create, reset: () => {} } });
    assertEquals((await app.request("/")).status, 500);
    assertEquals(pool.stats().leased, 0);
    pool.close();
  });
});

describe("pooled() refuses", () => {
  const BAD_OPTIONS: readonly [unknown, string][] = [
    [null, "Cannot create pooled(): options must be an object: received null"],
    [5, "Cannot create pooled(): options must be an object: received 5"],
    [{ name: "" }, 'Cannot create pooled(): name must be a string with text: received ""'],
    [{ name: 1 }, "Cannot create pooled(): name must be a string with text: received 1"],
    [{ pool: "a" }, 'Cannot create pooled(): pool must be an object: received "a"'],
    [{ pool: {} }, "create must be a function: received undefined"],
    [{ pool: { create: () => ({}) } }, "reset must be a function: received undefined"],
    [{ onError: 1 }, "Cannot create pooled(): onError must be a function: received 1"],
  ];
  for (const [options, message] of BAD_OPTIONS) {
    it(message, () => {
      const error = assertThrows(() => pooled(options as PooledOptions), TypeError);
      assert(error.message.includes(message), error.message);
    });
  }
});
