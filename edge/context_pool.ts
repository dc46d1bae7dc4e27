/**
 * The pool of contexts that a service shares over all its routes.
 *
 * @module
 */

import { Pool, type PoolOptions } from "../mod.ts";
import { RequestContext, type RequestContextOptions } from "./context.ts";
import { needOptions } from "./received.ts";

/** How a {@linkcode contextPool} behaves: any option of a pool but those that contexts decide. */
export interface ContextPoolOptions
  extends Partial<Omit<PoolOptions<RequestContext>, "create" | "reset" | "sizeOf">> {
  /**
   * The limits of each context.
   *
   * @default {{}}
   */
  readonly context?: RequestContextOptions;
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
export function contextPool(options: ContextPoolOptions = {}): Pool<RequestContext> {
  needOptions("Cannot create context pool", "options", options);
  const { context = {}, ...poolOptions } = options;
  // Bad limits are told now, not at the first request.
  new RequestContext(context);
  return new Pool<RequestContext>({
    name: "contexts",
    ...poolOptions,
    create: () => new RequestContext(context),
    reset: (object) => object.reset(),
    sizeOf: (object) => object.byteLength,
  });
}
