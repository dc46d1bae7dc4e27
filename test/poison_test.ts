import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { poison, revive } from "../src/poison.ts";

/** The error of a poisoned field. */
class Refused extends Error {}

function poisoned(object: object): ReturnType<typeof poison> {
  return poison(object, (verb, key) => new Refused(`${verb} ${String(key)}`));
}

class Point {
  x = 1;
  y = 2;
  #z = 3;
  get z(): number {
    return this.#z;
  }
}

const note = Symbol("note");

const covered: readonly { name: string; make: () => object }[] = [
  { name: "a plain object", make: () => ({ a: 1, b: { c: 2 } }) },
  { name: "an instance with fields", make: () => new Point() },
  { name: "fields named by symbols", make: () => ({ [note]: 1 }) },
  {
    name: "an object without a prototype",
    make: () => Object.assign(Object.create(null), { a: 1 }),
  },
  {
    name: "fields that cannot be written",
    make: () => Object.defineProperty({}, "a", { value: 1, enumerable: true, configurable: true }),
  },
  { name: "an object that takes no new field", make: () => Object.preventExtensions({ a: 1 }) },
];

const notCovered: readonly { name: string; make: () => object }[] = [
  { name: "a frozen object", make: () => Object.freeze({ a: 1 }) },
  { name: "a sealed object", make: () => Object.seal({ a: 1 }) },
  {
    name: "a class that shows nothing",
    make: () =>
      new (class {
        #n = 1;
        get n() {
          return this.#n;
        }
      })(),
  },
  { name: "a Map", make: () => new Map([["a", 1]]) },
  { name: "an array", make: () => [1, 2] },
  { name: "a view", make: () => new Uint8Array(4) },
  { name: "a function", make: () => Object.assign(() => {}, { a: 1 }) },
  {
    name: "a Proxy that throws",
    make: () =>
      new Proxy({}, {
        ownKeys: () => {
          throw new Error("no");
        },
      }),
  },
];

describe("poison()", () => {
  for (const { name, make } of covered) {
    it(`poison() covers ${name}, and revive() brings back each descriptor`, () => {
      const object = make();
      const were = Object.getOwnPropertyDescriptors(object);
      const keys = Reflect.ownKeys(object);
      const antidote = poisoned(object);
      assert(antidote !== undefined);
      for (const key of keys) {
        assertThrows(() => Reflect.get(object, key), Refused, `read ${String(key)}`);
        assertThrows(() => Reflect.set(object, key, 5), Refused, `write ${String(key)}`);
      }
      assertEquals(Reflect.ownKeys(object), keys);
      assert(revive(object, antidote));
      assertEquals(Object.getOwnPropertyDescriptors(object), were);
      assertEquals(Reflect.ownKeys(object), keys, "in the same order");
    });
  }

  for (const { name, make } of notCovered) {
    it(`poison() does not cover ${name}, and leaves it as it is`, () => {
      const object = make();
      assertEquals(poisoned(object), undefined);
      if (name !== "a Proxy that throws") {
        assertEquals(
          Object.getOwnPropertyDescriptors(object),
          Object.getOwnPropertyDescriptors(make()),
        );
      }
    });
  }

  it("poison() leaves accessors, hidden fields and those of the prototype alone", () => {
    const object = Object.defineProperty(
      Object.create({ inherited: 1 }, {
        got: { get: () => 2, enumerable: true, configurable: true },
        own: { value: 3, enumerable: true, configurable: true },
      }),
      "hidden",
      { value: 4, configurable: true },
    );
    const antidote = poisoned(object)!;
    assertEquals(antidote.map(([key]) => key), ["own"]);
    assertEquals([object.inherited, object.got, object.hidden], [1, 2, 4]);
  });

  it("poison() leaves alone what a pool reads to know its objects", () => {
    const object = { "@siliconflow/pool slot": 1, a: 2 };
    assertEquals(poisoned(object)!.map(([key]) => key), ["a"]);
  });

  it("revive() brings back a field that was deleted meanwhile, and keeps one that came", () => {
    const object: Record<string, number> = { a: 1 };
    const antidote = poisoned(object)!;
    delete object.a;
    object.b = 2;
    assert(revive(object, antidote));
    assertEquals(object, { b: 2, a: 1 });
  });

  it("revive() says that an object frozen meanwhile is not whole", () => {
    const object = { a: 1 };
    const antidote = poisoned(object)!;
    Object.freeze(object);
    assertEquals(revive(object, antidote), false);
  });
});
