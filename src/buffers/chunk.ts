/**
 * A chunk: one buffer whose pages are handed out in runs.
 *
 * @module
 */

import { BuddyTree } from "./buddy.ts";

/** A page, in bytes. */
export const PAGE_BYTES = 8192;

/** A buffer and the account of its pages. */
export class Chunk {
  readonly buffer: ArrayBuffer;
  readonly pages: BuddyTree;

  /** Makes a chunk of a buffer that holds a power of two of pages. */
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.pages = new BuddyTree(Math.log2(buffer.byteLength / PAGE_BYTES));
  }

  /** Whether none of it is in use. */
  get isEmpty(): boolean {
    return this.pages.free === 2 ** this.pages.height;
  }

  /** Whether somebody has transferred its buffer away, and with it all that was carved from it. */
  get isLost(): boolean {
    return this.buffer.byteLength === 0;
  }
}
