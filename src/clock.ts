/**
 * A clock that never goes back, whatever the one that it is told does.
 *
 * A reading that lies behind is one of two things. Mostly it tells nothing: each request of a Worker has a
 * clock of its own that stands still between I/O, and a collector's turn, which belongs to no request, has
 * one that tells 0. Then time stands still until a reading has caught up, and nothing of the detour is
 * left. Or the clock was set back, and would not catch up for hours: that is believed once the
 * readings have gone on by themselves for a while and are still behind.
 *
 * @module
 */

/**
 * How far the readings must have gone on since the lowest of them, in ms. A single step counts for no more
 * than that: it may be the one from a request's clock to another's.
 */
const PATIENCE_MS = 1000;

/** A clock that never goes back, in ms. */
export class SteadyClock {
  #time: number;
  /** What the clock has been set back by so far. */
  #skew = 0;
  /** The last reading, while the readings are behind. */
  #behind: number | undefined;
  /** How far they have gone on since the lowest of them. */
  #gone = 0;

  /** Begins at a reading; at 0 where that is not a number. */
  constructor(reading: number) {
    this.#time = isTime(reading) ? reading : 0;
  }

  /** The time after one more reading; where that is not a number, time stands still. */
  tell(reading: number): number {
    if (!isTime(reading)) return this.#time;
    const time = reading + this.#skew;
    if (time < this.#time) return this.#fallBehind(reading);
    this.#behind = undefined;
    return this.#time = time;
  }

  #fallBehind(reading: number): number {
    const step = reading - (this.#behind ?? reading);
    this.#gone = this.#behind === undefined
      ? 0
      : Math.max(0, this.#gone + Math.min(step, PATIENCE_MS));
    this.#behind = reading;
    if (this.#gone > PATIENCE_MS) {
      this.#skew = this.#time - reading;
      this.#behind = undefined;
    }
    return this.#time;
  }
}

/** Whether a reading can be reckoned with. */
function isTime(reading: number): boolean {
  return Math.abs(reading) <= Number.MAX_SAFE_INTEGER;
}
