/**
 * What a pool may create: so many objects in use at once, so many creations a second.
 *
 * The limit of objects in use is kept as `live + being made <= maxLeases`, so that a hit, which takes
 * an idle object, can never pass it, and need not look. What is being made counts before it is
 * there, because `create` may call the pool.
 *
 * @module
 */

import { PoolError } from "./error.ts";
import { Gcra } from "./gcra.ts";

/** The limits of creation. */
export class Admission {
  readonly #maxLeases: number;
  readonly #perSecond: number | undefined;
  readonly #rate: Gcra | undefined;
  #making = 0;

  constructor(maxLeases: number | undefined, maxCreatesPerSecond: number | undefined) {
    this.#maxLeases = maxLeases ?? Infinity;
    this.#perSecond = maxCreatesPerSecond;
    this.#rate = maxCreatesPerSecond === undefined ? undefined : new Gcra(maxCreatesPerSecond);
  }

  /** Whether anything is limited at all. */
  get isLimited(): boolean {
    return this.#maxLeases < Infinity || this.#rate !== undefined;
  }

  /** How far apart creations lie in the long run, in ms; `undefined`: as near as may be. */
  get intervalMs(): number | undefined {
    return this.#rate?.intervalMs;
  }

  /**
   * How long until an object may be made, in ms, where `live` exist: 0: it may now; `Infinity`: not
   * before one of them has gone.
   */
  waitMs(live: number, now: number): number {
    if (live + this.#making >= this.#maxLeases) return Infinity;
    return this.#rate?.waitMs(now) ?? 0;
  }

  /** The making of an object begins. */
  begin(now: number): void {
    this.#making++;
    this.#rate?.take(now);
  }

  /** The making of an object has ended, well or not. */
  end(): void {
    this.#making--;
  }

  /** The error for who would have to wait `waitMs`. */
  refusal(action: string, waitMs: number): PoolError {
    if (waitMs === Infinity) {
      const rule = `the objects in use must be fewer than maxLeases: received ${this.#maxLeases}`;
      return new PoolError("exhausted", `${action}: ${rule}`);
    }
    const rule = `creations must be at most ${this.#perSecond} a second: received one too early`;
    return new PoolError("throttled", `${action}: ${rule}`, undefined, waitMs);
  }
}
