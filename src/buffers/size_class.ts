/**
 * A size class: a pool of blocks of one capacity.
 *
 * All that a pool does for objects it does for blocks: this only says how blocks are made, zeroed and
 * freed. The pool's shelf is the cache that Netty lays in front of its arenas for each thread: an isolate is one
 * thread, and a hit on the shelf touches neither run nor tree.
 *
 * @module
 */

import { Pool, type PoolOptions } from "../pool.ts";
import type { PoolStats } from "../stats.ts";
import type { Tag } from "../tag.ts";
import type { BlockOwner, PooledBlock } from "./block.ts";
import { isRefusal } from "./budget.ts";
import type { BlockMemory } from "./memory.ts";

/** The name that a pool gives to leases without a tag. */
export const UNTAGGED = "(untagged)";

/** What a class tells its pool beside how blocks are made, sized and freed. */
export type BlockPoolOptions = Omit<PoolOptions<PooledBlock>, "create" | "dispose" | "sizeOf">;

/** A size class in a snapshot. */
export interface SizeClassStats {
  /** The bytes of a block; 0 for requests beyond the largest class, whose blocks have any size. */
  readonly capacity: number;
  /** Whether the class was learnt. */
  readonly learned: boolean;
  /** Blocks in use. */
  readonly active: number;
  /** Their capacities together, in bytes. */
  readonly activeBytes: number;
  /** Blocks that wait to be used. */
  readonly idle: number;
  /** Their capacities together, in bytes. */
  readonly idleBytes: number;
  /** Blocks handed out so far. */
  readonly allocations: number;
  /** Blocks that came back so far. */
  readonly deallocations: number;
  /** The share of the allocations that an idle block served; absent before the first one. */
  readonly hitRate?: number;
  /** The share of the bytes handed out that nobody asked for, by a sample; absent without one. */
  readonly waste?: number;
  /** Runs of pages that it holds. */
  readonly runs: number;
  /** The account of its pool. */
  readonly pool: PoolStats;
}

/** What all classes share. */
export interface ClassKeeper {
  /** Gives something idle up for so many bytes; throws where that would be in vain. */
  makeRoom(bytes: number): void;
  /** Learns from the last request of a tag, which stands for so many. */
  learn(tag: string, requests: number): void;
}

/** A pool of blocks of one capacity, or of any, where it retains none. */
export class SizeClass implements BlockOwner {
  /** The bytes of a block; 0: any. */
  readonly capacity: number;
  readonly isLearned: boolean;
  readonly pool: Pool<PooledBlock>;
  readonly untagged: Tag<PooledBlock>;
  readonly #memory: BlockMemory;
  #liveBytes = 0;
  /** Requests of the sample, and their bytes. */
  #asked = 0;
  #askedBytes = 0;
  /** Whether the next block is made for somebody who waits for it. */
  #isAwaited = false;

  /** Makes a class. */
  constructor(
    capacity: number,
    isLearned: boolean,
    memory: BlockMemory,
    keeper: ClassKeeper,
    options: BlockPoolOptions,
  ) {
    this.capacity = capacity;
    this.isLearned = isLearned;
    this.#memory = memory;
    this.pool = new Pool<PooledBlock>({
      ...options,
      create: () => this.#create(keeper),
      dispose: (block) => {
        this.#liveBytes -= block.capacity;
        this.#memory.free(block);
      },
      sizeOf: memory.sizeOf,
    });
    this.untagged = this.pool.tag(UNTAGGED);
    // No options of a pool: nobody else has a use for them.
    const core = this.pool["core"];
    core.onMiss = () => this.#isAwaited = true;
    core.weightOf = (block) => block.capacity;
    core.onLost = (bytes) => {
      this.#liveBytes -= bytes;
      this.#memory.lose(bytes);
    };
    if (capacity > 0) core.onTimed = (tag, leases) => keeper.learn(tag, leases);
  }

  #create(keeper: ClassKeeper): PooledBlock {
    const isAwaited = this.#isAwaited;
    this.#isAwaited = false;
    for (;;) {
      try {
        const block = this.#memory.make(this);
        this.#liveBytes += block.capacity;
        return block;
      } catch (error) {
        // What is made ahead of demand, or to be measured, takes nobody's place.
        if (!isRefusal(error) || !isAwaited) throw error;
        keeper.makeRoom(this.#memory.nextBytes);
      }
    }
  }

  isLeased(block: PooledBlock): boolean {
    const { holder } = block["@siliconflow/pool slot"];
    return this.pool["core"].tags.heldBy(Math.abs(holder)) !== undefined;
  }

  usedIdle(message: string): void {
    this.pool["core"].misuse("released", message);
  }

  /** Capacities of the idle blocks together, in bytes. */
  get idleBytes(): number {
    return this.pool.idle * this.capacity;
  }

  /** Capacities of the blocks in use together, in bytes. */
  get activeBytes(): number {
    return this.#liveBytes - this.idleBytes;
  }

  /** Takes note of a request that it serves, which stands for so many. */
  ask(bytes: number, requests: number): void {
    this.#asked += requests;
    this.#askedBytes += bytes * requests;
  }

  /** What the sampled requests were given and did not ask for, and all that they were given. */
  get sampled(): { readonly wasted: number; readonly given: number } {
    const given = this.#asked * this.capacity;
    return { wasted: given - this.#askedBytes, given };
  }

  /** Takes a snapshot. */
  stats(): SizeClassStats {
    const pool = this.pool.stats();
    const active = pool.leased + pool.limbo;
    const { wasted, given } = this.sampled;
    return {
      capacity: this.capacity,
      learned: this.isLearned,
      active,
      activeBytes: this.activeBytes,
      idle: pool.idle,
      idleBytes: this.idleBytes,
      allocations: pool.acquires,
      deallocations: pool.acquires - active,
      ...(pool.acquires === 0 ? {} : { hitRate: pool.hits / pool.acquires }),
      ...(given === 0 ? {} : { waste: wasted / given }),
      runs: this.#memory.runs,
      pool,
    };
  }
}
