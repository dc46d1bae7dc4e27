/**
 * What was received, for error messages, and the checks of options that use it.
 *
 * @module
 */

/** Writes a value for an error message: never longer than a line, never the inside of an object. */
export function received(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? `an array of ${value.length}` : "an object";
    case "bigint":
      return `${value}n`;
    default:
      return String(value);
  }
}

/** Throws unless `value` is an integer of at least `least`. */
export function needInteger(action: string, name: string, value: unknown, least: number): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(
    `${action}: ${name} must be an integer of at least ${least}: received ${received(value)}`,
  );
}

/** Throws unless `value` is an object that can hold options. */
export function needOptions(action: string, name: string, value: unknown): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
  throw new TypeError(`${action}: ${name} must be an object: received ${received(value)}`);
}
