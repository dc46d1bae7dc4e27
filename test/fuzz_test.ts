/**
 * Random operations on a pool whose callbacks call the pool, and throw.
 *
 * Whatever create, reset, dispose, sizeOf, the scheduler and the clock do in between: no object is in
 * two hands, none is lost, and nothing goes over its bounds.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import { type Adjustment, type Guard, type Lease, Pool, PoolError } from "../mod.ts";
import type { TagHandle } from "../src/tag.ts";
import { FakeHost } from "./fixture/fake_host.ts";
import { Oracle, type Watched } from "./oracle.ts";

const SEEDS = 120;
const STEPS = 200;
/** Callbacks within callbacks. */
const MAX_DEPTH = 3;
const TAGS = ["a", "b", "c"];

interface Body extends Watched {
  size: number;
}

/** What a callback throws on purpose. */
class Mishap extends Error {}

/** A pool, what the test holds of it, and a random source of operations. */
class Fuzzer {
  readonly #random: Random;
  readonly #host = new FakeHost();
  readonly #pool: Pool<Body>;
  readonly #oracle: Oracle<Body>;
  readonly #generations: readonly { name: string; maxSize: number; ttlMs: number }[];
  readonly #raw: Body[] = [];
  readonly #leases: { readonly lease: Lease<Body>; readonly body: Body }[] = [];
  readonly #guards: { readonly guard: Guard<Body>; readonly bodies: Body[] }[] = [];
  #depth = 0;
  /** The first thing that went wrong: the pool keeps an error of onError to itself. */
  #fault: unknown;

  constructor(seed: string) {
    const random = this.#random = new Random(seed);
    this.#generations = random.next() < 0.5
      ? [{ name: "x", maxSize: 8 + random.below(40), ttlMs: 0 }]
      : [
        { name: "x", maxSize: 8 + random.below(30), ttlMs: 600 },
        { name: "y", maxSize: random.below(30), ttlMs: 0 },
      ];
    const isSized = random.next() < 0.6;
    const host = this.#host;
    this.#pool = new Pool<Body>({
      create: () => {
        this.#interrupt();
        return { dirty: false, disposed: 0, size: random.below(20) };
      },
      reset: (body) => {
        assert(!this.#isHeld(body), "reset while it is held");
        this.#interrupt();
        body.dirty = false;
      },
      dispose: (body) => {
        assertEquals(++body.disposed, 1, "disposed of twice");
        assert(!this.#isHeld(body), "disposed of while it is held");
        this.#interrupt();
      },
      ...(isSized
        ? {
          maxBytes: 300 + random.below(600),
          sizeOf: (body: Body) => {
            this.#interrupt();
            return random.next() < 0.02 ? NaN : body.size;
          },
        }
        : { maxBytes: 4096 * (10 + random.below(60)) }),
      generations: this.#generations,
      maxLimbo: 6,
      host,
      scheduler: {
        name: "fuzzer",
        decide: () => {
          this.#interrupt();
          return this.#adjustment();
        },
      },
      onError: (error) => this.#excuse(error),
    });
    this.#oracle = new Oracle(this.#pool);
    host.now = () => {
      if (random.next() < 0.05) this.#nest();
      return host.time;
    };
  }

  run(): void {
    for (let i = 0; i < STEPS; i++) {
      this.#depth = 1;
      this.#step();
      this.#depth = 0;
      if (this.#fault !== undefined) throw this.#fault;
      this.#oracle.check();
      const stats = this.#pool.stats();
      if (stats.closed) assertEquals(stats.idle, 0);
    }
  }

  /** What a callback may do before it does its work. */
  #interrupt(): void {
    if (this.#random.next() < 0.2) this.#nest();
    if (this.#depth > 0 && this.#random.next() < 0.03) throw new Mishap();
  }

  #nest(): void {
    if (this.#depth === 0 || this.#depth > MAX_DEPTH) return;
    this.#depth++;
    this.#step();
    this.#depth--;
  }

  #isHeld(body: Body): boolean {
    return this.#oracle.leased.has(body) || this.#oracle.limbo.has(body);
  }

  #took(body: Body): Body {
    this.#oracle.acquired(body);
    if (this.#random.next() < 0.3) body.size = this.#random.below(60);
    return body;
  }

  #pick<E>(from: E[]): E | undefined {
    return from.splice(this.#random.below(from.length), 1)[0];
  }

  #step(): void {
    try {
      this.#operate();
    } catch (error) {
      this.#excuse(error);
    }
  }

  /** Lets pass what was thrown on purpose, and what a closed pool says. */
  #excuse(error: unknown): void {
    const cause = error instanceof PoolError ? error.cause ?? error : error;
    const isExpected = cause instanceof Mishap ||
      (cause instanceof PoolError && ["closed", "sizeOf"].includes(cause.code));
    if (!isExpected) this.#fault ??= cause;
  }

  #operate(): void {
    const random = this.#random;
    const pool = this.#pool;
    const tag = pool.tag(TAGS[random.below(TAGS.length)]!) as TagHandle<Body>;
    if (random.next() < 0.3) tag.startPeriod(1);
    const kind = random.below(17);
    if (kind < 4) this.#raw.push(this.#took(random.next() < 0.3 ? pool.acquire() : tag.acquire()));
    else if (kind < 8) {
      const body = this.#pick(this.#raw);
      if (body === undefined) return;
      this.#oracle.released(body);
      if (random.next() < 0.3) pool.release(body);
      else tag.release(body);
    } else if (kind === 8) {
      const lease = tag.lease();
      this.#leases.push({ lease, body: this.#took(lease.value) });
    } else if (kind === 9) {
      const held = this.#pick(this.#leases);
      if (held === undefined) return;
      this.#oracle.released(held.body);
      if (random.next() < 0.2) held.lease.expire();
      else held.lease.release();
    } else if (kind === 10) {
      tag.with((body) => {
        this.#took(body);
        try {
          this.#interrupt();
        } finally {
          this.#oracle.released(body);
        }
      });
    } else if (kind === 11) this.#guard();
    else if (kind === 12) {
      const dropped = this.#pick(this.#guards);
      if (dropped === undefined) return;
      for (const body of dropped.bodies) this.#oracle.limbo.delete(body);
      dropped.guard.drop();
    } else if (kind === 13) {
      this.#host.time += random.below(700);
      pool.tick();
    } else if (kind === 14) {
      if (random.next() < 0.5) pool.prewarm(random.below(6));
      else pool.trim((["moderate", "high", "critical"] as const)[random.below(3)]!);
    } else if (kind === 15) {
      if (random.next() < 0.5) pool.evict(random.below(6));
      else {
        pool.sift(() => {
          this.#interrupt();
          return random.next() < 0.4;
        });
      }
    } else if (random.next() < 0.02) pool.close();
  }

  #guard(): void {
    if (this.#guards.length < 3) this.#guards.push({ guard: this.#pool.guard(), bodies: [] });
    const { guard, bodies } = this.#guards[this.#random.below(this.#guards.length)]!;
    const body = this.#pick(this.#raw);
    if (body === undefined) return;
    this.#oracle.released(body);
    const { size } = guard;
    guard.release(body);
    if (guard.size === size) return;
    this.#oracle.waited(body);
    bodies.push(body);
  }

  #adjustment(): Adjustment {
    const random = this.#random;
    const chance = (share: number) => random.next() < share;
    const targets = () => this.#generations.map(() => random.below(30));
    const shelves = new Map(
      TAGS.filter(() => chance(0.5)).map((tag) => [tag, chance(0.3) ? { targets: targets() } : {}]),
    );
    return {
      ...(chance(0.8) ? { shelves } : {}),
      ...(chance(0.3) ? { bypass: chance(0.3) || TAGS.filter(() => chance(0.3)) } : {}),
      ...(chance(0.3) ? { targets: targets() } : {}),
      ...(chance(0.2) ? { floor: random.below(5) } : {}),
      ...(chance(0.2) ? { objectBytes: random.below(50) } : {}),
      ...(chance(0.3) ? { probe: true } : {}),
      ...(chance(0.3)
        ? { pressure: (["moderate", "high", "critical"] as const)[random.below(3)]! }
        : {}),
    };
  }
}

describe("Pool under callbacks that call it and throw", () => {
  it(`Pool holds its invariants over ${SEEDS} × ${STEPS} random steps`, () => {
    const first = Date.now();
    for (let i = 0; i < SEEDS; i++) {
      const seed = `fuzz ${first + i}`;
      try {
        new Fuzzer(seed).run();
      } catch (error) {
        throw new Error(`seed ${JSON.stringify(seed)}`, { cause: error });
      }
    }
  });
});
