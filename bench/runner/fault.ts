/**
 * What could not be found out.
 *
 * @module
 */

import type { RuntimeName } from "./bench.ts";

/** A bench on a runtime. */
export interface Turn {
  /** The bench's name. */
  readonly name: string;
  readonly runtime: RuntimeName;
}

/** A bench that failed on a runtime. */
export interface Fault {
  readonly bench: string;
  readonly runtime: RuntimeName;
  /** Why, in a line. */
  readonly message: string;
}

/** What is left of a turn that failed. */
export function faultOf({ name, runtime }: Turn, error: unknown): Fault {
  return { bench: name, runtime, message: messageOf(error) };
}

/** What an error says, in a line: what processes said themselves comes below it. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!;
}

/** A fault as one JSON document, among those of findings. */
export function toFaultDocument({ bench, runtime, message }: Fault): object {
  return { bench, runtime, fault: message };
}
