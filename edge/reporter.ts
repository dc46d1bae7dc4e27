/**
 * The way of errors that no caller can be given.
 *
 * @module
 */

/** Makes what tells errors to `onError`, or to the console, and never throws itself. */
export function reporter<E>(onError?: (error: E) => void): (error: unknown) => void {
  // deno-lint-ignore no-console -- as a pool itself does
  const target = onError ?? ((error: E) => console.error(error));
  return (error) => {
    try {
      target(error as E);
    } catch {
      // What reports errors must not make any.
    }
  };
}
