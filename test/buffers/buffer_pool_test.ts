import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { Random } from "../../bench/runner/random.ts";
import { adaptiveScheduler, type Adjustment, fixedScheduler, PoolError } from "../../mod.ts";
import {
  type Block,
  BufferPool,
  type BufferPoolOptions,
  type BufferPoolStats,
} from "../../src/buffers/mod.ts";
import { FakeHost } from "../../testing/fake_host.ts";
import { assertGrammar, failsWith } from "../fixture/thing.ts";
import { assertFilled, checkBuffers, mark } from "./_oracle.ts";

const KB = 1024;
const MB = KB * KB;

/** A pool that retains up to its ceilings, on a host that the test moves. */
function bufferPool(options: BufferPoolOptions = {}) {
  const host = new FakeHost();
  const errors: Error[] = [];
  const pool = new BufferPool({
    maxBytes: 8 * MB,
    scheduler: fixedScheduler,
    onError: (error) => void errors.push(error),
    host,
    ...options,
  });
  return { pool, host, errors };
}

const LAYOUTS = ["separate", "slab"] as const;

/** What takes tags off the shelf that all others share. */
const SCATTERED: readonly (readonly [string, Adjustment])[] = [
  ["where nothing is retained under it", { bypass: ["a"] }],
  ["where they lie on another tag's shelf", { shelves: new Map([["b", {}]]) }],
];

for (const layout of LAYOUTS) {
  describe(`BufferPool, ${layout}`, () => {
    const CAPACITIES: readonly (readonly [number, number])[] = [
      [0, 256],
      [1, 256],
      [255, 256],
      [256, 256],
      [257, 1024],
      [1023, 1024],
      [1024, 1024],
      [1025, 4096],
      [4096, 4096],
      [4097, 16_384],
      [16_384, 16_384],
      [16_385, 65_536],
      [65_535, 65_536],
      [65_536, 65_536],
      [65_537, 65_537],
      [1_000_000, 1_000_000],
    ];
    for (const [bytes, capacity] of CAPACITIES) {
      it(`BufferPool.acquire(${bytes}) hands out ${capacity} bytes, all zero`, () => {
        const { pool } = bufferPool({ layout });
        const block = pool.acquire(bytes);
        assertEquals([block.capacity, block.bytes.length], [capacity, capacity]);
        assertFilled(block, 0, "new");
        checkBuffers(pool);
        block.release();
        checkBuffers(pool);
        const { active, allocations, deallocations, unpooled } = pool.stats();
        assertEquals([active, allocations, deallocations], [0, 1, 1]);
        assertEquals(unpooled.allocations, capacity > 65_536 ? 1 : 0);
        pool.close();
      });
    }

    it("BufferPool.acquire() refuses what is no number of bytes", () => {
      const { pool } = bufferPool({ layout });
      for (const bytes of [NaN, -1, -(2 ** 31), 0.5, 300.5, Infinity, -Infinity, 2 ** 60, 1e300]) {
        const error = assertThrows(() => pool.acquire(bytes), RangeError);
        assertGrammar(error);
      }
      for (const bytes of ["1", null, undefined, {}, true]) {
        assertGrammar(assertThrows(() => pool.acquire(bytes as number), RangeError));
      }
      assertEquals(pool.stats().allocations, 0);
      pool.close();
    });

    it("BufferPool.acquire() refuses a bad tag", () => {
      const { pool } = bufferPool({ layout });
      for (const tag of ["", "x".repeat(257), 7]) {
        assertGrammar(assertThrows(() => pool.acquire(1, tag as string), TypeError));
      }
      pool.close();
    });

    it("BufferPool hands the same block and view out again", () => {
      const { pool } = bufferPool({ layout });
      const block = pool.acquire(1000);
      const { bytes } = block;
      block.release();
      const again = pool.acquire(300);
      assert(again === block && again.bytes === bytes);
      const other = pool.acquire(300);
      assertNotStrictEquals(other, again);
      assertEquals(pool.stats().hitRate, 1 / 3);
      pool.close();
    });

    it("Blocks never overlap, whatever is acquired and released", () => {
      const { pool, host } = bufferPool({
        layout,
        maxBytes: 256 * KB,
        classes: [64, 100, 5000, 9000],
      });
      const random = new Random(`overlap ${layout}`);
      const held: { block: Block; value: number }[] = [];
      let refused = 0;
      for (let i = 0; i < 6000; i++) {
        if (random.next() < (i % 1500 < 750 ? 0.7 : 0.3)) {
          const bytes = Math.floor(random.logUniform(1, random.next() < 0.02 ? 300_000 : 9001));
          let block: Block;
          try {
            block = pool.acquire(bytes, random.next() < 0.3 ? "tagged" : undefined);
          } catch (error) {
            assert(error instanceof PoolError && error.code === "budget", String(error));
            refused++;
            continue;
          }
          assertFilled(block, 0, "handed out");
          const value = 1 + random.below(255);
          mark(block, value);
          held.push({ block, value });
        } else if (held.length > 0) {
          const [{ block, value }] = held.splice(random.below(held.length), 1) as [typeof held[0]];
          assertFilled(block, value, "held");
          block.release();
        }
        if (i % 97 === 0) host.time += 600;
        if (i % 500 === 0) {
          pool.tick();
          checkBuffers(pool, true);
        } else if (i % 25 === 0) checkBuffers(pool);
      }
      assert(refused > 0, "the budget was never spent");
      for (const { block } of held) block.release();
      checkBuffers(pool);
      pool.close();
      assertEquals(pool.stats().reservedBytes, 0);
    });

    for (const zero of ["dirty", "acquire"] as const) {
      it(`No byte of a former holder shows, zero: ${zero}`, () => {
        const { pool, host } = bufferPool({ layout, zero, maxBytes: 4 * MB });
        const random = new Random(`zero ${layout} ${zero}`);
        let held: Block[] = [];
        for (let i = 0; i < 3000; i++) {
          if (random.next() < 0.5 && held.length < 40) {
            const block = pool.acquire(random.below(20_000), random.next() < 0.5 ? "a" : undefined);
            assertFilled(block, 0, "handed out");
            // Declares nothing, or marks that rise and fall, and writes up to the largest.
            let most = block.capacity;
            if (random.next() < 0.7) {
              most = 0;
              for (let j = random.below(4); j >= 0; j--) {
                const used = random.below(block.capacity + 1);
                block.used = used;
                assertEquals(block.used, used);
                most = Math.max(most, used);
              }
            }
            block.bytes.fill(1 + random.below(255), 0, most);
            held.push(block);
          } else if (held.length > 0) {
            held.splice(random.below(held.length), 1)[0]!.release();
          }
          if (random.next() < 0.01) pool.trim("high");
          if (random.next() < 0.01) host.time += 1000;
        }
        for (const block of held) block.release();
        held = [];
        pool.trim("critical");
        pool.tick();
        for (let i = 0; i < 40; i++) assertFilled(pool.acquire(16_000), 0, "after all went");
        pool.close();
      });
    }

    it("BufferPool zeroes nothing where it is told never to", () => {
      const { pool } = bufferPool({ layout, zero: "never" });
      const block = pool.acquire(256);
      mark(block, 7);
      block.used = 0;
      block.release();
      assertFilled(pool.acquire(256), 7, "again");
      pool.close();
    });

    it("BufferPool is exhausted at maxBytes, says so, and recovers", () => {
      const { pool } = bufferPool({ layout, maxBytes: 1 * MB });
      const blocks: Block[] = [];
      const error = failsWith("budget", () => {
        for (;;) blocks.push(pool.acquire(65_536));
      });
      assert(error.message.includes("65536"), error.message);
      assertEquals(blocks.length, 16);
      checkBuffers(pool);
      failsWith("budget", () => pool.acquire(200_000));
      blocks.pop()!.release();
      blocks.push(pool.acquire(65_536));
      // What lies idle in one class makes room for another, as much as is needed.
      blocks.pop()!.release();
      blocks.pop()!.release();
      const small = Array.from({ length: 4 }, () => pool.acquire(16_384));
      checkBuffers(pool);
      const large = pool.acquire(65_536);
      checkBuffers(pool);
      failsWith("budget", () => pool.acquire(16_384));
      for (const block of [...small, large, ...blocks]) block.release();
      checkBuffers(pool);
      assertEquals(pool.stats().active, 0);
      const { capacity } = pool.acquire(1 * MB);
      assertEquals(capacity, 1 * MB, "all that was idle made room");
      checkBuffers(pool);
      pool.close();
    });

    for (const [what, adjustment] of SCATTERED) {
      it(`BufferPool makes room for a tag out of what lies idle of its own class, ${what}`, () => {
        const { pool } = bufferPool({
          layout,
          classes: [256],
          chunkBytes: 8 * KB,
          maxBytes: 64 * KB,
          scheduler: () => ({ name: "scattering", decide: () => adjustment }),
        });
        for (const tag of ["a", "b"]) pool.acquire(256, tag).release();
        pool.tick();
        const held = Array.from({ length: 256 }, () => pool.acquire(256, "b"));
        failsWith("budget", () => pool.acquire(256, "a"));
        for (const block of held.splice(0, 8)) block.release();
        assertEquals(pool.prewarm(256, 20), 0, "ahead of demand nothing makes room");
        assertEquals([pool.stats().idle, pool.stats().reservedBytes], [8, 64 * KB]);
        assertFilled(pool.acquire(256, "a"), 0, "made");
        assertEquals(pool.stats().active, held.length + 1);
        checkBuffers(pool);
        pool.close();
      });
    }

    it("What is made to be measured takes nobody's place", () => {
      const { pool } = bufferPool({
        layout,
        classes: [8192],
        chunkBytes: 8192,
        maxBytes: 64 * KB,
        scheduler: () => ({ name: "probing", decide: () => ({ probe: true, bypass: ["a"] }) }),
      });
      pool.acquire(8192, "a").release();
      const held = Array.from({ length: 8 }, () => pool.acquire(8192));
      for (const block of held) block.release();
      for (let i = 0; i < 20; i++) {
        pool.tick();
        // The first lease after a tick is timed, and the probe comes with it.
        for (let j = 0; j < 200; j++) pool.acquire(8192).release();
        assertEquals(pool.stats().idle, 8);
        checkBuffers(pool);
      }
      pool.close();
    });

    it("A request that can never be served costs nobody anything", () => {
      const { pool } = bufferPool({ layout, maxBytes: 1 * MB });
      pool.prewarm(4096, 20);
      failsWith("budget", () => pool.acquire(1 * MB + 1));
      const block = pool.acquire(900_000 - 64 * KB * 4);
      failsWith("budget", () => pool.acquire(900_000));
      // What could be served took the place of some of them; what could not, of none.
      assert(pool.stats().idle >= 8, `${pool.stats().idle}`);
      block.release();
      pool.close();
    });

    it("BufferPool.prewarm() makes 50, and takes nobody's place", () => {
      const { pool } = bufferPool({ layout, maxBytes: 1 * MB });
      assertEquals(pool.prewarm(100), 50);
      assertEquals(pool.prewarm(100, 3), 3);
      assertEquals(pool.prewarm(1e6), 0);
      checkBuffers(pool);
      const { idle } = pool.stats();
      const made = pool.prewarm(65_536, 1000);
      assert(made > 0 && made < 16, `${made}`);
      assertEquals(pool.stats().idle, idle + made);
      checkBuffers(pool);
      assertThrows(() => pool.prewarm(-1), RangeError);
      assertThrows(() => pool.prewarm(1, 0.5), RangeError);
      pool.close();
      failsWith("closed", () => pool.prewarm(1));
    });

    it("BufferPool.withBuffer() takes the block back when its function ends", async () => {
      const { pool } = bufferPool({ layout });
      let kept: Block | undefined;
      const result = pool.withBuffer(300, (block) => {
        kept = block;
        block.bytes[0] = 1;
        failsWith("leased", () => block.release());
        return 7;
      });
      assertEquals(result, 7);
      failsWith("double", () => kept!.release());
      assertThrows(() =>
        pool.withBuffer(300, () => {
          throw new SyntaxError();
        }), SyntaxError);
      const pending = pool.withBuffer(300, async (block) => {
        await Promise.resolve();
        block.bytes[0] = 1;
        return block.capacity;
      }, "tag");
      assertEquals(pool.stats().active, 1);
      assertEquals(await pending, 1024);
      await assertRejects(
        () => pool.withBuffer(1e6, () => Promise.reject(new SyntaxError())),
        SyntaxError,
      );
      assertEquals(pool.tag("x").withBuffer(1e6, ({ capacity }) => capacity), 1e6);
      assertThrows(() => pool.withBuffer(1, 7 as unknown as () => void), TypeError);
      assertEquals(pool.stats().active, 0);
      checkBuffers(pool);
      pool.close();
    });

    it("Unpooled requests within one another get what each asked for", () => {
      const { pool, host } = bufferPool({ layout });
      const sizes = pool.withBuffer(100_000, (outer) => {
        const inner = pool.acquire(200_000);
        const { capacity } = inner;
        inner.release();
        return [outer.capacity, capacity];
      });
      assertEquals(sizes, [100_000, 200_000]);
      let nested: Block | undefined;
      host.now = () => {
        if (nested === undefined) {
          nested = {} as Block;
          nested = pool.acquire(70_000);
        }
        return host.time;
      };
      for (let i = 0; i < 300; i++) {
        const block = pool.acquire(300_000);
        assertEquals(block.capacity, 300_000);
        block.release();
      }
      assertEquals(nested?.capacity, 70_000);
      pool.close();
    });

    it("A block can be released once, and by its pool only", () => {
      const { pool } = bufferPool({ layout });
      const other = bufferPool({ layout }).pool;
      for (const bytes of [10, 1e6]) {
        const block = pool.acquire(bytes);
        failsWith("foreign", () => other.release(block));
        pool.release(block);
        failsWith("double", () => pool.release(block));
        failsWith("double", () => block.release());
        failsWith("double", () => block[Symbol.dispose]());
      }
      const tagged = pool.acquire(10, "tag");
      tagged.release();
      failsWith("double", () => tagged.release());
      for (const block of [{}, null, undefined, 7, { ...tagged }, new Uint8Array(9)]) {
        failsWith("foreign", () => pool.release(block as Block));
      }
      checkBuffers(pool);
      pool.close();
      other.close();
    });

    it("A block that was transferred away is told and lost", () => {
      const { pool } = bufferPool({ layout, maxBytes: 16 * MB });
      const block = pool.acquire(65_536);
      structuredClone(block.bytes.buffer, { transfer: [block.bytes.buffer] });
      const error = failsWith("reset", () => block.release());
      assertGrammar(error.cause as Error);
      checkBuffers(pool);
      const next = pool.acquire(65_536);
      assertEquals(next.bytes.length, 65_536);
      next.release();
      pool.close();
      assertEquals(pool.stats().reservedBytes, 0);
    });

    it("Block.used refuses what it cannot be", () => {
      const { pool } = bufferPool({ layout });
      const block = pool.acquire(256);
      assertEquals(block.used, 256);
      for (const used of [-1, 257, 0.5, NaN, Infinity, 2 ** 32, 2 ** 32 + 1, "1", null]) {
        assertGrammar(assertThrows(() => void (block.used = used as number), RangeError));
      }
      for (const used of [0, 256, 3]) {
        block.used = used;
        assertEquals(block.used, used);
      }
      block.release();
      assertEquals(pool.acquire(256).used, 256);
      pool.close();
    });

    for (const zero of ["dirty", "acquire"] as const) {
      it(`Block.used says nothing of a block that was given back, zero: ${zero}`, () => {
        const { pool } = bufferPool({ layout, zero });
        const former = pool.acquire(256);
        former.release();
        const error = failsWith("released", () => void (former.used = 0));
        assertGrammar(error);
        assertEquals(pool.stats().classes[0]!.pool.misuses, 1);
        const next = pool.acquire(256, "next");
        assert(next === former);
        assertEquals(next.used, 256);
        mark(next, 7);
        next.release();
        assertFilled(pool.acquire(256), 0, "the holder after the next one");
        pool.withBuffer(256, (block) => void (block.used = 9));
        const guard = pool.guard();
        const waiting = pool.acquire(256);
        guard.release(waiting);
        waiting.used = 9;
        guard.drop();
        checkBuffers(pool);
        pool.close();
      });
    }

    it("A guard keeps blocks as they are until it drops", () => {
      const { pool } = bufferPool({ layout });
      const guard = pool.guard();
      const blocks = [10, 5000, 1e5].map((bytes) => pool.acquire(bytes));
      for (const block of blocks) {
        mark(block, 9);
        guard.release(block);
        assertFilled(block, 9, "in limbo");
      }
      assertEquals(guard.size, 3);
      failsWith("leased", () => blocks[0]!.release());
      assertNotStrictEquals(pool.acquire(10), blocks[0]);
      checkBuffers(pool);
      guard.drop();
      assertFilled(blocks[0]!, 0, "dropped");
      assertEquals(pool.stats().active, 1);
      failsWith("stale", () => guard.release(pool.acquire(10)));
      checkBuffers(pool);
      pool.close();
    });

    it("A guard that drops throws what fails first, and tells the rest", () => {
      const { pool, errors } = bufferPool({ layout });
      const guard = pool.guard();
      // Beyond the largest class, so that each has a buffer of its own, and of a class.
      const blocks = [10, 4 * MB, 2 * MB].map((bytes) => pool.acquire(bytes));
      for (const block of blocks) guard.release(block);
      for (const { bytes: { buffer } } of blocks) structuredClone(buffer, { transfer: [buffer] });
      failsWith("reset", () => guard.drop());
      const isReset = (error: Error) => error instanceof PoolError && error.code === "reset";
      assertEquals(errors.filter(isReset).length, layout === "separate" ? 2 : 3);
      checkBuffers(pool);
      pool.close();
    });

    it("A guard of a closed pool still takes blocks, and drops into nothing", () => {
      const { pool } = bufferPool({ layout });
      const guard = pool.guard();
      const blocks = [10, 5000, 1e5].map((bytes) => pool.acquire(bytes));
      guard.release(blocks[0]!);
      pool.close();
      for (const block of blocks.slice(1)) guard.release(block);
      assertEquals([guard.size, pool.stats().active], [3, 3]);
      checkBuffers(pool);
      guard.drop();
      assertEquals([pool.stats().active, pool.stats().reservedBytes], [0, 0]);
      failsWith("double", () => blocks[1]!.release());
      checkBuffers(pool);
    });

    it("BufferPool.close() hands out no more and takes everything back", () => {
      const { pool, host } = bufferPool({ layout });
      const blocks = [1, 5000, 1e6].map((bytes) => pool.acquire(bytes));
      pool.acquire(300).release();
      pool.close();
      pool.close();
      for (const bytes of [1, 1e6]) failsWith("closed", () => pool.acquire(bytes));
      for (const block of blocks) block.release();
      const { closed, reservedBytes } = pool.stats();
      assertEquals([closed, reservedBytes], [true, 0]);
      assertEquals(host.closed, 1, "the host is closed once");
      checkBuffers(pool);
    });

    it("Idle blocks go by their generations, and their chunks after them", () => {
      const { pool, host } = bufferPool({ layout, scheduler: adaptiveScheduler });
      const blocks = Array.from({ length: 40 }, () => pool.acquire(16_384));
      for (const block of blocks) block.release();
      assertEquals(pool.stats().idle, 40);
      const wasIdle: number[] = [];
      for (let i = 0; i < 400; i++) {
        host.time += 1000;
        pool.poll();
        checkBuffers(pool);
        wasIdle.push(pool.stats().reservedBytes);
      }
      assertEquals(wasIdle.at(-1), 0, "nothing is held for nobody");
      if (layout === "slab") {
        const emptied = pool.stats();
        assert(emptied.chunks!.pool.created > 0);
      }
      pool.close();
    });

    it("BufferPool.trim() gives bytes back", () => {
      const { pool } = bufferPool({ layout });
      for (const block of [10, 3000, 60_000].map((bytes) => pool.acquire(bytes))) block.release();
      const { reservedBytes } = pool.stats();
      assertEquals(pool.trim("critical"), reservedBytes);
      assertEquals(pool.stats().reservedBytes, 0);
      assertThrows(() => pool.trim("some" as "none"), TypeError);
      pool.close();
    });

    it("BufferPool learns a class where sizes sit badly", () => {
      const { pool } = bufferPool({ layout });
      for (let i = 0; i < 100_000; i++) pool.acquire(8192, "body").release();
      const { classes, waste } = pool.stats();
      assertEquals(classes.filter(({ learned }) => learned).map(({ capacity }) => capacity), [
        8192,
      ]);
      assertEquals(classes.map(({ capacity }) => capacity), [
        256,
        1024,
        4096,
        8192,
        16_384,
        65_536,
      ]);
      const bad = classes.find(({ capacity }) => capacity === 16_384)!;
      const good = classes.find(({ capacity }) => capacity === 8192)!;
      assertEquals([bad.waste, good.waste], [0.5, 0]);
      assert(waste! > 0 && waste! < 0.5, `${waste}`);
      assertEquals(pool.acquire(8192, "body").capacity, 8192);
      assertEquals(pool.acquire(8193).capacity, 16_384);
      checkBuffers(pool);
      pool.close();
    });

    it("BufferPool serves on where a class that it learns cannot be made, and tells onError", () => {
      const failure = new Error("no scheduler");
      let failing: Error | undefined;
      const scheduler = () => {
        const thrown = failing;
        failing = undefined;
        if (thrown !== undefined) throw thrown;
        return fixedScheduler();
      };
      const failures: unknown[] = [];
      const onError = (error: unknown) => void failures.push(error);
      const { pool } = bufferPool({ layout, scheduler, onError });
      failing = failure;
      for (let i = 0; i < 100_000; i++) pool.acquire(8192).release();
      assertEquals(failures, [failure]);
      assertEquals(pool.stats().classes.filter(({ learned }) => learned).length, 1);
      checkBuffers(pool);
      pool.close();
    });

    it("BufferPool never has more than 16 classes, whatever is asked for", () => {
      const { pool } = bufferPool({ layout });
      for (let i = 0; i < 40; i++) {
        const bytes = 100 + 1500 * i;
        for (let j = 0; j < 10_000; j++) {
          pool.acquire(bytes).release();
          // Of each tick only a sample is learnt from.
          if (j % 1000 === 0) pool.tick();
        }
      }
      const { classes } = pool.stats();
      // Slabs take no class that sits badly in a run.
      if (layout === "separate") assertEquals(classes.length, 16);
      else assert(classes.length > 5 && classes.length <= 16, `${classes.length}`);
      assertEquals(
        classes.map(({ capacity }) => capacity).toSorted((a, b) => a - b),
        classes.map(({ capacity }) => capacity),
      );
      checkBuffers(pool);
      pool.close();
    });

    it("Tags past the cap share one", () => {
      const { pool } = bufferPool({ layout });
      for (let i = 0; i < 1000; i++) pool.acquire(10, `tag ${i}`).release();
      assertEquals(pool.tag("tag 1"), pool.tag("tag 1"));
      assertEquals(pool.tag("tag 998"), pool.tag("tag 999"));
      assertEquals(pool.tag("tag 999").name, "(other)");
      assert(pool.stats().classes[0]!.pool.tags.length <= 258);
      pool.close();
    });

    it("With guard: report, misuses are told and nothing is handed out twice", () => {
      const { pool, errors } = bufferPool({ layout, guard: "report" });
      const block = pool.acquire(10);
      block.release();
      block.release();
      pool.release({} as Block);
      assertEquals(errors.map((error) => (error as PoolError).code), ["double", "foreign"]);
      assertNotStrictEquals(pool.acquire(10), pool.acquire(10));
      pool.close();
    });
  });
}

describe("BufferPool", () => {
  it("BufferPool in strict guard detaches what anybody kept", () => {
    for (const zero of ["dirty", "acquire", "never"] as const) {
      const { pool } = bufferPool({ guard: "strict", zero });
      const block = pool.acquire(256);
      const { bytes } = block;
      const part = bytes.subarray(10, 20);
      mark(block, 5);
      block.release();
      assertEquals([bytes.length, part.length, block.bytes.length], [0, 0, 0]);
      failsWith("double", () => block.release());
      const again = pool.acquire(256, "other");
      assert(again === block);
      assertEquals([bytes.length, again.bytes.length], [0, 256]);
      assertFilled(again, zero === "never" ? 5 : 0, "again");
      again.release();
      assertEquals(pool.withBuffer(256, ({ bytes }) => bytes.length), 256);
      const large = pool.acquire(1e6);
      const kept = large.bytes;
      large.release();
      assertEquals(kept.length, 0);
      checkBuffers(pool);
      pool.trim("critical");
      assertEquals(pool.stats().reservedBytes, 0);
      pool.close();
    }
  });

  it("Slabs share chunks, and a chunk whose last block went lies idle", () => {
    const { pool } = bufferPool({ layout: "slab", maxBytes: 2 * MB, chunkBytes: 256 * KB });
    const blocks = Array.from({ length: 32 }, () => pool.acquire(256));
    assertEquals(new Set(blocks.map(({ bytes }) => bytes.buffer)).size, 1);
    assertEquals(pool.stats().chunks!.runs, 1);
    const one = pool.acquire(256);
    assertEquals(pool.stats().chunks!.runs, 2);
    assertEquals(pool.stats().reservedBytes, 256 * KB);
    for (const block of [...blocks, one]) block.release();
    // All idle at first; then only the chunk.
    assertEquals(pool.stats().chunks!.used, 1);
    pool.stats();
    while (pool.stats().idle > 0) pool.trim("critical");
    const { chunks } = pool.stats();
    assertEquals([chunks!.used, chunks!.runs], [0, 0]);
    pool.close();
  });

  const SIZED: readonly (readonly [Partial<BufferPoolOptions>, number])[] = [
    [{ memoryLimit: 512 * MB, maxBytes: 128 * MB }, 16 * MB],
    [{ memoryLimit: 1024 * MB, maxBytes: 64 * MB }, 8 * MB],
    [{ memoryLimit: 128 * MB }, 256 * KB],
    [{ memoryLimit: 4 * MB }, 128 * KB],
    [{ memoryLimit: 512 * MB, maxBytes: 1 * MB }, 128 * KB],
  ];
  for (const [options, chunkBytes] of SIZED) {
    it(`BufferPool with ${JSON.stringify(options)} carves chunks of ${chunkBytes}`, () => {
      const { pool } = bufferPool(
        { layout: "slab", maxBytes: undefined, ...options } as BufferPoolOptions,
      );
      assertEquals(pool.stats().chunks!.chunkBytes, chunkBytes);
      pool.close();
    });
  }

  it("BufferPool on Workers may hold a quarter of 128 MB", () => {
    const host = new FakeHost({ memoryLimit: 128 * MB });
    const pool = new BufferPool({ host, layout: "slab" });
    const { chunks, maxBytes } = pool.stats();
    assertEquals([maxBytes, chunks!.chunkBytes], [32 * MB, 256 * KB]);
    pool.close();
  });

  it("Classes that fit into no chunk are left out of the default", () => {
    const { pool } = bufferPool({ layout: "slab", maxBytes: 128 * KB });
    assertEquals(pool.stats().classes.map(({ capacity }) => capacity), [256, 1024, 4096, 16_384]);
    const block = pool.acquire(65_536);
    assertEquals(pool.stats().unpooled.active, 1);
    block.release();
    checkBuffers(pool);
    pool.close();
  });

  const BAD: readonly (readonly [object, ErrorConstructor])[] = [
    [{ classes: [] }, RangeError],
    [{ classes: 7 }, RangeError],
    [{ classes: Array.from({ length: 17 }, (_, i) => i + 1) }, RangeError],
    [{ classes: [0] }, RangeError],
    [{ classes: [256, 256] }, RangeError],
    [{ classes: [256, 100] }, RangeError],
    [{ classes: [1.5] }, RangeError],
    // deno-lint-ignore no-sparse-arrays
    [{ classes: [1, , 3] }, RangeError],
    [{ classes: [9 * MB] }, RangeError],
    [{ classes: [2 * MB], layout: "slab" }, RangeError],
    [{ layout: "heap" }, TypeError],
    [{ zero: "later" }, TypeError],
    [{ guard: "loud" }, TypeError],
    [{ guard: "strict", layout: "slab" }, TypeError],
    [{ chunkBytes: 8191, layout: "slab" }, RangeError],
    [{ chunkBytes: 3 * 8192, layout: "slab" }, RangeError],
    [{ chunkBytes: 2 * MB, layout: "slab" }, RangeError],
    [{ maxBytes: 0 }, RangeError],
    [{ maxBytes: 1000, layout: "slab" }, RangeError],
    [{ memoryLimit: NaN }, RangeError],
    [{ scheduler: {} }, TypeError],
    [{ host: {} }, TypeError],
    [{ onError: 7 }, TypeError],
    [{ name: 7 }, TypeError],
  ];
  for (const [options, kind] of BAD) {
    it(`BufferPool refuses ${JSON.stringify(options).slice(0, 60)}`, () => {
      const error = assertThrows(() => bufferPool(options), kind as new () => Error);
      assertGrammar(error);
    });
  }

  it("BufferPool refuses what are no options", () => {
    for (const options of [null, 7]) {
      assertGrammar(assertThrows(() => new BufferPool(options as BufferPoolOptions), TypeError));
    }
  });

  it("All classes hear of each collection, and the host is closed with the last", () => {
    const heard: number[] = [];
    const { pool, host } = bufferPool({
      scheduler: () => ({
        name: "listener",
        decide: ({ gc }) => {
          heard.push(gc.major);
          return {};
        },
      }),
    });
    host.majors = 3;
    pool.tick();
    // Five classes; the pool of what is unpooled has a scheduler of its own.
    assertEquals(heard, [3, 3, 3, 3, 3]);
    pool.tick();
    assertEquals(heard.slice(5), [0, 0, 0, 0, 0]);
    assertEquals(host.closed, 0);
    pool.close();
    assertEquals(host.closed, 1);
  });

  it("BufferPool stands at module scope: it reads no clock that must move and arms no timer", () => {
    const host = new FakeHost({ timers: true });
    const pool = new BufferPool({ host });
    assertEquals(host.waiting, 0);
    pool.acquire(1).release();
    assert(host.waiting > 0);
    pool.close();
    assertEquals(host.waiting, 0);
  });

  it("BufferPool.stats() is plain data", () => {
    const { pool } = bufferPool({ layout: "slab" });
    const block = pool.acquire(10);
    const stats: BufferPoolStats = pool.stats();
    const copy = structuredClone(stats);
    block.release();
    assertEquals(stats, copy);
    assertEquals([stats.active, stats.activeBytes], [1, 256]);
    pool.close();
  });

  it("A block ends with using", () => {
    const { pool } = bufferPool();
    {
      using block = pool.acquire(10);
      block.bytes[0] = 1;
    }
    assertEquals(pool.stats().active, 0);
    {
      using inner = new BufferPool();
      inner.acquire(1).release();
    }
    pool.close();
  });
});
