/** Scratches that grow into the blocks of a pool. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HTTPException } from "hono/http-exception";
import { type Context, Hono } from "hono";
import { contextPool, pooled, RequestContext, Scratch } from "../edge/mod.ts";
import { BufferPool, type BufferPoolOptions } from "../src/buffers/mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkBuffers } from "./buffers/_oracle.ts";
import { canCollect, collect } from "./fixture/collection.ts";

function buffers(options: BufferPoolOptions = {}): BufferPool {
  return new BufferPool({ classes: [64, 256, 1024], host: new FakeHost(), ...options });
}

function assertIdle(pool: BufferPool): void {
  checkBuffers(pool);
  assertEquals(pool.stats().active, 0);
}

describe("Scratch with a pool", () => {
  it("visits no pool while it stays small, nor after it was large", () => {
    const pool = buffers();
    const scratch = new Scratch({ initialBytes: 16, pool });
    const small = () => {
      scratch.write("0123456789abcdef");
      scratch.reset();
    };
    small();
    assertEquals(pool.stats().allocations, 0);
    scratch.write("x".repeat(17));
    assertEquals([scratch.capacity, pool.stats().active], [64, 1]);
    scratch.reset();
    small();
    assertEquals([scratch.capacity, pool.stats().allocations], [16, 1]);
    assertIdle(pool);
  });

  it("leaves no byte behind, neither in what it keeps nor in what it gives back", () => {
    for (const zero of ["dirty", "acquire"] as const) {
      const pool = buffers({ zero });
      const scratch = new Scratch({ initialBytes: 16, maxBytes: 1000, pool });
      for (const length of [10, 16, 17, 60, 200, 256, 900, 1000]) {
        scratch.write("abc");
        scratch.take(length - 3).fill(255);
        scratch.reset();
        assertEquals(scratch.take(16), new Uint8Array(16));
        scratch.reset();
        for (const size of [64, 256, 1024]) {
          const block = pool.acquire(size);
          assert(block.bytes.every((byte) => byte === 0), `${length} in ${size}`);
          block.used = 0;
          block.release();
        }
      }
      assertIdle(pool);
    }
  });

  it("views from before it grew are nobody else's until the reset", () => {
    const pool = buffers();
    const one = new Scratch({ initialBytes: 16, pool });
    one.write("x".repeat(60));
    const early = one.view();
    one.write("y".repeat(300));
    const others = Array.from({ length: 10 }, () => {
      const other = new Scratch({ initialBytes: 16, pool });
      other.write("z".repeat(60));
      return other;
    });
    early[0] = 33;
    assert(others.every((other) => other.view()[0] === 122));
    assertEquals(new TextDecoder().decode(early.subarray(1)), "x".repeat(59));
    one.reset();
    for (const other of others) other.reset();
    assertIdle(pool);
  });

  it("takes no more than maxBytes of a larger block", () => {
    const pool = buffers();
    const scratch = new Scratch({ initialBytes: 16, maxBytes: 100, pool });
    scratch.write("x".repeat(90));
    assertEquals([scratch.capacity, pool.stats().activeBytes], [100, 256]);
    assertThrows(() => scratch.write("grün grün grün"), RangeError, "at most 100 bytes");
    scratch.write("0123456789");
    assertEquals([scratch.length, scratch.room], [100, 0]);
    scratch.reset();
    assertIdle(pool);
  });

  it("behaves as one without a pool, whatever is done to it (seeded)", () => {
    let seed = 5;
    const random = (most: number) => {
      seed = seed * 1664525 + 1013904223 >>> 0;
      return Math.floor(seed / 2 ** 32 * most);
    };
    const pool = buffers();
    const pairs = Array.from({ length: 4 }, () =>
      [
        new Scratch({ initialBytes: 16, maxBytes: 3000, pool }),
        new Scratch({ initialBytes: 16, maxBytes: 3000 }),
      ] as const);
    const attempt = (use: () => unknown) => {
      try {
        return use();
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (let step = 0; step < 5000; step++) {
      const [ours, plain] = pairs[random(pairs.length)]!;
      const draw = random(10);
      const size = random(random(4) === 0 ? 1500 : 40);
      const text = "aü€😀"[random(4)]!.repeat(size);
      const byte = random(256);
      const use = (scratch: Scratch) => {
        if (draw < 3) return scratch.write(text);
        if (draw < 5) return scratch.write(new Uint8Array(size).fill(byte));
        if (draw < 7) {
          const taken = scratch.take(size);
          assert(taken.every((each) => each === 0));
          return taken.fill(byte);
        }
        if (draw < 8) return scratch.rewind(Math.min(size, scratch.length));
        scratch.reset();
      };
      assertEquals(attempt(() => use(ours)), attempt(() => use(plain)));
      assertEquals(ours.view(), plain.view());
      if (step % 50 === 0) checkBuffers(pool);
    }
    for (const [ours] of pairs) ours.reset();
    assertIdle(pool);
  });

  it("gives back all blocks though one of them was transferred away", () => {
    const pool = buffers();
    const scratch = new Scratch({ initialBytes: 16, pool });
    scratch.write("x".repeat(60));
    scratch.view().buffer.transfer();
    assertThrows(() => scratch.reset(), Error, "attached");
    assertIdle(pool);
    scratch.write("x".repeat(60));
    assertEquals(scratch.view().length, 60);
  });

  it("leaves nothing that is written to a view after it was rewound, in no buffer that it had", () => {
    const pool = buffers();
    const scratch = new Scratch({ initialBytes: 16, pool });
    const first = scratch.take(16);
    scratch.rewind(0);
    first.fill(7);
    const second = scratch.take(200);
    scratch.rewind(0);
    second.fill(7);
    const third = scratch.take(1000);
    scratch.rewind(0);
    third.fill(7);
    scratch.reset();
    assertEquals(scratch.take(16), new Uint8Array(16));
    assertEquals(scratch.take(1000), new Uint8Array(1000));
    scratch.reset();
    for (const byteLength of [200, 1000]) {
      const block = pool.acquire(byteLength);
      assertEquals(block.bytes, new Uint8Array(block.capacity));
      block.release();
    }
  });

  it("keeps what it has from the start, however much that is", () => {
    const scratch = new Scratch({ initialBytes: 2 ** 21, pool: buffers() });
    scratch.write("x");
    scratch.reset();
    assertEquals(scratch.capacity, 2 ** 21);
    assertThrows(
      () => new Scratch({ initialBytes: 2 ** 21, maxBytes: 2 ** 20, pool: buffers() }),
      RangeError,
      "maxBytes",
    );
  });

  it("refuses a pool of slabs, one that zeroes nothing, and keepBytes beside a pool", () => {
    const slab = buffers({ classes: [256], layout: "slab" });
    assertThrows(() => new Scratch({ pool: slab }), TypeError, 'layout of pool must be "separate"');
    assertThrows(
      () => new Scratch({ pool: buffers({ zero: "never" }) }),
      TypeError,
      "zero of pool",
    );
    assertThrows(() => new Scratch({ pool: buffers(), keepBytes: 5000 }), TypeError, "keepBytes");
    assertThrows(() => new Scratch({ pool: {} as never }), TypeError, "a BufferPool");
  });

  it("blocks of a scratch that was forgotten go to nobody, and are not missed", {
    skip: !canCollect,
  }, async () => {
    const pool = buffers();
    let views: Uint8Array[] = [];
    const forget = () => {
      for (let i = 0; i < 50; i++) {
        const scratch = new Scratch({ initialBytes: 16, pool });
        scratch.write("x".repeat(300));
        views.push(scratch.view());
      }
    };
    forget();
    assertEquals(pool.stats().active, 50);
    // A stack that is scanned conservatively may keep one or two.
    for (let turn = 0; turn < 50 && pool.stats().active > 2; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      collect();
    }
    checkBuffers(pool);
    assert(pool.stats().active <= 2, `${pool.stats().active} are still in use`);
    for (let i = 0; i < 100; i++) pool.acquire(300).bytes.fill(9);
    assert(views.every((view) => view.every((byte) => byte === 120)));
    views = [];
  });
});

describe("contexts with a pool of blocks", () => {
  const body = (bytes: number) =>
    new Request("http://localhost/", { method: "POST", body: new Uint8Array(bytes).fill(1) });

  it("a body that breaks off leaves nothing behind", async () => {
    const pool = buffers();
    const context = new RequestContext({ scratch: { initialBytes: 16, pool } });
    let sent = 0;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < 5) controller.enqueue(new Uint8Array(100).fill(7));
        else controller.error(new Error("gone"));
      },
    });
    const request = new Request("http://localhost/", {
      method: "POST",
      body: broken,
      duplex: "half",
    } as RequestInit);
    const error = await assertRejects(() => context.body(request), HTTPException);
    assertEquals((error as HTTPException).status, 400);
    assertEquals(context.scratch.length, 0);
    context.reset();
    assertIdle(pool);
    assert(pool.stats().allocations > 1);
  });

  it("a body that the pool has no room for is told to come back, and one that does fit is read", async () => {
    const pool = buffers({ maxBytes: 1300 });
    const context = new RequestContext({ scratch: { initialBytes: 16, pool } });
    const error = await assertRejects(() => context.body(body(2000)), HTTPException);
    const response = (error as HTTPException).getResponse();
    assertEquals([response.status, response.headers.get("retry-after")], [503, "1"]);
    assertEquals((await context.body(body(1000))).length, 1000);
    context.reset();
    assertIdle(pool);
    const tooLarge = await assertRejects(
      () => context.body(body(11), { maxBytes: 10 }),
      HTTPException,
    );
    assertEquals((tooLarge as HTTPException).status, 413);
  });

  it("a request that lasts too long goes on with its bytes, which nobody else gets", async () => {
    const host = new FakeHost({ timers: true });
    const pool = buffers();
    const contexts = contextPool({ context: { scratch: { initialBytes: 16, pool } }, host });
    const lease = pooled({ pool: contexts, maxHoldMs: 1000, host, onError: () => {} });
    const go = Promise.withResolvers<void>();
    const app = new Hono();
    app.get(
      "/slow",
      lease.around(async (c: Context, { scratch }) => {
        scratch.write("s".repeat(300));
        await go.promise;
        scratch.write("t".repeat(3000));
        return c.body(scratch.view());
      }),
    );
    app.get(
      "/fast",
      lease.around((c: Context, { scratch }) => {
        scratch.take(300).fill(9);
        return c.body(scratch.view());
      }),
    );
    const slow = app.request("/slow");
    host.advance(1251);
    assertEquals(contexts.stats().discarded.expired, 1);
    // Given up at once, without a collection.
    assertIdle(pool);
    for (let i = 0; i < 20; i++) assertEquals((await app.request("/fast")).status, 200);
    go.resolve();
    assertEquals(await (await slow).text(), "s".repeat(300) + "t".repeat(3000));
    assertIdle(pool);
    contexts.close();
  });
});
