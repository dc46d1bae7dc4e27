/**
 * Random operations on a pool whose callbacks call the pool, and throw.
 *
 * Whatever create, reset, dispose, sizeOf, the scheduler, the clock and the timers do in between: no
 * object is in two hands, none is lost, nothing goes over its bounds, and who waits is settled once.
 */

import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import { type Adjustment, type Guard, type Lease, Pool, PoolError } from "../mod.ts";
import type { TagHandle } from "../src/tag.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { Oracle, type Watched } from "../testing/oracle.ts";

const SEEDS = 120;
const STEPS = 200;
/** Callbacks within callbacks. */
const MAX_DEPTH = 3;
const TAGS = ["a", "b", "c"];
const MAX_WAIT_MS = 1500;

interface Body extends Watched {
  size: number;
}

/** What the pool may refuse. */
const REFUSALS = ["closed", "sizeOf", "exhausted", "throttled", "timeout"];

/** What a callback throws on purpose. */
class Mishap extends Error {}

/** A pool, what the test holds of it, and a random source of operations. */
class Fuzzer {
  readonly #random: Random;
  readonly #host: FakeHost;
  readonly #pool: Pool<Body>;
  readonly #oracle: Oracle<Body>;
  /** Whether reset clears all that holders write, so that debug has nothing to say. */
  readonly #isClean: boolean;
  readonly #generations: readonly { name: string; maxSize: number; ttlMs: number }[];
  readonly #raw: Body[] = [];
  readonly #leases: { readonly lease: Lease<Body>; readonly body: Body }[] = [];
  readonly #guards: { readonly guard: Guard<Body>; readonly bodies: Body[] }[] = [];
  readonly #maxWaiters: number;
  readonly #controllers: AbortController[] = [];
  /** Acquires that were not settled yet. */
  #pending = 0;
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
    const host = this.#host = new FakeHost({ timers: random.next() < 0.5 });
    const maxLeases = random.next() < 0.6 ? 1 + random.below(8) : undefined;
    this.#maxWaiters = random.below(6);
    const debug = random.next() < 0.4;
    this.#isClean = debug && random.next() < 0.5;
    this.#pool = new Pool<Body>({
      create: () => {
        this.#interrupt();
        return { dirty: false, disposed: 0, size: this.#isClean ? 1 : random.below(20) };
      },
      reset: (body) => {
        assert(!this.#isHeld(body), "reset while it is held");
        this.#interrupt();
        body.dirty = false;
        if (this.#isClean) body.size = 1;
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
        : {
          maxBytes: 4096 * (10 + random.below(60)),
          ...(random.next() < 0.5 ? { sizeOf: random.below(9000) } : {}),
        }),
      generations: this.#generations,
      maxLimbo: 6,
      ...(maxLeases === undefined ? {} : { maxLeases }),
      maxWaiters: this.#maxWaiters,
      ...(random.next() < 0.4 ? { maxCreatesPerSecond: 1 + random.below(20) } : {}),
      debug,
      leakAfterMs: 300,
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
    this.#oracle = new Oracle(this.#pool, maxLeases);
    host.now = () => {
      if (random.next() < 0.05) this.#nest();
      return host.time;
    };
    const timeout = host.timeout.bind(host);
    host.timeout = (callback, delayMs) => {
      const cancel = timeout(callback, delayMs);
      this.#interrupt();
      return cancel;
    };
  }

  async run(): Promise<void> {
    for (let i = 0; i < STEPS; i++) {
      this.#depth = 1;
      this.#step();
      this.#depth = 0;
      // Who was given an object goes on, and holds it.
      for (let turn = 0; turn < 12; turn++) await undefined;
      if (this.#fault !== undefined) throw this.#fault;
      this.#oracle.check();
      const stats = this.#pool.stats();
      const { size } = this.#oracle.leased;
      assert(this.#pool.explain().watched.leases <= size, "watched though it has ended");
      assert(this.#pool.leaks().length <= size);
      if (stats.closed) assertEquals(stats.idle, 0);
      assertEquals(stats.waiting, this.#pending, "who is not settled waits");
      assert(stats.waiting <= this.#maxWaiters, "too many wait");
    }
    this.#host.advance(MAX_WAIT_MS);
    for (let turn = 0; turn < 12; turn++) await undefined;
    assertEquals(this.#pending, 0, "every wait ends");
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
      (cause instanceof PoolError && REFUSALS.includes(cause.code)) ||
      (error instanceof PoolError && error.code === "unclean" && !this.#isClean);
    if (!isExpected) this.#fault ??= error;
  }

  #operate(): void {
    const random = this.#random;
    const pool = this.#pool;
    const tag = pool.tag(TAGS[random.below(TAGS.length)]!) as TagHandle<Body>;
    if (random.next() < 0.3) tag.startPeriod(1);
    const kind = random.below(21);
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
      this.#host.advance(random.below(700));
      pool.tick();
    } else if (kind === 14) {
      if (random.next() < 0.5) pool.prewarm(random.below(6));
      else pool.trim((["moderate", "high", "critical"] as const)[random.below(3)]!);
    } else if (kind < 17) this.#wait(tag.name);
    else if (kind === 17) this.#pick(this.#controllers)?.abort(new Mishap());
    else if (kind === 18) this.#host.time += random.below(50);
    else if (kind === 19) {
      if (random.next() < 0.5) pool.evict(random.below(6));
      else {
        pool.sift(() => {
          this.#interrupt();
          return random.next() < 0.4;
        });
      }
    } else if (random.next() < 0.02) pool.close();
  }

  /** Acquires, waits if need be, and holds what comes of it. */
  #wait(tag: string): void {
    const random = this.#random;
    const controller = new AbortController();
    if (random.next() < 0.5) this.#controllers.push(controller);
    if (this.#controllers.length > 8) this.#controllers.shift();
    const timeoutMs = random.below(MAX_WAIT_MS);
    const options = { tag, timeoutMs, signal: controller.signal };
    let settled = 0;
    this.#pending++;
    const settle = (hold: () => void) => {
      this.#pending--;
      try {
        assertEquals(++settled, 1, "settled twice");
        hold();
      } catch (error) {
        this.#fault ??= error;
      }
    };
    const fail = (error: unknown) => settle(() => this.#excuse(error));
    if (random.next() < 0.5) {
      const hold = (body: Body) => settle(() => this.#raw.push(this.#took(body)));
      this.#pool.acquireAsync(options).then(hold, fail);
    } else {
      const hold = (lease: Lease<Body>) =>
        settle(() => this.#leases.push({ lease, body: this.#took(lease.value) }));
      this.#pool.leaseAsync(options).then(hold, fail);
    }
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
  // Most of debug's time goes into the texts of traces, which Deno looks up in source maps.
  const traces = Error as { prepareStackTrace?: unknown };
  const former = traces.prepareStackTrace;
  before(() => {
    traces.prepareStackTrace = () => "Error\n    at fuzzer";
  });
  after(() => {
    traces.prepareStackTrace = former;
  });

  it(`Pool holds its invariants over ${SEEDS} × ${STEPS} random steps`, async () => {
    const first = Date.now();
    for (let i = 0; i < SEEDS; i++) {
      const seed = `fuzz ${first + i}`;
      try {
        await new Fuzzer(seed).run();
      } catch (error) {
        throw new Error(`seed ${JSON.stringify(seed)}`, { cause: error });
      }
    }
  });
});
