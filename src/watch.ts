/**
 * The leases that are watched: how long they last, and whether their objects were ever released.
 *
 * Timed leases are watched, 1 in 64 as a rule, all of them in debug. Most end before the next tick, and
 * cost nothing but a place in a list, whose records are used again. Those that a tick finds open are
 * given to a registry, and their records forget their objects: from then on whoever drops the
 * object without release leaves it to the collector, and the registry tells the record. Until that
 * tick a shelf may hold the object just as well. The slot reaches the record, never the other way.
 *
 * The registry belongs to the pool: one that nobody holds goes with all its records.
 *
 * @module
 */

/** A lease that has lasted for longer than `leakAfterMs`. */
export interface Leak {
  /** The tag that it was acquired under. */
  readonly tag: string;
  /** How long it has lasted, in milliseconds. */
  readonly heldMs: number;
  /** Where it was acquired, with `debug: true`: one line for each call. */
  readonly stack?: string;
}

/** A lease that is timed. The fields are written at each use. */
export class TimedLease<Tag = unknown> {
  /** What it was acquired under. */
  tag: Tag | undefined;
  /** When it began, in ms of the pool's clock. */
  since = 0;
  /** What its object weighs, where that is to be known once it is lost. */
  weight = 0;
  /** Where it began, in debug. */
  trace: string | undefined;
  /** The object, until the next tick. */
  object: object | undefined;
  /** Whether it is in the list, and its neighbours there. */
  isListed = false;
  older: TimedLease<Tag> | undefined;
  younger: TimedLease<Tag> | undefined;
}

/** The most leases watched at once; more are counted only. */
const MAX_WATCHED = 65_536;
/** The most records that wait to be used again. */
const MAX_SPARE = 256;

/** The watched leases of a pool. */
export class Watch<Tag extends { readonly name: string }> {
  readonly #found: (lease: TimedLease<Tag>) => void;
  readonly #spare: TimedLease<Tag>[] = [];
  #registry: FinalizationRegistry<TimedLease<Tag>> | undefined;
  #youngest: TimedLease<Tag> | undefined;
  #size = 0;
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
    return this.#size;
  }

  /** Leases so far that were not watched because there were too many. */
  get missed(): number {
    return this.#missed;
  }

  /** Begins a timed lease, and to watch it if there are not too many. */
  begin(object: object, tag: Tag, since: number, trace?: string): TimedLease<Tag> {
    const lease = this.#spare.pop() ?? new TimedLease<Tag>();
    lease.tag = tag;
    lease.since = since;
    lease.trace = trace;
    if (this.#size >= MAX_WATCHED) {
      this.#missed++;
      return lease;
    }
    this.#size++;
    lease.object = object;
    lease.isListed = true;
    lease.older = this.#youngest;
    if (this.#youngest !== undefined) this.#youngest.younger = lease;
    this.#youngest = lease;
    return lease;
  }

  /** Watches a lease no more: it has ended. */
  end(lease: TimedLease<Tag>): void {
    if (lease.isListed) {
      this.#unlist(lease);
      // One that still has its object was never given to the registry.
      if (lease.object === undefined) this.#registry?.unregister(lease);
    }
    lease.tag = lease.trace = lease.object = undefined;
    if (this.#spare.length < MAX_SPARE) this.#spare.push(lease);
  }

  /** Gives the leases that began since the last call to the registry. */
  settle(): void {
    for (let lease = this.#youngest; lease?.object !== undefined; lease = lease.older) {
      // Workers of an old compatibility date have none: their leaks are listed, not found.
      if (typeof FinalizationRegistry !== "undefined") {
        this.#registry ??= new FinalizationRegistry((lease) => {
          this.#unlist(lease);
          this.#found(lease);
        });
        this.#registry.register(lease.object, lease, lease);
      }
      lease.object = undefined;
    }
  }

  /** Lists the leases that have lasted for `afterMs` at time `now`, the oldest first. */
  leaks(now: number, afterMs: number): Leak[] {
    const leaks: Leak[] = [];
    for (let lease = this.#youngest; lease !== undefined; lease = lease.older) {
      const { tag, since, trace } = lease;
      const heldMs = now - since;
      if (heldMs < afterMs) continue;
      leaks.push({ tag: tag!.name, heldMs, ...(trace === undefined ? {} : { stack: trace }) });
    }
    return leaks.reverse().sort((a, b) => b.heldMs - a.heldMs);
  }

  #unlist(lease: TimedLease<Tag>): void {
    const { older, younger } = lease;
    if (older !== undefined) older.younger = younger;
    if (younger !== undefined) younger.older = older;
    else this.#youngest = older;
    lease.older = lease.younger = undefined;
    lease.isListed = false;
    this.#size--;
  }
}
