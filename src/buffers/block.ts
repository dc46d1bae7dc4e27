/**
 * A block of bytes on loan, and what happens to its bytes between two holders.
 *
 * Why no byte of a former holder shows under the default: a block begins as zeros, its holder may
 * write below the dirty mark only, and whatever lies below the mark is zeroed before the block is
 * anybody else's. The mark starts at the capacity, and only the holder's own word lowers it.
 *
 * The object and its view stay together for as long as the block exists, so that a hit makes neither.
 *
 * @module
 */

import { PoolError, show } from "../error.ts";
import { IDLE as idleHolder, type Slot, type Slotted } from "../slot.ts";
import type { Run } from "./run.ts";

// V8 folds a module's own constants into its code, imported ones it loads each time.
const IDLE: typeof idleHolder = idleHolder;

/** What a block has in place of its bytes while it is given up. */
const GONE = new Uint8Array();

/**
 * A block of bytes on loan.
 *
 * @example Usage
 * ```ts
 * import { BufferPool } from "@siliconflow/pool/buffers";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new BufferPool();
 * const block = pool.acquire(300);
 * assertEquals(block.capacity, 1024);
 * block.used = new TextEncoder().encodeInto("hello", block.bytes).written;
 * assertEquals(block.used, 5);
 * block.release();
 * pool.close();
 * ```
 */
export interface Block extends Disposable {
  /**
   * Its bytes, `capacity` of them. They must not be kept or transferred beyond the release: they are
   * the next holder's then.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes it holds: those of its size class, or those asked for where it is unpooled. */
  readonly capacity: number;
  /**
   * How many bytes are in use, from the first on; `capacity` until it is set. Setting it declares that
   * nothing is written beyond, so that the release has only the largest of these marks to zero. Whoever
   * sets it when the block is somebody else's already declares that for them: a block cannot tell its
   * holders apart.
   *
   * @throws {PoolError} Set while the block lies idle (see `guard`), which changes nothing.
   * @throws {RangeError} Set to anything but an integer from 0 to `capacity`.
   */
  used: number;
  /**
   * Gives the block back to its pool. Nothing of it may be used from then on, `used` no more than `bytes`:
   * once it has been handed out again, a former holder passes for the new one.
   *
   * @throws {PoolError} It is not on lease (see `guard`), or its buffer was transferred away.
   */
  release(): void;
  /**
   * Gives the block up instead of back, where somebody may still be using its bytes: nobody is handed
   * them again, and they go with whoever keeps them. Its class counts it as discarded (`invalid`).
   *
   * @throws {PoolError} It is not on lease (see `guard`).
   * @throws {TypeError} It is a piece of a slab, whose bytes cannot go by themselves.
   */
  discard(): void;
  /** Gives the block back: what `using` calls. */
  [Symbol.dispose](): void;
}

/** What a block is released through: the tag of its class under which it was acquired. */
export interface BlockHome {
  release(block: PooledBlock): void;
}

/** The class that a block belongs to. */
export interface BlockOwner {
  /** What a block is released through that was acquired without a tag. */
  readonly untagged: BlockHome;
  /** Whether a block is on lease to somebody who may give it back. */
  isLeased(block: PooledBlock): boolean;
  /** Hears that a block was used that lies idle. */
  usedIdle(message: string): void;
}

/**
 * A block as its pool sees it. The fields that a hit touches come first: JavaScriptCore keeps the first
 * six in the object itself. For `declare` see `Slot`.
 */
export class PooledBlock implements Block, Slotted<PooledBlock> {
  declare bytes: Uint8Array<ArrayBuffer>;
  declare home: BlockHome;
  /** What is left of a former holder, in bytes from the first on. */
  declare stale: number;
  /** From here on its holder has written nothing, in bytes. */
  declare dirty: number;
  declare readonly capacity: number;
  /** What `used` was last set to; below 0: it was not. */
  declare length: number;
  declare readonly owner: BlockOwner;
  /** The memory, also while `bytes` is detached. */
  declare buffer: ArrayBuffer;
  /** The run that it is a piece of, and which one; none where it has a buffer of its own. */
  declare readonly run: Run | undefined;
  declare readonly index: number;
  /** The record that its pool has of it, and adds to it at once. */
  declare readonly "@siliconflow/pool slot": Slot<PooledBlock>;

  /** Makes a block of zeros. */
  constructor(bytes: Uint8Array<ArrayBuffer>, owner: BlockOwner, run?: Run, index = 0) {
    this.bytes = bytes;
    this.home = owner.untagged;
    this.stale = 0;
    this.dirty = bytes.length;
    this.capacity = bytes.length;
    this.length = -1;
    this.owner = owner;
    this.buffer = bytes.buffer;
    this.run = run;
    this.index = index;
  }

  get used(): number {
    return this.length < 0 ? this.capacity : this.length;
  }

  set used(used: number) {
    if (used >>> 0 !== used || used > this.capacity) this.refuse(used);
    // What a former holder says is not the next one's word.
    if (this["@siliconflow/pool slot"].holder === IDLE) {
      this.ignore();
      return;
    }
    // The first declaration replaces the whole block, later ones only add to it.
    if (this.length < 0 || used > this.dirty) this.dirty = used;
    this.length = used;
  }

  /** Refuses what is none of these; what has more than 32 bits may be one. */
  refuse(used: number): void {
    if (Number.isInteger(used) && used >= 0 && used <= this.capacity) return;
    const rule = `used must be an integer from 0 to ${this.capacity}`;
    throw new RangeError(`Cannot declare Block: ${rule}: received ${show(used)}`);
  }

  ignore(): void {
    const rule = "it must be on lease";
    this.owner.usedIdle(`Cannot declare Block: ${rule}: received one already released`);
  }

  release(): void {
    this.home.release(this);
  }

  [Symbol.dispose](): void {
    this.home.release(this);
  }

  discard(): void {
    const { bytes, buffer } = this;
    if (this.run !== undefined) {
      const rule = "it must have a buffer of its own";
      throw new TypeError(`Cannot discard Block: ${rule}: received a piece of a slab`);
    }
    // Who hears of the misuse may come to hold the block, and must find its bytes.
    if (!this.owner.isLeased(this)) return this.home.release(this);
    // Its reset refuses a block without bytes, and there is nothing of it to free.
    this.bytes = GONE;
    this.buffer = GONE.buffer;
    try {
      this.home.release(this);
    } catch (error) {
      if (!(error instanceof PoolError) || error.code !== "reset") throw error;
    } finally {
      this.bytes = bytes;
      this.buffer = buffer;
    }
  }

  /**
   * Makes it fit to be handed out and to be given back, where its reset left that for later; says whether
   * its memory is still there.
   */
  settle(home: BlockHome): boolean {
    if (this.bytes.length === 0) {
      if (this.isLost) return false;
      this.bytes = new Uint8Array(this.buffer);
    }
    this.clear();
    this.home = home;
    return true;
  }

  /** Whether somebody who had kept its bytes has transferred its memory away. */
  get isLost(): boolean {
    return this.buffer.byteLength === 0;
  }

  /** Zeroes what is left of a former holder. */
  clear(): void {
    this.bytes.fill(0, 0, this.stale);
    this.stale = 0;
  }

  /** Begins anew: nothing is declared. */
  forget(): void {
    if (this.bytes.length !== this.capacity) {
      const rule = "its buffer must be attached";
      throw new TypeError(`Cannot take back Block: ${rule}: received one that was transferred`);
    }
    this.dirty = this.capacity;
    this.length = -1;
  }
}

/** When the bytes of a holder are zeroed. */
export type Zeroing = "dirty" | "acquire" | "never";

/** Zeroes what its holder may have written. */
function wipe(block: PooledBlock): void {
  const { bytes, dirty, capacity } = block;
  // A detached view has no length.
  if (bytes.length !== capacity) block.forget();
  if (dirty > 0) bytes.fill(0, 0, dirty);
  block.dirty = capacity;
  block.length = -1;
}

/** The home of blocks that are to be settled before they are handed out. */
const UNSETTLED: BlockHome = { release: (block) => block.owner.untagged.release(block) };

/** Leaves the zeroing to the next acquire. */
function postpone(block: PooledBlock): void {
  const { dirty } = block;
  block.forget();
  block.stale = dirty;
  block.home = UNSETTLED;
}

/** Leaves the bytes as they are, and `dirty`, which nobody reads then. */
function keep(block: PooledBlock): void {
  if (block.bytes.length !== block.capacity) block.forget();
  block.length = -1;
}

/** Moves the memory away from whatever view anybody has kept. */
function detach(block: PooledBlock): void {
  block.buffer = block.bytes.buffer.transfer();
  block.home = UNSETTLED;
}

/** How a block is brought back to its first state, by the options of its pool. */
export function resetOf(zero: Zeroing, isStrict: boolean): (block: PooledBlock) => void {
  const reset = { dirty: wipe, acquire: postpone, never: keep }[zero];
  if (!isStrict) return reset;
  return (block) => {
    reset(block);
    detach(block);
  };
}
