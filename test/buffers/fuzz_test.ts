/**
 * Random operations on a buffer pool whose clock, scheduler and listener call the pool, and throw, and
 * some of whose former holders still use what they gave back.
 *
 * Whatever happens in between: no byte is in two blocks, none of a former holder shows, and what is
 * held never passes the budget.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../bench/runner/random.ts";
import { PoolError } from "../../mod.ts";
import { type Block, BufferPool } from "../../src/buffers/mod.ts";
import { FakeHost } from "../../testing/fake_host.ts";
import { assertFilled, checkBuffers, mark } from "./_oracle.ts";

const SEEDS = 60;
const STEPS = 150;
/** Callbacks within callbacks. */
const MAX_DEPTH = 3;

/** What a callback throws on purpose. */
class Mishap extends Error {}

class Fuzzer {
  readonly #random: Random;
  readonly #host = new FakeHost();
  readonly #pool: BufferPool;
  readonly #held: { readonly block: Block; readonly value: number }[] = [];
  /** What was held and may still be in somebody's hands. */
  readonly #former: { readonly block: Block; readonly bytes: Block["bytes"] }[] = [];
  /** Blocks that functions hold. */
  readonly #lent: Block[] = [];
  /** Whether memory was transferred away, which is then told. */
  #isRobbed = false;
  #depth = 0;
  #closed = false;
  /** The first thing that went wrong: the pool keeps an error of a callback to itself. */
  #fault: unknown;

  constructor(seed: string) {
    const random = this.#random = new Random(seed);
    const host = this.#host;
    const isSlab = random.next() < 0.5;
    this.#pool = new BufferPool({
      layout: isSlab ? "slab" : "separate",
      zero: random.next() < 0.5 ? "dirty" : "acquire",
      guard: !isSlab && random.next() < 0.3 ? "strict" : "throw",
      maxBytes: 64 * 1024 + random.below(400_000),
      host,
      scheduler: () => ({
        name: "fuzzer",
        decide: ({ generations }) => {
          this.#interrupt();
          return {
            targets: generations.map(() => random.below(20)),
            probe: random.next() < 0.3,
            pressure: random.next() < 0.1 ? "critical" : "none",
          };
        },
      }),
      onError: (error) => this.#excuse(error),
    });
    host.now = () => {
      if (random.next() < 0.1) this.#interrupt();
      return host.time;
    };
  }

  run(): void {
    for (let i = 0; i < STEPS; i++) {
      this.#depth = 1;
      this.#step();
      this.#depth = 0;
      if (this.#fault !== undefined) throw this.#fault;
      checkBuffers(this.#pool);
      assertEquals(this.#pool.stats().active, this.#held.length);
    }
    for (const { block, value } of this.#held) {
      assertFilled(block, value, "held to the end");
      block.release();
    }
    this.#pool.close();
    assertEquals(this.#pool.stats().reservedBytes, 0);
  }

  /** What a callback may do before it does its work. */
  #interrupt(): void {
    if (this.#depth === 0 || this.#depth > MAX_DEPTH) return;
    this.#depth++;
    this.#step();
    this.#depth--;
    if (this.#random.next() < 0.1) throw new Mishap();
  }

  #step(): void {
    try {
      this.#act();
    } catch (error) {
      this.#excuse(error);
    }
  }

  #act(): void {
    const random = this.#random;
    const kind = random.below(22);
    this.#host.time += random.below(200);
    if (kind < 9) {
      const block = this.#pool.acquire(
        Math.floor(random.logUniform(1, 100_000)),
        random.next() < 0.3 ? `tag ${random.below(3)}` : undefined,
      );
      assert(!this.#closed, "handed out after close");
      assertFilled(block, 0, "handed out");
      const value = 1 + random.below(255);
      mark(block, value);
      this.#held.push({ block, value });
    } else if (kind < 16 && this.#held.length > 0) {
      const [held] = this.#held.splice(random.below(this.#held.length), 1);
      const { block, value } = held!;
      assertFilled(block, value, "held");
      this.#former.push({ block, bytes: block.bytes });
      block.release();
    } else if (kind === 16) this.#pool.tick();
    else if (kind === 17) this.#pool.trim(random.next() < 0.3 ? "critical" : "high");
    else if (kind === 18) this.#pool.prewarm(random.below(20_000), random.below(6));
    else if (kind === 19) this.#misuse();
    else if (random.next() < 0.02) {
      this.#closed = true;
      this.#pool.close();
    } else {
      this.#pool.withBuffer(random.below(90_000), (block) => {
        assertFilled(block, 0, "lent");
        mark(block, 9);
        this.#lent.push(block);
        try {
          this.#interrupt();
        } finally {
          this.#lent.pop();
        }
        assertFilled(block, 9, "still lent");
      });
    }
  }

  /** Uses what was given back, unless it is in use again: nobody could tell that from its holder's use. */
  #misuse(): void {
    const random = this.#random;
    const former = this.#former[random.below(this.#former.length)];
    if (former === undefined) return;
    const { block, bytes } = former;
    const inUse = [...this.#held.map((held) => held.block), ...this.#lent];
    if (!inUse.includes(block)) block.used = random.below(block.capacity + 1);
    const isTaken = inUse.some((other) => other.bytes.buffer === bytes.buffer);
    if (isTaken || bytes.length === 0 || random.next() < 0.7) return;
    this.#isRobbed = true;
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  }

  #excuse(error: unknown): void {
    const codes = ["budget", "closed", "released", "scheduler"];
    if (this.#isRobbed) codes.push("reset");
    if (error instanceof Mishap) return;
    // Closed amid an acquire, which then finds the pool of chunks closed.
    const reason = error instanceof PoolError && error.code === "create" ? error.cause : error;
    if (reason instanceof PoolError && codes.includes(reason.code)) return;
    this.#fault ??= error;
  }
}

describe("BufferPool whose callbacks call it", () => {
  for (let i = 0; i < SEEDS; i++) {
    it(`BufferPool keeps its account, seed ${i}`, () => new Fuzzer(`buffers ${i}`).run());
  }
});
