/** Bad input to a pool's constructor and verbs. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { inertHost, Pool, type PoolOptions } from "../mod.ts";
import { assertGrammar, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

const MEGABYTE = "x".repeat(1e6);

/** Runs what must throw; returns what it threw. */
function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    assertInstanceOf(error, Error);
    return error;
  }
  throw new Error("Cannot fail: an error must be thrown: received none");
}

const generation = (patch: object) => ({
  generations: [{ name: "T0", maxSize: 1, ttlMs: 0, ...patch }],
});
const two = (first: number, second: number) => ({
  generations: [
    { name: "T0", maxSize: 1, ttlMs: first },
    { name: "T1", maxSize: 1, ttlMs: second },
  ],
});

/** Options that no pool takes, and what the message says of them. */
const BAD_OPTIONS: readonly (readonly [object, ErrorConstructor, RegExp])[] = [
  [{ create: undefined }, TypeError, /create must be a function: received undefined$/],
  [{ create: {} }, TypeError, /create must be a function: received an object$/],
  [{ reset: undefined }, TypeError, /reset must be a function/],
  [{ reset: "clear" }, TypeError, /reset must be a function: received "clear"$/],
  [{ dispose: 1 }, TypeError, /dispose must be a function: received 1$/],
  [{ dispose: null }, TypeError, /dispose must be a function: received null$/],
  [{ sizeOf: "4096" }, TypeError, /sizeOf must be a function or a number/],
  [{ sizeOf: -1 }, RangeError, /sizeOf must be a finite number of at least 0/],
  [{ sizeOf: NaN }, RangeError, /sizeOf must be a finite number of at least 0/],
  [{ onError: "log" }, TypeError, /onError must be a function/],
  [{ name: 7 }, TypeError, /name must be a string: received 7$/],
  [{ name: Symbol("s") }, TypeError, /name must be a string: received Symbol\(s\)$/],
  ...[-1, 0, 1.5, NaN, Infinity, "1", 1n, null].map((bad) =>
    [{ memoryLimit: bad }, RangeError, /memoryLimit must be an integer of at least 1: /] as const
  ),
  ...[-1, 1.5, NaN, Infinity, "1", null].flatMap((bad) => [
    [{ maxBytes: bad }, RangeError, /maxBytes must be an integer of at least 0: /] as const,
    [{ maxTags: bad }, RangeError, /maxTags must be an integer of at least 0: /] as const,
    [{ maxLimbo: bad }, RangeError, /maxLimbo must be an integer of at least 0: /] as const,
    [{ maxWaiters: bad }, RangeError, /maxWaiters must be an integer of at least 0: /] as const,
  ]),
  ...[-1, 0, NaN, Infinity, "1", null].flatMap((bad) => [
    [{ memoryFraction: bad }, RangeError, /memoryFraction must be /] as const,
    [{ cycleMs: bad }, RangeError, /cycleMs must be a finite number of at least 1: /] as const,
    [{ tickMs: bad }, RangeError, /tickMs must be a finite number of at least 1: /] as const,
  ]),
  ...[-1, 0, 1.5, NaN, Infinity, "1", null].map((bad) =>
    [{ maxLeases: bad }, RangeError, /maxLeases must be an integer of at least 1: /] as const
  ),
  ...[-1, 0, NaN, Infinity, "1", null].map((bad) =>
    [{ maxCreatesPerSecond: bad }, RangeError, /maxCreatesPerSecond must be a finite /] as const
  ),
  [{ tickMs: 2 ** 31 }, RangeError, /tickMs must be at most 2147483647: received 2147483648$/],
  ...[Number.MIN_VALUE, 1e-306, 0.99e-9].map((bad) =>
    [
      { maxCreatesPerSecond: bad },
      RangeError,
      /must be a finite number of at least 1e-9: /,
    ] as const
  ),
  [{ memoryFraction: 1.01 }, RangeError, /memoryFraction must be at most 1: received 1.01$/],
  [{ guard: "warn" }, TypeError, /guard must be one of throw, report, off: received "warn"$/],
  [{ guard: null }, TypeError, /guard must be one of/],
  [{ guard: true }, TypeError, /guard must be one of/],
  [{ scheduler: "adaptive" }, TypeError, /scheduler must be .*: received "adaptive"$/],
  [{ scheduler: {} }, TypeError, /scheduler must be an object with a name and decide\(\)/],
  [{ scheduler: { name: "x" } }, TypeError, /scheduler must be/],
  [{ scheduler: { decide: () => ({}) } }, TypeError, /scheduler must be/],
  [{ scheduler: () => ({}) }, TypeError, /scheduler must be .*: received a function$/],
  [{ host: {} }, TypeError, /host must have now\(\): received an object$/],
  [{ host: "deno" }, TypeError, /host must have now\(\): received "deno"$/],
  [{ host: { ...inertHost(), heap: 1 } }, TypeError, /host must have heap\(\)/],
  [{ host: { ...inertHost(), gc: null } }, TypeError, /host must have gc\(\)/],
  [{ host: { ...inertHost(), defer: {} } }, TypeError, /host must have defer\(\)/],
  [{ host: { ...inertHost(), timeout: 5 } }, TypeError, /host must have timeout\(\)/],
  [{ host: { ...inertHost(), close: undefined } }, TypeError, /host must have close\(\)/],
  [{ heat: null }, TypeError, /heat must be an object: received null$/],
  [{ heat: 5 }, TypeError, /heat must be an object: received 5$/],
  [{ heat: { tagUses: 0 } }, RangeError, /heat\.tagUses must be an integer of at least 1/],
  [{ heat: { decayRate: -1 } }, RangeError, /heat\.decayRate must be /],
  [{ heat: { levelShare: 0 } }, RangeError, /heat\.levelShare must be /],
  [{ heat: { levelShare: 1.5 } }, RangeError, /heat\.levelShare must be at most 1: received 1.5/],
  [{ heat: { windowTicks: 2.5 } }, RangeError, /heat\.windowTicks must be an integer/],
  [{ generations: [] }, RangeError, /generations must be 1 to 8: received 0$/],
  [{ generations: Array(9).fill(null) }, RangeError, /generations must be 1 to 8: received 9$/],
  [{ generations: {} }, RangeError, /generations must be 1 to 8: received an object$/],
  [{ generations: null }, RangeError, /generations must be 1 to 8: received null$/],
  [{ generations: [null] }, TypeError, /generations\[0\] must be an object: received null$/],
  [{ generations: Array(3) }, TypeError, /generations\[0\] must be an object: received undefined/],
  [generation({ name: "" }), TypeError, /\.name must be a string of 1 to 64 characters: rec.* ""$/],
  [generation({ name: "x".repeat(65) }), TypeError, /received a string of 65 characters$/],
  [generation({ name: 1 }), TypeError, /generations\[0\]\.name must be/],
  ...[-1, 1.5, NaN, Infinity, "1", undefined].map((maxSize) =>
    [generation({ maxSize }), RangeError, /generations\[0\]\.maxSize must be an integer/] as const
  ),
  ...[-1, NaN, Infinity, "1", undefined].map((ttlMs) =>
    [generation({ ttlMs }), RangeError, /generations\[0\]\.ttlMs must be a finite number/] as const
  ),
  [two(0, 0), RangeError, /generations\[0\]\.ttlMs must be above 0, .*: received 0$/],
  [two(10, 10), RangeError, /generations\[1\]\.ttlMs must be above 10, .*: received 10$/],
  [two(10, 5), RangeError, /generations\[1\]\.ttlMs must be above 10, .*: received 5$/],
];

describe("new Pool() with bad input", () => {
  for (const [bad, type, message] of BAD_OPTIONS) {
    it(`new Pool() refuses what makes it say ${message.source} for ${describeBad(bad)}`, () => {
      const options = { create: () => ({}), reset: () => {}, ...bad } as PoolOptions<object>;
      const error = thrownBy(() => new Pool(options));
      assertEquals(error.constructor, type, error.message);
      assertEquals(error.message.match(message) !== null, true, error.message);
      assertEquals(error.message.startsWith("Cannot create Pool: "), true, error.message);
      assertGrammar(error);
    });
  }

  for (const bad of [undefined, null, 7, "options", () => {}]) {
    it(`new Pool() refuses ${String(bad)} for options`, () => {
      const error = thrownBy(() => new Pool(bad as never));
      assertInstanceOf(error, TypeError);
      assertGrammar(error);
    });
  }

  const accepted: Record<string, Partial<PoolOptions<object>>> = {
    "maxBytes: 0": { maxBytes: 0 },
    "maxTags: 0": { maxTags: 0 },
    "maxLimbo: 0": { maxLimbo: 0 },
    "maxLeases: 1": { maxLeases: 1 },
    "maxWaiters: 0": { maxWaiters: 0 },
    "maxCreatesPerSecond: 0.5": { maxCreatesPerSecond: 0.5 },
    "maxCreatesPerSecond: 1e-9": { maxCreatesPerSecond: 1e-9 },
    "the longest tick": { tickMs: 2 ** 31 - 1 },
    "memoryFraction: 1": { memoryFraction: 1 },
    "an empty name": { name: "" },
    "a tick of fractions": { tickMs: 1.5, cycleMs: 1.5 },
    "a generation of none": { generations: [{ name: "none", maxSize: 0, ttlMs: 0 }] },
    "8 generations": {
      generations: Array.from(
        { length: 8 },
        (_, i) => ({ name: `${i}`, maxSize: 1, ttlMs: i + 1 }),
      ),
    },
    "a generation of 2 ** 53 - 1": {
      generations: [{ name: "all", maxSize: Number.MAX_SAFE_INTEGER, ttlMs: 0 }],
    },
  };
  for (const [name, options] of Object.entries(accepted)) {
    it(`new Pool() takes ${name}`, () => {
      const pool = new Pool({ create: () => ({}), reset: () => {}, host: inertHost(), ...options });
      pool.release(pool.acquire("tag"));
      pool.tick();
      checkStats(pool.stats(), true);
    });
  }

  it("new Pool() copies its generations", () => {
    const generations = [{ name: "T0", maxSize: 3, ttlMs: 0 }];
    const { pool } = thingPool({ generations });
    generations[0]!.maxSize = 99;
    generations.push({ name: "T1", maxSize: 1, ttlMs: 0 });
    assertEquals(pool.stats().generations.map(({ maxSize }) => maxSize), [3]);
  });
});

describe("Tags with bad names", () => {
  const names: readonly (readonly [unknown, string])[] = [
    ["", '""'],
    [MEGABYTE, "a string of 1000000 characters"],
    ["x".repeat(257), "a string of 257 characters"],
    [7, "7"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [{ toString: () => "auth" }, "an object"],
    [["auth"], "an array of 1"],
  ];
  for (const [name, shown] of names) {
    it(`Pool refuses a tag named ${shown}`, () => {
      const { pool, made } = thingPool();
      const tag = name as string;
      const thing = pool.acquire();
      const guard = pool.guard();
      const verbs: Record<string, () => unknown> = {
        acquire: () => pool.acquire(tag),
        release: () => pool.release(thing, tag),
        lease: () => pool.lease(tag),
        with: () => pool.with(tag, () => {}),
        tag: () => pool.tag(tag),
        "guard.release": () => guard.release(thing, tag),
      };
      for (const [verb, run] of Object.entries(verbs)) {
        const error = thrownBy(run);
        assertInstanceOf(error, TypeError, verb);
        assertGrammar(error);
        assertEquals(error.message.endsWith(`: received ${shown}`), true, error.message);
      }
      // Nothing lost, nothing learnt.
      pool.release(thing);
      assertEquals(made.length, 1);
      assertEquals(pool.stats().tags.map((stats) => stats.name), ["(untagged)"]);
      checkStats(pool.stats());
    });
  }

  it("Pool takes tags of 1 and of 256 characters", () => {
    const { pool } = thingPool();
    for (const tag of ["x", "x".repeat(256)]) pool.release(pool.acquire(tag));
    assertEquals(pool.stats().tags.map((stats) => stats.name.length), [1, 256]);
  });
});

describe("Verbs with bad input", () => {
  for (const count of [-1, 1.5, NaN, Infinity, "3", undefined, null, 3n]) {
    it(`Pool.prewarm() refuses ${String(count)}${typeof count === "string" ? " as text" : ""}`, () => {
      const { pool } = thingPool();
      const error = thrownBy(() => pool.prewarm(count as number));
      assertInstanceOf(error, RangeError);
      assertGrammar(error);
      assertEquals(pool.stats().created, 0);
    });
  }

  const waits: readonly (readonly [unknown, ErrorConstructor, RegExp])[] = [
    ...[undefined, null, 7, "5", () => {}].map((bad) =>
      [bad, TypeError, /options must be an object: /] as const
    ),
    ...[undefined, null, -1, NaN, Infinity, "5", 5n].map((timeoutMs) =>
      [{ timeoutMs }, RangeError, /timeoutMs must be a finite number of at least 0: /] as const
    ),
    [{ timeoutMs: 2 ** 31 }, RangeError, /timeoutMs must be at most 2147483647: rec.* 2147483648$/],
    ...[null, 7, {}, new AbortController()].map((signal) =>
      [{ timeoutMs: 5, signal }, TypeError, /signal must be an AbortSignal: received /] as const
    ),
    ...["", null, 7].map((tag) => [{ timeoutMs: 5, tag }, TypeError, /tag must be /] as const),
  ];
  for (const [options, type, message] of waits) {
    const name = describeBad({ options });
    it(`Pool.acquireAsync() and leaseAsync() refuse ${name} with ${message.source}`, async () => {
      const { pool } = thingPool();
      for (const verb of ["acquireAsync", "leaseAsync"] as const) {
        const error = await pool[verb](options as never).then(() => undefined, (e: Error) => e);
        assertInstanceOf(error, type);
        assertMatch(error.message, message);
        assertGrammar(error);
      }
      assertEquals(pool.stats().created, 0);
    });
  }

  for (const pressure of ["", "extreme", "NONE", undefined, null, 1]) {
    it(`Pool.trim() refuses ${JSON.stringify(pressure)}`, () => {
      const { pool } = thingPool();
      const error = thrownBy(() => pool.trim(pressure as never));
      assertInstanceOf(error, TypeError);
      assertGrammar(error);
    });
  }

  for (const fn of [undefined, null, 7, {}]) {
    it(`Pool.with() refuses ${JSON.stringify(fn)} for a function`, () => {
      const { pool } = thingPool();
      const error = thrownBy(() => pool.with("tag", fn as never));
      assertInstanceOf(error, TypeError);
      assertGrammar(error);
      assertEquals(pool.stats().leased, 0);
    });
  }
});

/** Writes bad options in a test's name. */
function describeBad(options: object): string {
  const write = (_: string, value: unknown) => {
    if (typeof value === "string" && value.length > 20) return `${value.length} characters`;
    return typeof value === "number" || value === undefined || typeof value === "bigint" ||
        typeof value === "symbol" || typeof value === "function"
      ? `${typeof value} ${String(value)}`
      : value;
  };
  return JSON.stringify(options, write);
}
