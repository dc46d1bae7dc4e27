import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { BufferPool, type BufferPoolOptions } from "../../src/buffers/mod.ts";
import { FakeHost } from "../../testing/fake_host.ts";
import { assertFilled, checkBuffers, mark } from "./_oracle.ts";

function buffers(options: BufferPoolOptions = {}): BufferPool {
  return new BufferPool({ classes: [256, 1024], host: new FakeHost(), ...options });
}

describe("Block.discard()", () => {
  for (const guard of ["throw", "strict", "report", "off"] as const) {
    for (const zero of ["dirty", "acquire", "never"] as const) {
      it(`leaves the bytes to whoever keeps them, and frees their room (${guard}, ${zero})`, () => {
        const pool = buffers({ guard, zero, maxBytes: 1024 });
        for (const size of [256, 1000, 1024]) {
          const block = pool.acquire(size);
          const { bytes } = block;
          mark(block, 7);
          block.discard();
          checkBuffers(pool);
          assertEquals([pool.stats().active, pool.stats().reservedBytes], [0, 0]);
          const next = pool.acquire(1024);
          mark(next, 9);
          assertEquals(block.bytes, bytes);
          assertFilled(block, 7, "what was given up");
          next.release();
          pool.trim("critical");
        }
        checkBuffers(pool);
      });
    }
  }

  it("takes blocks larger than any class", () => {
    const pool = buffers({ maxBytes: 8192 });
    for (let i = 0; i < 5; i++) pool.acquire(5000).discard();
    checkBuffers(pool);
    assertEquals(pool.stats().reservedBytes, 0);
  });

  it("ends the lease: what comes after is a misuse, which changes nothing", () => {
    const pool = buffers();
    const block = pool.acquire(1);
    block.discard();
    assertThrows(() => block.discard(), Error, "already discarded");
    assertThrows(() => block.release(), Error, "already discarded");
    const other = pool.acquire(1);
    mark(other, 5);
    other.release();
    assertThrows(() => other.discard(), Error, "already released");
    assertEquals(other.bytes.length, 256);
    const again = pool.acquire(1);
    assertFilled(again, 0, "the block that was released");
    again.release();
    checkBuffers(pool);
  });

  it("what is reported only leaves an idle block whole", () => {
    const errors: unknown[] = [];
    const pool = buffers({ guard: "report", onError: (error) => errors.push(error) });
    const block = pool.acquire(1);
    block.release();
    block.discard();
    assertEquals(errors.length, 1);
    assertEquals(pool.acquire(1).bytes.length, 256);
    checkBuffers(pool);
  });

  it("what is reported only shows nobody a block without its bytes", () => {
    const seen: number[] = [];
    let free = () => {};
    const pool = buffers({
      guard: "report",
      onError: () => {
        free();
        seen.push(pool.acquire(1).bytes.length);
      },
    });
    const block = pool.acquire(1);
    block.release();
    block.discard();
    const guard = pool.guard();
    guard.release(block);
    // Of what waits for a guard as well, which the listener may drop.
    free = () => guard.drop();
    block.discard();
    assertEquals(seen, [256, 256]);
    assertEquals(pool.stats().classes[0]!.pool.discarded.invalid, 0);
    checkBuffers(pool);
  });

  it("is refused by a piece of a slab, which stays on lease", () => {
    const pool = buffers({ layout: "slab", chunkBytes: 8192, maxBytes: 2 ** 17 });
    const block = pool.acquire(1);
    assertThrows(
      () => block.discard(),
      TypeError,
      "a buffer of its own: received a piece of a slab",
    );
    assertEquals(pool.stats().active, 1);
    block.release();
    checkBuffers(pool);
  });

  it("after close nothing is left either", () => {
    const pool = buffers();
    const block = pool.acquire(1);
    pool.close();
    block.discard();
    assertEquals([pool.stats().active, pool.stats().reservedBytes], [0, 0]);
  });
});
