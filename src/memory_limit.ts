/**
 * What an isolate may hold in all.
 *
 * @module
 */

import type { Host } from "./host.ts";

/** What is taken for the limit where nobody knows one, in bytes. */
const UNKNOWN_LIMIT = 512 * 2 ** 20;

/**
 * The memory limit that sizes a pool: what the user said, else what the host knows.
 *
 * @param given What the user said, in bytes.
 * @param host The runtime.
 * @returns A number of bytes; 512 MB where nobody knows one.
 *
 * @example Usage
 * ```ts
 * import { inertHost, memoryLimitOf } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(memoryLimitOf(1000, inertHost()), 1000);
 * assertEquals(memoryLimitOf(undefined, inertHost()), 512 * 2 ** 20);
 * ```
 */
export function memoryLimitOf(given: number | undefined, host: Host): number {
  const limits = [given, host.heap()?.limitBytes, host.memoryLimit];
  return limits.find(isLimit) ?? UNKNOWN_LIMIT;
}

/** Whether a figure can be a memory limit at all. */
function isLimit(bytes: number | undefined): bytes is number {
  return Number.isFinite(bytes) && bytes! > 0;
}
