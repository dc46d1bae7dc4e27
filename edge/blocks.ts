/**
 * What clients' bytes may lie in.
 *
 * @module
 */

import type { BufferPool } from "../src/buffers/mod.ts";
import { received } from "./received.ts";

/** Pools that were found good: a snapshot costs microseconds. */
const known = new WeakSet<BufferPool>();

/**
 * Throws unless a pool's blocks may hold what different clients send: a piece of a slab shows its
 * neighbours and could not be given up alone, and what nobody zeroes shows its former holder's bytes.
 */
export function needBlocks(action: string, pool: BufferPool): void {
  if (known.has(pool)) return;
  if (typeof pool?.acquire !== "function" || typeof pool.withBuffer !== "function") {
    throw new TypeError(`${action}: pool must be a BufferPool: received ${received(pool)}`);
  }
  const { layout, zero } = pool.stats();
  if (layout !== "separate") {
    throw new TypeError(`${action}: layout of pool must be "separate": received "${layout}"`);
  }
  if (zero === "never") {
    const rule = 'zero of pool must be "dirty" or "acquire"';
    throw new TypeError(`${action}: ${rule}: received "${zero}"`);
  }
  known.add(pool);
}
