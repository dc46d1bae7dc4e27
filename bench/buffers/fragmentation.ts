/**
 * How much slabs hold beyond what they are asked for, over an hour of a random mix in virtual time.
 *
 * Sizes are as likely in every order of magnitude from 16 bytes to 64 KB, holds from a millisecond to
 * seconds, and the load rises and falls by half every ten minutes. While four chunks' worth of blocks
 * is alive, what is reserved is compared with it twice a second. Alive are blocks in use and idle, as
 * everywhere; how much is reserved for each byte in use is told beside, and so is the time in which the
 * classes are learnt.
 *
 * @module
 */

import { inertHost } from "../../mod.ts";
import { type Block, BufferPool } from "../../src/buffers/mod.ts";
import { Random } from "../runner/random.ts";
import { quantile } from "../runner/statistics.ts";

/** What came of a mix. */
export interface Fragmentation {
  /** A chunk, in bytes. */
  readonly chunkBytes: number;
  /** How often it was looked at while enough was alive. */
  readonly looks: number;
  /** Reserved bytes by bytes of blocks alive: the median, of 99 % of the looks, and the most. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** The most of the first two minutes, in which classes are learnt and blocks change over to them. */
  readonly mostLearning: number;
  /** Reserved bytes by bytes in use, the median. */
  readonly perUsed: number;
  readonly hitRate: number;
}

/** A mix on chunks of a size. */
export interface Mix {
  readonly chunkBytes: number;
  /** Requests in a virtual millisecond, on average. */
  readonly perMs: number;
  /** The longest hold, in ms. */
  readonly mostMs: number;
  /** The size classes; those of the default, unless told otherwise. */
  readonly classes?: readonly number[];
}

/** The chunks of Workers, and larger ones. */
export const MIXES = {
  fragmentation: { chunkBytes: 256 * 1024, perMs: 1, mostMs: 10_000 },
  fragmentation1MB: { chunkBytes: 1024 * 1024, perMs: 2, mostMs: 20_000 },
} as const satisfies Readonly<Record<string, Mix>>;

/** Chunks' worth of blocks that must be alive for a look to count. */
const LEAST_CHUNKS = 4;
const LOOK_MS = 500;
/** While classes are learnt, in ms; told apart from the rest. */
const LEARNING_MS = 120_000;
const WAVE_MS = 600_000;
const HOUR_MS = 3_600_000;

/** Releases in the order of their times: a binary heap. */
class Releases {
  readonly #times: number[] = [];
  readonly #blocks: Block[] = [];

  /** When the next one is; infinite where there is none. */
  get next(): number {
    return this.#times[0] ?? Infinity;
  }

  add(time: number, block: Block): void {
    let i = this.#times.push(time) - 1;
    this.#blocks.push(block);
    for (let up = (i - 1) >> 1; i > 0 && this.#times[up]! > time; i = up, up = (i - 1) >> 1) {
      this.#swap(i, up);
    }
  }

  take(): Block {
    this.#swap(0, this.#times.length - 1);
    this.#times.pop();
    const block = this.#blocks.pop()!;
    for (let i = 0;;) {
      let down = 2 * i + 1;
      if (down + 1 < this.#times.length && this.#times[down + 1]! < this.#times[down]!) down++;
      if (down >= this.#times.length || this.#times[i]! <= this.#times[down]!) return block;
      this.#swap(i, down);
      i = down;
    }
  }

  #swap(i: number, j: number): void {
    [this.#times[i], this.#times[j]] = [this.#times[j]!, this.#times[i]!];
    [this.#blocks[i], this.#blocks[j]] = [this.#blocks[j]!, this.#blocks[i]!];
  }
}

/** Runs a mix for an hour of virtual time, or a part of it. */
export function runMix({ classes, chunkBytes, perMs, mostMs }: Mix, part = 1): Fragmentation {
  let time = 0;
  const pool = new BufferPool({
    layout: "slab",
    ...(classes === undefined ? {} : { classes }),
    chunkBytes,
    // Virtual time: nobody reads what is in the blocks.
    zero: "never",
    maxBytes: 1024 * 2 ** 20,
    memoryLimit: 4096 * 2 ** 20,
    host: { ...inertHost(), now: () => time },
  });
  const random = new Random("fragmentation");
  const releases = new Releases();
  const perLive: number[] = [];
  const perUsed: number[] = [];
  let mostLearning = 0;
  let nextLook = 0;
  let next = 0;
  while (time < HOUR_MS * part) {
    time = Math.min(next, releases.next, nextLook);
    if (time === releases.next) releases.take().release();
    else if (time === next) {
      const load = 1 + 0.5 * Math.sin(2 * Math.PI * time / WAVE_MS);
      const bytes = Math.floor(random.logUniform(16, 65_537));
      releases.add(time + random.logUniform(1, mostMs), pool.acquire(bytes));
      next += random.exponential(1 / (perMs * load));
    } else {
      nextLook += LOOK_MS;
      pool.poll();
      const { activeBytes, idleBytes, reservedBytes } = pool.stats();
      if (activeBytes + idleBytes < LEAST_CHUNKS * chunkBytes) continue;
      const share = reservedBytes / (activeBytes + idleBytes);
      if (time < LEARNING_MS) {
        mostLearning = Math.max(mostLearning, share);
        continue;
      }
      perLive.push(share);
      perUsed.push(reservedBytes / activeBytes);
    }
  }
  const { hitRate } = pool.stats();
  pool.close();
  if (perLive.length === 0) {
    const rule = `${LEAST_CHUNKS} chunks' worth of blocks must be alive`;
    throw new Error(`Cannot measure fragmentation: ${rule}: received never so many`);
  }
  return {
    chunkBytes,
    looks: perLive.length,
    p50: quantile(perLive, 0.5),
    p99: quantile(perLive, 0.99),
    most: Math.max(...perLive),
    mostLearning,
    perUsed: quantile(perUsed, 0.5),
    hitRate: hitRate!,
  };
}
