/**
 * A run of pages, cut into pieces of one size.
 *
 * @module
 */

import { type Chunk, PAGE_BYTES } from "./chunk.ts";

/** What a run may leave unused at its end, as a share of it. */
const MOST_LEFT_OVER = 1 / 8;
/**
 * How much larger than its pieces a run is at most, as a power of two. A larger one could leave less
 * unused at its end, but a single piece in use would hold all of it.
 */
const MOST_LARGER = 1;
/** The order of the largest run that is small. */
const SMALL_ORDER = 1;

/** The order of the run for pieces of a size: the smallest that leaves little of it unused. */
export function runOrderOf(pieceBytes: number, maxOrder: number): number {
  const least = Math.max(0, Math.ceil(Math.log2(pieceBytes / PAGE_BYTES)));
  let best = least;
  for (let order = least; order <= Math.min(least + MOST_LARGER, maxOrder); order++) {
    const leftOver = leftOverOf(pieceBytes, order);
    if (leftOver <= MOST_LEFT_OVER) return order;
    if (leftOver < leftOverOf(pieceBytes, best)) best = order;
  }
  return best;
}

/**
 * Whether pieces of a size sit well in the run that they get: alone, or in one so small that it does not
 * matter how many of them are in use.
 */
export function sitsWell(pieceBytes: number, maxOrder: number): boolean {
  const order = runOrderOf(pieceBytes, maxOrder);
  const isAlone = 2 * pieceBytes > PAGE_BYTES * 2 ** order;
  return leftOverOf(pieceBytes, order) <= MOST_LEFT_OVER && (isAlone || order <= SMALL_ORDER);
}

/** What pieces of a size leave unused of a run of an order, as a share of it. */
function leftOverOf(pieceBytes: number, order: number): number {
  const bytes = PAGE_BYTES * 2 ** order;
  return bytes % pieceBytes / bytes;
}

/** Pages in a row that belong to one class. */
export class Run {
  readonly chunk: Chunk;
  /** The node of the chunk's tree that it is. */
  readonly node: number;
  /** Where it stands among the runs of its class that have pieces left; below 0: nowhere. */
  at = -1;
  readonly #offset: number;
  readonly #pieceBytes: number;
  /** The pieces that are free: the first `#count` of these. */
  readonly #free: Uint16Array;
  #count: number;

  /** Cuts the pages of a node into pieces. */
  constructor(chunk: Chunk, node: number, pieceBytes: number) {
    this.chunk = chunk;
    this.node = node;
    this.#pieceBytes = pieceBytes;
    this.#offset = chunk.pages.page(node) * PAGE_BYTES;
    const count = Math.floor(chunk.pages.pages(node) * PAGE_BYTES / pieceBytes);
    this.#free = Uint16Array.from({ length: count }, (_, i) => count - 1 - i);
    this.#count = count;
  }

  /** How many of its pieces are in use. */
  get inUse(): number {
    return this.#free.length - this.#count;
  }

  /** Whether all of them are. */
  get isFull(): boolean {
    return this.#count === 0;
  }

  /** Takes a piece, of which one must be free; tells its number. */
  take(): number {
    return this.#free[--this.#count]!;
  }

  /** Takes a piece back. */
  give(piece: number): void {
    this.#free[this.#count++] = piece;
  }

  /** The bytes of a piece. */
  view(piece: number): Uint8Array<ArrayBuffer> {
    const start = this.#offset + piece * this.#pieceBytes;
    return new Uint8Array(this.chunk.buffer, start, this.#pieceBytes);
  }
}
