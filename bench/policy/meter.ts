/**
 * What a policy costs: the objects it makes and the time for which they lie idle.
 *
 * @module
 */

/** An object of the simulation. */
export interface Item {
  /** The capacity it was grown to; it never shrinks. */
  bytes: number;
}

/** What a policy did to a trace. */
export interface Outcome {
  /** Acquires. */
  readonly acquires: number;
  /** Those of them that had to create. */
  readonly creations: number;
  /** Time that objects lay idle, summed over objects. */
  readonly idleMs: number;
  /** The same weighted with the bytes of each object. */
  readonly idleByteMs: number;
  /** Bytes by which objects were grown. */
  readonly grownBytes: number;
}

/** The cost of an outcome in ms: λ for each creation, and idle time. */
export function costOf({ creations, idleMs }: Outcome, lambdaMs: number): number {
  return lambdaMs * creations + idleMs;
}

/** The mean of the outcomes of at least one trial. */
export function meanOutcome(outcomes: readonly Outcome[]): Outcome {
  const mean = (pick: (outcome: Outcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + pick(outcome), 0) / outcomes.length;
  return {
    acquires: mean(({ acquires }) => acquires),
    creations: mean(({ creations }) => creations),
    idleMs: mean(({ idleMs }) => idleMs),
    idleByteMs: mean(({ idleByteMs }) => idleByteMs),
    grownBytes: mean(({ grownBytes }) => grownBytes),
  };
}

/**
 * An account of objects over virtual time.
 *
 * An object that turns idle at time s and stops being so at e adds e − s, so the clock is
 * subtracted where one starts and added where one ends, and no object needs a stamp:
 * `idle time = Σ ends − Σ starts + idle · now`.
 */
export class Meter {
  /** The virtual time, in ms. */
  now = 0;
  #acquires = 0;
  #creations = 0;
  #idle = 0;
  #idleMs = 0;
  #idleBytes = 0;
  #idleByteMs = 0;
  #grownBytes = 0;

  /** Objects made so far. */
  get creations(): number {
    return this.#creations;
  }

  /** Makes an object, which is idle until it is taken. */
  create(): Item {
    this.#creations++;
    const item = { bytes: 0 };
    this.give(item);
    return item;
  }

  /** An acquire: an idle object is in use from now on. */
  take(item: Item): void {
    this.#acquires++;
    this.#end(item, this.now);
  }

  /** The user grows an object that is in use. */
  grow(item: Item, bytes: number): void {
    if (bytes <= item.bytes) return;
    this.#grownBytes += bytes - item.bytes;
    item.bytes = bytes;
  }

  /** A release: an object is idle from now on. */
  give(item: Item): void {
    this.#idle++;
    this.#idleMs -= this.now;
    this.#idleBytes += item.bytes;
    this.#idleByteMs -= this.now * item.bytes;
  }

  /** An idle object goes, now or at an earlier time. */
  dispose(item: Item, ms: number = this.now): void {
    this.#end(item, ms);
  }

  #end(item: Item, ms: number): void {
    this.#idle--;
    this.#idleMs += ms;
    this.#idleBytes -= item.bytes;
    this.#idleByteMs += ms * item.bytes;
  }

  /** Draws the account, with idle time up to now. */
  outcome(): Outcome {
    return {
      acquires: this.#acquires,
      creations: this.#creations,
      idleMs: this.#idleMs + this.#idle * this.now,
      idleByteMs: this.#idleByteMs + this.#idleBytes * this.now,
      grownBytes: this.#grownBytes,
    };
  }
}
