/**
 * The chunks of a buffer pool: those with runs in use, and those that lie idle.
 *
 * An empty chunk is an idle object like any other. It goes into a pool of its own, whose generations
 * decide when its memory goes back: a wave that ebbs and comes again finds it still there.
 *
 * @module
 */

import { Pool, type PoolOptions } from "../pool.ts";
import type { PoolStats } from "../stats.ts";
import type { Budget } from "./budget.ts";
import { Chunk, PAGE_BYTES } from "./chunk.ts";
import { Run } from "./run.ts";

/** What the pool of idle chunks is told beside what chunks are. */
export type ChunkPoolOptions = Omit<PoolOptions<Chunk>, "create" | "reset" | "dispose" | "sizeOf">;

/** The chunks of a buffer pool in a snapshot. */
export interface ChunkStats {
  /** A chunk, in bytes. */
  readonly chunkBytes: number;
  /** Chunks with runs in use. */
  readonly used: number;
  /** Chunks that wait to be used. */
  readonly idle: number;
  /** Runs of pages in use. */
  readonly runs: number;
  /** Their pages together, in bytes. */
  readonly runBytes: number;
  /** The account of their pool. */
  readonly pool: PoolStats;
}

/** Chunks are balanced after so much of one, and of all that is in use, was given back. */
const BALANCED = 1 / 16;
/** So few are not worth the trouble. */
const UNDRAINED = 2;

/** A buffer pool's chunks. */
export class ChunkSet {
  /** A chunk, in bytes. */
  readonly chunkBytes: number;
  /** Those that lie idle, and the account of all. */
  readonly pool: Pool<Chunk>;
  /** Those with runs in use. */
  readonly #used: Chunk[] = [];
  /** Pages that were given back since chunks were last balanced. */
  #given = 0;
  /** Takes idle blocks off their shelves whose chunk is to become empty. */
  #sift: () => void = () => {};

  /** Makes an empty set. */
  constructor(budget: Budget, chunkBytes: number, options: ChunkPoolOptions) {
    this.chunkBytes = chunkBytes;
    this.pool = new Pool({
      ...options,
      create: () => new Chunk(budget.allocate(chunkBytes)),
      reset: needAttached,
      dispose: ({ buffer }) => budget.free(buffer, chunkBytes),
      sizeOf: chunkBytes,
    });
  }

  /** The order of the largest run that a chunk can hold. */
  get maxOrder(): number {
    return Math.log2(this.chunkBytes / PAGE_BYTES);
  }

  /** Has idle blocks sifted by `sift` whenever chunks begin to drain. */
  onDrain(sift: () => void): void {
    this.#sift = sift;
  }

  /** Takes a snapshot; runs are counted by those who hold them. */
  stats(runs: number): ChunkStats {
    const pool = this.pool.stats();
    return {
      chunkBytes: this.chunkBytes,
      used: this.#used.length,
      idle: pool.idle,
      runs,
      runBytes: this.#inUse * PAGE_BYTES,
      pool,
    };
  }

  /** Takes a run of 2^order pages, of the fullest chunk that has one: the others may become empty. */
  takeRun(order: number, pieceBytes: number): Run {
    const fitting = this.#used.filter((chunk) => !chunk.isLost && chunk.pages.fits(order));
    const kept = fitting.filter(({ isDraining }) => !isDraining);
    let chunk = fullest(kept) ?? fullest(fitting);
    if (chunk === undefined) {
      chunk = this.#takeChunk();
      this.#used.push(chunk);
    }
    chunk.isDraining = false;
    return new Run(chunk, chunk.pages.take(order), pieceBytes);
  }

  /** Takes an idle chunk or a new one. */
  #takeChunk(): Chunk {
    for (;;) {
      const chunk = this.pool.acquire();
      if (!chunk.isLost) return chunk;
      this.#giveChunk(chunk);
    }
  }

  /** Gives a chunk back whose runs are all free. */
  #giveChunk(chunk: Chunk): void {
    try {
      this.pool.release(chunk);
    } catch (error) {
      // It was transferred away, and whoever takes or gives a block had no part in that.
      this.pool["core"].report(error);
    }
  }

  /** Takes a run back of which no piece is in use; a chunk without runs becomes idle. */
  giveRun({ chunk, node }: Run): void {
    this.#given += chunk.pages.pages(node);
    chunk.pages.give(node);
    if (chunk.used === 0) {
      this.#used.splice(this.#used.indexOf(chunk), 1);
      chunk.isDraining = false;
      this.#giveChunk(chunk);
    }
    if (this.#given >= BALANCED * Math.max(this.#pages, this.#inUse)) this.#balance();
  }

  /**
   * Has the emptiest chunks drained where fewer could hold all runs. Without it blocks that a wave has
   * left here and there would hold a chunk each: those on the shelves are handed out again and again,
   * so no chunk would ever become empty.
   */
  #balance(): void {
    this.#given = 0;
    const needed = Math.max(UNDRAINED, Math.ceil(this.#inUse / this.#pages));
    const byFill = this.#used.toSorted((a, b) => b.used - a.used);
    for (const [i, chunk] of byFill.entries()) chunk.isDraining = i >= needed;
    if (byFill.length > needed) this.#sift();
  }

  /** Pages in use. */
  get #inUse(): number {
    return this.#used.reduce((sum, { used }) => sum + used, 0);
  }

  /** The pages of a chunk. */
  get #pages(): number {
    return this.chunkBytes / PAGE_BYTES;
  }
}

/** The chunk of which most is in use. */
function fullest(chunks: readonly Chunk[]): Chunk | undefined {
  return chunks.reduce<Chunk | undefined>(
    (most, chunk) => most === undefined || chunk.used > most.used ? chunk : most,
    undefined,
  );
}

/** An idle chunk must have its buffer. */
function needAttached(chunk: Chunk): void {
  if (!chunk.isLost) return;
  const rule = "its buffer must be attached";
  throw new TypeError(`Cannot take back Chunk: ${rule}: received one that was transferred`);
}
