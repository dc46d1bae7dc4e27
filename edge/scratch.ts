/**
 * A buffer that grows with what a request writes, and is clean for the next one.
 *
 * Whatever is handed out or written lies below `length`, or below what it was before a rewind, so the larger of
 * them is also the dirty high-water mark: a reset that zeroes up to it leaves nothing of one tenant for
 * another, and costs what was used, not what is held.
 *
 * With a pool of blocks it keeps its first buffer only, so that a small request visits no pool, and what
 * it grows to goes back at the reset. Why no other request sees or changes it before: a
 * block that was outgrown stays until then too, since views of it may be in use; and the blocks of a
 * scratch that is never reset, because somebody may still be using it, are given up, not back.
 *
 * @module
 */

import type { Block, BufferPool } from "../src/buffers/mod.ts";
import { needBlocks } from "./blocks.ts";
import { isOverload, overloadException } from "./overload.ts";
import { needInteger, received } from "./received.ts";

/** The most bytes that a UTF-16 unit takes in UTF-8. */
const MAX_UNIT_BYTES = 3;

/** What a scratch holds from the start, and what it may grow to, unless told otherwise, in bytes. */
export const INITIAL_BYTES = 4096;
export const MAX_BYTES = 16_777_216;

/** How a {@linkcode Scratch} behaves. */
export interface ScratchOptions {
  /**
   * What it holds from the start, in bytes. No more than `keepBytes`.
   *
   * @default {4096}
   */
  readonly initialBytes?: number;
  /**
   * What it may keep over a reset, in bytes: a larger buffer is dropped for one of `initialBytes`.
   *
   * @default {1048576}
   */
  readonly keepBytes?: number;
  /**
   * The most it may grow to, in bytes.
   *
   * @default {16777216}
   */
  readonly maxBytes?: number;
  /**
   * Where it gets what it grows to, with a buffer for each block, or what gives that pool when it is first
   * needed. Then it keeps `initialBytes` over a reset, and there is no `keepBytes`: requests that are
   * large share blocks, and all others stay small. Its classes should be as large as those requests
   * are. Whoever makes it closes it; what a scratch grows to after that is its own.
   *
   * @default {undefined}
   */
  readonly pool?: BufferPool | (() => BufferPool);
}

/** Blocks on loan to a scratch: what is left to be ended where the scratch was collected. */
class Loans {
  #blocks: Block[] = [];

  add(block: Block): void {
    this.#blocks.push(block);
  }

  /** Says how much of the latest one was written: what came after its end lies elsewhere. */
  declare(used: number): void {
    const latest = this.#blocks.at(-1);
    if (latest !== undefined) latest.used = Math.min(used, latest.capacity);
  }

  /** Gives all back. */
  release(): void {
    this.#end((block) => block.release());
  }

  /** Gives all up. */
  discard(): void {
    this.#end((block) => block.discard());
  }

  #end(end: (block: Block) => void): void {
    const blocks = this.#blocks;
    if (blocks.length === 0) return;
    this.#blocks = [];
    const errors: unknown[] = [];
    for (const block of blocks) {
      try {
        end(block);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Made with the first loan, where the runtime has such a thing. */
let forgotten: FinalizationRegistry<Loans> | undefined;

/** Has loans given up once their scratch is collected without a reset, as where its lease expired. */
function watch(scratch: Scratch, loans: Loans): void {
  if (typeof FinalizationRegistry === "undefined") return;
  forgotten ??= new FinalizationRegistry((left) => left.discard());
  forgotten.register(scratch, loans);
}

/**
 * A growable buffer to build an answer in.
 *
 * A view of it must not be used after the reset, and one that was taken before it grew no longer
 * shows what is written later. `new Response(view)` copies it at once. A stream does not: give it a copy,
 * `view().slice()`, because a runtime may still be sending a chunk when the stream has ended (Deno
 * does). Code that reaches beyond a view through its `buffer` escapes the zeroing.
 *
 * @example Usage
 * ```ts
 * import { Scratch } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const scratch = new Scratch();
 * scratch.write("grün ");
 * scratch.write(new Uint8Array([33]));
 * assertEquals(new TextDecoder().decode(scratch.view()), "grün !");
 * scratch.reset();
 * assertEquals(scratch.take(6), new Uint8Array(6));
 * ```
 */
export class Scratch {
  readonly #initialBytes: number;
  readonly #keepBytes: number;
  readonly #maxBytes: number;
  readonly #encoder = new TextEncoder();
  /** What it keeps where there is a pool, and how much of that was used before it grew. */
  readonly #first: Uint8Array<ArrayBuffer> | undefined;
  #firstUsed = 0;
  #pool: BufferPool | (() => BufferPool) | undefined;
  #loans: Loans | undefined;
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** How far it reached before it was rewound: who had a view of that may still write to it. */
  #rewound = 0;
  #resets = 0;

  /**
   * Makes an empty buffer.
   *
   * @param options How it behaves.
   * @throws {RangeError} A size is not an integer of at least 0, or `initialBytes` exceeds
   * `keepBytes`, or `keepBytes` exceeds `maxBytes`.
   * @throws {TypeError} The pool is none, or one of slabs or without zeroing, or there is `keepBytes` as
   * well.
   */
  constructor(options: ScratchOptions = {}) {
    const action = "Cannot create Scratch";
    const { maxBytes = MAX_BYTES, pool } = options;
    needInteger(action, "maxBytes", maxBytes, 0);
    if (pool !== undefined) {
      if (typeof pool !== "function") needBlocks(action, pool);
      if (options.keepBytes !== undefined) {
        const rule = "keepBytes must come without a pool";
        throw new TypeError(
          `${action}: ${rule}: received ${received(options.keepBytes)} and a pool`,
        );
      }
    }
    const { keepBytes = Math.min(1_048_576, maxBytes) } = options;
    needInteger(action, "keepBytes", keepBytes, 0);
    const { initialBytes = Math.min(INITIAL_BYTES, keepBytes) } = options;
    needInteger(action, "initialBytes", initialBytes, 0);
    // With a pool exactly that is kept.
    if (pool === undefined) needInteger(action, "keepBytes", keepBytes, initialBytes);
    needInteger(action, "maxBytes", maxBytes, pool === undefined ? keepBytes : initialBytes);
    this.#initialBytes = initialBytes;
    this.#keepBytes = pool === undefined ? keepBytes : initialBytes;
    this.#maxBytes = maxBytes;
    this.#pool = pool;
    this.#bytes = new Uint8Array(initialBytes);
    if (pool !== undefined) this.#first = this.#bytes;
  }

  /**
   * The bytes that were written or taken since the last reset.
   *
   * @returns A number of bytes.
   */
  get length(): number {
    return this.#length;
  }

  /**
   * The bytes that it holds.
   *
   * @returns A number of bytes.
   */
  get capacity(): number {
    return this.#bytes.length;
  }

  /**
   * The bytes that can still be written or taken before it is at its limit.
   *
   * @returns A number of bytes.
   */
  get room(): number {
    return this.#maxBytes - this.#length;
  }

  /**
   * How often it was reset: what tells somebody who waits that it is another request's by now.
   *
   * @returns A count.
   */
  get resets(): number {
    return this.#resets;
  }

  /**
   * Takes the next bytes, all zero, for the caller to fill.
   *
   * @param byteLength How many.
   * @returns A view of exactly those.
   * @throws {RangeError} `byteLength` is not an integer of at least 0, or the buffer would exceed
   * `maxBytes`.
   * @throws {HTTPException} The pool has no room for what it would grow to (503).
   */
  take(byteLength: number): Uint8Array<ArrayBuffer> {
    needInteger("Cannot take scratch", "byteLength", byteLength, 0);
    const start = this.#length;
    this.#reserve(start + byteLength);
    this.#length = start + byteLength;
    return this.#bytes.subarray(start, this.#length);
  }

  /**
   * Appends bytes, or a text in UTF-8: all of it or, where that throws, nothing.
   *
   * @param chunk What to append.
   * @returns How many bytes that were.
   * @throws {TypeError} It is neither.
   * @throws {RangeError} The buffer would exceed `maxBytes`.
   * @throws {HTTPException} The pool has no room for what it would grow to (503).
   */
  write(chunk: string | Uint8Array): number {
    if (typeof chunk === "string") return this.#writeText(chunk);
    if (!(chunk instanceof Uint8Array)) {
      const rule = "chunk must be a string or a Uint8Array";
      throw new TypeError(`Cannot write scratch: ${rule}: received ${received(chunk)}`);
    }
    const start = this.#length;
    this.#reserve(start + chunk.length);
    this.#bytes.set(chunk, start);
    this.#length = start + chunk.length;
    return chunk.length;
  }

  /**
   * Everything that was written or taken since the last reset, or what came after an earlier
   * `length`.
   *
   * @param start Where the view begins.
   * @returns A view, not a copy.
   * @throws {RangeError} `start` is not an integer from 0 to `length`.
   */
  view(start = 0): Uint8Array<ArrayBuffer> {
    this.#needWithin("view", "start", start);
    return this.#bytes.subarray(start, this.#length);
  }

  /**
   * Takes back what came after an earlier `length`, and zeroes it. A view of that shows it no more.
   *
   * @param length What stays, in bytes.
   * @throws {RangeError} It is not an integer from 0 to `length`.
   *
   * @example Several messages, one after the other
   * ```ts
   * import { Scratch } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const scratch = new Scratch();
   * scratch.write("data: ");
   * const start = scratch.length;
   * const messages = ["a", "b"].map((text) => {
   *   scratch.write(text);
   *   const message = new TextDecoder().decode(scratch.view());
   *   scratch.rewind(start);
   *   return message;
   * });
   * assertEquals(messages, ["data: a", "data: b"]);
   * ```
   */
  rewind(length: number): void {
    this.#needWithin("rewind", "length", length);
    this.#bytes.fill(0, length, this.#length);
    this.#rewound = this.#used;
    this.#length = length;
  }

  /** Zeroes what was used, and drops a buffer beyond `keepBytes`, or gives it back to the pool. */
  reset(): void {
    this.#resets++;
    const used = this.#used;
    this.#length = this.#rewound = 0;
    if (this.#pool !== undefined && this.#bytes !== this.#first) this.#shrink(used);
    else if (this.#bytes.length > this.#keepBytes) this.#bytes = new Uint8Array(this.#initialBytes);
    else this.#bytes.fill(0, 0, used);
  }

  /** The bytes of the buffer that anybody has had a view of. */
  get #used(): number {
    return Math.max(this.#length, this.#rewound);
  }

  /**
   * Gives the pool's blocks up instead of back: for when the scratch may still be in use though its
   * lease has ended. It works on as before, without the pool.
   */
  abandon(): void {
    this.#pool = undefined;
    this.#loans?.discard();
  }

  /** Goes back to its first buffer. */
  #shrink(used: number): void {
    this.#bytes = this.#first!;
    try {
      this.#loans?.declare(used);
      this.#loans?.release();
    } finally {
      this.#bytes.fill(0, 0, this.#firstUsed);
    }
  }

  #needWithin(action: string, name: string, value: number): void {
    if (Number.isInteger(value) && value >= 0 && value <= this.#length) return;
    const rule = `${name} must be an integer from 0 to ${this.#length}`;
    throw new RangeError(`Cannot ${action} scratch: ${rule}: received ${received(value)}`);
  }

  #writeText(text: string): number {
    const start = this.#length;
    try {
      this.#encode(text);
    } catch (error) {
      // Half a text would be taken for a whole one by whoever goes on.
      this.rewind(start);
      throw error;
    }
    return this.#length - start;
  }

  #encode(text: string): void {
    // Most texts are ASCII: three bytes a character are only reserved for the rest of those that
    // are not.
    this.#reserve(this.#length + text.length);
    let read = 0;
    while (true) {
      const rest = read === 0 ? text : text.slice(read);
      const target = this.#length === 0 ? this.#bytes : this.#bytes.subarray(this.#length);
      const step = this.#encoder.encodeInto(rest, target);
      read += step.read;
      this.#length += step.written;
      if (read === text.length) return;
      const most = this.#length + (text.length - read) * MAX_UNIT_BYTES;
      // The worst case may exceed the limit where the text does not; once there is no more to give,
      // it does.
      this.#reserve(this.#bytes.length < this.#maxBytes ? Math.min(most, this.#maxBytes) : most);
    }
  }

  /** Makes room for `needed` bytes in all, keeping what was written. */
  #reserve(needed: number): void {
    if (needed <= this.#bytes.length) return;
    if (needed > this.#maxBytes) {
      const rule = `length must be at most ${this.#maxBytes} bytes`;
      throw new RangeError(`Cannot grow scratch: ${rule}: received ${needed}`);
    }
    const grown = this.#grow(Math.min(this.#maxBytes, Math.max(needed, 2 * this.#bytes.length)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#rewound = 0;
  }

  /** Gets a larger buffer; the former one is not to be written any more. */
  #grow(byteLength: number): Uint8Array<ArrayBuffer> {
    if (this.#bytes === this.#first) this.#firstUsed = this.#used;
    else this.#loans?.declare(this.#used);
    const block = this.#borrow(byteLength);
    if (block === undefined) return new Uint8Array(byteLength);
    if (this.#loans === undefined) watch(this, this.#loans = new Loans());
    this.#loans.add(block);
    return block.capacity > this.#maxBytes ? block.bytes.subarray(0, this.#maxBytes) : block.bytes;
  }

  /** Takes a block, if there is a pool and it is open. */
  #borrow(byteLength: number): Block | undefined {
    try {
      if (typeof this.#pool === "function") {
        const pool = this.#pool();
        needBlocks("Cannot grow scratch", pool);
        this.#pool = pool;
      }
      return this.#pool?.acquire(byteLength);
    } catch (error) {
      // Who is served while a service shuts down is served to the end.
      if ((error as { code?: unknown } | undefined)?.code === "closed") return undefined;
      throw isOverload(error) ? overloadException(error) : error;
    }
  }
}
