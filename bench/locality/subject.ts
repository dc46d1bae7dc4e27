/**
 * What the locality bench measures: requests that use objects with payloads, out of many more idle ones
 * than are needed at once.
 *
 * @module
 */

import { fixedScheduler, Pool } from "../../mod.ts";
import { Random } from "../runner/random.ts";

/** Payloads of all objects together: more than any cache of the machine holds. */
const TOTAL_BYTES = 2 ** 27;
/** Requests at the same time. */
const HELD = 16;
/** What lies between two bytes that are read: a cache line. */
const LINE_BYTES = 64;
const ENDLESS_BYTES = 2 ** 40;

/** An object with a payload. */
interface Buffered {
  readonly id: number;
  readonly payload: Uint8Array;
}

/** A way to reuse objects. */
export interface Reuse {
  acquire(): Buffered;
  release(object: Buffered): void;
}

/** How many objects lie idle that have so large a payload. */
export function objectsOf(payloadBytes: number): number {
  return TOTAL_BYTES / payloadBytes;
}

function makeBuffered(id: number, payloadBytes: number): Buffered {
  return { id, payload: new Uint8Array(payloadBytes) };
}

/** Last in, first out: a bare array. */
export function lifo(objects: number, payloadBytes: number): Reuse {
  const stack = Array.from({ length: objects }, (_, id) => makeBuffered(id, payloadBytes));
  return {
    acquire: () => stack.pop()!,
    release: (object) => void stack.push(object),
  };
}

/** First in, first out: a ring. */
export function fifo(objects: number, payloadBytes: number): Reuse {
  const ring = Array.from({ length: objects }, (_, id) => makeBuffered(id, payloadBytes));
  let first = 0;
  let end = 0;
  return {
    acquire() {
      const object = ring[first]!;
      first = first + 1 === objects ? 0 : first + 1;
      return object;
    },
    release(object) {
      ring[end] = object;
      end = end + 1 === objects ? 0 : end + 1;
    },
  };
}

/** This pool, with a scheduler that gives nothing back: as many objects lie idle as with the others. */
export function ours(objects: number, payloadBytes: number): Reuse {
  let id = 0;
  const pool = new Pool<Buffered>({
    create: () => makeBuffered(id++, payloadBytes),
    reset() {},
    scheduler: fixedScheduler(),
    maxBytes: ENDLESS_BYTES,
  });
  const made = pool.prewarm(objects);
  if (made !== objects) {
    throw new Error(`Cannot measure locality: ${objects} must be idle: received ${made}`);
  }
  const tag = pool.tag("request");
  return { acquire: () => tag.acquire(), release: (object) => tag.release(object) };
}

/** The ways by name. */
export const REUSES = { lifo, fifo, ours } as const;

/** Orders in which requests end; as many as are drawn before they repeat. */
const ENDINGS = 4096;

/** Requests, 16 of them at any time, which end in any order. */
export class Requests {
  readonly #reuse: Reuse;
  readonly #held: Buffered[];
  /** Which of the 16 ends next. */
  readonly #endings: Uint8Array;
  #count = 0;

  /** Begins the first 16. */
  constructor(reuse: Reuse) {
    this.#reuse = reuse;
    this.#held = Array.from({ length: HELD }, () => reuse.acquire());
    const random = new Random("locality");
    this.#endings = Uint8Array.from({ length: ENDINGS }, () => random.below(HELD));
  }

  /**
   * Serves so many: each writes its whole payload and reads a byte of each line of it.
   *
   * @returns The sum of what was read.
   */
  serve(times: number): number {
    let sum = 0;
    for (let i = 0; i < times; i++) {
      const { payload } = this.#turn();
      payload.fill(i);
      for (let at = 0; at < payload.length; at += LINE_BYTES) sum += payload[at]!;
    }
    return sum;
  }

  /** Lists the objects that so many requests use. */
  trace(times: number): Uint32Array {
    return Uint32Array.from({ length: times }, () => this.#turn().id);
  }

  /** A request ends, and the next one gets an object. */
  #turn(): Buffered {
    const at = this.#endings[this.#count++ % ENDINGS]!;
    this.#reuse.release(this.#held[at]!);
    return this.#held[at] = this.#reuse.acquire();
  }
}
