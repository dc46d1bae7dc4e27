/**
 * A trace: the calls that led to a moment, as text.
 *
 * The engine's text is read at once. Until it is, V8 keeps the frames, and with them their receivers:
 * an object that releases itself would never be collected.
 *
 * @module
 */

/**
 * A frame of this package by its names, where it is part of a bundle. JavaScriptCore names no classes:
 * what is bundled for Bun shows the pool's own frames first.
 */
const OWN_FRAME =
  /\bat (?:async )?(?:readStack|traceHere|#beginTimed|#poison|#measure|#reset|#serveNext|_?(?:Backpressure|Core|Inspection|LimboGuard|Pool|StampedLease|TagHandle)\d*\.)/;
/** The folder of this package's files, where it is no part of a bundle. */
const OWN_FOLDER = /([^\s()]*\/)trace\.[jt]s\b/;
/** Frames to ask for: up to 12 are the pool's own, and engines give 10. */
const FRAMES = 16;

/** Tells who called the pool: a line for each frame outside this package. */
export function traceHere(): string {
  const stack = readStack();
  // A program may have the engine give something else.
  if (typeof stack !== "string") return "";
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line));
  const folder = OWN_FOLDER.exec(frames[0] ?? "")?.[1];
  const isOwn = (line: string) =>
    folder === undefined ? OWN_FRAME.test(line) : line.includes(folder);
  const outer = frames.findIndex((line) => !isOwn(line));
  return frames.slice(Math.max(0, outer)).join("\n");
}

/** Never throws, whatever a program has done to Error. */
function readStack(): unknown {
  try {
    const limit = Reflect.get(Error, "stackTraceLimit");
    // Where Error is frozen, the engine's 10 frames have to do.
    Reflect.set(Error, "stackTraceLimit", FRAMES);
    try {
      return new Error().stack;
    } finally {
      Reflect.set(Error, "stackTraceLimit", limit);
    }
  } catch {
    return undefined;
  }
}

/** The place that a trace leads to, on one line. */
export function placeOf(trace: string): string {
  return trace.split("\n")[0]!.replace(/^\s*at /, "") || "an unknown place";
}

/** Makes the cause of an error out of a trace, so that consoles print it below that error. */
export function causeOf(event: string, trace: string, cause?: Error): Error {
  const error = new Error(event, cause === undefined ? undefined : { cause });
  error.stack = `${event}\n${trace}`;
  return error;
}
