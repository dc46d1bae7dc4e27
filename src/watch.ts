/**
 * The leases that are watched: how long they last, and whether their objects were ever released.
 *
 * Timed leases are watched, 1 in 64 as a rule, all of them in debug. A watched lease is a record that
 * does not reach its object, so whoever drops the object without release leaves it to the collector,
 * and the registry then tells the record. The slot reaches the record, never the other way. The
 * registry belongs to the pool: one that nobody holds goes with all its records.
 *
 * @module
 */

/** A lease that is timed. */
export interface TimedLease<Tag = unknown> {
  /** What it was acquired under. */
  readonly tag: Tag;
  /** When it began, in ms of the pool's clock. */
  readonly since: number;
  /** Where it began, in debug. */
  readonly trace: string | undefined;
}

/** A lease that has lasted for longer than `leakAfterMs`. */
export interface Leak {
  /** The tag that it was acquired under. */
  readonly tag: string;
  /** How long it has lasted, in milliseconds. */
  readonly heldMs: number;
  /** Where it was acquired, with `debug: true`: one line for each call. */
  readonly stack?: string;
}

/** The most leases watched at once; more are counted only. */
const MAX_WATCHED = 65_536;

/** The watched leases of a pool. */
export class Watch<Tag extends { readonly name: string }> {
  readonly #leases: Set<TimedLease<Tag>> = new Set();
  readonly #found: (lease: TimedLease<Tag>) => void;
  #registry: FinalizationRegistry<TimedLease<Tag>> | undefined;
  #missed = 0;

  /**
   * Makes an empty watch.
   *
   * @param found Hears of each lease whose object was collected.
   */
  constructor(found: (lease: TimedLease<Tag>) => void) {
    this.#found = found;
  }

  /** Leases that are watched. */
  get size(): number {
    return this.#leases.size;
  }

  /** Leases so far that were not watched because there were too many. */
  get missed(): number {
    return this.#missed;
  }

  /** Begins to watch a lease, if there are not too many. */
  begin(object: object, lease: TimedLease<Tag>): void {
    if (this.#leases.size >= MAX_WATCHED) {
      this.#missed++;
      return;
    }
    this.#leases.add(lease);
    // Workers of an old compatibility date have none: their leaks are listed, not found.
    if (typeof FinalizationRegistry === "undefined") return;
    this.#registry ??= new FinalizationRegistry((lease) => {
      if (this.#leases.delete(lease)) this.#found(lease);
    });
    this.#registry.register(object, lease, lease);
  }

  /** Watches a lease no more: it has ended. */
  end(lease: TimedLease): void {
    if (this.#leases.delete(lease as TimedLease<Tag>)) this.#registry?.unregister(lease);
  }

  /** Lists the leases that have lasted for `afterMs` at time `now`, the oldest first. */
  leaks(now: number, afterMs: number): Leak[] {
    return [...this.#leases]
      .filter(({ since }) => now - since >= afterMs)
      .sort((a, b) => a.since - b.since)
      .map(({ tag, since, trace }) => ({
        tag: tag.name,
        heldMs: now - since,
        ...(trace === undefined ? {} : { stack: trace }),
      }));
  }
}
