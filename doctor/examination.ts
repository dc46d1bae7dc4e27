/**
 * The examination of a factory: what its parts cost here, and what its reset does to an object.
 *
 * Costs are medians of rounds that take turns, so that a slow moment meets all of them alike. The
 * verdict is the pool's own rule, and never kinder than the pair that was measured: what a pool would
 * bypass the doctor does not advise to pool.
 *
 * @module
 */

import { Pool } from "../mod.ts";
import { leaseCosts } from "../src/bypass.ts";
import { leftoversOf, listLeftovers, Look } from "../src/leftover.ts";
import { createChecked, type Factory } from "./factory.ts";

/** Rounds of each cost; their median counts. */
const ROUNDS = 15;
/** How long what a clear costs is measured, in milliseconds. */
const CLEAR_MS = 4;
/** The most calls of a batch: a field that is never cleared grows with each. */
const MAX_CALLS = 2 ** 17;

/** What was found. Plain data. */
export interface Examination {
  /** The version of this form. */
  readonly schema: 1;
  /** Whether to pool such objects: to allocate costs no less, by the pool's policy and as measured. */
  readonly pays: boolean;
  /** What a creation costs, in microseconds. */
  readonly createUs: number;
  /** What `reset` costs after a use, in microseconds. */
  readonly resetUs: number;
  /** What `acquire` and `release` with a use cost, less the use, in microseconds, through a pool. */
  readonly pairUs: number;
  /** Both ways as the pool's policy compares them, in microseconds. */
  readonly allocateUs: number;
  /** See {@linkcode Examination.allocateUs}. */
  readonly poolUs: number;
  /** What the buffers of an object hold after `reset`, in bytes: top-level fields, none of them twice. */
  readonly keptBytes: number;
  /** Whether that is more than a new object has. */
  readonly isGrowing: boolean;
  /**
   * What `use` wrote and `reset` left, in words; empty where nothing was seen. A look goes 8 objects deep,
   * and takes in 10 000 fields and 256 KB of buffers together, and nothing behind `#private` names.
   */
  readonly leftovers: string;
  /**
   * What `reset` does to the fields of an object that costs more than it must, and why it could not be
   * checked, in words.
   */
  readonly remarks: readonly string[];
}

/**
 * Examines a factory. Its callbacks run many times.
 *
 * @param factory The factory.
 * @param seconds How long to measure, in seconds, about.
 * @param onProgress Is told the share that is done, from 0 to 1.
 * @returns What was found.
 * @throws {TypeError} `create` returns what cannot be pooled, or a callback throws or is asynchronous.
 *
 * @example Usage
 * ```ts
 * import { examine } from "@siliconflow/pool/doctor";
 * import { assertEquals } from "@std/assert";
 *
 * const found = examine({ create: () => ({ name: "" }), reset: () => {}, use: (o) => {
 *   (o as { name: string }).name = "Ada";
 * } }, 0.05);
 * assertEquals(found.leftovers, "name (a string of 3)");
 * ```
 */
export function examine(
  factory: Factory,
  seconds: number,
  onProgress: (share: number) => void = () => {},
): Examination {
  const { create, reset, use = () => {} } = factory;
  const looked = lookAtReset(factory);
  let object = createChecked(factory);
  const newPool = () => new Pool({ create, reset: (object: object) => void reset(object) });
  let pool = newPool();
  // Kept where the engine must believe that it is read.
  let kept: unknown;
  const loops = [
    () => kept = create(),
    () => kept = {},
    () => (use(object), reset(object)),
    () => {
      const leased = pool.acquire();
      use(leased);
      pool.release(leased);
    },
  ];
  const roundMs = seconds * 1000 / (ROUNDS + 1) / (loops.length + 1);
  const costs = loops.map((): number[] => []);
  const uses: number[] = [];
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      pool.close();
      pool = newPool();
      loops.forEach((loop, i) => {
        object = create();
        const us = timeUs(loop, roundMs);
        // The first round warms up.
        if (round > 0) costs[i]!.push(us);
      });
      object = create();
      const us = timeApartUs(() => use(object), () => reset(object), roundMs);
      if (round > 0) uses.push(us);
      onProgress(round / ROUNDS);
    }
  } finally {
    pool.close();
  }
  void kept;
  const [createUs, bareUs, usedUs, leasedUs] = costs.map(median) as Four;
  const useUs = median(uses);
  const resetUs = Math.max(0, usedUs - useUs);
  const pairUs = Math.max(0, leasedUs - useUs);
  const { allocateUs, poolUs } = leaseCosts(createUs, resetUs, undefined, bareUs);
  const pays = allocateUs >= Math.max(poolUs, pairUs);
  return { schema: 1, pays, createUs, resetUs, pairUs, allocateUs, poolUs, ...looked };
}

type Four = [number, number, number, number];

type Looked = Pick<Examination, "isGrowing" | "keptBytes" | "leftovers" | "remarks">;

function lookAtReset(factory: Factory): Looked {
  const object = createChecked(factory) as Record<string, unknown>;
  const newBytes = bytesOf(object);
  const handed = new Look(object);
  callOnce("use", () => factory.use?.(object));
  const before = new Look(object);
  const used = Object.entries(object).map(([name, value]) => ({
    name,
    value,
    size: sizeOf(value),
  }));
  callOnce("reset", () => factory.reset(object));
  const after = new Look(object);
  const left = leftoversOf(handed, before, after);
  const remarks = used.flatMap(({ name, value, size }) => {
    const now = object[name];
    if (!(name in object)) return [`reset deletes ${name}: assign undefined, deleting is slow`];
    if (size === 0) return [];
    if ((value instanceof Map || value instanceof Set) && now === value && value.size === 0) {
      const ns = Math.round(clearUs(size) * 1000);
      return [
        `reset clears ${name}: clear() gives its capacity back, and to clear and grow one with ` +
        `${size} entries costs ${ns} ns more here than to write over them`,
      ];
    }
    if (now !== value) {
      return [
        `reset replaces ${name}: its capacity (${size}) is lost, and the next use pays for it`,
      ];
    }
    return [];
  });
  const isCut = handed.isCut || before.isCut || after.isCut;
  if (factory.use === undefined) {
    remarks.push("the file exports no use: reset had nothing to clear, and costs nothing here");
  } else if (left.length === 0 && isCut) {
    remarks.push(
      "the object is larger than what is looked at: reset was not checked for all of it",
    );
  } else if (leftoversOf(handed, before, before).length === 0) {
    remarks.push("nothing that use changes can be seen: reset was not checked");
  }
  if (/\bObject\.assign\b/.test(Function.prototype.toString.call(factory.reset))) {
    remarks.push("reset calls Object.assign: to assign field by field is mostly faster, try it");
  }
  const keptBytes = bytesOf(object);
  return {
    keptBytes,
    isGrowing: keptBytes > newBytes,
    leftovers: left.length === 0 ? "" : listLeftovers(left, isCut),
    remarks,
  };
}

/** What it costs to clear a map and grow it again, beyond writing over its entries, in microseconds. */
function clearUs(size: number): number {
  const map = new Map<number, number>();
  const write = () => {
    for (let i = 0; i < size; i++) map.set(i, i);
  };
  const clear = () => (write(), map.clear());
  const more: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    more.push(timeUs(clear, CLEAR_MS) - timeUs(write, CLEAR_MS));
  }
  return Math.max(0, median(more));
}

/** The bytes of the buffers in an object's own fields. */
function bytesOf(object: object): number {
  const buffers = new Set<ArrayBufferLike>();
  for (const value of Object.values(object)) {
    if (ArrayBuffer.isView(value)) buffers.add(value.buffer);
    else if (value instanceof ArrayBuffer) buffers.add(value);
  }
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Calls a callback for the first time, where one that cannot be measured shows. */
function callOnce(name: string, call: () => unknown): void {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    const text = String(error).split("\n", 1)[0];
    throw new TypeError(`Cannot examine: ${name} must not throw: received ${text}`, {
      cause: error,
    });
  }
  if (typeof (result as { then?: unknown } | undefined | null)?.then === "function") {
    throw new TypeError(`Cannot examine: ${name} must be synchronous: received a promise`);
  }
}

/** How much a field holds: bytes, entries or elements. */
function sizeOf(value: unknown): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (value instanceof Map || value instanceof Set) return value.size;
  return Array.isArray(value) ? value.length : 0;
}

/** The time of one call, in microseconds, of batches that grow until the clock can tell. */
function timeUs(call: () => unknown, ms: number): number {
  for (let count = 1;; count *= 2) {
    const start = performance.now();
    for (let i = 0; i < count; i++) call();
    const spent = performance.now() - start;
    if (spent >= ms / 2 || count >= MAX_CALLS) return spent * 1000 / count;
  }
}

/**
 * The time of one call, in microseconds, each of which is followed by one that does not count: what is
 * used again and again without a reset may be full some time.
 */
function timeApartUs(call: () => unknown, afterwards: () => unknown, ms: number): number {
  const begun = performance.now();
  let spent = 0;
  let read = 0;
  let count = 0;
  let end = begun;
  while (count < MAX_CALLS && end - begun < ms) {
    const before = performance.now();
    const start = performance.now();
    call();
    end = performance.now();
    afterwards();
    read += start - before;
    spent += end - start;
    count++;
  }
  // To read the clock takes as long as a small use.
  return Math.max(0, spent - read) * 1000 / count;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
