/**
 * A pool of byte blocks for Deno, Bun and Cloudflare Workers: size classes whose idle blocks age and
 * go like the objects of a pool, in buffers of their own or carved from slabs.
 *
 * @example Usage
 * ```ts
 * import { BufferPool } from "@siliconflow/pool/buffers";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new BufferPool();
 * const length = pool.withBuffer(1024, (block) => {
 *   block.used = new TextEncoder().encodeInto("hello", block.bytes).written;
 *   return block.used;
 * });
 * assertEquals(length, 5);
 * pool.close();
 * ```
 *
 * @module
 */

export type { Guard } from "../guard.ts";
export type { Block, Zeroing } from "./block.ts";
export { BufferPool, type BufferPoolOptions } from "./buffer_pool.ts";
export type { BufferPoolStats } from "./buffer_stats.ts";
export type { BufferTag } from "./buffer_tag.ts";
export type { ChunkStats } from "./chunk_set.ts";
export type { BufferLayout } from "./memory.ts";
export type { SizeClassStats } from "./size_class.ts";
