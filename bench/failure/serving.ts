/**
 * Who was served: arrivals and creations by tag, counted from outside, in the same way for every
 * subject.
 *
 * @module
 */

import type { Meter } from "../policy/meter.ts";
import { replay } from "../policy/replay.ts";
import type { Subject, SubjectMaker } from "../policy/subject.ts";
import type { Trace } from "../policy/trace.ts";

/** Arrivals of a tag, and what they got. */
export interface Served {
  /** Arrivals. */
  readonly acquires: number;
  /** Those of them that an idle object served. */
  readonly hits: number;
}

/** What a subject did to a trace. */
export interface Serving {
  /** By tag, from a time on. */
  readonly tags: Readonly<Record<string, Served>>;
  /** The objects that lay idle on average over the whole trace. */
  readonly meanIdle: number;
}

/** The share of arrivals that an idle object served. */
export function hitRate({ acquires, hits }: Served): number {
  return hits / acquires;
}

/** All tags together. */
export function sumServed(tags: Readonly<Record<string, Served>>): Served {
  const all = Object.values(tags);
  return {
    acquires: all.reduce((sum, { acquires }) => sum + acquires, 0),
    hits: all.reduce((sum, { hits }) => sum + hits, 0),
  };
}

/**
 * Replays a trace and counts.
 *
 * @param trace The trace.
 * @param make Makes the subject.
 * @param fromMs Arrivals before that do not count: at first there is nothing to reuse.
 * @param look Is given the subject before it is closed.
 */
export function serve<S extends Subject>(
  trace: Trace,
  make: (meter: Meter) => S,
  fromMs: number,
  look: (subject: S) => void = () => {},
): Serving {
  const acquires = trace.tags.map(() => 0);
  const hits = trace.tags.map(() => 0);
  const observed: SubjectMaker = (meter) => {
    const subject = make(meter);
    return {
      advance: () => subject.advance(),
      acquire(tag) {
        const before = meter.creations;
        const item = subject.acquire(tag);
        if (meter.now >= fromMs) {
          acquires[tag]!++;
          if (meter.creations === before) hits[tag]!++;
        }
        return item;
      },
      release: (item, tag) => subject.release(item, tag),
      close() {
        look(subject);
        subject.close();
      },
    };
  };
  const { idleMs } = replay(trace, observed);
  return {
    tags: Object.fromEntries(
      trace.tags.map((tag, i) => [tag, { acquires: acquires[i]!, hits: hits[i]! }]),
    ),
    meanIdle: idleMs / trace.durationMs,
  };
}
