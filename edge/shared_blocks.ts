/**
 * The blocks that the contexts of a pool share, made when the first of them needs one.
 *
 * @module
 */

import { type Host, memoryLimitOf, PoolError, type SharedHost } from "../mod.ts";
import { BufferPool, type BufferPoolOptions } from "../src/buffers/mod.ts";
import { MAX_BYTES } from "./scratch.ts";

/** What scratches grow to, in bytes. */
const CLASSES: readonly number[] = [16_384, 65_536, 262_144, 1_048_576];
/** What all blocks may hold of the memory limit. */
const FRACTION = 1 / 4;
/** One poll in so many looks at the blocks. */
const POLLS = 8;

/** The blocks that contexts share, and the end of them. */
export class SharedBlocks {
  /** The most that a scratch may hold by default, so that it fits with what it has outgrown, in bytes. */
  readonly scratchBytes: number;
  readonly #shared: SharedHost;
  readonly #options: BufferPoolOptions;
  #pool: BufferPool | undefined;
  #polls = 0;
  #closed = false;

  /** Makes none yet. */
  constructor(
    host: Host,
    shared: SharedHost,
    options: Pick<BufferPoolOptions, "memoryLimit" | "name" | "onError">,
  ) {
    const { memoryLimit, onError, name = "contexts" } = options;
    const maxBytes = Math.max(1, Math.floor(memoryLimitOf(memoryLimit, host) * FRACTION));
    const classes = CLASSES.filter((bytes) => bytes <= maxBytes);
    // What it grows to doubles.
    this.scratchBytes = Math.min(MAX_BYTES, Math.floor(maxBytes / 2));
    this.#shared = shared;
    this.#options = {
      name: `${name} blocks`,
      maxBytes,
      ...(classes.length === 0 ? {} : { classes }),
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
      ...(onError === undefined ? {} : { onError }),
    };
  }

  /** The pool, if it is made already. */
  get made(): BufferPool | undefined {
    return this.#pool;
  }

  /** The pool; throws where it is closed before it was made. */
  get(): BufferPool {
    if (this.#pool !== undefined) return this.#pool;
    if (this.#closed) {
      const rule = "the pool of contexts must be open";
      throw new PoolError("closed", `Cannot make blocks: ${rule}: received a closed one`);
    }
    return this.#pool = new BufferPool({ ...this.#options, host: this.#shared.share() });
  }

  /** Looks now and then whether the blocks' schedulers are due. */
  poll(): void {
    if (++this.#polls % POLLS === 0) this.#pool?.poll();
  }

  /** Gives the blocks back, now or when they are released. */
  close(): void {
    this.#closed = true;
    this.#pool?.close();
  }
}
