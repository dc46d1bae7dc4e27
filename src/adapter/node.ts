/**
 * The adapter for Node, from 20.16 on. It needs no flag.
 *
 * @example Usage
 * ```ts
 * import { nodeHost } from "@siliconflow/pool/node";
 * import { assert } from "@std/assert";
 *
 * const host = nodeHost();
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

const feed = new ProfilerFeed(1e-3);

/**
 * The heap of this isolate now, live to the byte. Costs about 1 µs.
 *
 * @returns The reading, or `undefined` on a runtime that hides its heap.
 *
 * @example Usage
 * ```ts
 * import { readHeap } from "@siliconflow/pool/node";
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
 * import { watchGc } from "@siliconflow/pool/node";
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
 * The runtime as a pool on Node sees it. Collections are counted from the first call of `gc` on.
 *
 * @returns A new host, for one pool.
 *
 * @example Usage
 * ```ts
 * import { nodeHost } from "@siliconflow/pool/node";
 * import { assertEquals } from "@std/assert";
 *
 * const host = nodeHost();
 * assertEquals(host.runtime, "node");
 * assertEquals(host.gc().major, 0); // The watch begins here.
 * host.close();
 * ```
 */
export function nodeHost(): Host {
  return makeHost({ runtime: "node", feed, heap: readHeap, defer });
}
