/**
 * How many bytes a piece of work allocates on the engine's heap.
 *
 * - V8 counts every byte in `total_allocated_bytes`. A reading itself adds about 100 KB, so the
 *   difference of two readings with nothing in between is subtracted; what is left of that noise
 *   is a few KB, and over a million pairs less than 0.01 byte each.
 * - JavaScriptCore tells a program nothing, but its record of a collection holds the heap before and after
 *   it. The sum of (before one − after the one before it), from one forced collection to another, is what
 *   was allocated, to 2 %, where little else is alive. Beside 150 MB of live objects it is half of that:
 *   there a bench counts by the engine's log instead (`JSC_COUNT`).
 *
 * Both were checked against loops that allocate a known object, and one that allocates nothing.
 *
 * @module
 */

import v8, { GCProfiler } from "node:v8";

interface Recorded {
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };

/** Counts the bytes that `work` allocates. */
export async function allocatedBytes(work: () => unknown): Promise<number> {
  return await (Bun === undefined ? byCounter(work) : byCollections(work, Bun.gc));
}

/** V8's counter; newer than the types of `node:v8`. */
function counter(): number {
  return (v8.getHeapStatistics() as unknown as { total_allocated_bytes: number })
    .total_allocated_bytes;
}

async function byCounter(work: () => unknown): Promise<number> {
  // The first readings of a process add more.
  counter();
  counter();
  const first = counter();
  const before = counter();
  const pending = work();
  if (pending instanceof Promise) await pending;
  const after = counter();
  return Math.max(0, (after - before) - (before - first));
}

async function byCollections(
  work: () => unknown,
  collect: (force: boolean) => void,
): Promise<number> {
  const profiler = new GCProfiler();
  profiler.start();
  collect(true);
  const pending = work();
  if (pending instanceof Promise) await pending;
  collect(true);
  const records = profiler.stop()!.statistics as readonly Recorded[];
  let bytes = 0;
  for (const [i, { beforeGC }] of records.entries()) {
    if (i === 0) continue;
    bytes += beforeGC.heapStatistics.usedHeapSize -
      records[i - 1]!.afterGC.heapStatistics.usedHeapSize;
  }
  return Math.max(0, bytes);
}
