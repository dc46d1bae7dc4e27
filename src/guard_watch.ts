/**
 * The guards that are watched: which objects were left in those that nobody dropped.
 *
 * A guard that is forgotten takes its objects along. Its record tells of them, and must reach neither the
 * guard nor an object. The registry belongs to the pool: one that nobody holds goes with all its records.
 *
 * To watch a guard costs as much as several of them do. So it is one of many, as it is with leases, but all
 * in debug: where guards are forgotten at all, somebody is told of it.
 *
 * @module
 */

/** What waits in a guard. */
export class GuardRecord<Tag = unknown> {
  /** What each object is to be released under. */
  readonly tags: Tag[] = [];
  /** What they weigh together, where that is to be known once they are lost. */
  weight = 0;
}

/** One of so many guards is watched, the first one included. */
const EVERY = 64;

/** The watched guards of a pool. */
export class GuardWatch<Tag> {
  readonly #isAll: boolean;
  readonly #found: (record: GuardRecord<Tag>) => void;
  #registry: FinalizationRegistry<GuardRecord<Tag>> | undefined;
  #begun = 0;

  /**
   * Makes an empty watch.
   *
   * @param found Hears of each watched guard that was collected.
   * @param isAll Whether each one is watched, at whatever cost.
   */
  constructor(found: (record: GuardRecord<Tag>) => void, isAll: boolean) {
    this.#found = found;
    this.#isAll = isAll;
  }

  /** Begins to watch a guard, if it is one of those. */
  begin(guard: object): GuardRecord<Tag> | undefined {
    if (this.#begun++ % EVERY !== 0 && !this.#isAll) return undefined;
    // Workers of an old compatibility date have none.
    if (typeof FinalizationRegistry === "undefined") return undefined;
    const record = new GuardRecord<Tag>();
    this.#registry ??= new FinalizationRegistry(this.#found);
    this.#registry.register(guard, record, record);
    return record;
  }

  /** Watches a guard no more: it drops. */
  end(record: GuardRecord<Tag>): void {
    this.#registry?.unregister(record);
  }
}
