/**
 * What the tick and the scale bench measure: a real pool, and the work that goes on in it between two ticks.
 *
 * No tick may dispose of anything. So λ is an hour, memory has no end, and a creation costs so much
 * that no tag is bypassed. What the pool creates to measure that cost goes at once, between ticks.
 *
 * @module
 */

import { adaptiveScheduler, Pool, type Tag } from "../../mod.ts";
import { Random } from "../runner/random.ts";
import { consume } from "../runner/sink.ts";

/** What differs from one pool to another. */
export interface Setup {
  /** Tags, all of them used between any two ticks. */
  readonly tags: number;
  /** Objects that lie idle at each tick. */
  readonly idle: number;
  /** Whether the pool knows the sizes of its objects. */
  readonly isSized: boolean;
  /**
   * The most tags that the pool tells apart.
   *
   * @default {256}
   */
  readonly maxTags?: number;
}

/** The most objects held at once. */
const HELD = 64;
/** Leases of each tag between two ticks, and the least of all tags together. */
const LEASES_PER_TAG = 4;
const LEAST_LEASES = 256;
/** What a pool tells apart unless told otherwise. */
const MAX_TAGS = 256;
const LAMBDA_MS = 3_600_000;
const ENDLESS_BYTES = 2 ** 40;
/**
 * How much of what is meant to be there must be: of ten thousand tags one or another is bypassed, because
 * the machine stopped amid a release of it that was timed, and what comes back under it is not kept.
 */
const LEAST_SHARE = 0.99;
/** What a creation under a tag costs. */
const CREATE_MS = 0.02;
/** About as long, in steps. */
const CREATE_STEPS = 16_384;
/** Objects are small, but for some tags whose objects are larger by this factor each. */
const SMALL_BYTES = 2 ** 6;
const LARGE_TAGS = 8;
const LARGE_BYTES = 2 ** 10;
const LARGER = 8;

/** Spends what a creation costs, by the clock. */
function spin(): void {
  const end = performance.now() + CREATE_MS;
  while (performance.now() < end);
}

/** Spends about as much, where the clock has steps longer than that. */
export function spinBySteps(): void {
  let hash = 0;
  for (let i = 0; i < CREATE_STEPS; i++) hash = Math.imul(hash ^ i, 0x01000193);
  consume(hash);
}

class Entry {
  bytes = 0;
  uses = 0;
}

/** A pool at work. */
export class TickSubject {
  /** Objects that ticks have disposed of. */
  disposedByTicks = 0;

  readonly #pool: Pool<Entry>;
  readonly #tags: readonly Tag<Entry>[];
  /** The size of a tag's objects. */
  readonly #bytes: readonly number[];
  readonly #leases: number;
  readonly #spend: () => void;
  readonly #random = new Random("tick");
  readonly #held: Entry[] = [];
  #disposed = 0;
  #isCreationDear = true;
  #next = 0;

  /**
   * Makes the pool, and has as many objects idle as the setup wants.
   *
   * @param setup The setup.
   * @param spend Spends what a creation costs.
   */
  constructor(readonly setup: Setup, spend: () => void = spin) {
    this.#spend = spend;
    const { tags, idle, isSized, maxTags = MAX_TAGS } = setup;
    this.#pool = new Pool<Entry>({
      create: () => this.#create(),
      reset: (entry) => {
        entry.uses = 0;
      },
      dispose: () => {
        this.#disposed++;
      },
      ...(isSized ? { sizeOf: (entry: Entry) => entry.bytes } : {}),
      scheduler: adaptiveScheduler({ idleBudgetMs: LAMBDA_MS }),
      maxTags,
      maxBytes: ENDLESS_BYTES,
      memoryLimit: ENDLESS_BYTES,
    });
    this.#tags = Array.from({ length: tags }, (_, i) => this.#pool.tag(`tag${i}`));
    this.#bytes = this.#tags.map((_, i) =>
      i < LARGE_TAGS ? LARGE_BYTES * LARGER ** i : SMALL_BYTES
    );
    this.#leases = Math.max(LEAST_LEASES, tags * LEASES_PER_TAG);
    // The first are created under tags, so that the pool learns what a creation costs.
    this.#use(HELD, 0);
    this.#isCreationDear = false;
    this.#pool.prewarm(idle - HELD);
    this.#isCreationDear = true;
  }

  /** Uses all tags. */
  work(): void {
    for (let done = 0; done < this.#leases;) {
      const depth = 1 + this.#random.below(HELD);
      // A tag's sizes are learnt where objects come to it smaller: so all are emptied first.
      if (this.setup.isSized) this.#use(depth, 0);
      this.#use(depth, 1);
      this.#next += depth;
      done += depth;
    }
  }

  /** Acquires and releases one object so many times, each time under the next tag. */
  pair(times: number): void {
    const tags = this.#tags;
    let next = this.#next % tags.length;
    for (let i = 0; i < times; i++) {
      const tag = tags[next]!;
      const entry = tag.acquire();
      entry.uses = i;
      tag.release(entry);
      next = next + 1 === tags.length ? 0 : next + 1;
    }
    this.#next = next;
  }

  /** Tags that are not pooled. */
  get bypassed(): number {
    return this.#pool.stats().tags.filter(({ shelf }) => shelf === "none").length;
  }

  /** What the pool tells of its tags: how many there are, and the share of acquires of each. */
  shares(): ReadonlyMap<string, number> {
    const { tags, acquires } = this.#pool.stats();
    return new Map(tags.map((tag) => [tag.name, tag.acquires / acquires]));
  }

  /** Ticks, and says how many microseconds that took. */
  tick(): number {
    const disposed = this.#disposed;
    const begun = performance.now();
    this.#pool.tick();
    const us = (performance.now() - begun) * 1000;
    this.disposedByTicks += this.#disposed - disposed;
    return us;
  }

  /** Tags that have earned a shelf. Throws where the pool is not in the state that is to be measured. */
  check(): number {
    const { idle, tags } = this.#pool.stats();
    const leastIdle = Math.floor(LEAST_SHARE * this.setup.idle);
    if (idle < leastIdle) {
      throw new Error(`Cannot measure tick: ${leastIdle} must be idle: received ${idle}`);
    }
    const used = tags.filter(({ shelf }) => shelf !== "none").length;
    const { maxTags = MAX_TAGS } = this.setup;
    // All that the pool does not tell apart are one.
    const least = Math.ceil(LEAST_SHARE * Math.min(this.setup.tags, maxTags + 1));
    if (used < least) {
      throw new Error(`Cannot measure tick: ${least} tags must be pooled: received ${used}`);
    }
    const sized = this.#pool.explain().tags.filter(({ sizeBytes }) => sizeBytes !== undefined);
    if (this.setup.isSized && sized.length !== this.setup.tags) {
      throw new Error(
        `Cannot measure tick: the sizes of ${this.setup.tags} tags must be learnt: received ${sized.length}`,
      );
    }
    return tags.filter(({ shelf }) => shelf === "own").length;
  }

  /** Holds `depth` objects at once, each of the size of its tag or of a share of it. */
  #use(depth: number, share: number): void {
    const tags = this.#tags;
    const held = this.#held;
    for (let i = 0; i < depth; i++) {
      const at = (this.#next + i) % tags.length;
      const entry = held[i] = tags[at]!.acquire();
      entry.uses++;
      entry.bytes = this.#bytes[at]! * share;
    }
    for (let i = depth - 1; i >= 0; i--) tags[(this.#next + i) % tags.length]!.release(held[i]!);
  }

  #create(): Entry {
    if (this.#isCreationDear) this.#spend();
    return new Entry();
  }
}
