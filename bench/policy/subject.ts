/**
 * What is simulated: something that hands out objects and takes them back.
 *
 * @module
 */

import { SyncPool } from "../runner/sync_pool.ts";
import type { Item, Meter } from "./meter.ts";

/** A way to reuse objects, in virtual time. */
export interface Subject {
  /** Does what falls due by the meter's time. */
  advance(): void;
  /** Hands out an idle object or a new one; the tag is an index. */
  acquire(tag: number): Item;
  /** Takes an object back. */
  release(item: Item, tag: number): void;
  /** Ends the simulation, once the meter has been read. */
  close(): void;
}

/** A subject in a meter that it has to tell of objects that it makes and disposes of. */
export type SubjectMaker = (meter: Meter) => Subject;

/** No pool: every acquire creates. */
export function noPool(meter: Meter): Subject {
  return {
    advance() {},
    acquire: () => meter.create(),
    release: (item) => meter.dispose(item),
    close() {},
  };
}

/** A LIFO free list that never gives anything back. */
export function freeList(meter: Meter): Subject {
  const items: Item[] = [];
  return {
    advance() {},
    acquire: () => items.pop() ?? meter.create(),
    release: (item) => void items.push(item),
    close() {},
  };
}

/** A LIFO free list whose objects go at the very moment when they have been idle for a time. */
export function expiring(meter: Meter, ttlMs: number): Subject {
  const items: Item[] = [];
  const since: number[] = [];
  // What is left below the first is gone already.
  let first = 0;
  return {
    advance() {
      while (first < items.length && since[first]! + ttlMs < meter.now) {
        meter.dispose(items[first]!, since[first]! + ttlMs);
        first++;
      }
      if (first === items.length) first = items.length = since.length = 0;
    },
    acquire() {
      if (first === items.length) return meter.create();
      since.pop();
      return items.pop()!;
    },
    release(item) {
      items.push(item);
      since.push(meter.now);
    },
    close() {},
  };
}

/**
 * A {@linkcode SyncPool} that is cleared as Go's collector would.
 *
 * @param meter The meter.
 * @param periodMs Time between clearings: Go clears at every collection.
 * @param phaseMs When the first one is.
 */
export function syncPool(meter: Meter, periodMs: number, phaseMs: number): Subject {
  const pool = new SyncPool(() => meter.create());
  let next = phaseMs;
  return {
    advance() {
      for (; next <= meter.now; next += periodMs) {
        for (const item of pool.clear()) meter.dispose(item, next);
      }
    },
    acquire: () => pool.acquire(),
    release: (item) => pool.release(item),
    close() {},
  };
}
