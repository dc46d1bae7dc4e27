/**
 * Where collections come from, whatever the runtime's way to tell them.
 *
 * @module
 */

import { show } from "../error.ts";
import type { GcEvent } from "../gc.ts";
import { globals, isWorkers } from "./_globals.ts";

/** What is told of each collection. */
export type GcListener = (event: GcEvent) => void;

/** A source of collections that watches only while somebody listens. */
export interface GcFeed {
  /** Tells `listener` the collections from now on. Returns what ends that. */
  subscribe(listener: GcListener): () => void;
  /** Tells the collections so far at once, where the runtime allows it. */
  poll(): void;
}

/** The listeners of a feed. */
export class GcListeners {
  // Entries of their own, so that a function that listens twice is two listeners.
  readonly #entries = new Set<{ readonly listener: GcListener }>();

  /** How many listen. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds a listener. Returns what removes it, and says whether it was still there. */
  add(listener: GcListener): () => boolean {
    const entry = { listener };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  /** Tells all of them, also those after one that throws. */
  tell(event: GcEvent): void {
    for (const { listener } of this.#entries) {
      try {
        listener(event);
      } catch (error) {
        report(error);
      }
    }
  }
}

/**
 * Shows what a listener threw. Nobody called the listener who could catch it, and thrown on from a
 * timer it would end the process for the sake of a measurement: so it becomes a warning. Workers
 * show no warnings, and go on after what is reported as uncaught.
 */
function report(error: unknown): void {
  const { process, reportError } = globals();
  if (process?.emitWarning && !isWorkers()) {
    process.emitWarning(error instanceof Error ? error : show(error));
  } else {
    reportError?.(error);
  }
}
