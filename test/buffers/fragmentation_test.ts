import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { MIXES, runMix } from "../../bench/buffers/fragmentation.ts";
import { fixedScheduler } from "../../mod.ts";
import { BufferPool } from "../../src/buffers/mod.ts";
import { FakeHost } from "../../testing/fake_host.ts";
import { checkBuffers } from "./_oracle.ts";

describe("Slabs", () => {
  it("Slabs hold at most 1.5 times what is alive, over ten virtual minutes of a random mix", () => {
    // As close as these, classes leave nothing to be learnt, which happens at random times.
    const classes = Array.from({ length: 11 }, (_, i) => 64 * 2 ** i);
    const { looks, most, p50 } = runMix({ ...MIXES.fragmentation, classes }, 1 / 6);
    assert(looks > 900, `${looks}`);
    assert(p50 >= 1 && most <= 1.5, `${p50}, ${most}`);
  });

  it("Chunks that a wave has left nearly empty are drained as their blocks come back", () => {
    const host = new FakeHost();
    const pool = new BufferPool({
      layout: "slab",
      chunkBytes: 64 * 1024,
      maxBytes: 8 * 1024 * 1024,
      scheduler: fixedScheduler,
      host,
    });
    const wave = Array.from({ length: 320 }, () => pool.acquire(8000));
    assertEquals(pool.stats().chunks!.used, 80);
    // One block of each chunk stays in use; all others lie idle and are then wanted no more.
    const kept = wave.filter((_, i) => i % 4 === 0);
    for (const block of wave) if (!kept.includes(block)) block.release();
    checkBuffers(pool);
    for (let i = 0; i < 8; i++) pool.trim("moderate");
    assertEquals(pool.stats().chunks!.used, 80, "each holds a block in use");
    pool.trim("critical");
    pool.tick();
    checkBuffers(pool);
    // Each in turn comes back and is wanted again: then there are no more chunks than that takes.
    for (const [i, block] of kept.entries()) {
      block.release();
      kept[i] = pool.acquire(8000);
      checkBuffers(pool);
    }
    const { used } = pool.stats().chunks!;
    assert(used <= 80 / 4 + 2, `${used}`);
    for (const block of kept) block.release();
    pool.close();
    assertEquals(pool.stats().reservedBytes, 0);
  });
});
