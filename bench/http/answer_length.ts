/**
 * The length that all answers under load have.
 *
 * wrk itself looks at the status alone, and its hook for each answer would make it a slower client. But
 * it counts the bytes that it receives, and equal requests have answers of one length, headers and all.
 * So every load narrows what that length can be, whoever served it, until one is left: answers that lack
 * something, or vary, leave none.
 *
 * @module
 */

import type { Variant } from "./service.ts";
import { CONNECTIONS, type Load } from "./wrk.ts";

/** What the length can be, by all loads so far. */
export class AnswerLength {
  #least = 0;
  #most = Infinity;

  /**
   * Narrows it by what a variant served.
   *
   * @throws {Error} No length is left.
   */
  need(variant: Variant, { requests, bytes }: Pick<Load, "requests" | "bytes">): void {
    // When a load ends, a part of one more answer may have come on each connection.
    const least = Math.max(this.#least, Math.ceil(bytes / (requests + CONNECTIONS)));
    const most = Math.min(this.#most, Math.floor(bytes / requests));
    if (least > most) {
      throw new Error(
        `Cannot measure ${variant}: all answers under load must be of ${this.#describe()}: ` +
          `received ${bytes} bytes in ${requests} answers`,
      );
    }
    this.#least = least;
    this.#most = most;
  }

  #describe(): string {
    if (this.#most === Infinity) return "one length";
    return this.#least === this.#most
      ? `${this.#least} bytes`
      : `${this.#least} to ${this.#most} bytes`;
  }
}
