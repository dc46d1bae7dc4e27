/**
 * What the buffers bench measures: one way each to get a buffer, touch it and give it back.
 *
 * A touch writes and reads sixteen bytes of the first 256, as who parses a header does. What pools has a
 * class of each size, and all sizes are warm: a service asks for more than one.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { BufferPool, type BufferPoolOptions } from "../../src/buffers/mod.ts";
import { consume } from "../runner/sink.ts";

/** The sizes, in bytes. */
export const SIZES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;
/** The pairs of one call of a run. */
export const PAIRS = 64;

/** What is written of a buffer that is touched a little, in bytes. */
const TOUCHED = 256;
const STEP = 16;
/** Idle buffers in a free list. */
const IDLE = 16;

/**
 * A way to get and give back buffers, in a process of its own: does so {@linkcode PAIRS} times with
 * buffers of a size, touches each, and returns the sum of what was read.
 *
 * One function for all sizes, whose pool stands in a constant as in a module.
 */
export type Way = (bytes: number) => number;

/** What a run must return. */
export const CHECKSUM: number = TOUCHED / STEP * PAIRS * (PAIRS - 1) / 2;

function touch(bytes: Uint8Array, value: number): number {
  let sum = 0;
  for (let i = 0; i < TOUCHED; i += STEP) {
    bytes[i] = value;
    sum += bytes[i]!;
  }
  return sum;
}

/** Writes all of a buffer. */
function write(bytes: Uint8Array, value: number): number {
  bytes.fill(value);
  return value * (TOUCHED / STEP);
}

/** A free list of each size. */
function bareLists(): ReadonlyMap<number, Uint8Array[]> {
  const fill = (bytes: number) => Array.from({ length: IDLE }, () => new Uint8Array(bytes));
  return new Map(SIZES.map((bytes) => [bytes, fill(bytes)]));
}

/** The floor: a bare array, nothing is zeroed. */
export function freeList(): Way {
  const lists = bareLists();
  return (bytes) => {
    const list = lists.get(bytes)!;
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = list.pop()!;
      sum += touch(buffer, i);
      list.push(buffer);
    }
    consume(sum);
    return sum;
  };
}

function freeListDirty(): Way {
  const lists = bareLists();
  return (bytes) => {
    const list = lists.get(bytes)!;
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = list.pop()!;
      sum += touch(buffer, i);
      buffer.fill(0, 0, TOUCHED);
      list.push(buffer);
    }
    consume(sum);
    return sum;
  };
}

/** What pooling can gain at most where all is written and zeroed. */
function freeListWhole(): Way {
  const lists = bareLists();
  return (bytes) => {
    const list = lists.get(bytes)!;
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = list.pop()!;
      sum += write(buffer, i);
      buffer.fill(0);
      list.push(buffer);
    }
    consume(sum);
    return sum;
  };
}

function alloc(): Way {
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = new Uint8Array(bytes);
      sum += touch(buffer, i);
      consume(buffer);
    }
    return sum;
  };
}

function allocWhole(): Way {
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = new Uint8Array(bytes);
      sum += write(buffer, i);
      consume(buffer);
    }
    return sum;
  };
}

function allocUnsafe(): Way {
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = Buffer.allocUnsafe(bytes);
      sum += touch(buffer, i);
      consume(buffer);
    }
    return sum;
  };
}

function makePool(options: BufferPoolOptions): BufferPool {
  return new BufferPool({ classes: SIZES, maxBytes: 2 ** 30, ...options });
}

/** Nothing is declared, or nothing is to be zeroed. */
function pooled(options: BufferPoolOptions): Way {
  const pool = makePool(options);
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const block = pool.acquire(bytes);
      sum += touch(block.bytes, i);
      block.release();
    }
    consume(sum);
    return sum;
  };
}

/** Requests up to a size, spread so that hardly one is of the size of the one before. */
function requestsUpTo(bytes: number): readonly number[] {
  const spread = bytes - TOUCHED + 1;
  return Array.from(
    { length: PAIRS },
    (_, i) => TOUCHED + (Math.imul(i, 0x9e3779b1) >>> 0) % spread,
  );
}

/** Each request is of another size; nothing is zeroed. */
function mixed(): Way {
  const pool = makePool({ zero: "never" });
  const requests = new Map(SIZES.map((bytes) => [bytes as number, requestsUpTo(bytes)]));
  return (bytes) => {
    const sizes = requests.get(bytes)!;
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const block = pool.acquire(sizes[i]!);
      sum += touch(block.bytes, i);
      block.release();
    }
    consume(sum);
    return sum;
  };
}

/** What was touched is declared, and zeroed. */
function declared(options: BufferPoolOptions = {}): Way {
  const pool = makePool(options);
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const block = pool.acquire(bytes);
      sum += touch(block.bytes, i);
      block.used = TOUCHED;
      block.release();
    }
    consume(sum);
    return sum;
  };
}

function whole(): Way {
  const pool = makePool({});
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const block = pool.acquire(bytes);
      sum += write(block.bytes, i);
      block.release();
    }
    consume(sum);
    return sum;
  };
}

function lent(): Way {
  const pool = makePool({});
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      sum += pool.withBuffer(bytes, (block) => {
        block.used = TOUCHED;
        return touch(block.bytes, i);
      });
    }
    consume(sum);
    return sum;
  };
}

async function typedarrayPool(): Promise<Way> {
  // It brings no types.
  const pool = (await import("typedarray-pool")).default as unknown as {
    mallocUint8(bytes: number): Uint8Array;
    freeUint8(array: Uint8Array): void;
  };
  return (bytes) => {
    let sum = 0;
    for (let i = 0; i < PAIRS; i++) {
      const buffer = pool.mallocUint8(bytes);
      sum += touch(buffer, i);
      pool.freeUint8(buffer);
    }
    consume(sum);
    return sum;
  };
}

/** The ways by variant. */
export const WAYS = {
  alloc,
  allocUnsafe,
  allocWhole,
  freeListDirty,
  freeListWhole,
  typedarrayPool,
  never: () => pooled({ zero: "never" }),
  mixed,
  dirty: () => declared(),
  whole,
  with: lent,
  slab: () => declared({ layout: "slab", chunkBytes: 2 ** 21 }),
  strict: () => declared({ guard: "strict" }),
} as const satisfies Readonly<Record<string, () => Way | Promise<Way>>>;

/** A variant's name. */
export type WayName = keyof typeof WAYS;
