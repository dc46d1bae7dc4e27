/**
 * A host made of an adapter's parts.
 *
 * @module
 */

import { GcSum, noGc } from "../gc.ts";
import type { HeapReading, Host } from "../host.ts";
import type { GcFeed } from "./_feed.ts";
import { now, timeout } from "./_globals.ts";

/** What differs from one runtime to another. */
export interface HostParts {
  /** The runtime's name. */
  readonly runtime: string;
  /** Where collections come from. */
  readonly feed: GcFeed;
  /** Reads the heap. */
  readonly heap: () => HeapReading | undefined;
  /** Runs a callback later. */
  readonly defer: Host["defer"];
  /** Milliseconds from a fixed point, where the runtime's own clock is not to be read as it is. */
  readonly now?: () => number;
  /** The memory of an isolate, in bytes, where it is a known constant. */
  readonly memoryLimit?: number;
}

/**
 * Makes a host that does nothing until it is asked: it can be made where a runtime allows neither
 * timers nor I/O, and one that is never used holds nothing.
 */
export function makeHost({ feed, ...parts }: HostParts): Host {
  const sum = new GcSum();
  let unsubscribe: (() => void) | undefined;
  let closed = false;
  return {
    now,
    timeout,
    ...parts,
    gc() {
      if (closed) return noGc;
      if (unsubscribe) feed.poll();
      else unsubscribe = feed.subscribe((event) => sum.add(event));
      return sum.take();
    },
    close() {
      closed = true;
      unsubscribe?.();
      unsubscribe = undefined;
    },
  };
}
