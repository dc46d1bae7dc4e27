/**
 * The pool's own record of an object, reached from the object through a hidden field.
 *
 * One module-level class serves all pools: the engines then see one shape here whatever classes
 * are pooled.
 *
 * @module
 */

import type { TimedLease } from "./watch.ts";

/** Who holds an object: nobody, it lies on a shelf (or is being reset). */
export const IDLE = 0;
/** Who holds an object: a guard. */
export const LIMBO = 1;
/** Who holds an object: nobody, it has left the pool. */
export const DISCARDED = 2;
/** The first number that stands for a tag. */
export const FIRST_HOLDER = 3;
/** The numbers of a tag: one for its raw leases, the next for stamped ones, the third for `with`. */
export const HOLDERS = 3;

/**
 * An object with the field that leads to its slot.
 *
 * The name is a text that is written out wherever it is read: JavaScriptCore looks a symbol up in its
 * variable and compares it each time, which cost an eighth of a pair. Other than a symbol, a text can
 * be forged by data that somebody sends, cycles and all. So whatever is found there is believed only
 * where it names the object itself and the number of the holder, which begins at random.
 */
export interface Slotted<T> {
  /** The slot; anything at all where no pool has made the object. */
  readonly "@siliconflow/pool slot"?: Slot<T> | null;
}

/**
 * The pool's own record of an object.
 *
 * Its fields are `declare`d and set once, in the constructor: as class fields they would first be
 * `undefined`, and V8 would then know neither their kind nor that they never change. So it is with
 * all that the fast path touches.
 */
export class Slot<T> {
  /** The object. */
  declare readonly object: T;
  /**
   * Who holds the object. While the lease is timed the number of its tag is negated.
   */
  declare holder: number;
  /** Which stamped lease of this slot is the current one. */
  declare stamp: number;
  /** The timed lease, until it has ended. */
  declare timed: TimedLease | undefined;
  /** What the object weighed when the timed lease began, in bytes; below 0: it was new. */
  declare had: number;
  /** The pool that the object belongs to. */
  declare owner: unknown;

  constructor(object: T, owner: unknown) {
    this.object = object;
    this.holder = IDLE;
    this.stamp = 0;
    this.timed = undefined;
    this.had = 0;
    this.owner = owner;
  }

  /** Begins a stamped lease. Stamps wrap, so that the field stays a small integer. */
  nextStamp(): number {
    return this.stamp = (this.stamp + 1) & 0x3fff_ffff;
  }
}

/** Slots of objects that take no new field: frozen, sealed, or one of that name is there already. */
const aside = new WeakMap<object, Slot<unknown>>();

/** Finds the slot of an object, or `undefined` for anything that no pool has made. */
export function slotOf<T>(object: unknown): Slot<T> | undefined {
  if ((typeof object !== "object" && typeof object !== "function") || object === null) {
    return undefined;
  }
  const found: unknown = (object as Slotted<T>)["@siliconflow/pool slot"];
  // An heir or a Proxy of a pooled object shows its slot but is not the object.
  if (found instanceof Slot && found.object === object) return found;
  return aside.get(object) as Slot<T> | undefined;
}

/** Makes the slot of an object that comes into a pool, or takes up the one it had in another. */
export function addSlot<T extends object>(object: T, owner: unknown): Slot<T> {
  const former = slotOf<T>(object);
  if (former !== undefined) {
    former.owner = owner;
    former.holder = IDLE;
    return former;
  }
  const slot = new Slot(object, owner);
  if (Object.isExtensible(object) && !Object.hasOwn(object, "@siliconflow/pool slot")) {
    // Not enumerable, so that no copy of the object by spreading inherits the slot.
    Object.defineProperty(object, "@siliconflow/pool slot", { value: slot });
  } else {
    aside.set(object, slot as Slot<unknown>);
  }
  return slot;
}
