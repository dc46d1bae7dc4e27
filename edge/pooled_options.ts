/**
 * How `pooled()` behaves, and what it uses where its options say nothing.
 *
 * @module
 */

import { detectHost, type Host, Pool, type PoolOptions } from "../mod.ts";
import type { RequestContext } from "./context.ts";
import { contextPool } from "./context_pool.ts";
import { needFunction, needHost, needMs, needOptions, received } from "./received.ts";
import { reporter } from "./reporter.ts";

/**
 * How {@linkcode pooled} behaves.
 *
 * @typeParam T The class of the pooled objects.
 * @typeParam Name The name of the variable.
 */
export interface PooledOptions<
  T extends object = RequestContext,
  Name extends string = "pooled",
> {
  /**
   * The name of the variable.
   *
   * @default {"pooled"}
   */
  readonly name?: Name;
  /**
   * The pool to lease from: one that exists, or the options to make one.
   *
   * @default {contextPool()}
   */
  readonly pool?: Pool<T> | PoolOptions<T>;
  /**
   * The longest that a request may hold its lease, in milliseconds; up to a quarter more passes
   * before it is noticed. The object of such a request is discarded as `expired` and told to
   * `onError`; the request itself goes on with it, and nobody else ever gets it. 0: no limit.
   *
   * @default {300000}
   */
  readonly maxHoldMs?: number;
  /**
   * How long a request waits for a lease where the pool's `maxLeases` are in use or it may create no
   * more now, in milliseconds, behind at most `maxWaiters` others. After that, or without a wait, it
   * is answered with 503 and `Retry-After`.
   *
   * @default {0}
   */
  readonly waitMs?: number;
  /**
   * What tells the time for `maxHoldMs`.
   *
   * @default {detectHost()}
   */
  readonly host?: Host;
  /**
   * Receives what goes wrong when a lease ends: a `reset` that throws, a request that lasts too long.
   * The object is discarded by then and the response is sent all the same.
   *
   * @default {the pool's own where its options are given here, else console.error}
   */
  readonly onError?: (error: Error) => void;
}

/** What options come to. */
export interface PooledSettings<T extends object, Name extends string> {
  readonly name: Name;
  readonly pool: Pool<T>;
  readonly maxHoldMs: number;
  readonly waitMs: number;
  readonly host: Host;
  readonly report: (error: unknown) => void;
}

const ACTION = "Cannot create pooled()";

/** The longest that a request holds its lease, in milliseconds, if nobody says otherwise. */
const MAX_HOLD_MS = 300_000;

/** Reads options; makes a pool where they do not name one that exists. */
export function readPooledOptions<T extends object, Name extends string>(
  options: PooledOptions<T, Name>,
): PooledSettings<T, Name> {
  needOptions(ACTION, "options", options);
  const { name = "pooled" as Name, host = detectHost() } = options;
  const { maxHoldMs = MAX_HOLD_MS, waitMs = 0 } = options;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`${ACTION}: name must be a string with text: received ${received(name)}`);
  }
  needHost(ACTION, host);
  needMs(ACTION, "maxHoldMs", maxHoldMs);
  needMs(ACTION, "waitMs", waitMs);
  if (options.pool !== undefined) needOptions(ACTION, "pool", options.pool);
  const report = findReport(options);
  // Last of all: nobody would close it.
  return { name, pool: findPool(options.pool), maxHoldMs, waitMs, host, report };
}

/** The pool that the options ask for. */
function findPool<T extends object>(option: PooledOptions<T, string>["pool"]): Pool<T> {
  // Without options T is its default, as the signature says.
  if (option === undefined) return contextPool() as unknown as Pool<T>;
  return isPool(option) ? option : new Pool<T>(option);
}

/** Not `instanceof`: a pool of another copy of this package is as good. */
function isPool<T extends object>(option: Pool<T> | PoolOptions<T>): option is Pool<T> {
  return "lease" in option && typeof option.lease === "function" &&
    "poll" in option && typeof option.poll === "function";
}

/** What to do with an error that no caller can be given. */
function findReport<T extends object>(options: PooledOptions<T, string>): (error: unknown) => void {
  const { onError, pool } = options;
  if (onError !== undefined) needFunction(ACTION, "onError", onError);
  return reporter(onError ?? (pool !== undefined && !isPool(pool) ? pool.onError : undefined));
}
