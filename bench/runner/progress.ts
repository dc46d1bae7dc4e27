/**
 * How far a run is.
 *
 * @module
 */

/** Shows on a terminal how far a run is; silent anywhere else. */
export class Progress {
  readonly #isShown = Deno.stderr.isTerminal();
  #done = 0;

  constructor(readonly total: number) {}

  /** The next step begins. */
  next(what: string): void {
    this.#done++;
    this.now(what);
  }

  /** The step has come so far. */
  now(what: string): void {
    this.#write(`[${this.#done}/${this.total}] ${what}`);
  }

  /** All steps are done, or one of them failed. */
  end(): void {
    this.#write("");
  }

  #write(text: string): void {
    // Back to the start of the line, and erase it.
    if (this.#isShown) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
  }
}
