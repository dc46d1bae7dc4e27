/**
 * The real pool in virtual time.
 *
 * @module
 */

import { type Host, inertHost, Pool, type PoolOptions } from "../../mod.ts";
import type { Item, Meter } from "./meter.ts";
import type { Subject } from "./subject.ts";

/** A callback that waits for its time. */
interface Timer {
  readonly callback: () => void;
  readonly time: number;
}

/** A host whose clock is a meter's: its timers run when the meter's time has come. */
class MeterHost {
  readonly host: Host;
  readonly #meter: Meter;
  #timers: readonly Timer[] = [];
  #due = Infinity;

  /** Makes one whose first timer fires early, at a multiple of its delay after `startMs`. */
  constructor(meter: Meter, startMs: number) {
    this.#meter = meter;
    let isFirst = true;
    this.host = {
      ...inertHost(),
      runtime: "simulation",
      now: () => meter.now,
      defer: (callback, delayMs) => {
        const time = isFirst
          ? startMs + delayMs * (1 + Math.floor((meter.now - startMs) / delayMs))
          : meter.now + delayMs;
        isFirst = false;
        const timer = { callback, time };
        this.#set([...this.#timers, timer]);
        return () => this.#set(this.#timers.filter((other) => other !== timer));
      },
    };
  }

  /** Runs what is due by the meter's time, each at its own time. */
  advance(): void {
    const { now } = this.#meter;
    while (this.#due <= now) {
      const next = this.#timers.find(({ time }) => time === this.#due)!;
      this.#set(this.#timers.filter((timer) => timer !== next));
      this.#meter.now = next.time;
      next.callback();
    }
    this.#meter.now = now;
  }

  #set(timers: readonly Timer[]): void {
    this.#timers = timers;
    this.#due = timers.reduce((due, { time }) => Math.min(due, time), Infinity);
  }
}

/** What a simulated pool is told. */
export interface PoolSubjectOptions {
  /** The names of the trace's tags, or none to acquire without. */
  readonly tags: readonly string[];
  /** How long before the trace begins the pool's first tick has begun, in ms. */
  readonly phaseMs: number;
  /** Whether the objects have sizes. */
  readonly isSized: boolean;
  /** What differs from the defaults of the pool. */
  readonly pool: Pick<PoolOptions<Item>, "generations" | "scheduler">;
}

/** A real pool that is simulated. */
export interface PoolSubject extends Subject {
  /** The pool itself, to be asked what it knows. */
  readonly pool: Pool<Item>;
}

/**
 * A real pool. Its ceilings are what it was given and no byte budget limits it, so that its
 * scheduler alone decides.
 */
export function poolSubject(
  meter: Meter,
  { tags, phaseMs, isSized, pool: options }: PoolSubjectOptions,
): PoolSubject {
  meter.now = -phaseMs;
  const host = new MeterHost(meter, -phaseMs);
  let error: unknown;
  const pool = new Pool<Item>({
    maxBytes: Number.MAX_SAFE_INTEGER,
    ...options,
    ...(isSized ? { sizeOf: ({ bytes }) => bytes } : {}),
    create: () => meter.create(),
    reset() {},
    dispose: (item) => meter.dispose(item),
    host: host.host,
    onError: (received) => error ??= received,
  });
  meter.now = 0;
  const handles = tags.map((tag) => pool.tag(tag));
  return {
    pool,
    advance() {
      host.advance();
    },
    ...(tags.length > 0
      ? {
        acquire: (tag: number) => handles[tag]!.acquire(),
        release: (item: Item, tag: number) => handles[tag]!.release(item),
      }
      : {
        acquire: () => pool.acquire(),
        release: (item: Item) => pool.release(item),
      }),
    close() {
      pool.close();
      if (error !== undefined) throw error;
    },
  };
}
