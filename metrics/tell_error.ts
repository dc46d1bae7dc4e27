/**
 * The way of errors that no caller can be given.
 *
 * @module
 */

/** Tells an error to whoever wants to hear of it, and never throws itself. */
export function tellError(onError: (error: unknown) => void, error: unknown): void {
  try {
    onError(error);
  } catch {
    // From a timer or a listener it would end the process.
  }
}
