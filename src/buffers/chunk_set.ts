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

/** A buffer pool's chunks. */
export class ChunkSet {
  /** A chunk, in bytes. */
  readonly chunkBytes: number;
  /** Those that lie idle, and the account of all. */
  readonly pool: Pool<Chunk>;
  /** Those with runs in use. */
  readonly #used: Chunk[] = [];

  /** Makes an empty set. */
  constructor(budget: Budget, chunkBytes: number, options: ChunkPoolOptions) {
    this.chunkBytes = chunkBytes;
    this.pool = new Pool({
      ...options,
      create: () => new Chunk(budget.allocate(chunkBytes)),
      reset: needAttached,
      dispose: ({ buffer }) => budget.free(buffer, chunkBytes),
      sizeOf: () => chunkBytes,
    });
  }

  /** The order of the largest run that a chunk can hold. */
  get maxOrder(): number {
    return Math.log2(this.chunkBytes / PAGE_BYTES);
  }

  /** Takes a snapshot; runs are counted by those who hold them. */
  stats(runs: number): ChunkStats {
    const pages = this.#used.reduce((sum, { pages }) => sum + 2 ** pages.height - pages.free, 0);
    const pool = this.pool.stats();
    return {
      chunkBytes: this.chunkBytes,
      used: this.#used.length,
      idle: pool.idle,
      runs,
      runBytes: pages * PAGE_BYTES,
      pool,
    };
  }

  /** Takes a run of 2^order pages, of the fullest chunk that has one: the others may become empty. */
  takeRun(order: number, pieceBytes: number): Run {
    let fullest: Chunk | undefined;
    for (const chunk of this.#used) {
      if (chunk.isLost || !chunk.pages.fits(order)) continue;
      if (fullest === undefined || chunk.pages.free < fullest.pages.free) fullest = chunk;
    }
    if (fullest === undefined) {
      fullest = this.pool.acquire();
      this.#used.push(fullest);
    }
    return new Run(fullest, fullest.pages.take(order), pieceBytes);
  }

  /** Takes a run back of which no piece is in use; a chunk without runs becomes idle. */
  giveRun({ chunk, node }: Run): void {
    chunk.pages.give(node);
    if (!chunk.isEmpty) return;
    this.#used.splice(this.#used.indexOf(chunk), 1);
    this.pool.release(chunk);
  }
}

/** An idle chunk must have its buffer. */
function needAttached(chunk: Chunk): void {
  if (!chunk.isLost) return;
  const rule = "its buffer must be attached";
  throw new TypeError(`Cannot take back Chunk: ${rule}: received one that was transferred`);
}
