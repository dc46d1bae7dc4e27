/**
 * The pool of contexts that a service shares over all its routes.
 *
 * @module
 */

import { detectHost, Pool, type PoolOptions, type Pressure, SharedHost } from "../mod.ts";
import type { BufferPool } from "../src/buffers/mod.ts";
import { RequestContext, type RequestContextOptions } from "./context.ts";
import { needOptions } from "./received.ts";
import { INITIAL_BYTES, type ScratchOptions } from "./scratch.ts";
import { SharedBlocks } from "./shared_blocks.ts";

/** How a {@linkcode contextPool} behaves: any option of a pool but those that contexts decide. */
export interface ContextPoolOptions
  extends Partial<Omit<PoolOptions<RequestContext>, "create" | "reset" | "sizeOf">> {
  /**
   * The limits of each context. Where its scratch names neither `pool` nor `keepBytes`, the contexts share
   * a pool of blocks that is made when the first of them needs it. A scratch then keeps its `initialBytes`,
   * and grows to 16 MiB at most, or to an eighth of the memory limit where that is less.
   *
   * @default {{}}
   */
  readonly context?: RequestContextOptions;
}

const ACTION = "Cannot create context pool";

/**
 * A pool of {@linkcode RequestContext}s, and of the blocks that they grow into, which live as long.
 *
 * @example Usage
 * ```ts
 * import { ContextPool } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new ContextPool();
 * const length = pool.with("/report", ({ scratch }) => scratch.write("x".repeat(10_000)));
 * assertEquals(length, 10_000);
 * assertEquals(pool.blocks?.stats().idle, 1);
 * pool.close();
 * ```
 */
export class ContextPool extends Pool<RequestContext> {
  readonly #blocks: SharedBlocks | undefined;

  /**
   * Makes a pool.
   *
   * @param options Its options and the limits of its contexts.
   * @throws {TypeError} An option is of the wrong type.
   * @throws {RangeError} A limit is out of range.
   */
  constructor(options: ContextPoolOptions = {}) {
    needOptions(ACTION, "options", options);
    const { context = {}, ...poolOptions } = options;
    needOptions(ACTION, "context", context);
    const { scratch = {} } = context;
    needOptions(ACTION, "context.scratch", scratch);
    const isSharing = scratch.pool === undefined && scratch.keepBytes === undefined;
    const { host = detectHost() } = options;
    const shared = new SharedHost(host);
    const blocks = isSharing ? new SharedBlocks(host, shared, options) : undefined;
    const limits = blocks === undefined ? context : { ...context, scratch: grown(scratch, blocks) };
    // Bad limits are told now, not at the first request.
    new RequestContext(limits);
    super({
      name: "contexts",
      ...poolOptions,
      host: shared.share(),
      create: () => new RequestContext(limits),
      reset: (object) => object.reset(),
      sizeOf: (object) => object.byteLength,
    });
    this.#blocks = blocks;
  }

  /**
   * The blocks that the contexts share; `undefined` until one of them has outgrown what it has of its
   * own, and where they share none of this pool's making.
   */
  get blocks(): BufferPool | undefined {
    return this.#blocks?.made;
  }

  /** Runs the schedulers of the contexts and of their blocks now. */
  override tick(): void {
    super.tick();
    this.blocks?.tick();
  }

  /** Runs the schedulers that are due, as `Pool.poll` does, and those of the blocks. */
  override poll(): void {
    super.poll();
    this.#blocks?.poll();
  }

  /**
   * Gives idle contexts and blocks back at once.
   *
   * @param pressure As for `Pool.trim`.
   * @returns How many contexts went.
   * @throws {TypeError} A pressure that is none.
   */
  override trim(pressure: Pressure): number {
    const trimmed = super.trim(pressure);
    this.blocks?.trim(pressure);
    return trimmed;
  }

  /** Closes the pool and its blocks. Contexts on lease work on, and go when they are released. */
  override close(): void {
    super.close();
    this.#blocks?.close();
  }

  /** Closes the pool: what `using` calls. */
  override [Symbol.dispose](): void {
    this.close();
  }
}

/** The limits of a scratch that grows into shared blocks. */
function grown(scratch: ScratchOptions, blocks: SharedBlocks): ScratchOptions {
  const { initialBytes = INITIAL_BYTES } = scratch;
  // No number is larger than what is none, of which the scratch itself tells.
  const maxBytes = initialBytes > blocks.scratchBytes ? initialBytes : blocks.scratchBytes;
  return { maxBytes, ...scratch, pool: () => blocks.get() };
}

/**
 * A pool of {@linkcode RequestContext}s, measured by their `byteLength`.
 *
 * @param options Its options and the limits of its contexts.
 * @returns A pool that the caller closes.
 * @throws {TypeError} An option is of the wrong type.
 * @throws {RangeError} A limit is out of range.
 *
 * @example Usage
 * ```ts
 * import { contextPool } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = contextPool({ context: { maxHeaders: 32 } });
 * const size = pool.with("/users/:id", (context) => {
 *   context.params.set("id", "7");
 *   return context.params.size;
 * });
 * assertEquals(size, 1);
 * pool.close();
 * ```
 */
export function contextPool(options: ContextPoolOptions = {}): ContextPool {
  return new ContextPool(options);
}
