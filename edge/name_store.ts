/**
 * Names and values in two flat arrays, which a reset empties without giving their capacity back.
 *
 * A `Map` that is cleared gives its table back to the engine and grows it anew for the next
 * request, which costs as much as a new `Map`. Twenty pairs in two arrays cost a thirtieth of that.
 *
 * @module
 */

import { HTTPException } from "hono/http-exception";
import { needInteger, received } from "./received.ts";

/** The longest name, in characters. */
const MAX_NAME = 256;

/** The longest value, in characters. */
const MAX_VALUE = 65_536;

/** "A" to "Z" in UTF-16. */
const FIRST_UPPER = 65;
const LAST_UPPER = 90;
const LAST_ASCII = 127;

/** The bytes of an entry's two references. */
const ENTRY_BYTES = 16;

/** How a {@linkcode NameStore} behaves. */
export interface NameStoreOptions {
  /**
   * What the entries are called in error messages.
   *
   * @default {"entry"}
   */
  readonly noun?: string;
  /**
   * Whether names that differ only in case are the same.
   *
   * @default {false}
   */
  readonly ignoreCase?: boolean;
  /**
   * The most entries.
   *
   * @default {128}
   */
  readonly maxEntries?: number;
  /**
   * The HTTP status that tells a client that `read` found too much.
   *
   * @default {400}
   */
  readonly status?: 400 | 414 | 431;
}

/**
 * A small map of strings, in the order of their first set, that keeps its capacity when it is
 * reset.
 *
 * Look-up is linear, which is the fastest there is for the few dozen entries of a request.
 *
 * @example Usage
 * ```ts
 * import { NameStore } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const headers = new NameStore({ noun: "header", ignoreCase: true });
 * headers.set("Content-Type", "text/plain");
 * assertEquals(headers.get("content-type"), "text/plain");
 * headers.reset();
 * assertEquals(headers.get("content-type"), undefined);
 * assertEquals([headers.size, headers.capacity], [0, 1]);
 * ```
 */
export class NameStore {
  readonly #noun: string;
  readonly #ignoreCase: boolean;
  readonly #maxEntries: number;
  readonly #status: 400 | 414 | 431;
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  /** Made once, so that a request costs no closure. */
  readonly #visit = (value: string, name: string): void => this.#put("read", name, value);
  #size = 0;

  /**
   * Makes an empty store.
   *
   * @param options How it behaves.
   * @throws {RangeError} `maxEntries` is not an integer of at least 0, or `status` of at least 400.
   */
  constructor(
    { noun = "entry", ignoreCase = false, maxEntries = 128, status = 400 }: NameStoreOptions = {},
  ) {
    needInteger("Cannot create NameStore", "maxEntries", maxEntries, 0);
    needInteger("Cannot create NameStore", "status", status, 400);
    this.#noun = noun;
    this.#ignoreCase = ignoreCase;
    this.#maxEntries = maxEntries;
    this.#status = status;
  }

  /**
   * The entries it holds.
   *
   * @returns A count.
   */
  get size(): number {
    return this.#size;
  }

  /**
   * The entries it can hold without growing.
   *
   * @returns A count.
   */
  get capacity(): number {
    return this.#names.length;
  }

  /**
   * An estimate of what it occupies while it is empty, in bytes.
   *
   * @returns A number of bytes.
   */
  get byteLength(): number {
    return this.#names.length * ENTRY_BYTES;
  }

  /**
   * The value of a name.
   *
   * @param name The name.
   * @returns The value, or `undefined` where there is none.
   */
  get(name: string): string | undefined {
    const index = this.#find(this.#fold(name));
    return index < 0 ? undefined : this.#values[index];
  }

  /**
   * Whether a name has a value.
   *
   * @param name The name.
   * @returns `true` if so.
   */
  has(name: string): boolean {
    return this.#find(this.#fold(name)) >= 0;
  }

  /**
   * Gives a name a value, in place of the one it has.
   *
   * @param name The name: 1 to 256 characters. Kept in lower case where case is ignored.
   * @param value The value: at most 65 536 characters.
   * @throws {TypeError} The name or the value is no string, or the name is empty.
   * @throws {RangeError} The name or the value is too long, or the store is full.
   */
  set(name: string, value: string): void {
    this.#put("set", name, value);
  }

  /**
   * Sets every entry of what a request came with. Of a name that comes twice the last value stays.
   *
   * Where a client sent too much, the error is one that Hono answers with the store's `status`.
   *
   * @param source A request's `headers`, or a record such as Hono's `c.req.param()` gives.
   * @throws {TypeError} The source is neither, a name is empty, or a value is no string.
   * @throws {HTTPException} A name or a value is too long, or there are too many.
   *
   * @example Usage
   * ```ts
   * import { NameStore } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const headers = new NameStore({ noun: "header", ignoreCase: true, status: 431 });
   * headers.read(new Headers({ "Accept": "text/html", "X-Id": "7" }));
   * assertEquals(headers.get("X-Id"), "7");
   *
   * const params = new NameStore({ noun: "parameter" });
   * params.read({ id: "7" });
   * assertEquals(params.get("id"), "7");
   * ```
   */
  read(source: Headers | Readonly<Record<string, string | undefined>>): void {
    if (typeof source !== "object" || source === null) {
      const rule = "source must be Headers or a record";
      throw new TypeError(`Cannot read ${this.#noun}: ${rule}: received ${received(source)}`);
    }
    // A record's own "forEach" is a string.
    if (typeof source.forEach === "function") {
      source.forEach(this.#visit);
      return;
    }
    const record = source as Readonly<Record<string, string | undefined>>;
    // `Object.entries` would make an array of arrays.
    for (const name in record) {
      const value = Object.hasOwn(record, name) ? record[name] : undefined;
      if (value !== undefined) this.#put("read", name, value);
    }
  }

  /**
   * Calls a function with each entry, oldest first.
   *
   * @param visit Receives the name and the value.
   */
  forEach(visit: (name: string, value: string) => void): void {
    for (let i = 0; i < this.#size; i++) visit(this.#names[i]!, this.#values[i]!);
  }

  /** Forgets every entry and keeps the capacity. */
  reset(): void {
    // Not only the count: a name left in place would keep a former request's string alive.
    for (let i = 0; i < this.#size; i++) this.#names[i] = this.#values[i] = "";
    this.#size = 0;
  }

  #put(action: "set" | "read", name: string, value: string): void {
    if (typeof name !== "string" || name.length < 1 || name.length > MAX_NAME) {
      const rule = `name must be a string of 1 to ${MAX_NAME} characters`;
      throw this.#refuse(action, rule, received(name), isText(name));
    }
    if (typeof value !== "string" || value.length > MAX_VALUE) {
      const rule = `value must be a string of at most ${MAX_VALUE} characters`;
      // The value of a header may be a secret: its length tells enough.
      const given = typeof value === "string" ? `${(value as string).length}` : typeof value;
      throw this.#refuse(action, rule, given, isText(value));
    }
    const folded = this.#fold(name);
    let index = this.#find(folded);
    if (index < 0) {
      if (this.#size >= this.#maxEntries) {
        throw this.#refuse(action, `there must be at most ${this.#maxEntries}`, "one more", true);
      }
      index = this.#size++;
      this.#names[index] = folded;
    }
    this.#values[index] = value;
  }

  /** An error. What is of the right kind but too much is a client's fault where a request is read. */
  #refuse(action: "set" | "read", rule: string, given: string, isTooMuch: boolean): Error {
    const message = `Cannot ${action} ${this.#noun}: ${rule}: received ${given}`;
    if (!isTooMuch) return new TypeError(message);
    return action === "set"
      ? new RangeError(message)
      : new HTTPException(this.#status, { message });
  }

  #fold(name: string): string {
    return this.#ignoreCase && !isLower(name) ? name.toLowerCase() : name;
  }

  #find(folded: string): number {
    for (let i = 0; i < this.#size; i++) {
      if (this.#names[i] === folded) return i;
    }
    return -1;
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Whether a name is as it should be: V8's `toLowerCase` makes a new string even then. */
function isLower(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit >= FIRST_UPPER && unit <= LAST_UPPER || unit > LAST_ASCII) return false;
  }
  return true;
}
