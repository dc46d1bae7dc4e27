/**
 * Traces: what a policy is tried on.
 *
 * @module
 */

/** Arrivals and the ends of their holds, in the order in which they happen. */
export interface Trace {
  /** Its name in reports. */
  readonly name: string;
  /** When it ends; holds that last longer are never released. */
  readonly durationMs: number;
  /** The names of its tags. */
  readonly tags: readonly string[];
  /** The tag of each arrival, as an index of `tags`. */
  readonly tagOf: Uint32Array;
  /** The bytes to which each arrival grows its object. */
  readonly bytesOf: Float64Array;
  /** What happens: `i` where the i-th arrival acquires, `~i` where it releases. */
  readonly events: Int32Array;
  /** When it happens, in ms, rising. */
  readonly times: Float64Array;
}

/** A trace in the making. */
export class TraceDraft {
  readonly #arrivals: number[] = [];
  readonly #releases: number[] = [];
  readonly #tagOf: number[] = [];
  readonly #bytesOf: number[] = [];
  readonly #tags: Map<string, number> = new Map();

  /** The end of the last hold so far. */
  get endMs(): number {
    return this.#releases.reduce((end, time) => Math.max(end, time), 0);
  }

  /** Adds an arrival at any time: an object is held for `holdMs` and grown to `bytes`. */
  add(arrivalMs: number, holdMs: number, tag: string, bytes = 0): void {
    const index = this.#tags.get(tag) ?? this.#tags.size;
    if (index === this.#tags.size) this.#tags.set(tag, index);
    const arrival = toMicroseconds(arrivalMs);
    this.#arrivals.push(arrival);
    this.#releases.push(arrival + toMicroseconds(holdMs));
    this.#tagOf.push(index);
    this.#bytesOf.push(bytes);
  }

  /** Makes the trace: of what happens at the same time, releases come first. */
  finish(name: string, durationMs: number): Trace {
    const arrivalOrder = ordered(this.#arrivals);
    const arrivals = Float64Array.from(arrivalOrder, (i) => this.#arrivals[i]!);
    const releases = Float64Array.from(arrivalOrder, (i) => this.#releases[i]!);
    const releaseOrder = ordered(releases);
    const events = new Int32Array(2 * arrivals.length);
    const times = new Float64Array(2 * arrivals.length);
    let [count, arrived, released] = [0, 0, 0];
    for (;;) {
      const arrivalTime = arrivals[arrived] ?? Infinity;
      const next = releaseOrder[released];
      // What is held for no time must arrive first.
      const isRelease = next !== undefined && next < arrived && releases[next]! <= arrivalTime;
      const time = isRelease ? releases[next]! : arrivalTime;
      if (time > durationMs) break;
      times[count] = time;
      events[count++] = isRelease ? ~releaseOrder[released++]! : arrived++;
    }
    return {
      name,
      durationMs,
      tags: [...this.#tags.keys()],
      tagOf: Uint32Array.from(arrivalOrder, (i) => this.#tagOf[i]!),
      bytesOf: Float64Array.from(arrivalOrder, (i) => this.#bytesOf[i]!),
      events: events.slice(0, count),
      times: times.slice(0, count),
    };
  }
}

/** Engines differ in the last digits of a logarithm; traces must not. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The indices of times in rising order; of equal ones the first comes first. */
function ordered(times: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(times, (_, i) => i).sort((a, b) => times[a]! - times[b]! || a - b);
}
