/**
 * What no pool can be cheaper than, at the same scale: a bare array, and a counter of each tag.
 *
 * @module
 */

import { consume } from "../runner/sink.ts";

class Entry {
  bytes = 0;
  uses = 0;
}

class Label {
  uses = 0;
}

/** A bare array with as many objects as a pool has idle ones, and as many labels as it has tags. */
export class ScaleFloor {
  readonly #stack: Entry[];
  readonly #labels: readonly Label[];
  #next = 0;

  /** Makes it. */
  constructor({ tags, idle }: { readonly tags: number; readonly idle: number }) {
    this.#stack = Array.from({ length: idle }, () => new Entry());
    this.#labels = Array.from({ length: tags }, () => new Label());
  }

  /** Pops and pushes one object so many times, each time under the next label. */
  pair(times: number): void {
    const stack = this.#stack;
    const labels = this.#labels;
    let next = this.#next;
    for (let i = 0; i < times; i++) {
      labels[next]!.uses = i;
      const entry = stack.pop()!;
      entry.uses = i;
      entry.bytes = 0;
      stack.push(entry);
      next = next + 1 === labels.length ? 0 : next + 1;
    }
    this.#next = next;
    consume(stack);
  }
}
