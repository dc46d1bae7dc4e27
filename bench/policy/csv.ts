/**
 * Traces from files.
 *
 * @module
 */

import { type Trace, TraceDraft } from "./trace.ts";

/** The first line of a file. */
const HEADER = "arrival_ms,bytes,hold_ms,tag";
/** The longest name of a tag that a pool takes, in characters. */
const MAX_TAG = 256;

const ACTION = "Cannot read trace";

/**
 * Reads a trace that ends with its last hold.
 *
 * @param text A header `arrival_ms,bytes,hold_ms,tag` and a line for each arrival, in any order.
 * @param speed What arrivals and holds are divided by.
 * @throws {TypeError} A text of another form.
 * @throws {RangeError} A number out of its range.
 */
export function parseTrace(text: string, speed = 1): Trace {
  if (!(speed > 0 && speed < Infinity)) {
    throw new RangeError(`${ACTION}: speed must be a finite number above 0: received ${speed}`);
  }
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== HEADER) {
    throw new TypeError(
      `${ACTION}: line 1 must be ${HEADER}: received ${JSON.stringify(header!.slice(0, 64))}`,
    );
  }
  const trace = new TraceDraft();
  lines.forEach((line, i) => {
    const where = `line ${i + 2}`;
    const columns = line.split(",");
    if (columns.length !== 4) {
      throw new TypeError(`${ACTION}: ${where} must have 4 columns: received ${columns.length}`);
    }
    const [arrival, bytes, hold, tag] = columns as [string, string, string, string];
    if (tag.length < 1 || tag.length > MAX_TAG) {
      throw new TypeError(
        `${ACTION}: tag in ${where} must have 1 to ${MAX_TAG} characters: received ${tag.length}`,
      );
    }
    trace.add(
      number(arrival, "arrival_ms", where) / speed,
      number(hold, "hold_ms", where) / speed,
      tag,
      number(bytes, "bytes", where),
    );
  });
  if (lines.length === 0) {
    throw new RangeError(`${ACTION}: the file must have an arrival: received none`);
  }
  return trace.finish("file", trace.endMs);
}

function number(text: string, column: string, where: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= 0 && value < Infinity) return value;
  throw new RangeError(
    `${ACTION}: ${column} in ${where} must be a finite number of at least 0: received ${
      JSON.stringify(text)
    }`,
  );
}
