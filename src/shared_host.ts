/**
 * One host for several pools.
 *
 * A host's readings of collections are consumed, and a pool closes its host: so each pool gets a share
 * of it that keeps what the others have read, and the host itself is closed with the last share.
 *
 * @module
 */

import { GcSum } from "./gc.ts";
import { type Host, needHost } from "./host.ts";

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
   * @returns The host. Whoever gets it closes it.
   */
  share(): Host {
    const host = this.#host;
    const share = new GcSum();
    this.#shares.add(share);
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
      close: () => {
        if (this.#shares.delete(share) && this.#shares.size === 0) host.close();
      },
    };
  }
}
