/**
 * Readings of the heap, for the runtimes that share a way to read it.
 *
 * @module
 */

import type { HeapReading } from "../host.ts";
import { globals, v8Module } from "./_globals.ts";

const MIB = 2 ** 20;

/** The heap as V8 tells it, live to the byte; `undefined` where it is hidden. */
export function readV8Heap(): HeapReading | undefined {
  const statistics = v8Module()?.getHeapStatistics();
  // Hidden figures read as zero, and no heap in use is that small.
  if (!statistics?.used_heap_size) return undefined;
  const { used_heap_size, heap_size_limit, external_memory, total_allocated_bytes } = statistics;
  return {
    usedBytes: used_heap_size,
    ...(heap_size_limit > 0 && { limitBytes: oldLimit(heap_size_limit, youngReserve()) }),
    ...(external_memory !== undefined && { externalBytes: external_memory }),
    ...(total_allocated_bytes !== undefined && { allocatedBytes: total_allocated_bytes }),
  };
}

/** The heap as `process.memoryUsage` tells it; `undefined` where it is hidden. */
export function readProcessHeap(): HeapReading | undefined {
  const usage = globals().process?.memoryUsage?.();
  if (!usage?.heapUsed) return undefined;
  const { heapUsed, arrayBuffers } = usage;
  return {
    usedBytes: heapUsed,
    ...(arrayBuffers !== undefined && { externalBytes: arrayBuffers }),
  };
}

/**
 * What V8 lets the heap really hold: its limit counts in full a reserve for young objects, which
 * die or are promoted long before they fill it. A process given 64 MiB is told 160 and dies at 68.
 *
 * @param limit The limit that V8 tells, in bytes.
 * @param reserve The reserve for young objects, in bytes.
 */
export function oldLimit(limit: number, reserve: number): number {
  // Set by `--max-heap-size`, which leaves the young a smaller share: 50 and 90 MiB died at 42
  // and 77.
  if (limit <= reserve) return limit * 3 / 4;
  // Just above the reserve either option may have set the limit. A fifth is still true for an old
  // space of 24 MiB, and less than that hardly starts a runtime.
  return Math.max(limit - reserve, limit / 5);
}

/**
 * The reserve for young objects, in bytes: three times the largest semi-space, whose default is
 * told nowhere and was measured: 16 MiB in V8 12, 64 in 13.6 and 14.1, 32 from 14.6 on.
 */
function youngReserve(): number {
  const [major = 0, minor = 0] = (globals().process?.versions?.["v8"] ?? "").split(".").map(Number);
  if (major < 13) return 48 * MIB;
  return major < 14 || (major === 14 && minor < 6) ? 192 * MIB : 96 * MIB;
}
