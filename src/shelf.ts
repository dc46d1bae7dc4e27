/**
 * A LIFO stack of idle objects that knows how long each of them has lain still.
 *
 * Why no clock and no list is needed: under LIFO reuse whatever lies below the lowest point that
 * the stack reached since the last look has not been touched since. So at each look one number,
 * the low-water mark, tells which objects keep their age and which are young again, and the ages
 * form a staircase that only ever grows older towards the bottom.
 *
 * What the objects weigh is told by running sums, so that a pop has nothing to subtract.
 *
 * Invariants: `base <= low <= top`; steps rise in `start` and in `time`; the first step starts at
 * or below `base`; `limit == base + room`, or `base` while releases are diverted; and where sizes are
 * known `ends[i + 1] == ends[i] + size of slots[i]` for `base <= i < top`,
 * `maxEnd == ends[base] + maxBytes`.
 *
 * @module
 */

import type { Slot } from "./slot.ts";

/** A run of idle objects that were last touched before the same look. */
export interface Step {
  /** Where the run starts, as an index of the stack. */
  start: number;
  /** When it was last seen touched, in ms. */
  time: number;
  /** The cycle in which it was last seen touched. */
  cycle: number;
}

/** More steps than this are merged, the oldest first, towards the younger age. */
const MAX_STEPS = 512;

/**
 * The size of an object that nobody bounds, in bytes: the largest small integer, since engines compare
 * those faster. What is larger than this is looked at more closely.
 */
export const UNBOUNDED = 2 ** 31 - 1;

/** A LIFO stack of idle objects. `acquire` and `release` of a tag work on its fields directly. */
export class Shelf<T> {
  /**
   * The stack. What lies below `base` is empty; from `top` on lies what was popped since the last
   * look, without a gap, and then nothing.
   */
  declare slots: (Slot<T> | undefined)[];
  /** One past the topmost object. */
  declare top: number;
  /** The lowest `top` since the last look. */
  declare low: number;
  /** The lowest object. */
  declare base: number;
  /** `top` must not pass this. */
  declare limit: number;
  /** `ends[i]` is what the objects below `i` weigh together, and those that were evicted, in bytes. */
  declare ends: number[];
  /** `ends[top]` must not pass this. */
  declare maxEnd: number;
  /** The size of the largest object that is laid here, in bytes; `UNBOUNDED`: any. */
  declare largest: number;
  /** Whether what is released goes to who waits for it, so that the shelf takes nothing. */
  declare isDiverted: boolean;

  readonly #isSized: boolean;
  #room = 0;
  #maxBytes = Number.MAX_SAFE_INTEGER;
  #steps: Step[] = [];

  /** Makes an empty shelf, of objects whose size is known or is not. */
  constructor(isSized = false) {
    this.slots = [];
    this.top = 0;
    this.low = 0;
    this.base = 0;
    this.limit = 0;
    this.ends = [0];
    this.maxEnd = Number.MAX_SAFE_INTEGER;
    this.largest = UNBOUNDED;
    // Not `#private`: those come before the fields that a hit touches.
    this.isDiverted = false;
    this.#isSized = isSized;
  }

  /** Objects lying here. */
  get idle(): number {
    return this.top - this.base;
  }

  /** The fewest objects that lay here since the last look. */
  get lowest(): number {
    return this.low - this.base;
  }

  /** How many objects may lie here. */
  get room(): number {
    return this.#room;
  }

  set room(room: number) {
    this.#room = room;
    this.#moveLimit();
  }

  /** Begins or ends to divert what is released. */
  divert(isDiverted: boolean): void {
    this.isDiverted = isDiverted;
    this.#moveLimit();
  }

  /** Recorded size of the idle objects, in bytes; 0 where sizes are not known. */
  get bytes(): number {
    return this.#isSized ? this.ends[this.top]! - this.ends[this.base]! : 0;
  }

  /** Recorded size of the object at index `i`, in bytes; 0 where sizes are not known. */
  sizeAt(i: number): number {
    return this.#isSized ? this.ends[i + 1]! - this.ends[i]! : 0;
  }

  /** What the idle objects may weigh together, in bytes. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  set maxBytes(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#moveEnd();
  }

  /** Looks: what was touched since the last look is stamped with this time and cycle. */
  settle(time: number, cycle: number): void {
    const steps = this.#steps;
    while (steps.length > 0 && steps[steps.length - 1]!.start >= this.low) steps.pop();
    if (this.top > this.low) {
      const last = steps.at(-1);
      const isSame = last?.time === time && last.cycle === cycle;
      if (!isSame) steps.push({ start: this.low, time, cycle });
    }
    this.low = this.top;
    if (steps.length > MAX_STEPS) this.#mergeSteps();
    this.forgetPopped();
  }

  /** Counts the objects that were last seen touched `ms` before `now` or earlier, in this cycle or earlier. */
  countUntouched(now: number, ms: number, cycle = Infinity): number {
    const steps = this.#steps;
    let from = 0;
    let to = steps.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      const step = steps[middle]!;
      if (now - step.time >= ms && step.cycle <= cycle) from = middle + 1;
      else to = middle;
    }
    const end = from < steps.length ? steps[from]!.start : this.low;
    return Math.max(0, Math.min(end, this.low) - this.base);
  }

  /** The runs of equal age, oldest first: when they were last seen touched, and how many they are. */
  ages(): { time: number; count: number }[] {
    return this.#steps.map(({ start, time }, i) => {
      const end = Math.min(this.#steps[i + 1]?.start ?? this.low, this.low);
      return { time, count: Math.max(0, end - Math.max(start, this.base)) };
    }).filter(({ count }) => count > 0);
  }

  /**
   * Removes the oldest `count` objects and gives each to `drop`, which must not throw. Says how many
   * there were.
   */
  evict(count: number, drop: (slot: Slot<T>) => void): number {
    let evicted = 0;
    for (; evicted < count && this.idle > 0; evicted++) {
      const slot = this.slots[this.base]!;
      this.slots[this.base++] = undefined;
      this.#moveLimit();
      if (this.low < this.base) this.low = this.base;
      this.#moveEnd();
      drop(slot);
    }
    this.#compact();
    return evicted;
  }

  /**
   * Removes all objects in `slots`, wherever they lie, and gives each to `drop`, which must not throw;
   * the others keep their order and their ages. Says how many there were.
   */
  evictAll(slots: ReadonlySet<Slot<T>>, drop: (slot: Slot<T>) => void): number {
    const kept: Slot<T>[] = [];
    const ends = [0];
    const evicted: Slot<T>[] = [];
    // How many are kept of those below each index, from `base` on.
    const below = [0];
    for (let i = this.base; i < this.top; i++) {
      const slot = this.slots[i]!;
      if (slots.has(slot)) evicted.push(slot);
      else {
        ends.push(ends.at(-1)! + this.sizeAt(i));
        kept.push(slot);
      }
      below.push(kept.length);
    }
    if (evicted.length === 0) return 0;
    const placeOf = (i: number) => below[Math.max(0, i - this.base)]!;
    for (const step of this.#steps) step.start = placeOf(step.start);
    // Of steps that begin at one place now the last is not empty.
    this.#steps = this.#steps.filter(({ start }, i, all) => start !== all[i + 1]?.start);
    this.low = placeOf(this.low);
    this.base = 0;
    this.top = kept.length;
    this.slots = kept;
    if (this.#isSized) this.ends = ends;
    this.limit = this.#room;
    this.#moveEnd();
    for (const slot of evicted) drop(slot);
    return evicted.length;
  }

  /** Takes the topmost object, of which there must be one. */
  pop(): Slot<T> {
    const slot = this.slots[--this.top]!;
    if (this.top < this.low) this.low = this.top;
    return slot;
  }

  /** Lays an object of `size` bytes on top, as one that was just touched. */
  push(slot: Slot<T>, size: number): void {
    if (this.#isSized) this.ends[this.top + 1] = this.ends[this.top]! + size;
    this.slots[this.top++] = slot;
  }

  #moveLimit(): void {
    this.limit = this.base + (this.isDiverted ? 0 : this.#room);
  }

  #moveEnd(): void {
    if (this.#isSized) this.maxEnd = this.ends[this.base]! + this.#maxBytes;
  }

  /** Moves the stack down where more than half of it is empty, so that each eviction pays O(1). */
  #compact(): void {
    const { base, top } = this;
    const empty = base === top;
    if (base === 0 || (!empty && (base < 1024 || base < top - base))) return;
    this.slots = this.slots.slice(base, top);
    if (this.#isSized) {
      const gone = this.ends[base]!;
      this.ends = this.ends.slice(base, top + 1).map((end) => end - gone);
      this.maxEnd = this.#maxBytes;
    }
    this.top -= base;
    this.low -= base;
    this.base = 0;
    this.#moveLimit();
    const steps = this.#steps;
    let stale = 0;
    while (stale + 1 < steps.length && steps[stale + 1]!.start <= base) stale++;
    this.#steps = steps.slice(stale);
    for (const step of this.#steps) step.start = Math.max(0, step.start - base);
  }

  /**
   * A leased object must be reachable through its holder only, or a leak could not be found. A store
   * at each pop would say so at once and cost a tenth of a hit.
   */
  forgetPopped(): void {
    const { slots } = this;
    for (let i = this.top; slots[i] !== undefined; i++) slots[i] = undefined;
  }

  #mergeSteps(): void {
    const steps = this.#steps;
    const half = steps.length >> 1;
    const kept: Step[] = [];
    for (let i = 0; i + 1 < half; i += 2) kept.push({ ...steps[i + 1]!, start: steps[i]!.start });
    if (half % 2 === 1) kept.push(steps[half - 1]!);
    this.#steps = kept.concat(steps.slice(half));
  }
}
