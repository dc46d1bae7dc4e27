/**
 * Memory that lay idle while somebody who had kept a view transferred it away: the pool finds out, says
 * so, and nobody is handed it.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { fixedScheduler, type PoolError, type Sample } from "../../mod.ts";
import { BufferPool, type BufferPoolOptions } from "../../src/buffers/mod.ts";
import { FakeHost } from "../../testing/fake_host.ts";
import { failsWith } from "../fixture/thing.ts";
import { assertFilled, checkBuffers } from "./_oracle.ts";

const CHUNK = 8192;

function buffers(options: BufferPoolOptions = {}) {
  const errors: PoolError[] = [];
  const pool = new BufferPool({
    classes: [1024],
    chunkBytes: CHUNK,
    maxBytes: 8 * CHUNK,
    scheduler: fixedScheduler,
    host: new FakeHost(),
    onError: (error) => errors.push(error as PoolError),
    ...options,
  });
  return { pool, errors };
}

/** Takes the memory of a view away from all that share it. */
function transferAway({ buffer }: Uint8Array<ArrayBuffer>): void {
  structuredClone(buffer, { transfer: [buffer] });
}

for (const layout of ["separate", "slab"] as const) {
  for (const zero of ["dirty", "acquire", "never"] as const) {
    describe(`BufferPool whose idle memory is transferred away, ${layout}, ${zero}`, () => {
      for (const tag of ["a", "b"]) {
        it(`BufferPool.acquire() takes other memory, under tag ${tag}`, () => {
          const { pool, errors } = buffers({ layout, zero });
          const blocks = [pool.acquire(1024, "a"), pool.acquire(1024, "a")];
          const kept = blocks.map(({ bytes }) => bytes);
          for (const block of blocks) block.release();
          transferAway(kept[1]!);
          const next = pool.acquire(1024, tag);
          // Of the slab all is lost.
          assertEquals(next === blocks[0], layout === "separate");
          assertFilled(next, 0, "what was taken instead");
          assertEquals(next.bytes.length, 1024);
          // Of the slab the chunk is told as well.
          const told = layout === "separate" ? ["reset"] : ["reset", "reset"];
          assertEquals(errors.map(({ code }) => code), told);
          checkBuffers(pool);
          const { discarded, leased, live } = pool.stats().classes[0]!.pool;
          assertEquals([leased, live], [1, 1]);
          assertEquals([discarded.invalid, discarded.error], [1, 0]);
          next.release();
          pool.close();
          assertEquals([pool.stats().active, pool.stats().reservedBytes], [0, 0]);
        });

        it(`BufferPool.withBuffer() runs with other memory, once, under tag ${tag}`, () => {
          const { pool, errors } = buffers({ layout, zero });
          const block = pool.acquire(1024, "a");
          const { bytes } = block;
          block.release();
          transferAway(bytes);
          const seen: number[] = [];
          pool.withBuffer(1024, ({ bytes }) => void seen.push(bytes.length), tag);
          assertEquals(seen, [1024]);
          assertEquals(errors[0]?.code, "reset");
          assertEquals(pool.stats().active, 0);
          checkBuffers(pool);
          pool.close();
          assertEquals(pool.stats().reservedBytes, 0);
        });
      }

      it("BufferPool gives up what was lost, and its room", () => {
        const { pool } = buffers({ layout, zero });
        const [first, second] = [pool.acquire(1024), pool.acquire(1024)];
        second.release();
        transferAway(first.bytes);
        if (layout === "separate") transferAway(second.bytes);
        failsWith("reset", () => first.release());
        checkBuffers(pool);
        pool.close();
        assertEquals([pool.stats().active, pool.stats().reservedBytes], [0, 0]);
        checkBuffers(pool);
      });
    });
  }
}

describe("BufferPool whose chunk is transferred away", () => {
  for (const way of ["acquire", "withBuffer"] as const) {
    it(`BufferPool.${way}() gives up all that was lost with it, and tells it once`, () => {
      const chunkBytes = 2 ** 20;
      const { pool, errors } = buffers({
        layout: "slab",
        classes: [64, 1024],
        chunkBytes,
        maxBytes: 8 * chunkBytes,
      });
      const blocks = Array.from(
        { length: 12_000 },
        (_, i) => pool.acquire(i % 99 < 98 ? 64 : 1024),
      );
      const { bytes } = blocks[0]!;
      assertEquals(pool.stats().chunks!.used, 1);
      for (const block of blocks) block.release();
      transferAway(bytes);
      if (way === "acquire") assertEquals(pool.acquire(64).bytes.length, 64);
      else assertEquals(pool.withBuffer(64, ({ bytes }) => bytes.length), 64);
      assertEquals(errors.map(({ code }) => code), ["reset", "reset"]);
      assertEquals(pool.stats().reservedBytes, chunkBytes);
      checkBuffers(pool);
      pool.close();
    });
  }

  it("BufferPool carves from another one, and the room of the lost one is free", () => {
    // Blocks go at once, chunks stay.
    const scheduler = () => ({
      name: "chunks only",
      decide: ({ unitBytes }: Sample) => ({ bypass: unitBytes !== CHUNK }),
    });
    const { pool, errors } = buffers({ layout: "slab", scheduler });
    pool.tick();
    const block = pool.acquire(1024);
    const { bytes } = block;
    block.release();
    assertEquals([pool.stats().idle, pool.stats().chunks!.idle], [0, 1]);
    transferAway(bytes);
    const next = pool.acquire(1024);
    assertFilled(next, 0, "of the other chunk");
    assertEquals(next.bytes.length, 1024);
    assertEquals(pool.stats().reservedBytes, CHUNK);
    assertEquals(errors.map(({ code }) => code), ["reset"]);
    checkBuffers(pool);
    next.release();
    pool.close();
    assertEquals(pool.stats().reservedBytes, 0);
  });
});
