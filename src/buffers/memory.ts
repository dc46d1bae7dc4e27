/**
 * Where the blocks of a size class get their bytes from.
 *
 * @module
 */

import { type BlockOwner, PooledBlock } from "./block.ts";
import type { Budget } from "./budget.ts";
import type { ChunkSet } from "./chunk_set.ts";
import { type Run, runOrderOf } from "./run.ts";

/** How the bytes of blocks lie: each block's in a buffer of its own, or many in one chunk. */
export type BufferLayout = "separate" | "slab";

/** A source of blocks that are all zeros, unless the pool zeroes nothing. */
export interface BlockMemory {
  /** Runs of pages that it holds. */
  readonly runs: number;
  /** The bytes of the block that is made next. */
  readonly nextBytes: number;
  /**
   * Makes a block.
   *
   * @throws {PoolError} The budget has no room for it, or for the chunk that it needs.
   */
  make(owner: BlockOwner): PooledBlock;
  /**
   * What a block weighs on the shelf, in bytes, or what tells it of one: more than may lie there where it is
   * to go back.
   */
  readonly sizeOf: number | ((block: PooledBlock) => number);
  /** Takes the bytes of a block back that nobody uses any more. */
  free(block: PooledBlock): void;
  /** A block of so many bytes was collected on lease. */
  lose(bytes: number): void;
}

/** The most that may lie on the shelf of a class, in bytes: one less than a small integer can be. */
export const MAX_SHELF_BYTES = 2 ** 31 - 2;

/** Its capacity, but too much where the chunk is to become empty. */
function pieceSizeOf(block: PooledBlock): number {
  return block.run!.chunk.isDraining ? MAX_SHELF_BYTES + 1 : block.capacity;
}

/** A buffer for each block. */
export class SeparateMemory implements BlockMemory {
  readonly runs = 0;
  readonly sizeOf: number;
  readonly #budget: Budget;
  readonly #bytesOf: () => number;

  /** Makes a source of blocks of this capacity; 0: of any, which is asked for each time, and none is kept. */
  constructor(budget: Budget, capacity: number, bytesOf: () => number = () => capacity) {
    this.sizeOf = capacity;
    this.#budget = budget;
    this.#bytesOf = bytesOf;
  }

  get nextBytes(): number {
    return this.#bytesOf();
  }

  make(owner: BlockOwner): PooledBlock {
    return new PooledBlock(new Uint8Array(this.#budget.allocate(this.nextBytes)), owner);
  }

  free(block: PooledBlock): void {
    this.#budget.free(block.buffer, block.capacity);
  }

  lose(bytes: number): void {
    this.#budget.lose(bytes);
  }
}

/** Pieces of runs, which are pages of chunks. */
export class SlabMemory implements BlockMemory {
  readonly nextBytes: number;
  readonly sizeOf = pieceSizeOf;
  readonly #chunks: ChunkSet;
  readonly #order: number;
  /** Runs with pieces left, in no order; each knows its place. */
  readonly #open: Run[] = [];
  #runs = 0;

  /** Makes a source of pieces of a size that a chunk can hold. */
  constructor(chunks: ChunkSet, pieceBytes: number) {
    this.#chunks = chunks;
    this.nextBytes = pieceBytes;
    this.#order = runOrderOf(pieceBytes, chunks.maxOrder);
  }

  get runs(): number {
    return this.#runs;
  }

  make(owner: BlockOwner): PooledBlock {
    const run = this.#openRun();
    const piece = run.take();
    if (run.isFull) this.#shut(run);
    return new PooledBlock(run.view(piece), owner, run, piece);
  }

  free(block: PooledBlock): void {
    const run = block.run!;
    // The next block that is carved from here must begin as zeros.
    if (block.stale > 0 && !block.isLost) block.clear();
    run.give(block.index);
    if (run.inUse === 0) {
      this.#shut(run);
      this.#runs--;
      this.#chunks.giveRun(run);
    } else if (run.at < 0 && run.chunk.isOpen) {
      run.at = this.#open.push(run) - 1;
    }
  }

  /** Does nothing: nobody knows which piece it was, and so its run stays. */
  lose(): void {}

  #openRun(): Run {
    for (;;) {
      const run = this.#open.at(-1);
      if (run === undefined) break;
      if (run.chunk.isOpen) return run;
      // It comes back with the next piece of it that does, should the chunk be open again by then.
      this.#shut(run);
    }
    const run = this.#chunks.takeRun(this.#order, this.nextBytes);
    this.#runs++;
    run.at = this.#open.push(run) - 1;
    return run;
  }

  /** Takes a run off the list of those with pieces left. */
  #shut(run: Run): void {
    if (run.at < 0) return;
    const last = this.#open.pop()!;
    if (last !== run) {
      this.#open[run.at] = last;
      last.at = run.at;
    }
    run.at = -1;
  }
}
