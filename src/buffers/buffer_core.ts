/**
 * The slow half of a buffer pool: everything but a hit.
 *
 * Why the budget holds: bytes come into existence in `Budget.allocate` only, which refuses what does
 * not fit. A refusal makes the oldest idle blocks of the class with most of them go, and the block is
 * made anew. Each round gives up at least one, so it ends; with nothing left to give up the refusal
 * becomes the caller's error.
 *
 * @module
 */

import { needNumber, PoolError } from "../error.ts";
import type { Pool } from "../pool.ts";
import type { Pressure } from "../pressure.ts";
import { type Block, PooledBlock, type Zeroing } from "./block.ts";
import { type Budget, isRefusal } from "./budget.ts";
import type { BufferPoolStats } from "./buffer_stats.ts";
import { type BlockSource, type BufferTagCore, BufferTagHandle } from "./buffer_tag.ts";
import type { ChunkSet } from "./chunk_set.ts";
import { type BlockMemory, SeparateMemory, SlabMemory } from "./memory.ts";
import { sitsWell } from "./run.ts";
import { type BlockPoolOptions, type ClassKeeper, SizeClass, UNTAGGED } from "./size_class.ts";
import { SizeLearning } from "./size_learning.ts";
import { MAX_CLASSES, SizeTable } from "./size_table.ts";

/** What the core of a buffer pool needs, checked and complete. */
export interface BufferCoreOptions {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly budget: Budget;
  readonly zero: Zeroing;
  /** None where each block has a buffer of its own. */
  readonly chunks: ChunkSet | undefined;
  /** Makes the options of one more pool of blocks, for a class of this capacity; 0: any. */
  readonly poolOptions: (capacity: number) => BlockPoolOptions;
}

/** The most tags that are told apart, the pool's own two among them. */
const MAX_TAGS = 258;
/** What all further tags are. */
const OTHER = "(other)";
/** Of a chunk that is wanted, so much is given up at a time: one run may do. */
const CHUNK_PART = 1 / 8;

const ACTION = "Cannot acquire Block";

/** Thrown by a `with` in place of its function, whose block has lost its memory. */
const LOST = new Error();

/** The slow half of a buffer pool. */
export class BufferCore implements BufferTagCore, ClassKeeper {
  readonly options: BufferCoreOptions;
  readonly untagged: BufferTagHandle;
  readonly #tags: Map<string, BufferTagHandle> = new Map();
  readonly #other: BufferTagHandle;
  readonly #learning: SizeLearning = new SizeLearning();
  /** Whether there may be a class of a size. */
  readonly #isFit: (bytes: number) => boolean;
  /** The class of what is larger than all others. It retains nothing. */
  readonly #unpooled: SizeClass;
  /** The size of the block that it makes next. */
  #unpooledBytes = 0;
  #table: SizeTable;
  /** By rising capacity, as the table has them. */
  #classes: SizeClass[];
  #closed = false;

  constructor(options: BufferCoreOptions) {
    const { budget, poolOptions, sizes } = options;
    this.options = options;
    const { chunks } = options;
    this.#isFit = (bytes) => chunks === undefined || sitsWell(bytes, chunks.maxOrder);
    chunks?.onDrain(() => {
      for (const { pool } of this.#classes) pool.sift(({ run }) => run!.chunk.isDraining);
    });
    this.#table = new SizeTable(sizes);
    this.#classes = sizes.map((size) => this.#makeClass(size, false));
    const memory = new SeparateMemory(budget, 0, () => this.#unpooledBytes);
    this.#unpooled = new SizeClass(0, false, memory, this, poolOptions(0));
    this.untagged = this.#makeTag(UNTAGGED);
    this.#other = this.#makeTag(OTHER);
    for (const tag of [this.untagged, this.#other]) this.#tags.set(tag.name, tag);
  }

  // Leases

  /** Finds or makes the tag of a name. */
  tag(name: string): BufferTagHandle {
    const known = this.#tags.get(name);
    if (known !== undefined) return known;
    if (this.#tags.size >= MAX_TAGS) return this.#other;
    const tag = this.#makeTag(name);
    this.#tags.set(name, tag);
    return tag;
  }

  serve(tag: BufferTagHandle, minBytes: number): BlockSource {
    needNumber(ACTION, "minBytes", minBytes, 0);
    // Which is closed first, and says so.
    if (this.#closed || minBytes > this.#table.largest) return this.#unpooledFor(tag, minBytes);
    const { capacity, pool } = this.#classes[this.#table.at(minBytes)]!;
    tag.bind(capacity, pool.tag(tag.name));
    // Which notes the size, for who learns from it.
    return tag.sourceFor(minBytes);
  }

  /** What makes an unpooled block of this size, under a tag. */
  #unpooledFor(tag: BufferTagHandle, bytes: number): BlockSource {
    const source = this.#unpooled.pool.tag(tag.name);
    return {
      acquire: () => this.#asking(bytes, () => source.acquire()),
      with: (fn) => this.#asking(bytes, () => source.with(fn)),
      release: (block) => source.release(block),
    };
  }

  /** Runs a function with a block. */
  withSlow<R>(tag: BufferTagHandle, minBytes: number, fn: (block: Block) => R): R {
    const source = tag.sourceFor(minBytes);
    // What is no function is told by whoever calls it.
    if (typeof fn !== "function") return source.with(fn);
    const run = (block: PooledBlock): R => {
      if (block.home !== source || block.bytes.length === 0) {
        // The end of the lease discards the block and says why.
        if (!block.settle(source)) throw LOST;
      }
      return fn(block);
    };
    for (;;) {
      try {
        return source.with(run);
      } catch (error) {
        if (error !== LOST) throw error;
      }
      this.#siftLost();
    }
  }

  replace(block: PooledBlock, source: BlockSource): PooledBlock {
    for (let lost = block;;) {
      try {
        // Its reset refuses a block without its memory.
        source.release(lost);
      } catch (error) {
        // Whoever acquires had no part in it.
        this.ownerOf(lost).pool["core"].report(error);
      }
      this.#siftLost();
      const next = source.acquire();
      if (next.settle(source)) return next;
      lost = next;
    }
  }

  /** Gives up all that was lost with a chunk, of which there may be much: it is told once. */
  #siftLost(): void {
    if (this.options.chunks === undefined) return;
    for (const { pool } of this.#classes) pool.sift(({ isLost }) => isLost);
  }

  /** Takes an unpooled block of this size. */
  #asking<R>(bytes: number, take: () => R): R {
    const outer = this.#unpooledBytes;
    this.#unpooledBytes = bytes;
    try {
      return take();
    } finally {
      // Whoever acquires within a clock or a function leaves what was asked for outside.
      this.#unpooledBytes = outer;
    }
  }

  /** Gives idle blocks up for `needed` bytes; throws where that would be in vain. */
  makeRoom(needed: number): void {
    const { budget, chunks } = this.options;
    const active = this.#sum(({ activeBytes }) => activeBytes);
    if (needed <= budget.maxBytes - active) {
      const missing = needed - budget.left;
      if (chunks !== undefined && giveUp(chunks.pool, missing / chunks.chunkBytes)) return;
      const richest = this.#classes.reduce((a, b) => b.idleBytes > a.idleBytes ? b : a);
      const part = chunks === undefined ? missing : CHUNK_PART * chunks.chunkBytes;
      if (giveUp(richest.pool, Math.max(missing, part) / richest.capacity)) return;
    }
    const rule = `there must be room within maxBytes (${budget.maxBytes})`;
    const received = `a request for ${needed} bytes while ${active} are in use`;
    throw new PoolError("budget", `${ACTION}: ${rule}: received ${received}`);
  }

  // Classes

  #makeClass(capacity: number, isLearned: boolean): SizeClass {
    const { budget, chunks, poolOptions } = this.options;
    const memory: BlockMemory = chunks === undefined
      ? new SeparateMemory(budget, capacity)
      : new SlabMemory(chunks, capacity);
    return new SizeClass(capacity, isLearned, memory, this, poolOptions(capacity));
  }

  #makeTag(name: string): BufferTagHandle {
    return new BufferTagHandle(name, this, this.#table);
  }

  /** Takes note of a tag's last request, and adds a class where enough of them ask for it. */
  learn(tag: string, requests: number): void {
    const bytes = this.#tags.get(tag)?.lastBytes ?? -1;
    if (bytes < 0) return;
    const { sizes } = this.#table;
    this.#classes[this.#table.at(bytes)]!.ask(bytes, requests);
    const capacity = this.#learning.add(bytes, requests, sizes, this.#isFit);
    if (capacity === undefined || sizes.length >= MAX_CLASSES || this.#closed) return;
    let learned: SizeClass;
    try {
      learned = this.#makeClass(capacity, true);
    } catch (error) {
      // A user's scheduler or host: whoever asks for a block just now has nothing to do with it.
      this.#unpooled.pool["core"].report(error);
      return;
    }
    const at = sizes.findIndex((size) => size > capacity);
    this.#classes.splice(at, 0, learned);
    this.#table = new SizeTable(sizes.toSpliced(at, 0, capacity));
    for (const handle of this.#tags.values()) handle.follow(this.#table);
  }

  // What the owner calls

  /** The pools of all classes; that of the chunks last, which the others give theirs to. */
  get #pools() {
    const { chunks } = this.options;
    const pools = [...this.#classes, this.#unpooled].map(({ pool }) => pool);
    return chunks === undefined ? pools : [...pools, chunks.pool];
  }

  #sum(figure: (sizeClass: SizeClass) => number): number {
    return this.#classes.reduce((sum, each) => sum + figure(each), figure(this.#unpooled));
  }

  /** The class that a block belongs to; where it belongs to none, one that says so. */
  ownerOf(block: unknown): SizeClass {
    const owner = block instanceof PooledBlock ? block.owner : undefined;
    return this.#classes.find((each) => each === owner) ?? this.#unpooled;
  }

  /** Takes a block back. */
  release(block: Block): void {
    const { pool } = this.ownerOf(block);
    pool.release(block as PooledBlock);
  }

  /** Makes idle blocks ahead of demand; says how many there was room for. */
  prewarm(minBytes: number, count: number): number {
    const action = "Cannot prewarm BufferPool";
    needNumber(action, "minBytes", minBytes, 0);
    needNumber(action, "count", count, 0);
    if (minBytes > this.#table.largest) return 0;
    const { pool } = this.#classes[this.#table.at(minBytes)]!;
    const before = pool.idle;
    try {
      return pool.prewarm(count);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return Math.max(0, pool.idle - before);
    }
  }

  /** Runs all schedulers. */
  tick(): void {
    for (const pool of this.#pools) pool.tick();
  }

  /** Runs the schedulers that are due. */
  poll(): void {
    for (const pool of this.#pools) pool.poll();
  }

  /** Gives idle blocks and chunks back at once; says how many bytes that were. */
  trim(pressure: Pressure): number {
    const before = this.options.budget.reserved;
    for (const pool of this.#pools) pool.trim(pressure);
    return before - this.options.budget.reserved;
  }

  /** Disposes of all that is idle and hands out no more. */
  close(): void {
    this.#closed = true;
    this.#unpooled.pool.close();
    // Before anything is disposed of, which may call a clock that acquires.
    for (const tag of this.#tags.values()) tag.forget();
    for (const pool of this.#pools) pool.close();
  }

  /** Takes a snapshot. */
  stats(): BufferPoolStats {
    const { budget, chunks, name, zero } = this.options;
    const classes = this.#classes.map((each) => each.stats());
    const unpooled = this.#unpooled.stats();
    const all = [...classes, unpooled];
    const sum = (figure: (stats: typeof unpooled) => number) =>
      all.reduce((total, stats) => total + figure(stats), 0);
    const allocations = sum((stats) => stats.allocations);
    const hits = sum(({ pool }) => pool.hits);
    const pooled = allocations - unpooled.allocations;
    const wasted = this.#sum(({ sampled }) => sampled.wasted);
    const given = this.#sum(({ sampled }) => sampled.given);
    return {
      name,
      layout: chunks === undefined ? "separate" : "slab",
      zero,
      closed: this.#closed,
      maxBytes: budget.maxBytes,
      reservedBytes: budget.reserved,
      activeBytes: sum((stats) => stats.activeBytes),
      idleBytes: sum((stats) => stats.idleBytes),
      active: sum((stats) => stats.active),
      idle: sum((stats) => stats.idle),
      allocations,
      deallocations: sum((stats) => stats.deallocations),
      ...(pooled === 0 ? {} : { hitRate: hits / pooled }),
      ...(given === 0 ? {} : { waste: wasted / given }),
      classes,
      unpooled,
      ...(chunks === undefined ? {} : { chunks: chunks.stats(sum((stats) => stats.runs)) }),
    };
  }
}

/** Gives up a pool's oldest objects, at least one; says whether there was any. */
function giveUp<T extends object>(pool: Pool<T>, count: number): boolean {
  return pool.evict(Math.max(1, Math.ceil(count))) > 0;
}
