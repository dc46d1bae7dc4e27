/** Input that somebody chose to do harm with: tags taken from URLs, options and objects that lie. */

import { describe, it } from "node:test";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { adaptiveScheduler, detectHost, Pool, type PoolOptions } from "../mod.ts";
import { canCollect, collect } from "./fixture/collection.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { assertGrammar, failsWith, type Thing, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

/** The tags of a pool that are not its user's: the untagged one, and the one of all past the cap. */
const OWN_TAGS = 2;

/** Ways to give a pool a tag, each of which ends with nothing leased. */
const VERBS: Readonly<Record<string, (pool: Pool<Thing>, tag: string) => void>> = {
  "acquire() and release()": (pool, tag) => pool.release(pool.acquire(tag)),
  "release() under a tag": (pool, tag) => pool.release(pool.acquire(), tag),
  "lease()": (pool, tag) => pool.lease(tag).release(),
  "with()": (pool, tag) => pool.with(tag, () => {}),
  "tag()": (pool, tag) => pool.tag(tag).with(() => {}),
  "guard.release()": (pool, tag) => {
    using guard = pool.guard();
    guard.release(pool.acquire(), tag);
  },
};

/** Names that mean something to JavaScript, to a terminal or to a decoder, but nothing to a pool. */
const NAMES: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "__defineGetter__",
  "length",
  "then",
  "@siliconflow/pool slot",
  "\0",
  "\ud800",
  "\udc00\ud800",
  "\u202e",
  "\r\nSet-Cookie: a=b",
  "é",
  "e\u0301",
  "👩‍👩‍👧",
  "👩".repeat(128),
  "%00",
  "%E0%A4%A",
  "../../etc/passwd",
  "<script>",
  " ",
  "NaN",
  "0",
];

/** What a polluted prototype would show. */
function prototypes(): string[] {
  return [Object, Function, Array, Map, String, Number, Error].map(({ prototype }) =>
    Reflect.ownKeys(prototype).map(String).join()
  );
}

describe("Tags from URLs", () => {
  for (const [verb, use] of Object.entries(VERBS)) {
    it(`Pool takes names for names in ${verb}, whatever else they mean`, () => {
      const before = prototypes();
      const { pool, host } = thingPool({ scheduler: adaptiveScheduler() });
      for (const name of NAMES) {
        use(pool, name);
        use(pool, name);
      }
      host.time += 500;
      pool.tick();
      assertEquals(prototypes(), before);

      const { tags } = pool.stats();
      const told = new Set(tags.map(({ name }) => name));
      const isLearnt = verb !== "release() under a tag" && verb !== "guard.release()";
      if (isLearnt) assertEquals(told, new Set(NAMES));
      // Data that survives its way through JSON, own keys and all.
      for (const data of [pool.stats(), pool.explain()]) {
        assertEquals(JSON.parse(JSON.stringify(data)), data);
      }
      for (const name of NAMES) assertEquals(pool.tag(name).name, name);
      checkStats(pool.stats(), true);
      assertEquals(pool.stats().leased, 0);
    });

    it(`Pool refuses a tag of megabytes in ${verb} without reading it`, () => {
      const { pool } = thingPool();
      const megabytes = "/".repeat(4e6);
      const begun = performance.now();
      // To read each of them once would be 40 GB.
      for (let i = 0; i < 10_000; i++) {
        try {
          use(pool, megabytes + i);
        } catch (error) {
          assertInstanceOf(error, TypeError);
          assertLess(error.message.length, 200);
          if (i === 0) assertGrammar(error);
          continue;
        }
        throw new Error("Cannot fail: an error must be thrown: received none");
      }
      assertLess(performance.now() - begun, 4000);
      assertLessOrEqual(pool.stats().tags.length, 1);
      checkStats(pool.stats());
    });
  }

  it("Pool takes names for names in acquireAsync() and leaseAsync(), and refuses megabytes", async () => {
    const { pool } = thingPool({ maxLeases: 1 });
    for (const tag of NAMES) {
      pool.release(await pool.acquireAsync({ tag, timeoutMs: 1000 }));
      (await pool.leaseAsync({ tag, timeoutMs: 1000 })).release();
    }
    assertEquals(new Set(pool.stats().tags.map(({ name }) => name)), new Set(NAMES));
    const tag = "/".repeat(4e6);
    await assertRejects(() => pool.acquireAsync({ tag, timeoutMs: 1000 }), TypeError);
    await assertRejects(() => pool.leaseAsync({ tag, timeoutMs: 1000 }), TypeError);
    assertEquals([pool.stats().leased, pool.stats().waiting], [0, 0]);
    checkStats(pool.stats());
  });

  it("Pool takes 256 characters and refuses 257, counted as JavaScript does", () => {
    const { pool } = thingPool();
    pool.tag("👩".repeat(128));
    pool.tag("\ud800".repeat(256));
    assertThrows(() => pool.tag("👩".repeat(128) + "x"), TypeError, "received a string of 257");
    assertThrows(() => pool.tag("\0".repeat(257)), TypeError, "received a string of 257");
  });

  it("Pool tells no tag from another that shares only a prefix, a case or a look", () => {
    const { pool } = thingPool();
    const names = ["/a", "/a/", "/A", "/а", "/a ", "/a\0", "/é", "/e\u0301"];
    assertEquals(new Set(names.map((name) => pool.tag(name))).size, names.length);
  });
});

describe("A million tags", () => {
  const COUNT = 1_000_000 / Object.keys(VERBS).length;
  const canMeasure = canCollect && detectHost().heap() !== undefined;

  it("Pool shows its cap of tags and its own, and not many more bytes than that", () => {
    const { pool, host } = thingPool({ scheduler: adaptiveScheduler() });
    pool.release(pool.acquire());
    flood(pool, host, [VERBS["lease()"]!], 10_000);
    const { tags } = pool.stats();
    assertEquals(tags.length, 256 + OWN_TAGS);
    assert(tags.some(({ name }) => name === "(other)"));
    for (const data of [pool.stats(), pool.explain()]) {
      assertLess(JSON.stringify(data).length, 300 * (256 + OWN_TAGS));
    }
    checkStats(pool.stats());
  });

  it("Pool has one tag for all of them where maxTags is 0", () => {
    const { pool, host } = thingPool({ maxTags: 0 });
    flood(pool, host, Object.values(VERBS), 1000);
    assertEquals(pool.stats().tags.map(({ name }) => name), ["(untagged)", "(other)"]);
  });

  for (const [verb, use] of Object.entries(VERBS)) {
    it(`Pool holds on to none past the cap in ${verb}`, { skip: !canMeasure }, async () => {
      const { pool, host } = thingPool({ scheduler: adaptiveScheduler() });
      // What is compiled and learnt once is paid before.
      flood(pool, host, [use], 5000);
      const before = await usedBytes();
      flood(pool, host, [use], Math.ceil(COUNT));
      const grown = await usedBytes() - before;
      // A name alone takes 40 bytes and its place in a Map 24 at least, so 10 MB for all of them.
      assertLess(grown, 2 * 2 ** 20);
      assertLessOrEqual(pool.stats().tags.length, 256 + OWN_TAGS);
    });
  }
});

/** Uses so many tags, each only once, and ticks now and then. */
function flood(
  pool: Pool<Thing>,
  host: FakeHost,
  uses: readonly ((pool: Pool<Thing>, tag: string) => void)[],
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    uses[i % uses.length]!(pool, `/users/${flooded++}/orders`);
    if (i % 5000 === 0) {
      host.time += 500;
      pool.tick();
    }
  }
}

/** Tags given so far: no two floods share one. */
let flooded = 0;

/** What the heap holds after collections in turns of their own, in bytes. */
async function usedBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  return detectHost().heap()!.usedBytes;
}

describe("Options that lie", () => {
  const honest = () => ({
    create: () => ({}),
    reset: () => {},
    dispose: () => {},
    sizeOf: () => 1,
    name: "honest",
    generations: [{ name: "T0", maxSize: 1, ttlMs: 0 }],
    scheduler: adaptiveScheduler(),
    host: new FakeHost(),
    maxBytes: 100,
    memoryLimit: 1000,
    memoryFraction: 0.5,
    maxTags: 1,
    maxLimbo: 1,
    maxLeases: 2,
    maxWaiters: 1,
    maxCreatesPerSecond: 100,
    cycleMs: 1000,
    tickMs: 100,
    heat: {},
    guard: "off",
    debug: false,
    leakAfterMs: 1000,
    onError: () => {},
  } satisfies Required<PoolOptions<object>>);

  it("new Pool() reads each option once, so that none can change after the check", () => {
    const reads = new Map<PropertyKey, number>();
    const proxy = new Proxy<PoolOptions<object>>(honest(), {
      get(target, key, receiver) {
        reads.set(key, (reads.get(key) ?? 0) + 1);
        return Reflect.get(target, key, receiver);
      },
    });
    const pool = new Pool(proxy);
    pool.release(pool.acquire());
    pool.tick();
    for (const key of Object.keys(honest())) assertEquals(reads.get(key), 1, key);
    assertEquals(Math.max(...reads.values()), 1);
  });

  it("acquireAsync() and leaseAsync() read each option once", async () => {
    const { pool } = thingPool({ maxLeases: 1 });
    const reads: PropertyKey[] = [];
    const options = new Proxy({ tag: "a", timeoutMs: 1000, signal: new AbortController().signal }, {
      get(target, key, receiver) {
        reads.push(key);
        return Reflect.get(target, key, receiver);
      },
    });
    pool.release(await pool.acquireAsync(options));
    (await pool.leaseAsync(options)).release();
    const each = ["tag", "timeoutMs", "signal"];
    assertEquals(reads, [...each, ...each]);
  });

  for (const key of Object.keys(honest())) {
    it(`new Pool() lets the getter of ${key} throw what it throws`, () => {
      const options = honest();
      const own = new Error(`no ${key}`);
      Object.defineProperty(options, key, {
        get() {
          throw own;
        },
      });
      assertStrictEquals(assertThrows(() => new Pool(options)), own);
    });
  }

  it("new Pool() inherits no option from a polluted prototype unseen", () => {
    // As `{ ...JSON.parse(body) }` would give it: an own key, which is no option.
    const given = JSON.parse('{"__proto__": {"maxTags": 0, "guard": "off"}}');
    const { pool } = thingPool({ ...given });
    pool.release(pool.acquire("a"));
    assertEquals(pool.stats().tags.map(({ name }) => name), ["a"]);
    const thing = pool.acquire();
    pool.release(thing);
    failsWith("double", () => pool.release(thing));
  });

  it("new Pool() takes names of generations for names", () => {
    const before = prototypes();
    const generations = ["__proto__", "constructor", "toString"].map((name, i) => ({
      name,
      maxSize: 3,
      ttlMs: i === 2 ? 0 : 10 * 2 ** i,
    }));
    const { pool } = thingPool({ generations, name: "__proto__" });
    pool.release(pool.acquire());
    pool.tick();
    assertEquals(pool.stats().generations.map(({ name }) => name), generations.map((g) => g.name));
    assertEquals(JSON.parse(JSON.stringify(pool.explain())), pool.explain());
    assertEquals(prototypes(), before);
  });
});

describe("Objects that lie", () => {
  const thrower = (): never => {
    throw new Error("hands off");
  };
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const unreadable: Readonly<Record<string, () => object>> = {
    "a getter of then that throws": () => Object.defineProperty({}, "then", { get: thrower }),
    "a revoked Proxy": revoked,
    "a Proxy that lets nothing be read": () => new Proxy({}, { get: thrower }),
  };
  for (const [what, make] of Object.entries(unreadable)) {
    it(`Pool says that create returned ${what}, and counts nothing`, () => {
      const { pool } = thingPool({ create: make as () => Thing });
      failsWith("create", () => pool.acquire());
      failsWith("create", () => pool.lease("tag"));
      failsWith("create", () => pool.prewarm(1));
      const { created, leased, acquires } = pool.stats();
      assertEquals([created, leased, acquires], [0, 0, 0]);
    });
  }

  const untouchable: Readonly<Record<string, ProxyHandler<object>>> = {
    "refuses a field": { defineProperty: () => false },
    "throws at a field": { defineProperty: thrower },
    "does not tell whether it is extensible": { isExtensible: thrower },
    "does not tell its fields": { getOwnPropertyDescriptor: thrower },
  };
  for (const [what, traps] of Object.entries(untouchable)) {
    it(`Pool counts nothing where create returned a Proxy that ${what}`, () => {
      let isHostile = true;
      const { pool } = thingPool({
        create() {
          const thing = { id: 0, dirty: false, disposed: 0, size: 1 };
          return isHostile ? new Proxy(thing, traps as ProxyHandler<typeof thing>) : thing;
        },
      });
      assertThrows(() => pool.acquire(), Error);
      assertThrows(() => pool.with("tag", () => {}), Error);
      isHostile = false;
      pool.release(pool.acquire());
      const { created, leased, idle, acquires } = pool.stats();
      assertEquals([created, leased, idle, acquires], [1, 0, 1, 1]);
    });
  }

  it("Pool.release() finishes where the measured creations give objects that cannot be read", () => {
    let isHostile = false;
    const { pool, host } = thingPool({
      create: () => isHostile ? revoked() as Thing : { id: 0, dirty: false, disposed: 0, size: 1 },
      scheduler: { name: "prober", decide: () => ({ probe: true }) },
    });
    const thing = pool.acquire();
    pool.release(thing);
    isHostile = true;
    for (let i = 0; i < 2000; i++) {
      if (i % 100 === 0) {
        host.time += 500;
        pool.tick();
      }
      pool.release(pool.acquire());
    }
    assertEquals(pool.stats().leased, 0);
    checkStats(pool.stats());
  });

  const strangers: Readonly<Record<string, () => object>> = {
    "a revoked Proxy": revoked,
    "a getter in the slot's place that throws": () =>
      Object.defineProperty({}, "@siliconflow/pool slot", { get: thrower }),
    "a slot whose holder throws": () => ({
      "@siliconflow/pool slot": Object.defineProperty({}, "holder", { get: thrower }),
    }),
  };
  for (const [what, make] of Object.entries(strangers)) {
    it(`Pool takes nothing from whoever releases ${what}`, () => {
      const { pool } = thingPool();
      const held = pool.acquire("tag");
      using guard = pool.guard();
      const stranger = make() as Thing;
      assertThrows(() => pool.release(stranger), Error);
      assertThrows(() => pool.release(stranger, "tag"), Error);
      assertThrows(() => pool.tag("tag").release(stranger), Error);
      assertThrows(() => guard.release(stranger), Error);
      const { leased, idle, limbo, created } = pool.stats();
      assertEquals([leased, idle, limbo, created], [1, 0, 0, 1]);
      pool.release(held);
      assertStrictEquals(pool.acquire(), held);
    });
  }
});
