import { describe, it } from "node:test";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { addSlot, DISCARDED, IDLE, Slot, slotOf } from "../src/slot.ts";

/** Objects with a field as a slot is found in, cycles and all, that no pool has made. */
function forged(holder: number): object[] {
  const cycle: Record<string, unknown> = {};
  cycle["@siliconflow/pool slot"] = { object: cycle, holder, owner: "pool", stamp: 0 };
  return [
    JSON.parse('{"@siliconflow/pool slot":null}'),
    JSON.parse('{"@siliconflow/pool slot":7}'),
    JSON.parse('{"@siliconflow/pool slot":{"holder":0}}'),
    structuredClone(cycle),
  ];
}

describe("slotOf()", () => {
  const nothings: readonly unknown[] = [
    undefined,
    null,
    0,
    "text",
    true,
    1n,
    Symbol("s"),
    {},
    () => {},
  ];
  for (const value of nothings) {
    it(`slotOf() finds nothing on ${typeof value} ${String(value)}`, () => {
      assertEquals(slotOf(value), undefined);
    });
  }

  const kinds: Record<string, () => object> = {
    plain: () => ({}),
    frozen: () => Object.freeze({}),
    sealed: () => Object.seal({}),
    "null prototype": () => Object.create(null),
    function: () => () => {},
    proxy: () => new Proxy({}, {}),
  };
  for (const [kind, create] of Object.entries(kinds)) {
    it(`slotOf() finds the slot of an object: ${kind}`, () => {
      const object = create();
      const slot = addSlot(object, "pool");
      assertStrictEquals(slotOf(object), slot);
      assertStrictEquals(slot.object, object);
      assertEquals([slot.owner, slot.holder], ["pool", IDLE]);
    });
  }

  it("slotOf() finds nothing on what only shows another's slot", () => {
    const object = {};
    addSlot(object, "pool");
    const shows: readonly object[] = [
      Object.create(object),
      new Proxy(object, {}),
      { ...object },
      Object.assign({}, object),
      Object.defineProperties({}, Object.getOwnPropertyDescriptors(object)),
    ];
    for (const other of shows) assertEquals(slotOf(other), undefined);
  });

  it("slotOf() finds nothing on data that somebody sent", () => {
    for (const object of forged(3)) assertEquals(slotOf(object), undefined);
  });
});

describe("addSlot()", () => {
  it("addSlot() hides the slot from enumeration and copies", () => {
    const object = { id: 1 };
    addSlot(object, "pool");
    assertEquals(Object.keys(object), ["id"]);
    assertEquals(JSON.stringify(object), '{"id":1}');
    assertEquals(structuredClone(object), { id: 1 });
    assert(!("@siliconflow/pool slot" in { ...object }));
  });

  it("addSlot() lays the slot aside where the field is taken or cannot be made", () => {
    const base = {};
    addSlot(base, "pool");
    for (const object of [...forged(3), Object.freeze(Object.create(base))]) {
      const before = Object.getOwnPropertyDescriptors(object);
      const slot = addSlot(object, "pool");
      assertStrictEquals(slotOf(object), slot);
      assertStrictEquals(slot.object, object);
      assertEquals(Object.getOwnPropertyDescriptors(object), before);
    }
  });

  it("addSlot() takes up the slot of a former pool, so that stale leases stay stale", () => {
    const object = {};
    const slot = addSlot(object, "first");
    const stamp = slot.nextStamp();
    slot.holder = DISCARDED;
    assertStrictEquals(addSlot(object, "second"), slot);
    assertEquals([slot.owner, slot.holder], ["second", IDLE]);
    assert(slot.nextStamp() !== stamp);
  });

  it("addSlot() gives an heir a slot of its own", () => {
    const object = {};
    const heir = Object.create(object);
    assertNotStrictEquals(addSlot(heir, "pool"), addSlot(object, "pool"));
    assertStrictEquals(slotOf(heir)?.object, heir);
  });
});

describe("Slot", () => {
  it("Slot.nextStamp() wraps within small integers and never repeats at once", () => {
    const slot = new Slot({}, "pool");
    assertEquals([slot.nextStamp(), slot.nextStamp()], [1, 2]);
    slot.stamp = 2 ** 30 - 1;
    assertEquals([slot.nextStamp(), slot.nextStamp()], [0, 1]);
  });
});
