/**
 * Tags of a buffer pool, and the way to a hit.
 *
 * A request finds its class by a look-up of its binary digits and a compare, the class its block by a
 * pop. Whatever else there is lies behind one compare each: a request that is no integer of a class,
 * the countdown to the next one that is learnt from, a tag that has not met the class yet, a block
 * that is not ready or was another tag's.
 *
 * It is cut in two because JavaScriptCore inlines no more at once (see src/tag.ts): in one piece a
 * hit cost half as much again.
 *
 * @module
 */

import type { Tag } from "../tag.ts";
import type { Block, BlockHome, PooledBlock } from "./block.ts";
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

/** What blocks are acquired from and released to: mostly a tag of a class's pool. */
export interface BlockSource extends BlockHome, Pick<Tag<PooledBlock>, "acquire" | "with"> {}

/** The slow half of a buffer pool, as a tag needs it. */
export interface BufferTagCore {
  /** Finds what serves a request that belongs to no class, or says what is wrong with the number. */
  unpooled(tag: BufferTagHandle, minBytes: number): BlockSource;
  /** Learns from a request. */
  learn(tag: BufferTagHandle, minBytes: number): void;
  /** Binds a tag to a class. */
  meet(tag: BufferTagHandle, minBytes: number): BlockSource;
  withSlow<R>(tag: BufferTagHandle, minBytes: number, fn: (block: Block) => R): R;
}

/** A tag and what it acquires from in each class that it has met. For `declare` see `Slot`. */
export class BufferTagHandle implements BufferTag {
  /** The fields of the table of classes. */
  declare sizes: readonly number[];
  declare first: Uint8Array;
  declare largest: number;
  /** By class, as the table has them. */
  declare sources: (BlockSource | undefined)[];
  /** Requests left until the next one that is learnt from. */
  declare left: number;
  declare readonly core: BufferTagCore;
  declare readonly name: string;

  /** Makes a tag that has met no class. */
  constructor(name: string, core: BufferTagCore, table: SizeTable, left: number) {
    this.sizes = table.sizes;
    this.first = table.first;
    this.largest = table.largest;
    this.sources = table.sizes.map(() => undefined);
    this.left = left;
    this.core = core;
    this.name = name;
  }

  acquire(minBytes: number): PooledBlock {
    const source = this.sourceFor(minBytes);
    const block = source.acquire();
    if (block.home !== source) block.settle(source);
    return block;
  }

  /** Finds what serves a request. */
  sourceFor(minBytes: number): BlockSource {
    if ((minBytes | 0) !== minBytes || minBytes > this.largest) {
      return this.core.unpooled(this, minBytes);
    }
    if (--this.left === 0) this.core.learn(this, minBytes);
    let i = this.first[32 - Math.clz32(minBytes)]!;
    while (this.sizes[i]! < minBytes) i++;
    // None either where the number is negative: it has more digits than any that is served.
    return this.sources[i] ?? this.core.meet(this, minBytes);
  }

  /** Follows the table, into which a class was inserted. */
  insert(table: SizeTable, at: number): void {
    this.sizes = table.sizes;
    this.first = table.first;
    this.sources.splice(at, 0, undefined);
  }

  withBuffer<R>(minBytes: number, fn: (block: Block) => R): R {
    return this.core.withSlow(this, minBytes, fn);
  }
}
