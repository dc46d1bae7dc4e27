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
  /** Whether blocks of it that are released go back to it, so that it may become empty. */
  isDraining = false;

  /** Makes a chunk of a buffer that holds a power of two of pages. */
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.pages = new BuddyTree(Math.log2(buffer.byteLength / PAGE_BYTES));
  }

  /** Pages in use. */
  get used(): number {
    return 2 ** this.pages.height - this.pages.free;
  }

  /** Whether more may be carved from its runs. */
  get isOpen(): boolean {
    return !this.isDraining && !this.isLost;
  }

  /** Whether somebody has transferred its buffer away, and with it all that was carved from it. */
  get isLost(): boolean {
    return this.buffer.byteLength === 0;
  }
}
