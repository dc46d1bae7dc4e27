/**
 * The bytes that a buffer pool may hold, in use or idle, and those that it holds.
 *
 * Whatever allocates reserves here first, and whatever gives up frees here, so that
 * `0 <= reserved <= maxBytes` holds at any time, whoever calls whom in between.
 *
 * @module
 */

import { PoolError } from "../error.ts";

/** The account of a buffer pool's bytes. */
export class Budget {
  /** The most that may be reserved, in bytes. */
  readonly maxBytes: number;
  #reserved = 0;

  /** Makes an account with nothing on it. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** What is held, in bytes. */
  get reserved(): number {
    return this.#reserved;
  }

  /** What may still be reserved, in bytes. */
  get left(): number {
    return this.maxBytes - this.#reserved;
  }

  /**
   * Allocates a buffer on account.
   *
   * @throws {PoolError} So many bytes are not left.
   * @throws {RangeError} The engine has no memory for it.
   */
  allocate(bytes: number): ArrayBuffer {
    if (bytes > this.left) {
      const rule = `there must be room within maxBytes (${this.maxBytes})`;
      const received = `${bytes} bytes more than the ${this.#reserved} that are held`;
      throw new PoolError("budget", `Cannot allocate: ${rule}: received ${received}`);
    }
    const buffer = new ArrayBuffer(bytes);
    this.#reserved += bytes;
    return buffer;
  }

  /**
   * Gives a buffer up. Its memory goes back at once where the engine can do that: a collector does
   * not know how much hangs on the few bytes of its handle.
   */
  free(buffer: ArrayBuffer, bytes: number): void {
    this.#reserved -= bytes;
    if (buffer.byteLength > 0) buffer.transfer?.(0);
  }

  /** A buffer of so many bytes was collected. */
  lose(bytes: number): void {
    this.#reserved -= bytes;
  }
}

/** Whether an error says that a budget is spent. */
export function isRefusal(error: unknown): error is PoolError {
  return error instanceof PoolError && error.code === "budget";
}
