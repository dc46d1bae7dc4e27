/**
 * Tags of a buffer pool, and the way to a hit.
 *
 * A request of the size of the one before finds its class by one compare, any other by a look-up of its
 * binary digits and a compare; the class finds its block by a pop. Whatever else there is lies behind
 * one compare each: a request that is no integer of a class, a tag that has not met the class yet, a
 * block that is not ready or was another tag's, one whose memory is lost. Which sizes are asked for is learnt from the leases that
 * the class times: a second countdown here cost up to a third of a hit.
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
  /** Finds what serves a request that the tag does not know it of; throws where there can be none. */
  serve(tag: BufferTagHandle, minBytes: number): BlockSource;
  withSlow<R>(tag: BufferTagHandle, minBytes: number, fn: (block: Block) => R): R;
  /** Discards a block on lease whose memory is lost, and acquires another. */
  replace(block: PooledBlock, source: BlockSource): PooledBlock;
}

/** Larger than any request of a class: the size of what serves the others. */
const ANY = 2 ** 31 - 1;

/** What serves a tag's requests of one class. For `declare` see `Slot`. */
class Service {
  /** The largest request, in bytes. */
  declare readonly size: number;
  /** What blocks come from; none until the tag has met the class. */
  declare source: BlockSource | undefined;
  /** The service of the next larger class; the last one is its own. */
  declare readonly next: Service;

  constructor(size: number, source: BlockSource | undefined, next: Service | undefined) {
    this.size = size;
    this.source = source;
    this.next = next ?? this;
  }
}

/** What serves requests of no class: nobody that a tag knows of. */
const NOBODY = new Service(ANY, undefined, undefined);

/**
 * The services by the number of binary digits of a request: each where the search for its class begins.
 *
 * @param sizes The classes, rising.
 * @param first By digits, the index of the first class that may do; one too high for the others.
 * @param known Finds what is known to serve a class.
 */
function servicesOf(
  { first, sizes }: SizeTable,
  known: (size: number) => BlockSource | undefined,
): readonly Service[] {
  const services = [NOBODY];
  for (const size of sizes.toReversed()) {
    services.unshift(new Service(size, known(size), services[0]));
  }
  return Array.from(first, (i) => services[i]!);
}

/** A tag and what it acquires from in each class that it has met. For `declare` see `Slot`. */
export class BufferTagHandle implements BufferTag {
  /** The last request of a class, and what served it, if there was one. */
  declare lastBytes: number;
  declare lastSource: BlockSource | undefined;
  declare services: readonly Service[];
  declare readonly core: BufferTagCore;
  declare readonly name: string;

  /** Makes a tag that has met no class. */
  constructor(name: string, core: BufferTagCore, table: SizeTable) {
    this.lastBytes = -1;
    this.lastSource = undefined;
    this.services = servicesOf(table, () => undefined);
    this.core = core;
    this.name = name;
  }

  acquire(minBytes: number): PooledBlock {
    const known = minBytes === this.lastBytes ? this.lastSource : undefined;
    const source = known ?? this.sourceFor(minBytes);
    const block = source.acquire();
    // Without a length it is detached.
    if (block.home !== source || block.bytes.length === 0) {
      if (!block.settle(source)) return this.core.replace(block, source);
    }
    return block;
  }

  /** Finds what serves a request. */
  sourceFor(minBytes: number): BlockSource {
    if ((minBytes | 0) !== minBytes) return this.core.serve(this, minBytes);
    let service = this.services[32 - Math.clz32(minBytes)]!;
    while (service.size < minBytes) service = service.next;
    const { source } = service;
    if (source === undefined) return this.core.serve(this, minBytes);
    this.lastBytes = minBytes;
    return this.lastSource = source;
  }

  /** Is told what serves a class from now on. */
  bind(size: number, source: BlockSource): void {
    let service = this.services[0]!;
    while (service.size < size) service = service.next;
    service.source = source;
  }

  /** Knows no class any more: each request is asked for anew. */
  forget(): void {
    this.lastBytes = -1;
    this.lastSource = undefined;
    this.services = Array.from(this.services, () => NOBODY);
  }

  /** Follows a new table of classes. */
  follow(table: SizeTable): void {
    this.lastBytes = -1;
    this.lastSource = undefined;
    const met = new Map<number, BlockSource | undefined>();
    for (let service = this.services[0]!; service.size < ANY; service = service.next) {
      met.set(service.size, service.source);
    }
    this.services = servicesOf(table, (size) => met.get(size));
  }

  withBuffer<R>(minBytes: number, fn: (block: Block) => R): R {
    return this.core.withSlow(this, minBytes, fn);
  }
}
