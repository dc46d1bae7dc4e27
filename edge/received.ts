/**
 * What was received, for error messages, and the checks of options that use it.
 *
 * @module
 */

import type { Host } from "../mod.ts";

/** The longest time that a timer can wait for, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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

/** Throws unless `value` is a function. */
export function needFunction(action: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(`${action}: ${name} must be a function: received ${received(value)}`);
}

/** Throws unless `value` is a time in milliseconds that a timer can wait for. */
export function needMs(action: string, name: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value <= MAX_TIMER_MS) return;
  throw new RangeError(
    `${action}: ${name} must be a number from 0 to ${MAX_TIMER_MS}: received ${received(value)}`,
  );
}

/** Throws unless `value` can tell the time. */
export function needHost(action: string, value: Host | undefined): void {
  if (typeof value?.defer === "function" && typeof value.now === "function") return;
  throw new TypeError(
    `${action}: host must have now() and defer(): received ${received(value)}`,
  );
}
