import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Context, Hono } from "hono";
import {
  contextPool,
  pooled,
  type PooledEnv,
  type PooledOptions,
  RequestContext,
} from "../edge/mod.ts";
import { inertHost, Pool } from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";

/** A service whose pool has one lease, and whose first request keeps it until a gate opens. */
function busyService(way: "middleware" | "around", options: PooledOptions = {}) {
  const host = new FakeHost({ timers: true });
  const pool = contextPool({ host, maxLeases: 1, maxWaiters: 2 });
  const lease = pooled({ pool, host: inertHost(), ...options });
  const gate = Promise.withResolvers<void>();
  const answer = async (c: Context) => {
    if (c.req.path === "/slow") await gate.promise;
    return c.text("ok");
  };
  const app = new Hono<PooledEnv>();
  app.onError((error, c) => c.text(error.message, 500));
  if (way === "around") app.get("*", lease.around(answer));
  else app.use(lease).get("*", answer);
  const get = async (path: string | Request, signal?: AbortSignal) =>
    await app.request(path, signal === undefined ? {} : { signal });
  return { host, pool, get, open: gate.resolve };
}

/** What a client sees of an answer. */
async function seen(response: Response): Promise<unknown[]> {
  return [response.status, response.headers.get("retry-after"), await response.text()];
}

const OK = [200, null, "ok"];
const OVERLOADED = [
  503,
  "1",
  '{"error":"Cannot answer: requests at once must be fewer: received one too many"}',
];

for (const way of ["middleware", "around"] as const) {
  describe(`pooled() as ${way}, while all leases are in use,`, () => {
    it("answers 503 at once, and is well again afterwards", async () => {
      const { pool, get, open } = busyService(way);
      const slow = get("/slow");
      assertEquals(await seen(await get("/")), OVERLOADED);
      assertEquals([pool.stats().leased, pool.stats().refused], [1, 1]);
      open();
      assertEquals(await seen(await slow), OK);
      assertEquals(await seen(await get("/")), OK);
      assertEquals([pool.stats().leased, pool.stats().created], [0, 1]);
    });

    it("lets as many wait as the pool does, in order, and no more", async () => {
      const { pool, get, open } = busyService(way, { waitMs: 1000 });
      const slow = get("/slow");
      const order: number[] = [];
      const waiting = [1, 2].map(async (i) => {
        const response = await get("/");
        order.push(i);
        return await seen(response);
      });
      await Promise.resolve();
      assertEquals(pool.stats().waiting, 2);
      assertEquals(await seen(await get("/")), OVERLOADED);
      open();
      assertEquals(await seen(await slow), OK);
      assertEquals(await Promise.all(waiting), [OK, OK]);
      assertEquals([order, pool.stats().waiting, pool.stats().leased], [[1, 2], 0, 0]);
    });

    it("answers 503 to who has waited too long", async () => {
      const { host, pool, get, open } = busyService(way, { waitMs: 1000 });
      const slow = get("/slow");
      const late = get("/");
      await Promise.resolve();
      host.advance(1001);
      assertEquals(await seen(await late), OVERLOADED);
      open();
      await slow;
      assertEquals([pool.stats().waiting, pool.stats().leased], [0, 0]);
    });

    it("forgets who goes away while waiting", async () => {
      const { pool, get, open } = busyService(way, { waitMs: 1000 });
      const slow = get("/slow");
      const controller = new AbortController();
      const gone = get("/", controller.signal);
      await Promise.resolve();
      assertEquals(pool.stats().waiting, 1);
      controller.abort();
      assertEquals((await gone).status, 503);
      assertEquals(pool.stats().waiting, 0);
      open();
      await slow;
      assertEquals([pool.stats().idle, pool.stats().leased], [1, 0]);
    });

    it("loses no other error to who went away meanwhile", async () => {
      const controller = new AbortController();
      const signals: AbortSignal[] = [];
      let made = 0;
      const pool = new Pool<RequestContext>({
        create: () => {
          if (++made === 1) return new RequestContext();
          controller.abort();
          assertEquals(signals.map(({ aborted }) => aborted), [true]);
          throw new Error("as asked");
        },
        reset: () => {
          throw new Error("not this one again");
        },
        host: new FakeHost({ timers: true }),
        maxLeases: 1,
        onError: () => {},
      });
      const { get, open } = busyService(way, { pool, waitMs: 1000, onError: () => {} });
      const slow = get("/slow");
      const request = new Request("http://localhost/", { signal: controller.signal });
      signals.push(request.signal);
      const gone = get(request);
      await Promise.resolve();
      open();
      await slow;
      const response = await gone;
      assertEquals([response.status, made], [500, 2]);
      assertStringIncludes(
        await response.text(),
        "create must not throw: received Error: as asked",
      );
    });

    it("answers any other error as before", async () => {
      const { pool, get } = busyService(way, { waitMs: 1000 });
      pool.close();
      assertEquals((await get("/")).status, 500);
    });
  });
}

describe("pooled() refuses", () => {
  for (const name of ["waitMs", "maxHoldMs"] as const) {
    for (
      const [value, shown] of [[-1, "-1"], [NaN, "NaN"], ["1", '"1"'], [2 ** 31, "2147483648"]]
    ) {
      it(`${name} of ${shown}`, () => {
        const error = assertThrows(() => pooled({ [name]: value as number }), RangeError);
        assertEquals(
          error.message,
          `Cannot create pooled(): ${name} must be a number from 0 to 2147483647: received ${shown}`,
        );
      });
    }
  }

  it("a host that tells no time", () => {
    const error = assertThrows(() => pooled({ host: {} as never }), TypeError);
    assertEquals(
      error.message,
      "Cannot create pooled(): host must have now() and defer(): received an object",
    );
  });
});

describe("Retry-After", () => {
  it("is when the pool may create again, in whole seconds", async () => {
    const host = new FakeHost();
    const pool = contextPool({ host, maxCreatesPerSecond: 0.25 });
    const app = new Hono<PooledEnv>();
    const gate = Promise.withResolvers<void>();
    app.get("/", pooled({ pool, host: inertHost() }), async (c) => {
      await gate.promise;
      return c.text("ok");
    });
    const first = app.request("/");
    const second = await app.request("/");
    assertEquals([second.status, second.headers.get("retry-after")], [503, "4"]);
    gate.resolve();
    assertEquals((await first).status, 200);
  });
});
