/**
 * The bytes that a buffer pool may hold, in use or idle, and those that it holds.
 *
 * Whatever allocates reserves here first, and whatever gives up frees here, so that
 * `0 <= reserved <= maxBytes` holds at any time, whoever calls whom in between.
 *
 * @module
 */

/** A reservation that the budget has no room for. It never leaves the buffer pool. */
export class Refusal extends Error {
  /** What was to be reserved, in bytes. */
  readonly bytes: number;

  /** Makes a refusal. */
  constructor(bytes: number) {
    super(`Cannot reserve: ${bytes} bytes must be left`);
    this.bytes = bytes;
  }
}

/** Finds the refusal that an error of a pool's `create` comes from. */
export function refusalIn(error: unknown): Refusal | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Refusal) return cause;
  }
  return undefined;
}

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
   * @throws {Refusal} So many bytes are not left.
   * @throws {RangeError} The engine has no memory for it.
   */
  allocate(bytes: number): ArrayBuffer {
    if (bytes > this.left) throw new Refusal(bytes);
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
}
