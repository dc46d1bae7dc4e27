/**
 * A snapshot of a buffer pool: plain data, with the figures of Netty's arena metrics.
 *
 * @module
 */

import type { Zeroing } from "./block.ts";
import type { ChunkStats } from "./chunk_set.ts";
import type { BufferLayout } from "./memory.ts";
import type { SizeClassStats } from "./size_class.ts";

/**
 * A buffer pool at one moment. `reservedBytes <= maxBytes` always holds; with a buffer for each block
 * `reservedBytes == activeBytes + idleBytes`.
 */
export interface BufferPoolStats {
  /** The pool's name. */
  readonly name: string;
  /** How the bytes of its blocks lie. */
  readonly layout: BufferLayout;
  /** When they are zeroed. */
  readonly zero: Zeroing;
  /** Whether the pool is closed. */
  readonly closed: boolean;
  /** What `reservedBytes` may not pass. */
  readonly maxBytes: number;
  /** Bytes of all buffers that it holds, in use or idle. */
  readonly reservedBytes: number;
  /** Capacities of the blocks in use together, in bytes. */
  readonly activeBytes: number;
  /** Capacities of the idle blocks together, in bytes. */
  readonly idleBytes: number;
  /** Blocks in use. */
  readonly active: number;
  /** Blocks that wait to be used. */
  readonly idle: number;
  /** Blocks handed out so far. */
  readonly allocations: number;
  /** Blocks that came back so far. */
  readonly deallocations: number;
  /** The share of the allocations from classes that an idle block served; absent before the first one. */
  readonly hitRate?: number;
  /** The share of the bytes handed out that nobody asked for, by a sample; absent without one. */
  readonly waste?: number;
  /** The size classes, smallest first. */
  readonly classes: readonly SizeClassStats[];
  /** Requests beyond the largest class. */
  readonly unpooled: SizeClassStats;
  /** The chunks; absent where each block has a buffer of its own. */
  readonly chunks?: ChunkStats;
}
