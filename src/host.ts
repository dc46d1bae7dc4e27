/**
 * The port between a pool and the runtime it runs on.
 *
 * @module
 */

import { show } from "./error.ts";
import { type GcReading, noGc } from "./gc.ts";

/** The longest delay that timers can tell, in ms: a longer one runs out at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** A reading of the heap. What a runtime cannot tell is absent, never zero. */
export interface HeapReading {
  /** Heap in use, in bytes; on Bun as of the last collection. */
  readonly usedBytes: number;
  /**
   * The most the heap may hold, in bytes. On V8 the young reserve is subtracted; absent where the
   * runtime's own figure is made up (Bun).
   */
  readonly limitBytes?: number;
  /** Bytes of array buffers and the like. On V8 outside `usedBytes`; on Bun part of it: do not add them there. */
  readonly externalBytes?: number;
  /** Bytes allocated since the process began, without array buffers. */
  readonly allocatedBytes?: number;
}

/**
 * The runtime as a pool sees it. Each pool has a host of its own, because readings of collections
 * are consumed.
 *
 * @example A host for tests, with a clock that only the test moves
 * ```ts
 * import { type Host, inertHost } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * let time = 0;
 * const host: Host = { ...inertHost(), now: () => time };
 * time += 500;
 * assertEquals(host.now(), 500);
 * ```
 */
export interface Host {
  /** The runtime's name: `"deno"`, `"bun"`, `"workers"`, `"node"`, … */
  readonly runtime: string;
  /**
   * The memory that the platform grants an isolate, in bytes, where it is a known constant
   * (Workers: 128 MB).
   */
  readonly memoryLimit?: number;
  /** Milliseconds from any fixed point; may stand still (Workers between I/O). */
  now(): number;
  /** The heap now, or `undefined` where the runtime hides it. */
  heap(): HeapReading | undefined;
  /** The collections since the last call; none at the first, from which on they are counted. */
  gc(): GcReading;
  /**
   * Runs `callback` once after `delayMs` without keeping the process alive. Returns a function that
   * cancels it, or `undefined` where there are no timers: then the work itself must tick.
   */
  defer(callback: () => void, delayMs: number): (() => void) | undefined;
  /**
   * Runs `callback` once after `delayMs`, in the request that asks for it, and keeps the process alive
   * until then. Returns a function that cancels it, or `undefined` where there are no timers at all.
   */
  timeout(callback: () => void, delayMs: number): (() => void) | undefined;
  /** Stops watching; later readings of collections are empty. */
  close(): void;
}

/**
 * A host that knows nothing: its clock stands at 0, it has no heap, no collections, no timers.
 *
 * @returns A new host.
 *
 * @example Usage
 * ```ts
 * import { inertHost } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(inertHost().heap(), undefined);
 * ```
 */
export function inertHost(): Host {
  return {
    runtime: "none",
    now: () => 0,
    heap: () => undefined,
    gc: () => noGc,
    defer: () => undefined,
    timeout: () => undefined,
    close: () => {},
  };
}

/** Throws unless `host` can be asked all that a pool asks. */
export function needHost(action: string, host: Host): void {
  const methods = ["now", "heap", "gc", "defer", "timeout", "close"] as const;
  const missing = methods.find((method) => typeof host?.[method] !== "function");
  if (missing !== undefined) {
    throw new TypeError(`${action}: host must have ${missing}(): received ${show(host)}`);
  }
}
