/** What happens to a pool that is used wrongly. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { type GuardMode, Pool, type PoolErrorCode } from "../mod.ts";
import { failsWith, type Thing, type ThingPool, thingPool } from "./fixture/thing.ts";
import { checkStats } from "../testing/oracle.ts";

/** A wrong use of a pool. */
interface Misuse {
  readonly name: string;
  readonly code: PoolErrorCode;
  /** Makes the wrong use possible and returns it. */
  readonly prepare: (subject: ThingPool) => () => void;
  /** What the account shows afterwards, whatever the guard mode. */
  readonly leased: number;
  readonly idle: number;
}

const MISUSES: readonly Misuse[] = [
  {
    name: "release–release",
    code: "double",
    prepare({ pool }) {
      const thing = pool.acquire();
      pool.release(thing);
      return () => pool.release(thing);
    },
    leased: 0,
    idle: 1,
  },
  {
    name: "release–release under tags",
    code: "double",
    prepare({ pool }) {
      const thing = pool.acquire("a");
      pool.release(thing, "b");
      return () => pool.tag("a").release(thing);
    },
    leased: 0,
    idle: 1,
  },
  {
    name: "release of a discarded object",
    code: "double",
    prepare({ pool }) {
      const thing = pool.acquire();
      pool.release(thing);
      pool.trim("critical");
      return () => pool.release(thing);
    },
    leased: 0,
    idle: 0,
  },
  {
    name: "release of an object that no pool made",
    code: "foreign",
    prepare: ({ pool }) => () => pool.release({ id: 0, dirty: false, disposed: 0, size: 1 }),
    leased: 0,
    idle: 0,
  },
  {
    name: "release of an object leased from another pool",
    code: "foreign",
    prepare({ pool }) {
      const thing = thingPool().pool.acquire();
      return () => pool.release(thing);
    },
    leased: 0,
    idle: 0,
  },
  ...[null, undefined, 7, "text", Symbol("s")].map((value): Misuse => ({
    name: `release of ${String(value)}`,
    code: "foreign",
    prepare: ({ pool }) => () => pool.release(value as never),
    leased: 0,
    idle: 0,
  })),
  ...["null", "7", "{}", '{"holder":0}'].map((slot): Misuse => ({
    name: `release of data with a forged slot: ${slot}`,
    code: "foreign",
    prepare({ pool }) {
      const data = JSON.parse(`{"@siliconflow/pool slot":${slot}}`);
      return () => pool.release(data);
    },
    leased: 0,
    idle: 0,
  })),
  {
    name: "release of an heir",
    code: "foreign",
    prepare({ pool }) {
      const heir = Object.create(pool.acquire());
      return () => pool.release(heir);
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "release of a spread copy",
    code: "foreign",
    prepare({ pool }) {
      const copy = { ...pool.acquire() };
      return () => pool.release(copy);
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "release of a Proxy",
    code: "foreign",
    prepare({ pool }) {
      const proxy = new Proxy(pool.acquire("a"), {});
      return () => pool.tag("a").release(proxy);
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "raw release of what a lease holds",
    code: "leased",
    prepare({ pool }) {
      const lease = pool.lease();
      return () => pool.release(lease.value);
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "raw release of what with() holds",
    code: "leased",
    prepare({ pool }) {
      let thing: Thing | undefined;
      void pool.with("a", (held) => {
        thing = held;
        return new Promise(() => {});
      });
      return () => pool.tag("a").release(thing!);
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "raw release of what a guard holds",
    code: "leased",
    prepare({ pool }) {
      const thing = pool.acquire();
      pool.guard().release(thing);
      return () => pool.release(thing);
    },
    leased: 0,
    idle: 0,
  },
  {
    name: "raw release after a lease took the object up again",
    code: "leased",
    prepare({ pool }) {
      const thing = pool.acquire();
      pool.release(thing);
      assertStrictEquals(pool.lease().value, thing);
      return () => pool.release(thing);
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "lease release–release",
    code: "stale",
    prepare({ pool }) {
      const lease = pool.lease();
      lease.release();
      return () => lease.release();
    },
    leased: 0,
    idle: 1,
  },
  {
    name: "lease release–reacquire–release",
    code: "stale",
    prepare({ pool }) {
      const first = pool.lease("a");
      const { value } = first;
      first.release();
      assertStrictEquals(pool.lease("a").value, value);
      return () => first.release();
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "lease release after a raw acquire took the object up again",
    code: "stale",
    prepare({ pool }) {
      const first = pool.lease();
      first.release();
      pool.acquire();
      return () => first.release();
    },
    leased: 1,
    idle: 0,
  },
  {
    name: "guard release of an idle object",
    code: "double",
    prepare({ pool }) {
      const thing = pool.acquire();
      pool.release(thing);
      const guard = pool.guard();
      return () => guard.release(thing);
    },
    leased: 0,
    idle: 1,
  },
  {
    name: "guard release–release",
    code: "leased",
    prepare({ pool }) {
      const thing = pool.acquire();
      const guard = pool.guard();
      guard.release(thing);
      return () => guard.release(thing);
    },
    leased: 0,
    idle: 0,
  },
  {
    name: "guard release of what a lease holds",
    code: "leased",
    prepare({ pool }) {
      const lease = pool.lease();
      const guard = pool.guard();
      return () => guard.release(lease.value);
    },
    leased: 1,
    idle: 0,
  },
];

describe("Pool used wrongly", () => {
  for (const { name, code, prepare, leased, idle } of MISUSES) {
    for (const mode of ["throw", "report", "off"] satisfies GuardMode[]) {
      it(`Pool with guard: "${mode}" catches ${name}`, () => {
        const subject = thingPool({ guard: mode });
        const misuse = prepare(subject);
        assertEquals(subject.pool.stats().misuses, 0);
        if (mode === "throw") failsWith(code, misuse);
        else misuse();
        const codes = subject.errors.map((error) => (error as { code?: string }).code);
        assertEquals(codes, mode === "report" ? [code] : []);
        const stats = subject.pool.stats();
        assertEquals({ misuses: stats.misuses, leased: stats.leased, idle: stats.idle }, {
          misuses: 1,
          leased,
          idle,
        });
        checkStats(stats);
        // Whatever it was, nothing is handed out twice.
        const next = Array.from({ length: 3 }, () => subject.pool.acquire());
        assertEquals(new Set(next).size, 3);
      });
    }
  }

  it("Pool cannot tell a raw release after a raw acquire took the object up again", () => {
    const { pool } = thingPool();
    const first = pool.acquire();
    pool.release(first);
    const second = pool.acquire();
    assertStrictEquals(second, first);
    // The first holder's second release ends the second holder's lease: this is why leases exist.
    pool.release(first);
    assertEquals(pool.stats().misuses, 0);
    assertEquals(pool.stats().leased, 0);
    // It shows at the latest where the second holder comes back.
    failsWith("double", () => pool.release(second));
    checkStats(pool.stats());
  });

  it("Pool catches misuse of timed leases too", () => {
    const { pool } = thingPool();
    for (let i = 0; i < 1000; i++) {
      const thing = pool.acquire("a");
      pool.release(thing);
      failsWith("double", () => pool.release(thing));
      const lease = pool.lease("a");
      failsWith("leased", () => pool.tag("a").release(lease.value));
      lease.release();
      failsWith("stale", () => lease.release());
      pool.with("a", (held) => void failsWith("leased", () => pool.release(held)));
    }
    assertEquals(pool.stats().misuses, 4000);
    assertEquals(pool.stats().idle, 1);
    checkStats(pool.stats());
  });

  it("Pool.with() still takes its object back where the function released it raw", () => {
    const { pool } = thingPool();
    failsWith("leased", () => pool.with("a", (thing) => pool.release(thing)));
    assertEquals(pool.stats().idle, 1);
  });

  it("Pool keeps the heirs of its objects out of the pools that make them", () => {
    const { pool } = thingPool();
    const base = pool.acquire();
    const other = new Pool<Thing>({ create: () => Object.create(base), reset: () => {} });
    const heir = other.acquire();
    assertNotStrictEquals(heir, base);
    failsWith("foreign", () => pool.release(heir));
    failsWith("foreign", () => other.release(base));
    other.release(heir);
    pool.release(base);
    assertEquals([pool.stats().idle, other.stats().idle], [1, 1]);
    other.close();
  });

  it("Pool.release() believes no forged slot, whatever number it guesses", () => {
    const { pool } = thingPool();
    const tag = pool.tag("a");
    pool.release(pool.acquire());
    const numbers = Array.from({ length: 1000 }, (_, i) => i - 10);
    for (const holder of numbers) {
      const sent: Record<string, unknown> = { id: 0 };
      sent["@siliconflow/pool slot"] = { object: sent, holder, stamp: 1, had: 0 };
      const data = structuredClone(sent) as unknown as Thing;
      failsWith("foreign", () => pool.release(data));
      failsWith("foreign", () => tag.release(data));
    }
    assertEquals([pool.stats().idle, pool.stats().leased], [1, 0]);
  });

  it("Pool of objects that have a field of the slot's name leaves it alone", () => {
    const sent = '{"id":1,"@siliconflow/pool slot":null}';
    const pool = new Pool<Thing>({ create: () => JSON.parse(sent), reset: () => {} });
    const thing = pool.acquire();
    pool.release(thing);
    failsWith("double", () => pool.release(thing));
    assertStrictEquals(pool.acquire(), thing);
    assertEquals(JSON.stringify(thing), sent);
    pool.close();
  });

  it("Pool of proxies tells a proxy from its target", () => {
    const targets: Thing[] = [];
    const { pool } = thingPool({
      create() {
        const target = { id: 0, dirty: false, disposed: 0, size: 1 };
        targets.push(target);
        return new Proxy(target, {});
      },
    });
    const proxy = pool.acquire();
    failsWith("foreign", () => pool.release(targets[0]!));
    pool.release(proxy);
    assert(pool.acquire() === proxy);
  });
});
