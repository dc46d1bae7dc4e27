/**
 * The buffer pool: options, and the verbs of its owner.
 *
 * @module
 */

import { detectHost } from "../adapter/detect.ts";
import { adaptiveScheduler } from "../adaptive_scheduler.ts";
import { needFunction, needNumber, needOptions, type PoolError, show } from "../error.ts";
import { fixedScheduler } from "../fixed_scheduler.ts";
import type { Guard } from "../guard.ts";
import { type Host, needHost } from "../host.ts";
import { memoryLimitOf } from "../memory_limit.ts";
import type { GuardMode } from "../pool.ts";
import { needPressure, type Pressure } from "../pressure.ts";
import type { Scheduler } from "../scheduler.ts";
import { SharedHost } from "../shared_host.ts";
import { needTagName } from "../tag.ts";
import { type Block, resetOf, type Zeroing } from "./block.ts";
import { Budget } from "./budget.ts";
import { BufferCore } from "./buffer_core.ts";
import { BufferGuard } from "./buffer_guard.ts";
import type { BufferPoolStats } from "./buffer_stats.ts";
import type { BufferTag, BufferTagHandle } from "./buffer_tag.ts";
import { PAGE_BYTES } from "./chunk.ts";
import { type ChunkPoolOptions, ChunkSet } from "./chunk_set.ts";
import { type BufferLayout, MAX_SHELF_BYTES } from "./memory.ts";
import { MAX_CLASS_BYTES, MAX_CLASSES } from "./size_table.ts";

/** What a buffer pool is told at its making. */
export interface BufferPoolOptions {
  /**
   * The size classes in bytes, 1 to 16 that rise. Where sizes sit badly in them more are learnt, up to
   * 16 in all.
   *
   * @default {[256, 1024, 4096, 16384, 65536]}
   */
  readonly classes?: readonly number[];
  /**
   * How the bytes of blocks lie. `"separate"`: each block has a buffer of its own. `"slab"`, for code of
   * one trust domain: blocks are carved from chunks, and the `buffer` of a view is the whole chunk;
   * whoever transfers it takes it away from all its neighbours.
   *
   * @default {"separate"}
   */
  readonly layout?: BufferLayout;
  /**
   * The size of a chunk of slabs, in bytes: a power of two of at least 8192, at most an eighth of
   * `maxBytes`.
   *
   * @default 16 MB; 256 KB where the memory limit is no more than 128 MB, as on Workers; less where that
   * is more than an eighth of `maxBytes`
   */
  readonly chunkBytes?: number;
  /**
   * The most that all blocks and chunks may hold together, in use or idle, in bytes. What would pass it
   * takes the place of what is idle, or is refused.
   *
   * @default a quarter of the memory limit
   */
  readonly maxBytes?: number;
  /**
   * What the isolate may hold, in bytes.
   *
   * @default the runtime's own limit, else 512 MB
   */
  readonly memoryLimit?: number;
  /**
   * When the bytes of a holder are zeroed. `"dirty"`: at the release, up to the most that `used` was set to, or
   * all of them. `"acquire"`: the same at the next acquire, so that idle blocks keep them. `"never"`: the next
   * holder sees them, which is unsafe between tenants.
   *
   * @default {"dirty"}
   */
  readonly zero?: Zeroing;
  /**
   * What a misuse does. `"strict"`: as `"throw"`, and each release detaches the view, so that whoever
   * has kept it holds nothing; separate layout only. That costs a new view and, measured, 150 to 280 ns
   * on V8 and 480 ns on Bun a lease.
   *
   * @default {"throw"}
   */
  readonly guard?: GuardMode | "strict";
  /**
   * Makes the scheduler of each class, and that of the chunks: schedulers have a memory.
   *
   * @default {adaptiveScheduler}
   */
  readonly scheduler?: () => Scheduler;
  /**
   * The runtime. It is closed with the pool.
   *
   * @default {detectHost()}
   */
  readonly host?: Host;
  /**
   * The pool's name in statistics and errors.
   *
   * @default {"buffers"}
   */
  readonly name?: string;
  /**
   * Hears of errors that no caller can be given.
   *
   * @default {console.error}
   */
  readonly onError?: (error: PoolError | Error) => void;
}

const ACTION = "Cannot create BufferPool";

const DEFAULT_CLASSES: readonly number[] = [256, 1024, 4096, 16_384, 65_536];
/** A chunk on servers, and where memory is small, in bytes. */
const CHUNK_BYTES = 16 * 2 ** 20;
const SMALL_CHUNK_BYTES = 256 * 2 ** 10;
const SMALL_LIMIT = 128 * 2 ** 20;
/** A chunk is no more than one part in so many of what may be held. */
const CHUNKS = 8;
/**
 * λ of the chunks, in ms: what lies in an empty chunk has been idle for long enough as blocks, so it is
 * kept for a moment only.
 */
const CHUNK_IDLE_MS = 1000;
/** What may be held of the memory limit. */
const FRACTION = 1 / 4;
/** Blocks that are made ahead of demand unless told otherwise: Netty's caches begin with about as many. */
const PREWARMED = 50;

/**
 * A pool of byte blocks in size classes, each of which is a pool whose idle blocks age and go like
 * objects.
 *
 * @example Usage
 * ```ts
 * import { BufferPool } from "@siliconflow/pool/buffers";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new BufferPool();
 * const block = pool.acquire(5000);
 * assertEquals(block.bytes.length, 16_384); // the smallest class that holds as many
 * block.bytes[0] = 7;
 * block.used = 1; // nothing was written beyond the first byte
 * block.release();
 * assertEquals(pool.acquire(5000).bytes[0], 0); // the same block, zeroed
 * pool.close();
 * ```
 */
export class BufferPool {
  // Not `#private`, like all that the fast path touches (see src/tag.ts).
  declare private readonly core: BufferCore;
  declare private readonly untagged: BufferTagHandle;

  /**
   * Makes a pool. It arms no timer and touches no I/O, so that it may stand at the top of a Worker's
   * module.
   *
   * @param options What differs from the defaults.
   * @throws {TypeError} An option of the wrong kind.
   * @throws {RangeError} A number out of its range, or classes that do not rise.
   */
  constructor(options: BufferPoolOptions = {}) {
    needOptions(ACTION, "options", options);
    const {
      layout = "separate",
      zero = "dirty",
      guard = "throw",
      scheduler,
      memoryLimit,
      name = "buffers",
      onError,
    } = options;
    needOneOf("layout", layout, ["separate", "slab"]);
    needOneOf("zero", zero, ["dirty", "acquire", "never"]);
    needOneOf("guard", guard, ["throw", "report", "off", "strict"]);
    if (scheduler !== undefined) needFunction(ACTION, "scheduler", scheduler);
    if (memoryLimit !== undefined) needNumber(ACTION, "memoryLimit", memoryLimit, 1);
    if (options.maxBytes !== undefined) needNumber(ACTION, "maxBytes", options.maxBytes, 1);
    if (typeof name !== "string") {
      throw new TypeError(`${ACTION}: name must be a string: received ${show(name)}`);
    }
    const isStrict = guard === "strict";
    if (isStrict) needDetachable(layout);
    const host = options.host ?? detectHost();
    needHost(ACTION, host);
    const limit = memoryLimitOf(memoryLimit, host);
    const maxBytes = options.maxBytes ?? Math.max(1, Math.floor(limit * FRACTION));
    const chunkBytes = layout === "slab"
      ? chunkBytesOf(options.chunkBytes, limit, maxBytes)
      : undefined;
    const sizes = sizesOf(options.classes, chunkBytes ?? maxBytes);
    const shared = new SharedHost(host);
    const budget = new Budget(maxBytes);
    const common = (what: string): ChunkPoolOptions => ({
      name: `${name} ${what}`,
      host: shared.share(),
      maxBytes: Math.min(maxBytes, MAX_SHELF_BYTES),
      guard: isStrict ? "throw" : guard as GuardMode,
      // The budget bounds all that is held, what waits for guards as well.
      maxLimbo: Number.MAX_SAFE_INTEGER,
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
      ...(scheduler === undefined ? {} : { scheduler: scheduler() }),
      ...(onError === undefined ? {} : { onError }),
    });
    const reset = resetOf(zero, isStrict);
    this.core = new BufferCore({
      name,
      sizes,
      budget,
      zero,
      chunks: chunkBytes === undefined ? undefined : new ChunkSet(budget, chunkBytes, {
        scheduler: adaptiveScheduler({ idleBudgetMs: CHUNK_IDLE_MS }),
        ...common("chunks"),
      }),
      poolOptions: (capacity) =>
        capacity > 0
          ? { ...common(String(capacity)), reset }
          : { ...common("unpooled"), ...retainNothing(), reset },
    });
    this.untagged = this.core.untagged;
  }

  /**
   * Hands out a block, an idle one if there is one.
   *
   * @param minBytes How many bytes it must hold at least, an integer of at least 0.
   * @param tag A label to learn under, 1 to 256 characters; `pool.tag(name).acquire(minBytes)` does it
   * without a look-up.
   * @returns A block of the smallest class that holds as many; of exactly as many beyond the largest.
   * @throws {PoolError} The pool is closed, or its budget has no room even without what is idle.
   * @throws {RangeError} A number of bytes that is none.
   * @throws {TypeError} A tag that is none.
   */
  acquire(minBytes: number, tag?: string): Block {
    return (tag === undefined ? this.untagged : tagOf(this.core, tag)).acquire(minBytes);
  }

  /**
   * Takes a block back, as `block.release()` does, if it is one of this pool's.
   *
   * @param block A block that was acquired from this pool.
   * @throws {PoolError} The block is not on lease from this pool (see `guard`), or its buffer was
   * transferred away.
   */
  release(block: Block): void {
    this.core.release(block);
  }

  /**
   * Runs a function with a block and takes the block back when it has returned, thrown, or settled the
   * promise it returned.
   *
   * @param minBytes How many bytes it must hold at least, an integer of at least 0.
   * @param fn What to run. It must not keep the block.
   * @param tag A label to learn under.
   * @returns What the function returned.
   * @throws {PoolError} As acquire and release. An error of `fn` itself comes first.
   * @throws {RangeError} A number of bytes that is none.
   * @throws {TypeError} A tag that is none, or an `fn` that is no function.
   *
   * @example Usage
   * ```ts
   * import { BufferPool } from "@siliconflow/pool/buffers";
   * import { assertEquals } from "@std/assert";
   *
   * const pool = new BufferPool();
   * const written = pool.withBuffer(64, (block) => {
   *   block.used = new TextEncoder().encodeInto("hello", block.bytes).written;
   *   return block.used;
   * });
   * assertEquals(written, 5);
   * assertEquals(pool.stats().active, 0);
   * pool.close();
   * ```
   */
  withBuffer<R>(minBytes: number, fn: (block: Block) => R, tag?: string): R {
    return (tag === undefined ? this.untagged : tagOf(this.core, tag)).withBuffer(minBytes, fn);
  }

  /**
   * Finds the handle of a tag, which acquires without a look-up of its name.
   *
   * @param name The tag, 1 to 256 characters.
   * @returns Its handle; past 256 of them, the one that all further tags share.
   * @throws {TypeError} A name that is none.
   */
  tag(name: string): BufferTag {
    return tagOf(this.core, name);
  }

  /**
   * Opens a guard, which keeps the blocks that are released through it as they are until it drops.
   *
   * @returns The guard.
   */
  guard(): Guard<Block> {
    return new BufferGuard(this.core);
  }

  /**
   * Takes a snapshot of the budget, the classes and the chunks.
   *
   * @returns Plain data that later events do not change.
   */
  stats(): BufferPoolStats {
    return this.core.stats();
  }

  /** Runs the schedulers of all classes and of the chunks now. */
  tick(): void {
    this.core.tick();
  }

  /**
   * Runs the schedulers that are due. Where there are no timers (Workers), call it once a request, so
   * that memory goes back under little load too.
   */
  poll(): void {
    this.core.poll();
  }

  /**
   * Gives idle blocks and chunks back at once.
   *
   * @param pressure `"moderate"`: the oldest generation; `"high"`: all but the youngest;
   * `"critical"`: everything, and nothing is retained until the next tick.
   * @returns How many bytes went.
   * @throws {TypeError} A pressure that is none.
   */
  trim(pressure: Pressure): number {
    needPressure("Cannot trim BufferPool", pressure);
    return this.core.trim(pressure);
  }

  /**
   * Makes idle blocks ahead of demand, as many as there is room for.
   *
   * @param minBytes How many bytes each must hold at least. Beyond the largest class none is made.
   * @param count How many, an integer of at least 0.
   * @returns How many were made.
   * @throws {PoolError} The pool is closed.
   * @throws {RangeError} A number that is none.
   */
  prewarm(minBytes: number, count: number = PREWARMED): number {
    return this.core.prewarm(minBytes, count);
  }

  /**
   * Closes the pool: gives all that is idle back and hands out no more. Blocks still on lease may be
   * released and go then. Closing twice does nothing.
   */
  close(): void {
    this.core.close();
  }

  /** Closes the pool: what `using` calls. */
  [Symbol.dispose](): void {
    this.core.close();
  }
}

/** What the pool of unpooled blocks is told: nothing has room in it, and nothing is to be learnt. */
function retainNothing() {
  return {
    generations: [{ name: "none", maxSize: 0, ttlMs: 0 }],
    scheduler: fixedScheduler(),
  };
}

function tagOf(core: BufferCore, name: string): BufferTagHandle {
  needTagName("Cannot find tag", name);
  return core.tag(name);
}

function needOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  throw new TypeError(
    `${ACTION}: ${name} must be one of ${allowed.join(", ")}: received ${show(value)}`,
  );
}

/** Throws unless buffers can be taken away from whoever has kept them. */
function needDetachable(layout: BufferLayout): void {
  if (layout !== "separate") {
    const rule = "a strict guard must come with the layout separate";
    throw new TypeError(`${ACTION}: ${rule}: received ${layout}`);
  }
  if (typeof ArrayBuffer.prototype.transfer !== "function") {
    const rule = "a strict guard must come with ArrayBuffer.prototype.transfer";
    throw new TypeError(`${ACTION}: ${rule}: received a runtime without it`);
  }
}

/** The size of a chunk: what was given, if it may be, else what suits the memory. */
function chunkBytesOf(given: number | undefined, limit: number, maxBytes: number): number {
  const most = Math.floor(Math.min(limit, maxBytes) / CHUNKS);
  if (most < PAGE_BYTES) {
    const rule = `maxBytes must be at least ${CHUNKS * PAGE_BYTES} for slabs`;
    throw new RangeError(`${ACTION}: ${rule}: received ${Math.min(limit, maxBytes)}`);
  }
  if (given === undefined) {
    const usual = limit <= SMALL_LIMIT ? SMALL_CHUNK_BYTES : CHUNK_BYTES;
    return Math.min(usual, 2 ** Math.floor(Math.log2(most)));
  }
  needNumber(ACTION, "chunkBytes", given, PAGE_BYTES);
  if (given > most || !Number.isInteger(Math.log2(given))) {
    const rule = `chunkBytes must be a power of two up to ${most}, an eighth of what may be held`;
    throw new RangeError(`${ACTION}: ${rule}: received ${given}`);
  }
  return given;
}

/** The classes: those given, if they may be, else those of the default that fit. */
function sizesOf(given: readonly number[] | undefined, most: number): readonly number[] {
  if (given === undefined) {
    const fitting = DEFAULT_CLASSES.filter((size) => size <= most);
    return fitting.length > 0 ? fitting : [Math.max(1, most)];
  }
  if (!Array.isArray(given) || given.length < 1 || given.length > MAX_CLASSES) {
    const received = Array.isArray(given) ? String(given.length) : show(given);
    throw new RangeError(`${ACTION}: classes must be 1 to ${MAX_CLASSES}: received ${received}`);
  }
  const largest = Math.min(most, MAX_CLASS_BYTES);
  let before = 0;
  return Array.from(given, (size: number, i) => {
    needNumber(ACTION, `classes[${i}]`, size, before + 1);
    if (size > largest) {
      const rule = `classes[${i}] must be at most ${largest}, what a buffer may be`;
      throw new RangeError(`${ACTION}: ${rule}: received ${size}`);
    }
    return before = size;
  });
}
