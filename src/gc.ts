/**
 * Garbage collections as a runtime tells them, and their sum between two readings.
 *
 * @module
 */

import { countable, type Histogram, Tally } from "./histogram.ts";

/** One garbage collection. What a runtime cannot tell is absent, never zero. */
export interface GcEvent {
  /** `"minor"`: the young generation only; `"major"`: the whole heap; `"unknown"`: a runtime that does not say. */
  readonly kind: "minor" | "major" | "unknown";
  /** How long the collector ran, in milliseconds. On Bun an upper bound of the pause. */
  readonly pauseMs?: number;
  /** Heap in use before the collection, in bytes. */
  readonly beforeBytes?: number;
  /** Heap in use after the collection, in bytes. */
  readonly afterBytes?: number;
}

/** The sum of the collections since the last reading. */
export interface GcReading {
  /** Minor collections. */
  readonly minor: number;
  /** Major collections. */
  readonly major: number;
  /** Collections of unknown kind. */
  readonly unknown: number;
  /** Their time together, in milliseconds; absent where the runtime does not tell it. */
  readonly pauseMs?: number;
  /** The longest of them, in milliseconds; absent where the runtime does not tell it. */
  readonly maxPauseMs?: number;
  /** How long each of them took; absent where the runtime does not tell it, or nobody counted. */
  readonly pauses?: Histogram;
}

/** The reading of a time without a collection. */
export const noGc: GcReading = Object.freeze({ minor: 0, major: 0, unknown: 0 });

/** A running sum of collections, of constant size however many come. */
export class GcSum {
  #minor = 0;
  #major = 0;
  #unknown = 0;
  /** Absent where no time was told. */
  #pauseMs: number | undefined;
  #maxPauseMs = 0;
  /** Absent where nobody counted. */
  #pauses: Tally | undefined;

  /** Adds a collection. */
  add(event: GcEvent): void {
    if (event.kind === "minor") this.#minor++;
    else if (event.kind === "major") this.#major++;
    else this.#unknown++;
    if (event.pauseMs === undefined) return;
    (this.#pauses ??= new Tally()).add(event.pauseMs);
    this.#pauseMs = (this.#pauseMs ?? 0) + event.pauseMs;
    this.#maxPauseMs = Math.max(this.#maxPauseMs, event.pauseMs);
  }

  /** Adds a reading, but for what is no number in it: a host may be anybody's. */
  addReading({ minor, major, unknown, pauseMs, maxPauseMs, pauses }: GcReading): void {
    this.#minor += countable(minor);
    this.#major += countable(major);
    this.#unknown += countable(unknown);
    if (pauseMs === undefined) return;
    this.#pauseMs = (this.#pauseMs ?? 0) + countable(pauseMs);
    this.#maxPauseMs = Math.max(this.#maxPauseMs, countable(maxPauseMs));
    if (typeof pauses === "object" && pauses !== null) {
      (this.#pauses ??= new Tally()).addAll(pauses);
    }
  }

  /** Tells the sum. */
  look(): GcReading {
    const counts = { minor: this.#minor, major: this.#major, unknown: this.#unknown };
    if (this.#pauseMs === undefined) return counts;
    const timed = { ...counts, pauseMs: this.#pauseMs, maxPauseMs: this.#maxPauseMs };
    return this.#pauses === undefined ? timed : { ...timed, pauses: this.#pauses.histogram() };
  }

  /** Tells the sum and starts anew. */
  take(): GcReading {
    const reading = this.look();
    this.#minor =
      this.#major =
      this.#unknown =
      this.#maxPauseMs =
        0;
    this.#pauseMs = this.#pauses = undefined;
    return reading;
  }
}
