/**
 * Work that leaves nothing behind, also where the user ends it early.
 *
 * @module
 */

/** The signals on which a measurement ends early. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The program was told to end. */
export class Interruption extends Error {}

/** Runs what stops at its signal's abort: where the program is told to end, it cleans up first. */
export async function interruptible<R>(
  action: string,
  run: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const abort = new AbortController();
  const stops = SIGNALS.map((name) => {
    const stop = () =>
      abort.abort(new Interruption(`${action}: it must come to its end: received ${name}`));
    Deno.addSignalListener(name, stop);
    return () => Deno.removeSignalListener(name, stop);
  });
  try {
    return await run(abort.signal);
  } catch (error) {
    // What goes wrong after that is no news.
    abort.signal.throwIfAborted();
    throw error;
  } finally {
    for (const stop of stops) stop();
  }
}
