/**
 * One host for several pools.
 *
 * A host's readings of collections are consumed, and a pool closes its host: so each pool gets a share
 * of it that keeps what the others have read, and the host itself is closed with the last share. One that
 * nobody holds any more ends by itself: its pool may have gone before it ever used it.
 *
 * @module
 */

import { GcSum } from "./gc.ts";
import { type Host, needHost } from "./host.ts";
import { entrust } from "./orphan.ts";

/**
 * A host that several pools share: one profiler of collections and one watch of the heap do for all.
 *
 * @example Usage
 * ```ts
 * import { detectHost, Pool, SharedHost } from "@siliconflow/pool";
 *
 * const host = new SharedHost(detectHost());
 * const create = () => new Map<string, string>();
 * const reset = (map: Map<string, string>) => map.clear();
 * const pools = ["one", "two"].map((name) => new Pool({ name, create, reset, host: host.share() }));
 * for (const pool of pools) pool.close(); // the last one closes the host
 * ```
 */
export class SharedHost {
  readonly #host: Host;
  /** What each pool has not been told yet. */
  readonly #shares: Set<GcSum> = new Set();

  /**
   * Shares a host.
   *
   * @param host The host. It is closed with the last of its shares.
   * @throws {TypeError} It is none.
   */
  constructor(host: Host) {
    needHost("Cannot share Host", host);
    this.#host = host;
  }

  /**
   * Makes a host for one more pool.
   *
   * @returns The host. Whoever gets it closes it; where it is dropped instead, it is closed in time.
   */
  share(): Host {
    const host = this.#host;
    const share = new GcSum();
    this.#shares.add(share);
    // What the methods hold, and nothing else: somebody may have taken them into a host of their own.
    const hold = { end: endOf(host, this.#shares, share) };
    entrust(hold, hold.end);
    return {
      runtime: host.runtime,
      ...(host.memoryLimit === undefined ? {} : { memoryLimit: host.memoryLimit }),
      now: () => host.now(),
      heap: () => host.heap(),
      gc: () => {
        const reading = host.gc();
        for (const other of this.#shares) other.addReading(reading);
        return share.take();
      },
      defer: (callback, delayMs) => host.defer(callback, delayMs),
      timeout: (callback, delayMs) => host.timeout(callback, delayMs),
      close: () => hold.end(),
    };
  }
}

/** What ends a share, once. It must not know who holds the share, or that would never be collected. */
function endOf(host: Host, shares: Set<GcSum>, share: GcSum): () => void {
  return () => {
    if (shares.delete(share) && shares.size === 0) host.close();
  };
}
