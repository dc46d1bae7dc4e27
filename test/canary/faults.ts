/**
 * What goes wrong on purpose, inside of the real pool and the real server, once it is told to.
 *
 * @module
 */

import { RequestContext } from "../../edge/mod.ts";
import { detectHost, type HeapReading, type Host, Pool } from "../../mod.ts";

/** How often `create` and `reset` throw. */
const THROW_SHARE = 1 / 100;
/** How often a figure of the host is missing. */
const MISSING_SHARE = 1 / 10;
/** Requests between two changes of the weather. */
const PERIOD = 100;
/** The farthest that the clock jumps, in ms. */
const JUMP_MS = 10_000;
/** What the application holds while pressure is raised: this many numbers. */
const BALLAST = 3 * 2 ** 20;
/** The memory that the pool is told that it has, in bytes: the ballast makes it scarce. */
const MEMORY_LIMIT = 44 * 2 ** 20;

/** Contexts in use at once: fewer than clients, so that some requests wait and some are refused. */
const MAX_LEASES = 48;

/** How often each thing has gone wrong. */
export interface FaultCounts {
  create: number;
  reset: number;
  gc: number;
  jump: number;
  missing: number;
  pressure: number;
}

/** A fault that was asked for. */
export class Fault extends Error {
  override readonly name = "Fault";
}

/**
 * How much goes wrong: nothing; everything; everything but pressure, whose coming and going hides
 * whether memory grows.
 */
export type Weather = "off" | "on" | "light";

/** The weather of a server, fair until it is told otherwise. */
export class Faults {
  readonly counts: FaultCounts = { create: 0, reset: 0, gc: 0, jump: 0, missing: 0, pressure: 0 };
  weather: Weather = "off";

  #isArmed = false;
  #requests = 0;
  #skewMs = 0;
  #ballast: number[] | undefined;
  #pool: Pool<RequestContext> | undefined;

  /** A request has come: its lease may fail to create. Says whether the weather has changed. */
  request(): boolean {
    const isOn = this.weather !== "off";
    this.#isArmed = isOn;
    if (this.weather !== "on") this.#ballast = undefined;
    const isChange = isOn && ++this.#requests % PERIOD === 0;
    if (isChange) this.#change();
    return isChange;
  }

  /** A pool of contexts that all this happens to; `onError` hears what no request can be told. */
  pool(onError: (error: Error) => void): Pool<RequestContext> {
    return this.#pool = new Pool<RequestContext>({
      name: "contexts",
      create: () => {
        // Not where creation is only measured: nobody would hear of it.
        if (this.#isArmed) this.#mayThrow("create");
        return new RequestContext();
      },
      reset: (context) => {
        // What is created at the end of a lease is only measured.
        this.disarm();
        if (this.weather !== "off") this.#mayThrow("reset");
        context.reset();
      },
      sizeOf: (context) => context.byteLength,
      memoryLimit: MEMORY_LIMIT,
      maxLeases: MAX_LEASES,
      host: this.host(detectHost()),
      onError,
    });
  }

  /** A host that all this happens to. */
  host(host: Host): Host {
    const missing = () => {
      const isMissing = this.weather !== "off" && Math.random() < MISSING_SHARE;
      if (isMissing) this.counts.missing++;
      return isMissing;
    };
    return {
      ...host,
      now: () => missing() ? NaN : host.now() + this.#skewMs,
      heap: (): HeapReading | undefined => missing() ? undefined : host.heap(),
    };
  }

  /** The lease has been taken. */
  disarm(): void {
    this.#isArmed = false;
  }

  #mayThrow(kind: "create" | "reset"): void {
    if (Math.random() >= THROW_SHARE) return;
    this.counts[kind]++;
    throw new Fault(kind);
  }

  #change(): void {
    const turn = this.#requests / PERIOD % 4;
    if (turn === 0) {
      this.counts.gc++;
      forceGc();
    } else if (turn === 1 && this.weather === "on") {
      this.counts.pressure++;
      // Where the heap is hidden nothing else would press.
      this.#pool?.trim("critical");
      this.#ballast = new Array<number>(BALLAST).fill(0.5);
    } else if (turn === 2) {
      this.counts.jump++;
      this.#skewMs += (Math.random() * 2 - 1) * JUMP_MS;
    } else {
      this.#ballast = undefined;
    }
  }
}

/** Collects the whole heap, now. */
export function forceGc(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(isSync: boolean): void }; gc?: () => void };
  if (Bun !== undefined) Bun.gc(true);
  else if (gc !== undefined) gc();
  else throw new Error("Cannot force a collection: the runtime must expose gc: received none");
}
