/**
 * A limit of how often something may happen, by GCRA.
 *
 * The generic cell rate algorithm (ITU-T I.371 annex A; ATM Forum, Traffic Management 4.0, 4.4.2), in
 * its form of a leaky bucket: each event pours `T = 1 / rate` into a bucket that leaks one millisecond
 * a millisecond, and conforms iff the bucket holds at most `τ = T · (burst − 1)` before. Hence what
 * conforms in any window of `t` seconds is never more than `burst + rate · t`. Nothing has to run in
 * between, and nothing is stored per event. The other form, of a theoretical arrival time, is the same
 * algorithm, but adds small numbers to the time of day, which a double holds to 0.0002 ms only.
 *
 * The clock must not go back: see `Ticker.clock`.
 *
 * @module
 */

/** What the rounding of sums of `T` may come to, in ms. */
const ROUNDING_MS = 1e-3;

/** A limit of events a second, of which a whole second's worth may come at once. */
export class Gcra {
  /** `T`: how far apart events lie in the long run, in ms. */
  readonly intervalMs: number;

  /** `τ`: what the bucket may hold when an event comes, in ms. */
  readonly #toleranceMs: number;
  /** What the bucket held at the time of the last event, with it, in ms. */
  #held = 0;
  /** A host's clock may begin anywhere. */
  #last = -Infinity;

  /** Makes a limit of `perSecond` events, above 0; below 1 they come one at a time. */
  constructor(perSecond: number) {
    this.intervalMs = 1000 / perSecond;
    this.#toleranceMs = Math.max(0, 1000 - this.intervalMs);
  }

  /** How long after `now` the next event conforms, in ms; 0: now. */
  waitMs(now: number): number {
    const wait = this.#heldAt(now) - this.#toleranceMs;
    return wait > ROUNDING_MS ? wait : 0;
  }

  /** An event happens at `now`, conforming or not. */
  take(now: number): void {
    this.#held = this.#heldAt(now) + this.intervalMs;
    this.#last = now;
  }

  #heldAt(now: number): number {
    return Math.max(0, this.#held - (now - this.#last));
  }
}
