/**
 * The invariants of a buffer pool, asserted after every step of every suite that draws its steps.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Block, BufferPool } from "../../src/buffers/mod.ts";
import { checkStats } from "../../testing/oracle.ts";

/** Asserts what a snapshot alone can tell. */
export function checkBuffers(pool: BufferPool, afterTick = false): void {
  const stats = pool.stats();
  const { activeBytes, chunks, classes, idleBytes, layout, maxBytes, reservedBytes, unpooled } =
    stats;
  const shown = JSON.stringify(stats);
  for (const each of [...classes, unpooled]) {
    checkStats(each.pool, afterTick);
    assertEquals(each.active, each.pool.leased + each.pool.limbo, shown);
    assertEquals(each.idleBytes, each.idle * each.capacity, shown);
  }
  for (const each of classes) {
    assertEquals(each.activeBytes, each.active * each.capacity, shown);
    assertEquals(each.pool.bytes, each.idleBytes, shown);
  }
  assert(reservedBytes >= 0 && reservedBytes <= maxBytes, `over the budget: ${shown}`);
  assert(classes.length <= 16, shown);
  if (layout === "separate") {
    assertEquals(reservedBytes, activeBytes + idleBytes, shown);
    return;
  }
  const { chunkBytes, idle, runBytes, runs, used } = chunks!;
  checkStats(chunks!.pool, afterTick);
  assertEquals(chunks!.pool.leased, used, shown);
  assertEquals(reservedBytes, (used + idle) * chunkBytes + unpooled.activeBytes, shown);
  assert(runBytes <= used * chunkBytes, shown);
  assert(activeBytes + idleBytes - unpooled.activeBytes <= runBytes, shown);
  assertEquals(runs === 0, used === 0, "a chunk without a run is idle");
}

/** Fills a block, so that it can be told whether anybody else writes there. */
export function mark(block: Block, value: number): void {
  block.bytes.fill(value);
}

/** Asserts that every byte of a block has a value. */
export function assertFilled({ bytes }: Block, value: number, what: string): void {
  const at = bytes.findIndex((byte) => byte !== value);
  assert(at < 0, `${what}: byte ${at} of ${bytes.length} is ${bytes[at]}, not ${value}`);
}
