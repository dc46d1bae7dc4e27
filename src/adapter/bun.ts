/**
 * The adapter for Bun.
 *
 * @example Usage
 * ```ts
 * import { bunHost } from "@siliconflow/pool/bun";
 * import { assert } from "@std/assert";
 *
 * const host = bunHost();
 * const heap = host.heap();
 * assert(heap === undefined || heap.usedBytes > 0);
 * host.close();
 * ```
 *
 * @module
 */

import type { GcEvent } from "../gc.ts";
import type { HeapReading, Host } from "../host.ts";
import { defer } from "./_globals.ts";
import { readProcessHeap } from "./_heap.ts";
import { makeHost } from "./_host.ts";
import { ProfilerFeed } from "./_profiler.ts";

export type { GcEvent, GcReading } from "../gc.ts";
export type { Histogram } from "../histogram.ts";
export type { HeapReading, Host } from "../host.ts";

const feed = new ProfilerFeed(1e-3);

/**
 * The heap as of the last collection, array buffers included. Costs about 10 µs, where Bun's other
 * figures walk the heap. Bun's own limit grows as it is reached, so none is told; `externalBytes`
 * are live and count a typed array only once its `buffer` was read.
 *
 * @returns The reading, or `undefined` on a runtime that hides its heap.
 *
 * @example Usage
 * ```ts
 * import { readHeap } from "@siliconflow/pool/bun";
 * import { assert } from "@std/assert";
 *
 * const heap = readHeap();
 * assert(heap === undefined || heap.usedBytes > 0);
 * ```
 */
export function readHeap(): HeapReading | undefined {
  return readProcessHeap();
}

/**
 * A subscription to the garbage collections of this isolate. They are told twice a second by a
 * timer that does not keep the process alive, at once whenever a host is asked for its own, and a
 * last time when the subscription ends. Above 1000 a second only about half of them are told.
 *
 * What `listener` throws becomes a warning of the process; the subscription goes on.
 *
 * @param listener Told each collection; `pauseMs` is the whole cycle in milliseconds, of which the
 *   program stood still for about two thirds.
 * @returns A function that ends the subscription; calling it again does nothing.
 *
 * @example Usage
 * ```ts
 * import { watchGc } from "@siliconflow/pool/bun";
 * import { assert } from "@std/assert";
 *
 * const pauses: number[] = [];
 * const stop = watchGc(({ pauseMs = 0 }) => pauses.push(pauseMs));
 * // … the work to watch …
 * stop();
 * assert(pauses.every((pauseMs) => pauseMs >= 0));
 * ```
 */
export function watchGc(listener: (event: GcEvent) => void): () => void {
  return feed.subscribe(listener);
}

/**
 * The runtime as a pool on Bun sees it. Collections are counted from the first call of `gc` on.
 *
 * @returns A new host, for one pool.
 *
 * @example Usage
 * ```ts
 * import { bunHost } from "@siliconflow/pool/bun";
 * import { assertEquals } from "@std/assert";
 *
 * const host = bunHost();
 * assertEquals(host.runtime, "bun");
 * assertEquals(host.gc().major, 0); // The watch begins here.
 * host.close();
 * ```
 */
export function bunHost(): Host {
  return makeHost({ runtime: "bun", feed, heap: readHeap, defer });
}
