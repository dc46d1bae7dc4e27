/**
 * What a request needs while it is handled, in a form that a pool can hand to the next one.
 *
 * @module
 */

import { type BodyOptions, type BodySource, readBody } from "./body.ts";
import { findCookie } from "./cookie.ts";
import { NameStore } from "./name_store.ts";
import { needInteger, needOptions, received } from "./received.ts";
import { Scratch, type ScratchOptions } from "./scratch.ts";
import { StateStore } from "./state_store.ts";

/** An estimate of a context's own objects, beside what its stores hold, in bytes. */
const OWN_BYTES = 1024;

const DEFAULT_BODY_BYTES = 1_048_576;

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
   * over a reset. A {@linkcode ContextPool} has it grow into blocks that its contexts share.
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
 * context.headers.read(new Headers({ Accept: "text/plain" }));
 * context.params.read({ id: "7" });
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
    this.headers = new NameStore({
      noun: "header",
      ignoreCase: true,
      maxEntries: maxHeaders,
      status: 431,
    });
    this.params = new NameStore({ noun: "parameter", maxEntries: maxParams, status: 414 });
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

  /**
   * The value of a cookie of the `cookie` header: call `headers.read` before. It is what Hono's
   * `getCookie` gives, found without making a string of any other cookie.
   *
   * @param name The cookie's name.
   * @returns The value, without quotes and decoded, or `undefined` where there is none.
   *
   * @example Usage
   * ```ts
   * import { RequestContext } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const context = new RequestContext();
   * context.headers.read(new Headers({ Cookie: "theme=dark; name=Gr%C3%BCn" }));
   * assertEquals(context.cookie("name"), "Grün");
   * assertEquals(context.cookie("session"), undefined);
   * ```
   */
  cookie(name: string): string | undefined {
    const header = this.headers.get("cookie");
    return header === undefined ? undefined : findCookie(header, name);
  }

  /**
   * Reads a request's body into the scratch. Nothing else may be written there until it has
   * arrived; once it has, the view is good until the reset, however the scratch grows.
   *
   * The errors of a client are such that Hono answers with their status, and the scratch is then as
   * it was before.
   *
   * @param request The request. Its body must not be used yet.
   * @param options How much is read.
   * @returns A view of the body, empty where there is none.
   * @throws {TypeError} The body is used, or is not of bytes.
   * @throws {RangeError} `maxBytes` is not an integer of at least 0.
   * @throws {HTTPException} The body is larger than that (413), or ends in the middle (400), or the
   * scratch's pool has no room for it (503).
   * @throws {Error} The scratch was written to or reset meanwhile.
   *
   * @example Usage
   * ```ts
   * import { RequestContext } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const context = new RequestContext();
   * const request = new Request("http://localhost/", { method: "POST", body: "hello" });
   * const body = await context.body(request, { maxBytes: 1000 });
   * assertEquals(new TextDecoder().decode(body), "hello");
   * ```
   */
  async body(request: BodySource, options: BodyOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    needOptions("Cannot read body", "options", options);
    const { maxBytes = DEFAULT_BODY_BYTES } = options;
    needInteger("Cannot read body", "maxBytes", maxBytes, 0);
    return await readBody(this.scratch, request, maxBytes);
  }

  /**
   * Writes a value as JSON into the scratch.
   *
   * @param value Anything that has a JSON form.
   * @returns A view of the JSON alone.
   * @throws {TypeError} The value has no JSON form.
   * @throws {RangeError} The scratch would exceed its `maxBytes`.
   * @throws {HTTPException} The scratch's pool has no room for it (503).
   *
   * @example Usage
   * ```ts
   * import { RequestContext } from "@siliconflow/pool/edge";
   * import { assertEquals } from "@std/assert";
   *
   * const context = new RequestContext();
   * const response = new Response(context.json({ id: 7 }), {
   *   headers: { "Content-Type": "application/json" },
   * });
   * assertEquals(await response.json(), { id: 7 });
   * ```
   */
  json(value: unknown): Uint8Array<ArrayBuffer> {
    // The engine's own: an encoder of ours into bytes was slower on all but the smallest values.
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) {
      throw new TypeError(
        `Cannot write JSON: value must have a JSON form: received ${received(value)}`,
      );
    }
    const start = this.scratch.length;
    this.scratch.write(text);
    return this.scratch.view(start);
  }

  /** Forgets everything of the former request and keeps the capacity. */
  reset(): void {
    this.headers.reset();
    this.params.reset();
    this.states.reset();
    this.scratch.reset();
  }
}
