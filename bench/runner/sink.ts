/**
 * Where results go that nobody needs, so that no engine leaves out the work that made them.
 *
 * @module
 */

/** The last value; an engine cannot know that nobody reads it. */
export const sink: { value: unknown } = { value: undefined };

/** Takes a value. */
export function consume(value: unknown): void {
  sink.value = value;
}
