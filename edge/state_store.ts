/**
 * What each middleware keeps for the length of a request, by index.
 *
 * @module
 */

import { needInteger, received } from "./received.ts";

/** The bytes of a reference. */
const STATE_BYTES = 8;

/** How a {@linkcode StateStore} behaves. */
export interface StateStoreOptions {
  /**
   * The most states.
   *
   * @default {64}
   */
  readonly maxStates?: number;
}

/**
 * An array of anything, one index for each middleware, that keeps its capacity when it is reset.
 *
 * @example Usage
 * ```ts
 * import { StateStore } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const USER = 0;
 * const states = new StateStore();
 * states.set(USER, { id: 7 });
 * assertEquals(states.get(USER), { id: 7 });
 * states.reset();
 * assertEquals(states.get(USER), undefined);
 * ```
 */
export class StateStore {
  readonly #maxStates: number;
  readonly #states: unknown[] = [];
  #size = 0;

  /**
   * Makes an empty store.
   *
   * @param options How it behaves.
   * @throws {RangeError} `maxStates` is not an integer of at least 0.
   */
  constructor({ maxStates = 64 }: StateStoreOptions = {}) {
    needInteger("Cannot create StateStore", "maxStates", maxStates, 0);
    this.#maxStates = maxStates;
  }

  /**
   * One more than the highest index in use.
   *
   * @returns A count.
   */
  get size(): number {
    return this.#size;
  }

  /**
   * The states it can hold without growing.
   *
   * @returns A count.
   */
  get capacity(): number {
    return this.#states.length;
  }

  /**
   * An estimate of what it occupies while it is empty, in bytes.
   *
   * @returns A number of bytes.
   */
  get byteLength(): number {
    return this.#states.length * STATE_BYTES;
  }

  /**
   * The state at an index.
   *
   * @param index Which one.
   * @returns What was set, or `undefined`.
   */
  get(index: number): unknown {
    return index < this.#size ? this.#states[index] : undefined;
  }

  /**
   * Sets the state at an index.
   *
   * @param index Which one: an integer from 0 to below `maxStates`.
   * @param state What to keep until the request ends.
   * @throws {RangeError} The index is not such an integer.
   */
  set(index: number, state: unknown): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.#maxStates) {
      const rule = `index must be an integer from 0 to below ${this.#maxStates}`;
      throw new RangeError(`Cannot set state: ${rule}: received ${received(index)}`);
    }
    // No holes: they would turn the array into a slower kind for good.
    while (this.#size <= index) this.#states[this.#size++] = undefined;
    this.#states[index] = state;
  }

  /** Forgets every state and keeps the capacity. */
  reset(): void {
    for (let i = 0; i < this.#size; i++) this.#states[i] = undefined;
    this.#size = 0;
  }
}
