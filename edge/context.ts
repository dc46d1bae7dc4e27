/**
 * What a request needs while it is handled, in a form that a pool can hand to the next one.
 *
 * @module
 */

import { NameStore } from "./name_store.ts";
import { needInteger, needOptions } from "./received.ts";
import { Scratch, type ScratchOptions } from "./scratch.ts";
import { StateStore } from "./state_store.ts";

/** An estimate of a context's own objects, beside what its stores hold, in bytes. */
const OWN_BYTES = 1024;

const ACTION = "Cannot create RequestContext";

/** The limits of a {@linkcode RequestContext}. */
export interface RequestContextOptions {
  /**
   * The most headers.
   *
   * @default {128}
   */
  readonly maxHeaders?: number;
  /**
   * The most parameters.
   *
   * @default {64}
   */
  readonly maxParams?: number;
  /**
   * The most middleware states.
   *
   * @default {64}
   */
  readonly maxStates?: number;
  /**
   * How the scratch behaves: by default 4 KiB from the start, at most 16 MiB, at most 1 MiB kept
   * over a reset.
   *
   * @default {{}}
   */
  readonly scratch?: ScratchOptions;
}

/**
 * The working memory of one request at a time: headers, parameters, middleware states and a scratch
 * buffer, all of which keep their capacity when they are reset.
 *
 * It never holds the request or the response: those belong to their request, and on Workers so does
 * their I/O.
 *
 * @example Usage
 * ```ts
 * import { RequestContext } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const context = new RequestContext();
 * context.headers.set("Accept", "text/plain");
 * context.params.set("id", "7");
 * context.states.set(0, { user: "ada" });
 * context.scratch.write("hello");
 *
 * context.reset();
 * assertEquals(context.headers.get("accept"), undefined);
 * assertEquals(context.params.get("id"), undefined);
 * assertEquals(context.states.get(0), undefined);
 * assertEquals(context.scratch.length, 0);
 * ```
 */
export class RequestContext {
  /** Headers. Their names are compared without regard to case. */
  readonly headers: NameStore;
  /** Path parameters. */
  readonly params: NameStore;
  /** What each middleware keeps, by index. */
  readonly states: StateStore;
  /** A buffer to build the answer in. */
  readonly scratch: Scratch;

  /**
   * Makes an empty context.
   *
   * @param options Its limits.
   * @throws {TypeError} The options are not an object.
   * @throws {RangeError} A limit is not an integer of at least 0, or the limits of the scratch are
   * not in order.
   */
  constructor(options: RequestContextOptions = {}) {
    needOptions(ACTION, "options", options);
    const { maxHeaders = 128, maxParams = 64, maxStates = 64, scratch = {} } = options;
    needInteger(ACTION, "maxHeaders", maxHeaders, 0);
    needInteger(ACTION, "maxParams", maxParams, 0);
    needInteger(ACTION, "maxStates", maxStates, 0);
    needOptions(ACTION, "scratch", scratch);
    this.headers = new NameStore({ noun: "header", ignoreCase: true, maxEntries: maxHeaders });
    this.params = new NameStore({ noun: "parameter", maxEntries: maxParams });
    this.states = new StateStore({ maxStates });
    this.scratch = new Scratch(scratch);
  }

  /**
   * An estimate of what it occupies after a reset: what a pool's `sizeOf` asks for.
   *
   * @returns A number of bytes.
   */
  get byteLength(): number {
    return OWN_BYTES + this.headers.byteLength + this.params.byteLength + this.states.byteLength +
      this.scratch.capacity;
  }

  /** Forgets everything of the former request and keeps the capacity. */
  reset(): void {
    this.headers.reset();
    this.params.reset();
    this.states.reset();
    this.scratch.reset();
  }
}
