/**
 * Tags of a buffer pool, and the way to a hit.
 *
 * A request finds its class by a look-up of its binary digits and a compare, the class its block by a
 * pop. Whatever else there is lies behind one compare each: a request that is no integer of a class,
 * the countdown to the next one that is learnt from, a tag that has not met the class yet, a block
 * that is not ready. For how it is cut see src/tag.ts.
 *
 * @module
 */

import type { Tag } from "../tag.ts";
import type { Block, PooledBlock } from "./block.ts";
import type { SizeTable } from "./size_table.ts";

/**
 * A label of a buffer pool's leases, with acquire that looks up no name.
 *
 * @example Usage
 * ```ts
 * import { BufferPool } from "@siliconflow/pool/buffers";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new BufferPool();
 * const headers = pool.tag("headers");
 * const block = headers.acquire(200);
 * assertEquals(block.capacity, 256);
 * block.release();
 * pool.close();
 * ```
 */
export interface BufferTag {
  /** Its name. */
  readonly name: string;
  /**
   * Hands out a block, an idle one if there is one.
   *
   * @param minBytes How many bytes it must hold at least, an integer of at least 0.
   * @returns A block of the smallest class that holds as many; of exactly as many beyond the largest.
   * @throws {PoolError} The pool is closed, or its budget has no room even without what is idle.
   * @throws {RangeError} A number of bytes that is none.
   */
  acquire(minBytes: number): Block;
  /**
   * Runs a function with a block and takes the block back when the function has ended: when it
   * returned, threw, or the promise it returned has settled.
   *
   * @param minBytes How many bytes it must hold at least, an integer of at least 0.
   * @param fn What to run. It must not keep the block.
   * @returns What the function returned.
   * @throws {PoolError} As acquire and release. An error of `fn` itself comes first.
   * @throws {RangeError} A number of bytes that is none.
   */
  withBuffer<R>(minBytes: number, fn: (block: Block) => R): R;
}

/** The slow half of a buffer pool, as a tag needs it. */
export interface BufferTagCore {
  acquireSlow(tag: BufferTagHandle, minBytes: number): PooledBlock;
  withSlow<R>(tag: BufferTagHandle, minBytes: number, fn: (block: Block) => R): R;
  acquireAfter(error: unknown, tag: BufferTagHandle, minBytes: number): PooledBlock;
}

/** A tag and its handles of all classes that it has met. For `declare` see `Slot`. */
export class BufferTagHandle implements BufferTag {
  declare table: SizeTable;
  /** By class, as the table has them. */
  declare handles: (Tag<PooledBlock> | undefined)[];
  /** Requests left until the next one that is learnt from. */
  declare left: number;
  declare readonly core: BufferTagCore;
  declare readonly name: string;

  /** Makes a tag that has met no class. */
  constructor(name: string, core: BufferTagCore, table: SizeTable, left: number) {
    this.table = table;
    this.handles = table.sizes.map(() => undefined);
    this.left = left;
    this.core = core;
    this.name = name;
  }

  acquire(minBytes: number): PooledBlock {
    const { table } = this;
    if (minBytes >>> 0 !== minBytes || minBytes > table.largest || --this.left === 0) {
      return this.core.acquireSlow(this, minBytes);
    }
    let i = table.first[32 - Math.clz32(minBytes)]!;
    while (table.sizes[i]! < minBytes) i++;
    const handle = this.handles[i];
    if (handle === undefined) return this.core.acquireSlow(this, minBytes);
    let block: PooledBlock;
    try {
      block = handle.acquire();
    } catch (error) {
      return this.core.acquireAfter(error, this, minBytes);
    }
    if (block.home !== handle) block.home = handle;
    if (block.stale !== 0) block.prepare();
    return block;
  }

  withBuffer<R>(minBytes: number, fn: (block: Block) => R): R {
    return this.core.withSlow(this, minBytes, fn);
  }
}
