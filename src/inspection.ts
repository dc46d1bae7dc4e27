/**
 * Inspection: what `debug: true` does to each object between its leases.
 *
 * It wraps the user's callbacks, so that nothing else in a pool has to know: `reset` is followed by
 * the search for leftovers and by the poison, `sizeOf` comes before the poison because it reads
 * fields, `dispose` and the next lease come after the antidote. What is noted of an object hangs on
 * the object itself, so that one which is lost takes its notes along.
 *
 * @module
 */

import { PoolError } from "./error.ts";
import { classNameOf, leftoversOf, listLeftovers, Look } from "./leftover.ts";
import { type Antidote, poison, revive } from "./poison.ts";
import { causeOf, placeOf, traceHere } from "./trace.ts";

/** The callbacks of a pool that touch its objects. */
export interface Callbacks<T extends object> {
  readonly reset: (object: T) => void;
  readonly sizeOf: ((object: T) => number) | undefined;
  readonly dispose: ((object: T) => void) | undefined;
}

/** What is noted of an object from one lease to the next. */
interface Note {
  /** What it was when it was handed out. */
  readonly handed: Look;
  /** Where that was. */
  readonly acquired: string;
  /** Whether reset has run since. */
  isReset: boolean;
  /** Where it was then, once its fields were swapped. */
  released: string;
  /** What brings its fields back. */
  antidote: Antidote | undefined;
}

/** The most classes that are listed as not covered. */
const MAX_CLASSES = 32;

/** The inspection of a pool's objects. */
export class Inspection<T extends object> {
  /**
   * The callbacks to use in place of the user's. They are bound and not arrows: a bound function leaves
   * no frame of its own, which no trace could tell from a user's.
   */
  readonly callbacks: Callbacks<T>;
  readonly #user: Callbacks<T>;
  readonly #notes: WeakMap<T, Note> = new WeakMap();
  readonly #notCovered: Set<string> = new Set();

  /** Wraps a user's callbacks. */
  constructor({ reset, sizeOf, dispose }: Callbacks<T>) {
    this.#user = { reset, sizeOf, dispose };
    this.callbacks = {
      reset: this.#reset.bind(this),
      sizeOf: sizeOf && this.#measure.bind(this, sizeOf),
      // Whoever has no dispose leaves the object to the collector: then a use of it is found as well.
      dispose: dispose && this.#dispose.bind(this, dispose),
    };
  }

  /** The classes of which not everything is covered, and why where the class alone does not tell. */
  get notCovered(): readonly string[] {
    return [...this.#notCovered];
  }

  /** Notes what an object is when it is handed out; says whether it is whole. */
  handOut(object: T, acquired: string): boolean {
    if (!this.#revive(object)) return false;
    const handed = new Look(object);
    this.#notes.set(object, {
      handed,
      acquired,
      isReset: false,
      released: "",
      antidote: undefined,
    });
    return true;
  }

  /** Reads an object that may lie idle, with its own fields in place for as long as that takes. */
  peek<R>(object: T, read: (object: T) => R): R {
    const note = this.#notes.get(object);
    if (note?.antidote === undefined) return read(object);
    this.#revive(object);
    try {
      return read(object);
    } finally {
      // What is the user's may have leased it, or had it disposed of.
      if (this.#notes.get(object) === note) this.#swap(object, note);
    }
  }

  #reset(object: T): void {
    const { reset, sizeOf } = this.#user;
    const note = this.#notes.get(object);
    if (note === undefined) return reset(object);
    // An object that found no shelf comes twice.
    this.#revive(object);
    const before = new Look(object);
    reset(object);
    const after = new Look(object);
    const { acquired, handed } = note;
    const isCut = handed.isCut || before.isCut || after.isCut;
    const leftovers = leftoversOf(handed, before, after);
    if (leftovers.length > 0) {
      const rule = "reset must clear what a holder wrote";
      const received = listLeftovers(leftovers, isCut);
      const message = `Cannot release to Pool: ${rule}: received ${received}`;
      throw new PoolError("unclean", message, causeOf("acquired", acquired));
    }
    if (isCut) this.#miss(object, " (too large)");
    note.isReset = true;
    // sizeOf has yet to read the fields.
    if (sizeOf === undefined) this.#poison(object);
  }

  #measure(sizeOf: (object: T) => number, object: T): number {
    const size = sizeOf(object);
    this.#poison(object);
    return size;
  }

  #dispose(dispose: (object: T) => void, object: T): void {
    this.#revive(object);
    this.#notes.delete(object);
    dispose(object);
  }

  #poison(object: T): void {
    const note = this.#notes.get(object);
    // What was never handed out nobody can still be using.
    if (note === undefined || !note.isReset || note.antidote !== undefined) return;
    note.released = traceHere();
    this.#swap(object, note);
    if (note.antidote === undefined) {
      this.#miss(object, Object.isExtensible(object) ? "" : " (sealed)");
    }
  }

  /** Swaps an object's fields for what tells where it was released and acquired. */
  #swap(object: T, note: Note): void {
    const { acquired, released } = note;
    note.antidote = poison(object, (verb, key) => {
      const rule = "the object must be leased";
      const places = `released at ${placeOf(released)}, acquired at ${placeOf(acquired)}`;
      const cause = causeOf("released", released, causeOf("acquired", acquired));
      const field = JSON.stringify(String(key));
      const message = `Cannot ${verb} field ${field}: ${rule}: received one ${places}`;
      return new PoolError("released", message, cause);
    });
  }

  #revive(object: T): boolean {
    const note = this.#notes.get(object);
    if (note?.antidote === undefined) return true;
    const { antidote } = note;
    note.antidote = undefined;
    return revive(object, antidote);
  }

  #miss(object: T, why: string): void {
    if (this.#notCovered.size >= MAX_CLASSES) return;
    this.#notCovered.add(`${classNameOf(object)}${why}`);
  }
}
