/**
 * The adapter for Cloudflare Workers. Nothing in it may be called before the first request except
 * {@linkcode workersHost}, which may.
 *
 * @example Usage
 * ```ts
 * import { workersHost } from "@siliconflow/pool/workers";
 * import { assert } from "@std/assert";
 *
 * const host = workersHost();
 * const heap = host.heap();
 * assert(heap === undefined || heap.usedBytes > 0);
 * host.close();
 * ```
 *
 * @module
 */

import { SteadyClock } from "../clock.ts";
import type { GcEvent } from "../gc.ts";
import type { HeapReading, Host } from "../host.ts";
import { now } from "./_globals.ts";
import { readProcessHeap } from "./_heap.ts";
import { makeHost } from "./_host.ts";
import { SentinelFeed } from "./_sentinel.ts";

export type { GcEvent, GcReading } from "../gc.ts";
export type { Histogram } from "../histogram.ts";
export type { HeapReading, Host } from "../host.ts";

/** What Workers grant an isolate, heap and wasm together. */
const MEMORY_LIMIT = 128 * 2 ** 20;

const feed = new SentinelFeed();

/** One for the isolate: of the clocks of its requests, which stand still each, the latest counts. */
let clock: SteadyClock | undefined;

function steadyNow(): number {
  const reading = now();
  clock ??= new SteadyClock(reading);
  return clock.tell(reading);
}

/**
 * The heap of this isolate, should Workers ever show it: today they show zeros, which read as absent.
 *
 * @returns The reading, or `undefined` on a runtime that hides its heap.
 *
 * @example Usage
 * ```ts
 * import { readHeap } from "@siliconflow/pool/workers";
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
 * A subscription to the garbage collections of this isolate, seen by what they take. They are told
 * on a later turn of the event loop, often in another request: the listener must not touch the I/O
 * of the request that subscribed. All collections of one turn are told as one, major if any of them
 * was, without times and sizes. Runtimes without `FinalizationRegistry` (compatibility dates before
 * 2025-05-05) tell none.
 *
 * What `listener` throws is reported as uncaught; the subscription and the request go on.
 *
 * @param listener Told each collection.
 * @returns A function that ends the subscription; calling it again does nothing.
 *
 * @example Usage
 * ```ts
 * import { watchGc } from "@siliconflow/pool/workers";
 * import { assertEquals } from "@std/assert";
 *
 * let collections = 0;
 * const stop = watchGc(() => collections++);
 * // … the work to watch …
 * stop();
 * assertEquals(collections, 0); // They come on later turns, and never after the end.
 * ```
 */
export function watchGc(listener: (event: GcEvent) => void): () => void {
  return feed.subscribe(listener);
}

/**
 * The runtime as a pool on Cloudflare Workers sees it. Making it is safe at module scope. Collections
 * are counted from the first call of `gc` on, which belongs in a request; nothing can be deferred,
 * since a timer ends with its request; the clock stands still between I/O, and of its requests' clocks
 * the latest counts.
 *
 * @returns A new host, for one pool.
 *
 * @example Usage
 * ```ts
 * import { workersHost } from "@siliconflow/pool/workers";
 * import { assertEquals } from "@std/assert";
 *
 * const host = workersHost();
 * assertEquals(host.runtime, "workers");
 * assertEquals(host.gc().major, 0); // The watch begins here.
 * host.close();
 * ```
 */
export function workersHost(): Host {
  return makeHost({
    runtime: "workers",
    feed,
    now: steadyNow,
    heap: readHeap,
    defer: () => undefined,
    memoryLimit: MEMORY_LIMIT,
  });
}
