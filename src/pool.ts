/**
 * The pool: options, and the verbs of its owner.
 *
 * @module
 */

import { detectHost } from "./adapter/detect.ts";
import { adaptiveScheduler } from "./adaptive_scheduler.ts";
import { Core } from "./core.ts";
import { needFunction, needNumber, needOptions, type PoolError, show } from "./error.ts";
import type { Explanation } from "./explanation.ts";
import { checkGenerations, type GenerationOptions, sizedGenerations } from "./generation.ts";
import { type Guard, LimboGuard } from "./guard.ts";
import { checkHeat, type HeatOptions } from "./heat.ts";
import { type Host, MAX_DELAY_MS, needHost } from "./host.ts";
import { type Lease, StampedLease } from "./lease.ts";
import { memoryLimitOf } from "./memory_limit.ts";
import { needPressure, type Pressure } from "./pressure.ts";
import { ceilingFor, UNKNOWN_SIZE } from "./retention.ts";
import { needScheduler, type Scheduler } from "./scheduler.ts";
import type { Snapshot } from "./snapshot.ts";
import type { PoolStats } from "./stats.ts";
import { needTagName, type Tag, type TagHandle } from "./tag.ts";
import type { Wait, WaitOptions } from "./waiter.ts";
import type { Leak } from "./watch.ts";

/** What a misuse does: throw a {@linkcode PoolError}, tell `onError`, or nothing but count. */
export type GuardMode = "throw" | "report" | "off";

/** What a pool is told at its making. */
export interface PoolOptions<T extends object> {
  /** Makes an object: a new one each time, not a promise, nothing that holds I/O. */
  readonly create: () => T;
  /**
   * Brings an object back to its first state, synchronously, when it is released. It should keep
   * capacity (`map.clear()` gives it back and costs as much as a new map) and drop references.
   */
  readonly reset: (object: T) => void;
  /** Frees what the collector does not, when an object leaves the pool. */
  readonly dispose?: (object: T) => void;
  /**
   * What an object weighs, in bytes: a function that tells it of one, called once per release, or a number
   * where all weigh the same, which costs a release nothing.
   *
   * @default {4096}
   */
  readonly sizeOf?: number | ((object: T) => number);
  /**
   * The pool's name in statistics and errors.
   *
   * @default {"pool"}
   */
  readonly name?: string;
  /**
   * 1 to 8 generations with increasing TTLs.
   *
   * @default T0 up to 10 ms, T1 up to 2 s, T2; each may hold as many objects as `maxBytes` allows
   */
  readonly generations?: readonly GenerationOptions[];
  /**
   * Decides how much is retained.
   *
   * @default {adaptiveScheduler()}
   */
  readonly scheduler?: Scheduler;
  /**
   * The runtime.
   *
   * @default {detectHost()}
   */
  readonly host?: Host;
  /**
   * The most that idle objects may hold together, in bytes.
   *
   * @default `memoryFraction` of the memory limit; unbounded where `generations` are given
   */
  readonly maxBytes?: number;
  /**
   * What the isolate may hold, in bytes. Bun has no figure of its own: without this there is no
   * pressure there.
   *
   * @default the runtime's own limit, else 512 MB
   */
  readonly memoryLimit?: number;
  /**
   * The share of the memory limit that the pool may use, above 0 up to 1.
   *
   * @default {0.25}
   */
  readonly memoryFraction?: number;
  /**
   * The most tags that are told apart; all others share one, `"(other)"`.
   *
   * @default {256}
   */
  readonly maxTags?: number;
  /**
   * The most objects that may wait for guards.
   *
   * @default {65536}
   */
  readonly maxLimbo?: number;
  /**
   * The most objects that may be in use at once, an integer of at least 1: leased, or waiting for a
   * guard; idle ones are never more beside them. Past it `acquire` fails with the code `"exhausted"`,
   * and `acquireAsync` waits.
   *
   * @default none
   */
  readonly maxLeases?: number;
  /**
   * The most acquires that may wait at once, an integer of at least 0. Past it `acquireAsync` fails at
   * once with the code `"exhausted"`.
   *
   * @default {1024}
   */
  readonly maxWaiters?: number;
  /**
   * The most objects that may be made a second, at least 1e-9; a second's worth may be made at once.
   * Past it `acquire` fails with the code `"throttled"`, and `acquireAsync` waits. Objects that are made
   * only to measure what creation costs do not count: one now and then, or up to 1025 where creation is
   * fast. A pool with such a limit retains objects however cheap they are: it ignores `bypass`.
   *
   * @default none
   */
  readonly maxCreatesPerSecond?: number;
  /**
   * The longest cycle, in milliseconds.
   *
   * @default {30000}
   */
  readonly cycleMs?: number;
  /**
   * How often the scheduler runs, in milliseconds: 1 to 2147483647, which is what timers can tell.
   *
   * @default {500}
   */
  readonly tickMs?: number;
  /** When a level or a tag is hot. */
  readonly heat?: HeatOptions;
  /**
   * What a misuse does. Whatever it is, nothing is ever handed out twice.
   *
   * @default {"throw"}
   */
  readonly guard?: GuardMode;
  /**
   * Finds misuse that a pool cannot see otherwise, for tests: the fields of released objects throw,
   * `reset` must clear what holders wrote, every lease is watched and knows where it was acquired.
   * It takes up to a third of a millisecond a lease, and what an end of a lease costs is not learnt.
   *
   * @default {false}
   */
  readonly debug?: boolean;
  /**
   * How long a lease lasts until `leaks()` lists it, in milliseconds.
   *
   * @default {60000}
   */
  readonly leakAfterMs?: number;
  /**
   * Hears of errors that no caller can be given: a `dispose` or a scheduler that threw, an object
   * that was collected without release, misuses with `guard: "report"`.
   *
   * @default {console.error}
   */
  readonly onError?: (error: PoolError | Error) => void;
}

const ACTION = "Cannot create Pool";
const WAIT_ACTION = "Cannot acquire from Pool";
/** The least rate of creations a second: of much smaller ones the interval is no number any more. */
const MIN_CREATES_PER_SECOND = 1e-9;

/**
 * An adaptive generational object pool: idle objects of one class, aged by how long they lie still,
 * and as many of them as demand has been found to need.
 *
 * @typeParam T The class of the pooled objects.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({
 *   create: () => ({ bytes: new Uint8Array(4096), used: 0 }),
 *   reset: (o) => {
 *     o.bytes.fill(0, 0, o.used);
 *     o.used = 0;
 *   },
 *   sizeOf: (o) => o.bytes.length,
 * });
 * const length = pool.with("greet", (o) => {
 *   o.used = new TextEncoder().encodeInto("hello", o.bytes).written;
 *   return o.used;
 * });
 * assertEquals(length, 5);
 * assertEquals(pool.stats().idle, 1);
 * pool.close();
 * ```
 */
export class Pool<T extends object> {
  // Not `#private`, like all that the fast path touches (see tag.ts).
  declare private readonly core: Core<T>;
  declare private readonly untagged: TagHandle<T>;

  /**
   * Makes a pool. It arms no timer and touches no I/O, so that it may stand at the top of a Worker's
   * module.
   *
   * @param options `create`, `reset`, and what differs from the defaults.
   * @throws {TypeError} An option of the wrong kind.
   * @throws {RangeError} A number out of its range, or generations that do not rise or share a name.
   */
  constructor(options: PoolOptions<T>) {
    needOptions(ACTION, "options", options);
    const {
      create,
      reset,
      dispose,
      sizeOf,
      name = "pool",
      memoryLimit,
      memoryFraction = 0.25,
      maxTags = 256,
      maxLimbo = 65536,
      maxLeases,
      maxWaiters = 1024,
      maxCreatesPerSecond,
      cycleMs = 30_000,
      tickMs = 500,
      guard = "throw",
      debug = false,
      leakAfterMs = 60_000,
      // deno-lint-ignore no-console -- the one place where an error that nobody asked for can go
      onError = (error: Error) => console.error(error),
    } = options;
    needFunction(ACTION, "create", create);
    needFunction(ACTION, "reset", reset);
    if (dispose !== undefined) needFunction(ACTION, "dispose", dispose);
    if (typeof sizeOf === "number") needNumber(ACTION, "sizeOf", sizeOf, 0, false);
    else if (sizeOf !== undefined && typeof sizeOf !== "function") {
      const rule = "sizeOf must be a function or a number";
      throw new TypeError(`${ACTION}: ${rule}: received ${show(sizeOf)}`);
    }
    needFunction(ACTION, "onError", onError);
    if (typeof name !== "string") {
      throw new TypeError(`${ACTION}: name must be a string: received ${show(name)}`);
    }
    if (memoryLimit !== undefined) needNumber(ACTION, "memoryLimit", memoryLimit, 1);
    needNumber(ACTION, "memoryFraction", memoryFraction, Number.MIN_VALUE, false);
    if (memoryFraction > 1) {
      throw new RangeError(
        `${ACTION}: memoryFraction must be at most 1: received ${memoryFraction}`,
      );
    }
    needNumber(ACTION, "maxTags", maxTags, 0);
    needNumber(ACTION, "maxLimbo", maxLimbo, 0);
    if (maxLeases !== undefined) needNumber(ACTION, "maxLeases", maxLeases, 1);
    needNumber(ACTION, "maxWaiters", maxWaiters, 0);
    if (maxCreatesPerSecond !== undefined) {
      const least = MIN_CREATES_PER_SECOND;
      needNumber(ACTION, "maxCreatesPerSecond", maxCreatesPerSecond, least, false);
    }
    needNumber(ACTION, "cycleMs", cycleMs, 1, false);
    needDelay(ACTION, "tickMs", tickMs, 1);
    if (!["throw", "report", "off"].includes(guard)) {
      throw new TypeError(
        `${ACTION}: guard must be one of throw, report, off: received ${show(guard)}`,
      );
    }
    // Each option is read once: what a getter says next has not been checked.
    const { maxBytes: ownBytes, generations } = options;
    if (ownBytes !== undefined) needNumber(ACTION, "maxBytes", ownBytes, 0);
    if (typeof debug !== "boolean") {
      throw new TypeError(`${ACTION}: debug must be a boolean: received ${show(debug)}`);
    }
    needNumber(ACTION, "leakAfterMs", leakAfterMs, 0, false);
    const heat = checkHeat(ACTION, options.heat);
    const scheduler = options.scheduler ?? adaptiveScheduler();
    needScheduler(ACTION, scheduler);
    const given = generations === undefined ? undefined : checkGenerations(ACTION, generations);
    const host = options.host ?? detectHost();
    needHost(ACTION, host);
    const limit = memoryLimitOf(memoryLimit, host);
    const maxBytes = ownBytes ??
      (given === undefined ? Math.floor(limit * memoryFraction) : Number.MAX_SAFE_INTEGER);
    const unitBytes = typeof sizeOf === "number" ? sizeOf : undefined;
    this.core = new Core({
      name,
      create,
      reset,
      dispose,
      sizeOf: typeof sizeOf === "number" ? undefined : sizeOf,
      unitBytes,
      generations: given ?? sizedGenerations(ceilingFor(maxBytes, unitBytes ?? UNKNOWN_SIZE)),
      hasOwnCeilings: given !== undefined,
      scheduler,
      host,
      maxBytes,
      memoryLimit,
      maxTags,
      maxLimbo,
      maxLeases,
      maxWaiters,
      maxCreatesPerSecond,
      cycleMs,
      tickMs,
      heat,
      guard,
      debug,
      leakAfterMs,
      onError,
    });
    this.untagged = this.core.tags.untagged;
  }

  /**
   * Hands out an object, an idle one if there is one. The fastest way to hold, and the only one
   * where a release that comes too late can hit somebody else's lease: see {@linkcode lease}.
   *
   * @param tag A label to learn under, 1 to 256 characters; `pool.tag(name).acquire()` does it
   * without a look-up.
   * @returns An object that nobody else holds.
   * @throws {PoolError} The pool is closed, a limit is reached, or `create` failed.
   * @throws {TypeError} A tag that is none.
   */
  acquire(tag?: string): T {
    return (tag === undefined ? this.untagged : tagOf(this.core, tag)).acquire();
  }

  /**
   * Takes an object back, resets it and keeps it if there is room.
   *
   * @param object An object that was acquired from this pool.
   * @param tag The tag to learn under, if not the one it was acquired under.
   * @throws {PoolError} The object is not on lease from this pool (see `guard`), or `reset` or
   * `sizeOf` failed.
   * @throws {TypeError} A tag that is none.
   */
  release(object: T, tag?: string): void {
    if (tag === undefined) this.untagged.releaseAny(object);
    else tagOf(this.core, tag).release(object);
  }

  /**
   * Hands out an object in a stamped lease: one that cannot be ended for somebody else's.
   *
   * @param tag A label to learn under.
   * @returns The lease.
   * @throws {PoolError} The pool is closed, a limit is reached, or `create` failed.
   * @throws {TypeError} A tag that is none.
   */
  lease(tag?: string): Lease<T> {
    return (tag === undefined ? this.untagged : tagOf(this.core, tag)).lease();
  }

  /**
   * Hands out an object, and waits for one where `maxLeases` are in use or no more may be created now.
   * What is released goes to who has waited longest; nobody overtakes.
   *
   * A wait belongs to the request it began in. On Workers it needs a compatibility date from 2024-10-14
   * on, and what is given to a request that has ended meanwhile comes back after `timeoutMs`.
   *
   * @param options How long to wait, until when, and a tag.
   * @returns An object that nobody else holds. It rejects with the `signal`'s reason once that is
   * aborted, and otherwise as below.
   * @throws {PoolError} `"timeout"`: waited in vain; `"exhausted"`: `maxWaiters` wait already; the pool
   * is closed, or was while this waited; `create` failed.
   * @throws {RangeError} A `timeoutMs` that is none.
   * @throws {TypeError} A tag or a signal that is none.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@siliconflow/pool";
   * import { assertEquals } from "@std/assert";
   *
   * const pool = new Pool({ create: () => ({ n: 0 }), reset: (o) => void (o.n = 0), maxLeases: 1 });
   * const object = pool.acquire();
   * const waiting = pool.acquireAsync({ timeoutMs: 1000 });
   * pool.release(object);
   * assertEquals(await waiting, object);
   * pool.close();
   * ```
   */
  async acquireAsync(options: WaitOptions): Promise<T> {
    const { tag, wait } = this.#readWait(options);
    return await this.core.take(tag, tag.id, wait, (slot) => slot.object);
  }

  /**
   * Hands out an object in a stamped lease, and waits as {@linkcode acquireAsync} does.
   *
   * @param options How long to wait, until when, and a tag.
   * @returns The lease.
   * @throws {PoolError} As `acquireAsync`.
   * @throws {RangeError} A `timeoutMs` that is none.
   * @throws {TypeError} A tag or a signal that is none.
   */
  async leaseAsync(options: WaitOptions): Promise<Lease<T>> {
    const { tag, wait } = this.#readWait(options);
    return await this.core.take(tag, tag.id + 1, wait, (slot) => new StampedLease(tag, slot));
  }

  /**
   * Runs a function with an object and takes the object back when it has returned, thrown, or
   * settled the promise it returned.
   *
   * @param tag A label to learn under, or `undefined`.
   * @param fn What to run. It must not keep the object.
   * @returns What the function returned.
   * @throws {PoolError} As acquire and release. An error of `fn` itself comes first.
   * @throws {TypeError} A tag that is none, or an `fn` that is no function.
   */
  with<R>(tag: string | undefined, fn: (object: T) => R): R {
    return (tag === undefined ? this.untagged : tagOf(this.core, tag)).with(fn);
  }

  /**
   * Finds the handle of a tag, which acquires and releases without a look-up.
   *
   * @param name The tag, 1 to 256 characters.
   * @returns Its handle; past `maxTags`, the one that all further tags share.
   * @throws {TypeError} A name that is none.
   */
  tag(name: string): Tag<T> {
    return tagOf(this.core, name);
  }

  /**
   * Opens a guard, which keeps what is released through it until it drops.
   *
   * @returns The guard.
   * @throws {PoolError} The pool is closed.
   */
  guard(): Guard<T> {
    this.core.needOpen("Cannot open Guard");
    return new LimboGuard(this.core);
  }

  /**
   * Takes a snapshot of the account, the generations and the tags.
   *
   * @returns Plain data that later events do not change.
   */
  stats(): PoolStats {
    return this.core.stats();
  }

  /**
   * Explains why the pool holds what it holds: the last decisions with the figures that they came
   * from, the ages of what is idle, what is known of each tag, the limits.
   *
   * @returns Plain data that later events do not change.
   */
  explain(): Explanation {
    return this.core.explain();
  }

  /**
   * Takes a snapshot of all that the pool can tell: `stats()`, `explain()`, `leaks()`, and what is
   * remembered of hold times.
   *
   * @returns Plain data that later events do not change, and that JSON keeps as it is.
   *
   * @example Usage
   * ```ts
   * import { Pool, type Snapshot } from "@siliconflow/pool";
   * import { assertEquals } from "@std/assert";
   *
   * const pool = new Pool({ create: () => ({}), reset: () => {} });
   * pool.release(pool.acquire());
   * const snapshot: Snapshot = JSON.parse(JSON.stringify(pool.snapshot()));
   * assertEquals([snapshot.schema, snapshot.stats.idle], [1, 1]);
   * pool.close();
   * ```
   */
  snapshot(): Snapshot {
    return this.core.snapshot();
  }

  /**
   * Lists the leases that have lasted for longer than `leakAfterMs`, of those that are watched: 1 in
   * 64 as a rule, with `debug: true` all.
   *
   * @returns Plain data, the oldest lease first.
   *
   * @example Usage
   * ```ts
   * import { Pool } from "@siliconflow/pool";
   * import { assertEquals } from "@std/assert";
   *
   * const pool = new Pool({
   *   create: () => ({ n: 0 }),
   *   reset: (o) => void (o.n = 0),
   *   debug: true,
   *   leakAfterMs: 0,
   * });
   * const lease = pool.lease("auth");
   * assertEquals(pool.leaks().map(({ tag }) => tag), ["auth"]);
   * lease.release();
   * assertEquals(pool.leaks(), []);
   * pool.close();
   * ```
   */
  leaks(): readonly Leak[] {
    return this.core.leaks();
  }

  /** Runs the scheduler now: samples, adjusts, evicts. At most 1024 objects are disposed of. */
  tick(): void {
    this.core.tick();
  }

  /**
   * Runs the scheduler if it is due. Where there are no timers (Workers), call it once a request, so
   * that memory goes back under little load too; where a timer is to run it, one call in 64 looks
   * whether it did.
   */
  poll(): void {
    this.core.poll();
  }

  /**
   * Gives idle objects back at once.
   *
   * @param pressure `"moderate"`: the oldest generation; `"high"`: all but the youngest;
   * `"critical"`: everything, and nothing is retained until the next tick. Only `"critical"` takes
   * pinned levels.
   * @returns How many objects went.
   * @throws {TypeError} A pressure that is none.
   */
  trim(pressure: Pressure): number {
    needPressure("Cannot trim Pool", pressure);
    return this.core.trim(pressure);
  }

  /**
   * Gives the oldest idle objects back, for somebody else's need of memory. They go as `budget`, and
   * what comes back later is kept again.
   *
   * @param count How many at most, an integer of at least 0.
   * @returns How many went.
   * @throws {RangeError} A count that is none.
   */
  evict(count: number): number {
    needNumber("Cannot evict from Pool", "count", count, 0);
    return this.core.evict(count);
  }

  /**
   * Gives some of the idle objects back, as `budget`: those that are of no use any more, though they
   * are in order. The others keep their ages. It looks at each idle object.
   *
   * @param isUnwanted Whether an idle object is to go. It must not call the pool.
   * @returns How many went.
   * @throws {TypeError} An `isUnwanted` that is no function.
   */
  sift(isUnwanted: (object: T) => boolean): number {
    needFunction("Cannot sift Pool", "isUnwanted", isUnwanted);
    return this.core.sift(isUnwanted);
  }

  /** How many objects lie idle; what `stats` tells as well, at a far higher price. */
  get idle(): number {
    return this.core.idle;
  }

  /**
   * Creates idle objects ahead of demand, as many as there is room for. The scheduler takes them for
   * demand that was: they go like others if nobody uses them.
   *
   * @param count How many, an integer of at least 0.
   * @returns How many were made.
   * @throws {PoolError} The pool is closed, or `create` failed; what was made until then stays.
   * @throws {RangeError} A count that is none.
   */
  prewarm(count: number): number {
    needNumber("Cannot prewarm Pool", "count", count, 0);
    return this.core.prewarm(count);
  }

  /**
   * Closes the pool: disposes of all idle objects and hands out no more. Objects still on lease may
   * be released and are then disposed of. Closing twice does nothing.
   */
  close(): void {
    this.core.close();
  }

  /** Reads how an acquire may wait, each option once, and finds its tag. */
  #readWait(options: WaitOptions): { readonly tag: TagHandle<T>; readonly wait: Wait } {
    needOptions(WAIT_ACTION, "options", options);
    const { tag: name, timeoutMs, signal } = options;
    needDelay(WAIT_ACTION, "timeoutMs", timeoutMs, 0);
    // What an AbortController of another realm gives is no instance of this one's class.
    if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
      throw new TypeError(
        `${WAIT_ACTION}: signal must be an AbortSignal: received ${show(signal)}`,
      );
    }
    const tag = name === undefined ? this.untagged : tagOf(this.core, name);
    return { tag, wait: { timeoutMs, signal } };
  }

  /** Closes the pool: what `using` calls. */
  [Symbol.dispose](): void {
    this.core.close();
  }
}

/** Throws unless `ms` is a delay of at least `least` that timers can tell. */
function needDelay(action: string, name: string, ms: number, least: number): void {
  needNumber(action, name, ms, least, false);
  if (ms > MAX_DELAY_MS) {
    throw new RangeError(`${action}: ${name} must be at most ${MAX_DELAY_MS}: received ${ms}`);
  }
}

function tagOf<T extends object>(core: Core<T>, name: string): TagHandle<T> {
  needTagName("Cannot find tag", name);
  return core.tags.get(name);
}
