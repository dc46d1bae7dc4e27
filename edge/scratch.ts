/**
 * A buffer that grows with what a request writes, and is clean for the next one.
 *
 * Whatever is handed out or written lies below `length`, so `length` is also the dirty high-water
 * mark: a reset that zeroes up to it leaves nothing of one tenant for another, and costs what was
 * used, not what is held.
 *
 * @module
 */

import { needInteger, received } from "./received.ts";

/** The most bytes that a UTF-16 unit takes in UTF-8. */
const MAX_UNIT_BYTES = 3;

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
}

/**
 * A growable buffer to build an answer in.
 *
 * A view of it must not be used after the reset, and one that was taken before it grew no longer
 * shows what is written later. Code that reaches beyond a view through its `buffer` escapes the
 * zeroing.
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
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /**
   * Makes an empty buffer.
   *
   * @param options How it behaves.
   * @throws {RangeError} A size is not an integer of at least 0, or `initialBytes` exceeds
   * `keepBytes`, or `keepBytes` exceeds `maxBytes`.
   */
  constructor(options: ScratchOptions = {}) {
    const action = "Cannot create Scratch";
    const { maxBytes = 16_777_216 } = options;
    needInteger(action, "maxBytes", maxBytes, 0);
    const { keepBytes = Math.min(1_048_576, maxBytes) } = options;
    needInteger(action, "keepBytes", keepBytes, 0);
    const { initialBytes = Math.min(4096, keepBytes) } = options;
    needInteger(action, "initialBytes", initialBytes, 0);
    needInteger(action, "keepBytes", keepBytes, initialBytes);
    needInteger(action, "maxBytes", maxBytes, keepBytes);
    this.#initialBytes = initialBytes;
    this.#keepBytes = keepBytes;
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(initialBytes);
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
   * Takes the next bytes, all zero, for the caller to fill.
   *
   * @param byteLength How many.
   * @returns A view of exactly those.
   * @throws {RangeError} `byteLength` is not an integer of at least 0, or the buffer would exceed
   * `maxBytes`.
   */
  take(byteLength: number): Uint8Array<ArrayBuffer> {
    needInteger("Cannot take scratch", "byteLength", byteLength, 0);
    const start = this.#length;
    this.#reserve(start + byteLength);
    this.#length = start + byteLength;
    return this.#bytes.subarray(start, this.#length);
  }

  /**
   * Appends bytes, or a text in UTF-8.
   *
   * @param chunk What to append.
   * @returns How many bytes that were.
   * @throws {TypeError} It is neither.
   * @throws {RangeError} The buffer would exceed `maxBytes`.
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
   * Everything that was written or taken since the last reset.
   *
   * @returns A view, not a copy.
   */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Zeroes what was used, and drops a buffer beyond `keepBytes`. */
  reset(): void {
    if (this.#bytes.length > this.#keepBytes) this.#bytes = new Uint8Array(this.#initialBytes);
    else this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
  }

  #writeText(text: string): number {
    const start = this.#length;
    // Most texts are ASCII: three bytes a character are only reserved for the rest of those that
    // are not.
    this.#reserve(start + text.length);
    let read = 0;
    while (true) {
      const rest = read === 0 ? text : text.slice(read);
      const target = this.#length === 0 ? this.#bytes : this.#bytes.subarray(this.#length);
      const step = this.#encoder.encodeInto(rest, target);
      read += step.read;
      this.#length += step.written;
      if (read === text.length) return this.#length - start;
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
    const grown = new Uint8Array(
      Math.min(this.#maxBytes, Math.max(needed, 2 * this.#bytes.length)),
    );
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
