import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Pool } from "../mod.ts";
import { leftoversOf, listLeftovers, Look } from "../src/leftover.ts";

/** What a holder's writes leave behind, as a text, after a reset that may be missing. */
function leave<T extends object>(
  object: T,
  use: (object: T) => void,
  reset: (object: T) => void = () => {},
): string {
  const handed = new Look(object);
  use(object);
  const before = new Look(object);
  reset(object);
  const after = new Look(object);
  const isCut = handed.isCut || before.isCut || after.isCut;
  return listLeftovers(leftoversOf(handed, before, after), isCut);
}

// deno-lint-ignore no-explicit-any -- the cases are of many shapes
type Any = any;

/** An instance with fields that a look can follow. */
class User {
  id = 0;
  name = "";
}

/** An instance that shows nothing. */
class Sealed {
  #n = 1;
  get n(): number {
    return this.#n;
  }
}

const symbol = Symbol("note");
const key = {};

const cases: readonly {
  name: string;
  make: () => Any;
  use: (o: Any) => void;
  reset?: (o: Any) => void;
  left: string;
}[] = [
  {
    name: "a scalar",
    make: () => ({ a: 0, b: 0 }),
    use: (o) => o.a = o.b = 7,
    reset: (o) => o.a = 0,
    left: "b (a number)",
  },
  {
    name: "a new field",
    make: () => ({}),
    use: (o) => o.user = "ada",
    left: "user (a string of 3)",
  },
  { name: "a flag", make: () => ({ on: false }), use: (o) => o.on = true, left: "on (a boolean)" },
  { name: "a big integer", make: () => ({ n: 0n }), use: (o) => o.n = 5n, left: "n (a bigint)" },
  { name: "a symbol", make: () => ({ s: null }), use: (o) => o.s = symbol, left: "s (a symbol)" },
  {
    name: "a field named by a symbol",
    make: () => ({ [symbol]: 0 }),
    use: (o) => o[symbol] = 1,
    left: "[Symbol(note)] (a number)",
  },
  {
    name: "a field whose name is no identifier",
    make: () => ({}),
    use: (o) => o["x-id"] = 1,
    left: '["x-id"] (a number)',
  },
  {
    name: "a field whose name may be a secret",
    make: () => ({}),
    use: (o) => o["t".repeat(40)] = 1,
    left: "[a key of 42 characters] (a number)",
  },
  {
    name: "what is nested",
    make: () => ({ user: new User(), deep: { er: { x: 0 } } }),
    use: (o) => {
      o.user.name = "ada";
      o.deep.er.x = 1;
    },
    left: "user.name (a string of 3), deep.er.x (a number)",
  },
  {
    name: "an element of an array",
    make: () => ({ items: [0, 0, 0, 0] }),
    use: (o) => o.items[3] = o.items[1] = 9,
    reset: (o) => o.items[1] = 0,
    left: "items[3] (a number)",
  },
  {
    name: "an object in an array",
    make: () => ({ rows: [{ id: 0 }] }),
    use: (o) => o.rows.push({ id: 5 }),
    left: "rows[1].id (a number)",
  },
  {
    name: "an entry of a map",
    make: () => ({ map: new Map() }),
    use: (o) => o.map.set("k", 1).set("l", 2),
    reset: (o) => o.map.delete("l"),
    left: 'map.get("k") (a number)',
  },
  {
    name: "an entry of a map under an object",
    make: () => ({ map: new Map() }),
    use: (o) => o.map.set(key, { n: 1 }).set({}, 0),
    left: "map.get(an Object).n (a number)",
  },
  {
    name: "a member of a set",
    make: () => ({ set: new Set(["old"]) }),
    use: (o) => o.set.add("new").add(5),
    left: 'set.has("new") (a member), set.has(5) (a member)',
  },
  {
    name: "a byte",
    make: () => ({ bytes: new Uint8Array(8) }),
    use: (o) => o.bytes.fill(1, 2, 6),
    reset: (o) => o.bytes.fill(0, 0, 5),
    left: "bytes[5] (1 byte)",
  },
  {
    name: "an element of wider ones",
    make: () => ({ figures: new Float64Array(4) }),
    use: (o) => o.figures[2] = 1.5,
    left: "figures[2] (2 bytes)",
  },
  {
    name: "bytes of a bare buffer and of a view on one",
    make: () => ({ buffer: new ArrayBuffer(4), view: new DataView(new ArrayBuffer(4)) }),
    use: (o) => {
      new Uint8Array(o.buffer)[1] = 1;
      o.view.setUint8(3, 1);
    },
    left: "buffer[1] (1 byte), view[3] (1 byte)",
  },
  {
    name: "an opaque object",
    make: () => ({ user: null, on: null, at: null }),
    use: (o) => {
      o.user = new Sealed();
      o.on = () => {};
      o.at = new Date(5);
    },
    left: "user (a Sealed), on (a Function), at (a Date)",
  },
  {
    name: "a date that is written",
    make: () => ({ at: new Date(5) }),
    use: (o) => o.at.setTime(6),
    left: "at (a Date)",
  },
  {
    name: "a map itself",
    make: () => new Map(),
    use: (m) => m.set("k", 1),
    left: 'get("k") (a number)',
  },
  { name: "an array itself", make: () => [], use: (a) => a.push("x"), left: "[0] (a string of 1)" },
  {
    name: "a class of maps with a field of its own",
    make: () => Object.assign(new Map(), { tag: "" }),
    use: (m) => m.tag = "t",
    left: "tag (a string of 1)",
  },

  // What is clean.
  { name: "nothing that was there before", make: () => ({ a: 5 }), use: () => {}, left: "" },
  {
    name: "nothing that reset writes itself",
    make: () => ({ n: 1 }),
    use: (o) => o.n = 2,
    reset: (o) => o.n = 3,
    left: "",
  },
  {
    name: "nothing that is empty",
    make: () => ({ a: 1, b: 1, c: "x", d: true, e: {}, f: 1n, g: 1 }),
    use: (o) => {
      o.a = 0;
      o.b = NaN;
      o.c = "";
      o.d = false;
      o.e = null;
      o.f = 0n;
      o.g = undefined;
    },
    left: "",
  },
  {
    name: "no buffer that has grown and is zeroed, nor the count of its capacity",
    make: () => ({ bytes: new Uint8Array(8), capacity: 8, used: 0 }),
    use: (o) => {
      o.bytes = new Uint8Array(64).fill(1, 0, 40);
      o.capacity = 64;
      o.used = 40;
    },
    reset: (o) => {
      o.bytes.fill(0, 0, o.used);
      o.used = 0;
    },
    left: "",
  },
  {
    name: "a count that is no capacity: the buffer has not grown",
    make: () => ({ bytes: new Uint8Array(8), used: 0 }),
    use: (o) => o.used = 8,
    left: "used (a number)",
  },
  {
    name: "no array and no map that have grown and are emptied",
    make: () => ({ list: null, map: null }),
    use: (o) => {
      o.list = ["a", "b"];
      o.map = new Map([["k", 1]]);
    },
    reset: (o) => {
      o.list.fill(undefined);
      o.map.set("k", 0);
    },
    left: "",
  },
  {
    name: "nothing of another pooled object",
    make: () => {
      const pool = new Pool({ create: () => ({ n: 0 }), reset: () => {} });
      return { part: pool.acquire(), pool };
    },
    use: (o) => {
      o.part.n = 1;
      o.pool.acquire();
    },
    left: "",
  },
];

describe("leftoversOf()", () => {
  for (const { name, make, use, reset, left } of cases) {
    it(`leftoversOf() finds ${name}`, () => assertEquals(leave(make(), use, reset), left));
  }

  it("leftoversOf() finds them behind a cycle, and where two ways lead to one object", () => {
    const make = (): Any => {
      const o: Any = { users: [{ name: "" }], current: null };
      o.self = o;
      o.current = o.users[0];
      return o;
    };
    const left = leave(make(), (o) => o.users[0].name = "ada", (o) => o.current = null);
    assertEquals(left, "users[0].name (a string of 3)");
  });

  it("leftoversOf() calls no getter, and survives a Proxy that throws", () => {
    const no = (): never => {
      throw new Error("no");
    };
    const thrower = new Proxy({ a: 1 }, { ownKeys: no, getPrototypeOf: () => Object.prototype });
    const worse = new Proxy({}, { ownKeys: no, getPrototypeOf: no, has: no, get: no });
    const object: Any = {
      get danger(): never {
        throw new Error("called");
      },
      n: 0,
    };
    const left = leave(object, (o) => {
      o.thrower = thrower;
      o.worse = worse;
      o.n = 1;
    });
    assertEquals(left, "n (a number), worse (an object), thrower (an Object)");
    assertEquals(leave(thrower, () => {}), "");
  });

  it("leftoversOf() is bounded in fields, bytes and depth, and says so", () => {
    const many = leave({ list: new Array(20_000).fill(0) } as Any, (o) => o.list[5] = 1);
    assertEquals(many, "list[5] (a number); the object is larger than what was looked at");
    const large = leave({ bytes: new Uint8Array(2 ** 20) } as Any, (o) => o.bytes[5] = 1);
    assertEquals(large, "bytes[5] (1 byte); the object is larger than what was looked at");
    const chain: Any = {};
    let last = chain;
    for (let i = 0; i < 50; i++) last = last.next = {};
    assert(new Look(chain).isCut);
    assert(!new Look({ a: { b: { c: {} } } }).isCut);
  });

  it("listLeftovers() names 32, says how many more there are, and never shows a value", () => {
    const left = leave({} as Any, (o) => {
      for (let i = 0; i < 40; i++) o[`f${i}`] = "hunter2";
    });
    assertEquals(left.split(", ").length, 32);
    assertStringIncludes(left, "f31 (a string of 7) and 8 more");
    assert(!left.includes("hunter2"));
  });

  it("Look keeps no object that a look has passed", () => {
    // A look lies beside a leased object for the whole lease: it must not hold what the object drops.
    const look = new Look({ list: [{ n: 1 }], on: () => {}, user: new Sealed() });
    const values = [...look.leaves.values()].map(({ value }) => value);
    assertEquals(values.map((value) => typeof value), ["string", "string", "number"]);
  });
});
