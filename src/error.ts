/**
 * What goes wrong in a pool, and the grammar it is told in: action: rule: received.
 *
 * @module
 */

/**
 * What a {@linkcode PoolError} is about.
 *
 * - `"foreign"`: released to a pool that does not own the object
 * - `"double"`: released while nobody leases it
 * - `"leased"`: raw release of an object that a lease, a `with` or a guard holds
 * - `"stale"`: a lease was ended a second time
 * - `"expired"`: a lease lasted too long; its object is not used again
 * - `"closed"`: used after close
 * - `"leaked"`: collected without release, or with a guard that did not drop, told to `onError`
 * - `"released"`: a field of a released object was read or written (`debug: true`); `cause` tells where
 *   the object was released and acquired. Or `used` of a buffer that lies idle was set
 * - `"unclean"`: `reset` left what a holder wrote (`debug: true`)
 * - `"budget"`: there is no room for what was asked for, even without what lies idle; a `create` that
 *   throws it is not wrapped
 * - `"create"`, `"reset"`, `"dispose"`, `"sizeOf"`: that callback failed; `cause` holds what it threw
 * - `"scheduler"`: the scheduler threw or gave an adjustment that cannot be applied
 * - `"exhausted"`: `maxLeases` objects are in use, others wait already, or too many do
 * - `"throttled"`: more creations a second than `maxCreatesPerSecond`
 * - `"timeout"`: waited for as long as `timeoutMs`, in vain
 */
export type PoolErrorCode =
  | "foreign"
  | "double"
  | "leased"
  | "stale"
  | "expired"
  | "closed"
  | "leaked"
  | "released"
  | "unclean"
  | "budget"
  | "create"
  | "reset"
  | "dispose"
  | "sizeOf"
  | "scheduler"
  | "exhausted"
  | "throttled"
  | "timeout";

/**
 * A misuse of a pool, or a failure of one of its callbacks.
 *
 * @example Usage
 * ```ts
 * import { Pool, PoolError } from "@siliconflow/pool";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const pool = new Pool({ create: () => ({ n: 0 }), reset: (o) => void (o.n = 0) });
 * const object = pool.acquire();
 * pool.release(object);
 * const error = assertThrows(() => pool.release(object), PoolError);
 * assertEquals(error.code, "double");
 * pool.close();
 * ```
 */
export class PoolError extends Error {
  /** What the error is about. */
  readonly code: PoolErrorCode;
  /** When to try again, in milliseconds from now, where that is known (`"throttled"`). */
  declare readonly retryAfterMs?: number;

  /**
   * Makes an error.
   *
   * @param code What the error is about.
   * @param message Action: rule: received.
   * @param cause What a callback threw, if one did.
   * @param retryAfterMs When to try again, in milliseconds from now, where that is known.
   */
  constructor(code: PoolErrorCode, message: string, cause?: unknown, retryAfterMs?: number) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "PoolError";
    this.code = code;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** Writes a received value for an error message, never longer than a line. Never throws. */
export function show(value: unknown): string {
  try {
    return write(value).replaceAll(/[\n\r\u2028\u2029]+/g, " ").slice(0, MAX_SHOWN);
  } catch {
    // A revoked Proxy, a name that is a symbol, a getter that throws.
    return "something that cannot be shown";
  }
}

/** The longest that a value is written, in characters. */
const MAX_SHOWN = 200;

function write(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 64 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case "function":
      return "a function";
    case "object": {
      if (value === null) return "null";
      if (value instanceof Error) return `${value.name}: ${value.message}`;
      if (Array.isArray(value)) return `an array of ${value.length}`;
      return "an object";
    }
    case "bigint":
      return `${value}n`;
    default:
      return String(value);
  }
}

/** Throws unless `value` is a function. */
export function needFunction(action: string, name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`${action}: ${name} must be a function: received ${show(value)}`);
  }
}

/** Throws unless `value` is an object of options. */
export function needOptions(action: string, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${action}: ${name} must be an object: received ${show(value)}`);
  }
}

/** Throws unless `value` is a finite number of at least `least`, whole where `whole` says so. */
export function needNumber(
  action: string,
  name: string,
  value: unknown,
  least: number,
  whole = true,
): void {
  if (typeof value === "number" && value >= least && Number.isFinite(value)) {
    if (!whole || Number.isSafeInteger(value)) return;
  }
  const kind = whole ? "an integer" : "a finite number";
  throw new RangeError(
    `${action}: ${name} must be ${kind} of at least ${least}: received ${show(value)}`,
  );
}
