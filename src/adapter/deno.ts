/**
 * The adapter for Deno. It needs no permission and no flag.
 *
 * @example Usage
 * ```ts
 * import { denoHost } from "@siliconflow/pool/deno";
 * import { assert } from "@std/assert";
 *
 * const host = denoHost();
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
import { readV8Heap } from "./_heap.ts";
import { makeHost } from "./_host.ts";
import { ProfilerFeed } from "./_profiler.ts";

export type { GcEvent, GcReading } from "../gc.ts";
export type { Histogram } from "../histogram.ts";
export type { HeapReading, Host } from "../host.ts";

const feed = new ProfilerFeed(1e-6);

/**
 * The heap of this isolate now, live to the byte. Costs about 1 µs.
 *
 * @returns The reading, or `undefined` on a runtime that hides its heap.
 *
 * @example Usage
 * ```ts
 * import { readHeap } from "@siliconflow/pool/deno";
 * import { assert } from "@std/assert";
 *
 * const heap = readHeap();
 * assert(heap === undefined || heap.usedBytes > 0);
 * ```
 */
export function readHeap(): HeapReading | undefined {
  return readV8Heap();
}

/**
 * A subscription to the garbage collections of this isolate. They are told twice a second by a
 * timer that does not keep the process alive, at once whenever a host is asked for its own, and a
 * last time when the subscription ends. Above 1000 a second only about half of them are told.
 *
 * What `listener` throws becomes a warning of the process; the subscription goes on.
 *
 * @param listener Told each collection; `pauseMs` is in milliseconds.
 * @returns A function that ends the subscription; calling it again does nothing.
 *
 * @example Usage
 * ```ts
 * import { watchGc } from "@siliconflow/pool/deno";
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
 * The runtime as a pool on Deno sees it. Collections are counted from the first call of `gc` on.
 *
 * @returns A new host, for one pool.
 *
 * @example Usage
 * ```ts
 * import { denoHost } from "@siliconflow/pool/deno";
 * import { assertEquals } from "@std/assert";
 *
 * const host = denoHost();
 * assertEquals(host.runtime, "deno");
 * assertEquals(host.gc().major, 0); // The watch begins here.
 * host.close();
 * ```
 */
export function denoHost(): Host {
  return makeHost({ runtime: "deno", feed, heap: readHeap, defer });
}
