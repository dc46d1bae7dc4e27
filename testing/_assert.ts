/**
 * The assertions of the oracle, in the grammar of errors.
 *
 * @module
 */

const ACTION = "Cannot check Pool";

/** Throws unless something holds; `text` is the rule and what was received. */
export function assert(holds: boolean, text: string): asserts holds {
  if (!holds) throw new Error(`${ACTION}: ${text}`);
}

/** Throws unless two figures are the same; `name` is what they are. */
export function assertEquals(actual: number, expected: number, name: string): void {
  if (actual !== expected) {
    throw new Error(`${ACTION}: ${name} must be ${expected}: received ${actual}`);
  }
}
