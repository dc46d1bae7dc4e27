import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { contextPool } from "../edge/mod.ts";
import { Pool, type PoolOptions } from "../mod.ts";
import { assertCleanReset } from "../testing/clean_reset.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkStats } from "../testing/oracle.ts";
import { assertGrammar } from "./fixture/thing.ts";

interface Body {
  user: string;
  bytes: Uint8Array;
  used: number;
}

function poolOf(options: Partial<PoolOptions<Body>>): Pool<Body> {
  return new Pool<Body>({
    create: () => ({ user: "", bytes: new Uint8Array(16), used: 0 }),
    reset(body) {
      body.user = "";
      body.bytes.fill(0, 0, body.used);
      body.used = 0;
    },
    host: new FakeHost(),
    ...options,
  });
}

function write(body: Body): void {
  body.user = "ada";
  body.bytes.fill(7, 0, 4);
  body.used = 4;
}

for (const debug of [false, true]) {
  describe(`assertCleanReset() of a pool ${debug ? "in" : "without"} debug`, () => {
    it("assertCleanReset() passes a complete reset, and says how many places it saw", async () => {
      const pool = poolOf({ debug });
      assertEquals(await assertCleanReset(pool, write), 3);
      assertEquals(
        await assertCleanReset(pool, async (body) => {
          await Promise.resolve();
          body.user = "eve";
        }),
        1,
      );
      assertEquals(await assertCleanReset(pool, () => {}), 0);
      assertEquals([pool.stats().created, pool.stats().idle, pool.stats().leased], [1, 1, 0]);
      pool.close();
    });

    it("assertCleanReset() names every path that reset left", async () => {
      const pool = poolOf({ debug, reset: (body) => void (body.used = 0) });
      const error = await assertRejects(() => assertCleanReset(pool, write), Error);
      assertGrammar(error);
      assertEquals(
        error.message,
        "Cannot assert a clean reset: reset must clear what a holder wrote: " +
          "received user (a string of 3), bytes[0] (4 bytes)",
      );
      assertEquals([pool.stats().leased, pool.stats().limbo], [0, 0]);
      checkStats(pool.stats());
      pool.close();
    });

    it("assertCleanReset() lets an error of use pass, and ends the lease", async () => {
      const pool = poolOf({ debug, reset: () => {} });
      const use = (body: Body) => {
        write(body);
        throw new RangeError("mine");
      };
      await assertRejects(() => assertCleanReset(pool, use), RangeError, "mine");
      assertEquals(pool.stats().leased, 0);
      pool.close();
    });

    it("assertCleanReset() asserts nothing of an object that the pool discards", async () => {
      const generations = [{ name: "T0", maxSize: 0, ttlMs: 0 }];
      const pool = poolOf({ debug, generations, dispose: (body) => void (body.user = "") });
      const error = await assertRejects(() => assertCleanReset(pool, () => {}), Error);
      assertGrammar(error);
      pool.close();
    });

    it("assertCleanReset() passes no object of which it sees only a part", async () => {
      const objects: Record<string, () => object> = {
        bytes: () => ({ head: new Uint8Array(2 ** 18), body: new Uint8Array(2 ** 18) }),
        fields: () => ({ items: new Array(10_001).fill(0) }),
        depth: () => Array.from({ length: 10 }).reduce<object>((next) => ({ next }), { last: "" }),
      };
      for (const [name, create] of Object.entries(objects)) {
        const pool = new Pool({ create, reset: () => {}, debug, host: new FakeHost() });
        const error = await assertRejects(() => assertCleanReset(pool, () => {}), Error);
        assertGrammar(error);
        assertEquals(
          error.message,
          "Cannot assert a clean reset: the object must be small enough to be looked at whole: " +
            "received one of which a part was not seen",
          name,
        );
        assertEquals(pool.stats().leased, 0);
        pool.close();
      }
    });

    it("assertCleanReset() passes a request's context, of whose insides it sees nothing", async () => {
      const pool = contextPool({ debug, host: new FakeHost() });
      const places = await assertCleanReset(pool, (context) => {
        context.headers.set("authorization", "secret");
        context.params.set("id", "7");
        context.states.set(3, { user: "ada" });
        context.scratch.write("hello".repeat(4000));
      });
      assertEquals(places, 0);
      pool.with("/", (context) => assert(context.headers.get("authorization") === undefined));
      pool.close();
    });
  });
}
