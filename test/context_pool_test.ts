/** Pools of contexts, and the blocks that these share. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import {
  ContextPool,
  contextPool,
  pooled,
  type PooledEnv,
  type RequestContext,
} from "../edge/mod.ts";
import { BufferPool } from "../src/buffers/mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkBuffers } from "./buffers/_oracle.ts";

const MB = 2 ** 20;
const LARGE = 60_000;

function fill({ scratch }: RequestContext, bytes: number): void {
  scratch.take(bytes).fill(255);
}

describe("ContextPool", () => {
  it("makes its blocks when a context first outgrows what it has", () => {
    const pool = contextPool({ host: new FakeHost() });
    assert(pool instanceof ContextPool);
    pool.with("small", (context) => fill(context, 4096));
    assertEquals(pool.blocks, undefined);
    pool.with("large", (context) => fill(context, 4097));
    assertEquals(pool.blocks?.stats().idle, 1);
    pool.close();
  });

  it("lets contexts share what the large requests among them need", () => {
    const pool = contextPool({ host: new FakeHost() });
    for (let i = 0; i < 50; i++) {
      const leases = Array.from({ length: 20 }, () => pool.lease("any"));
      fill(leases[i % 20]!.value, LARGE);
      for (const lease of leases) lease.release();
    }
    const blocks = pool.blocks!.stats();
    assertEquals([blocks.active, blocks.idleBytes], [0, 65_536]);
    assertEquals(blocks.hitRate, 49 / 50);
    assert(pool.stats().bytes < 20 * 12_000, `${pool.stats().bytes}`);
    checkBuffers(pool.blocks!);
    pool.close();
  });

  it("shows no byte of one request to the next one, however it grew", () => {
    const pool = contextPool({ host: new FakeHost() });
    for (const bytes of [1, 4096, 5000, 16_384, 70_000, 300_000, 1_100_000, 5000, 70_000]) {
      pool.with("write", (context) => {
        fill(context, Math.min(bytes, 3000));
        if (bytes > 3000) fill(context, bytes - 3000);
      });
      pool.with("read", ({ scratch }) => {
        assert(scratch.take(bytes).every((byte) => byte === 0), `${bytes}`);
      });
    }
    pool.close();
  });

  it("keeps no blocks of its own where it is told what its contexts do", () => {
    const buffers = new BufferPool({ host: new FakeHost() });
    const given = contextPool({ host: new FakeHost(), context: { scratch: { pool: buffers } } });
    const kept = contextPool({ host: new FakeHost(), context: { scratch: { keepBytes: MB } } });
    for (const pool of [given, kept]) {
      pool.with("large", (context) => fill(context, LARGE));
      assertEquals(pool.blocks, undefined);
      pool.close();
    }
    assertEquals(buffers.stats().idle, 1);
    buffers.close();
    for (const context of [null, { scratch: null }]) {
      assertThrows(
        () => contextPool({ context: context as never }),
        TypeError,
        "must be an object: received null",
      );
    }
    assertThrows(
      () => contextPool({ context: { scratch: { pool: {} as BufferPool } } }),
      TypeError,
      "pool must be a BufferPool",
    );
  });

  it("answers 503 where its blocks have no room, and serves on", async () => {
    const pool = contextPool({ host: new FakeHost(), memoryLimit: MB });
    const app = new Hono<PooledEnv>();
    app.use(pooled({ pool }));
    const gate = Promise.withResolvers<void>();
    app.get("/:bytes", async (c) => {
      fill(c.var.pooled, Number(c.req.param("bytes")));
      await gate.promise;
      return c.text("served");
    });
    const served = app.request("/130000");
    const refused = await app.request("/130000");
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    await refused.text();
    gate.resolve();
    assertEquals(await (await served).text(), "served");
    assertEquals(await (await app.request("/130000")).text(), "served");
    // What could never fit is not to come back.
    assertEquals((await app.request("/140000")).status, 500);
    assertEquals(pool.stats().leased, 0);
    assert(pool.blocks!.stats().reservedBytes <= MB / 4);
    checkBuffers(pool.blocks!);
    pool.close();
  });

  it("serves who is being served when it closes, and closes its host with all that it had", () => {
    for (const isUsed of [false, true]) {
      const host = new FakeHost();
      const pool = contextPool({ host });
      if (isUsed) pool.with("large", (context) => fill(context, LARGE));
      const early = pool.lease("early");
      if (isUsed) fill(early.value, 5000);
      pool.close();
      pool.close();
      assertEquals(host.closed, 1);
      fill(early.value, LARGE);
      assertEquals(early.value.scratch.view().every((byte) => byte === 255), true);
      early.release();
      const blocks = pool.blocks?.stats();
      assertEquals(blocks === undefined, !isUsed);
      if (blocks !== undefined) {
        assertEquals([blocks.closed, blocks.active, blocks.reservedBytes], [true, 0, 0]);
      }
      assertEquals(pool.stats().leased, 0);
      assertEquals(host.closed, 1);
    }
  });

  it("closes with `using`, and its blocks with it", () => {
    const host = new FakeHost();
    let blocks: BufferPool;
    {
      using pool = contextPool({ host });
      pool.with("large", (context) => fill(context, LARGE));
      blocks = pool.blocks!;
    }
    assertEquals([blocks.stats().closed, host.closed], [true, 1]);
  });

  it("keeps a first buffer of any size, and refuses bad limits at once", () => {
    const pool = contextPool({
      host: new FakeHost(),
      context: { scratch: { initialBytes: 2 ** 21 } },
    });
    assertEquals(pool.with("large", ({ scratch }) => scratch.capacity), 2 ** 21);
    pool.close();
    for (const initialBytes of [-1, NaN, 0.5]) {
      assertThrows(
        () => contextPool({ context: { scratch: { initialBytes } } }),
        RangeError,
        "initialBytes must be an integer",
      );
    }
  });

  it("trim() and tick() reach its blocks", () => {
    const host = new FakeHost();
    const pool = contextPool({ host });
    pool.with("large", (context) => fill(context, LARGE));
    assertEquals(pool.trim("critical"), 1);
    assertEquals(pool.blocks!.stats().reservedBytes, 0);
    const before = pool.blocks!.stats().classes[0]!.pool.ticks;
    pool.tick();
    assertEquals(pool.blocks!.stats().classes[0]!.pool.ticks, before + 1);
    pool.close();
  });

  it("poll() gives blocks back that nobody needs, where there are no timers", () => {
    const host = new FakeHost();
    const pool = contextPool({ host });
    pool.with("large", (context) => fill(context, LARGE));
    assertEquals(pool.blocks!.stats().idle, 1);
    for (let i = 0; i < 600; i++) {
      host.advance(1000);
      for (let j = 0; j < 8; j++) pool.poll();
    }
    assertEquals(pool.blocks!.stats().idle, 0);
    pool.close();
  });
});
