/**
 * Calls of a subject, and whether they did what they were to do.
 *
 * @module
 */

import { PAIRS, type Subject } from "./subject.ts";

/** The touches that a call must see. */
function touchesOf({ isReset }: Subject): number {
  return isReset ? PAIRS : 2 * PAIRS;
}

/** Refuses a call that left out objects, or whose objects were not reset where they were to be. */
function needTouches(subject: Subject, received: number): void {
  const wanted = touchesOf(subject);
  if (received === wanted) return;
  const each = subject.isReset ? "one of each object, which was reset" : "two of each object";
  const rule = `a call must see ${wanted} touches, ${each}`;
  throw new Error(`Cannot measure pair: ${rule}: received ${received}`);
}

/**
 * Calls a subject, awaiting only what is a promise.
 *
 * @throws {Error} A call did less than it was to do.
 */
export async function repeat(subject: Subject, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) {
    const touches = subject.run();
    needTouches(subject, touches instanceof Promise ? await touches : touches);
  }
}
