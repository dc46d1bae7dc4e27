/// <reference lib="dom" />

/**
 * The connection to the service: an `EventSource` that does not give up.
 *
 * A browser comes back by itself after a broken connection, but not after an answer that is none, such
 * as a proxy gives while the service restarts, and it does not notice a connection that has gone
 * without a word.
 *
 * @module
 */

import type { Reading } from "../reading.ts";

/** Without a reading for so long a connection is as good as gone, in milliseconds. */
const SILENCE_MS = 6000;

/** The waits before it tries again, in milliseconds: the first, and the longest. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

/** How the connection is. */
export type State = "connecting" | "live" | "lost" | "full";

/** The connection. */
export class Connection {
  readonly #onReading: (reading: Reading) => void;
  readonly #onState: (state: State) => void;
  #source: EventSource | undefined;
  #pool = 0;
  #heardAt = 0;
  #waitMs = FIRST_WAIT_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Makes one that is not open yet. */
  constructor(onReading: (reading: Reading) => void, onState: (state: State) => void) {
    this.#onReading = onReading;
    this.#onState = onState;
    setInterval(() => this.#check(), 2000);
  }

  /** Listens to a pool from now on. */
  open(pool: number): void {
    this.#pool = pool;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#source?.close();
    this.#heardAt = performance.now();
    const source = new EventSource(`events?pool=${pool}`);
    this.#source = source;
    source.addEventListener("reading", ({ data }) => {
      if (source !== this.#source) return;
      this.#heardAt = performance.now();
      this.#waitMs = FIRST_WAIT_MS;
      this.#onState("live");
      this.#onReading(JSON.parse(data));
    });
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      this.#onState("lost");
      if (source.readyState === EventSource.CLOSED) this.#tryAgain();
    });
  }

  /** Finds out why, and tries again after a while. */
  async #tryAgain(): Promise<void> {
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => this.open(this.#pool), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
    try {
      const { status } = await fetch(`events?pool=${this.#pool}`, { method: "HEAD" });
      if (status === 401) location.assign("login");
      if (status === 503) this.#onState("full");
    } catch {
      // Nobody answers.
    }
  }

  #check(): void {
    if (performance.now() - this.#heardAt < SILENCE_MS || this.#retry !== undefined) return;
    this.#onState("lost");
    this.open(this.#pool);
  }
}
