/**
 * Ways to get a context for a request.
 *
 * @module
 */

import { contextPool, RequestContext } from "../../edge/mod.ts";
import { detectHost, type Host, type Pool, type PoolStats } from "../../mod.ts";
import type { RuntimeName } from "../runner/bench.ts";
import { SyncPool } from "../runner/sync_pool.ts";

/** A way to get contexts. Virtual times are in ms. */
export interface Subject {
  /** Hands out a context, for a route. */
  acquire(route: number): RequestContext;
  /** Takes a context back. */
  release(context: RequestContext, route: number): void;
  /** Contexts that lie idle. */
  idle(): number;
  /** Does what falls due by a virtual time. */
  advance(ms: number): void;
  /** Contexts that were created. */
  created(): number;
  /** The most that idle contexts may hold, in bytes, where there is a limit. */
  readonly maxBytes?: () => number;
  /** What a pool tells of itself, where it is one. */
  readonly stats?: () => PoolStats;
  close(): void;
}

/** The routes of the gateway; any power of two. */
export const ROUTES = 4;

/**
 * `sync.Pool` is cleared as often, in ms: the ancestor's cadence. Go's collector comes when the heap has
 * doubled, so beside as many live objects it would come more seldom.
 */
const CLEAR_MS = 100;
/** Collections are asked for as often, in ms. */
const WATCH_MS = 10;
/** A virtual millisecond's clock stops here, before the next one begins. */
const LAST_SHARE = 0.999;

/** Every request allocates. */
function alloc(): Subject {
  let created = 0;
  return {
    acquire() {
      created++;
      return new RequestContext();
    },
    release() {},
    idle: () => 0,
    advance() {},
    created: () => created,
    close() {},
  };
}

/** A list without an end: what pooling can save at most. */
function freeList(): Subject {
  const contexts: RequestContext[] = [];
  let created = 0;
  return {
    acquire() {
      const context = contexts.pop();
      if (context !== undefined) return context;
      created++;
      return new RequestContext();
    },
    release(context) {
      context.reset();
      contexts.push(context);
    },
    idle: () => contexts.length,
    advance() {},
    created: () => created,
    close() {},
  };
}

/** Go's `sync.Pool`; `isDue` says when it is cleared. */
function syncPool(isDue: (ms: number) => boolean, close = () => {}): Subject {
  let created = 0;
  const pool = new SyncPool(() => {
    created++;
    return new RequestContext();
  });
  return {
    acquire: () => pool.acquire(),
    release(context) {
      context.reset();
      pool.release(context);
    },
    idle: () => pool.idle,
    advance(ms) {
      if (isDue(ms)) pool.clear();
    },
    created: () => created,
    close,
  };
}

/** Cleared at each collection of the whole heap that this engine really does. */
function syncPoolGc(): Subject {
  const host = detectHost();
  host.gc();
  return syncPool((ms) => ms % WATCH_MS === 0 && host.gc().major > 0, () => host.close());
}

/**
 * The host of this runtime with a virtual clock. Within a virtual millisecond it goes on in real
 * time, so that the pool can measure what a creation costs; on Workers it stands still, as it does
 * there between I/O.
 */
class VirtualHost {
  readonly host: Host;
  readonly #real = detectHost();
  readonly #isFrozen: boolean;
  #ms = 0;
  #begun = 0;

  constructor(runtime: RuntimeName) {
    this.#isFrozen = runtime === "workerd";
    this.host = {
      ...this.#real,
      now: () => this.#ms + this.#share(),
      // The work itself ticks: a timer would come by the real clock.
      defer: () => undefined,
    };
  }

  /** Begins a virtual millisecond. */
  advance(ms: number): void {
    this.#ms = ms;
    this.#begun = this.#isFrozen ? 0 : this.#real.now();
  }

  /** How far the virtual millisecond is. However long it really takes, the next one comes after it. */
  #share(): number {
    return this.#isFrozen ? 0 : Math.min(LAST_SHARE, this.#real.now() - this.#begun);
  }
}

/** The share of an isolate's memory that idle contexts may hold: the pool's own default. */
export const MEMORY_FRACTION = 0.25;

/** What a pool is told of its isolate's memory: at its peak the load has some 20 to 40 MB in flight. */
function memoryOf(runtime: RuntimeName): { memoryLimit?: number; memoryFraction: number } {
  const memoryFraction = MEMORY_FRACTION;
  return runtime === "workerd"
    ? { memoryLimit: 128 * 2 ** 20, memoryFraction }
    : { memoryFraction };
}

function ours(runtime: RuntimeName, isTagged: boolean): Subject {
  const virtual = new VirtualHost(runtime);
  const pool = contextPool({ host: virtual.host, ...memoryOf(runtime) });
  const subject = {
    idle: () => pool.stats().idle,
    advance(ms: number) {
      virtual.advance(ms);
      pool.poll();
    },
    created: () => pool.stats().created,
    maxBytes: () => pool.stats().maxBytes,
    stats: () => pool.stats(),
    close: () => pool.close(),
  };
  return { ...subject, ...(isTagged ? tagged(pool) : untagged(pool)) };
}

function untagged(pool: Pool<RequestContext>) {
  return {
    acquire: () => pool.acquire(),
    release: (context: RequestContext) => pool.release(context),
  };
}

function tagged(pool: Pool<RequestContext>) {
  const tags = Array.from({ length: ROUTES }, (_, i) => pool.tag(`/route/${i}`));
  return {
    acquire: (route: number) => tags[route]!.acquire(),
    release: (context: RequestContext, route: number) => tags[route]!.release(context),
  };
}

/** The subjects by variant. */
export const SUBJECTS = {
  alloc,
  "sync-pool": () => syncPool((ms) => ms % CLEAR_MS === 0),
  "sync-pool-gc": syncPoolGc,
  "free-list": freeList,
  siliconflow: (runtime) => ours(runtime, true),
  "siliconflow-untagged": (runtime) => ours(runtime, false),
} as const satisfies Readonly<Record<string, (runtime: RuntimeName) => Subject>>;

/** The name of a subject. */
export type SubjectName = keyof typeof SUBJECTS;
