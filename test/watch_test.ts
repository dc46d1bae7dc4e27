import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type TimedLease, Watch } from "../src/watch.ts";

interface Named {
  readonly name: string;
}

const tag: Named = { name: "t" };

function emptyWatch(): Watch<Named> {
  return new Watch<Named>(() => {});
}

describe("Watch", () => {
  it("Watch.leaks() lists what has lasted for long enough, the oldest first", () => {
    const watch = emptyWatch();
    const first = watch.begin({}, tag, 0, "    at a");
    watch.begin({}, tag, 5);
    watch.begin({}, tag, 9);
    assertEquals(watch.leaks(10, 5), [
      { tag: "t", heldMs: 10, stack: "    at a" },
      { tag: "t", heldMs: 5 },
    ]);
    watch.end(first);
    assertEquals(watch.leaks(10, 5), [{ tag: "t", heldMs: 5 }]);
    assertEquals(watch.size, 2);
  });

  it("Watch.leaks() sorts: a create that leases begins the inner lease first", () => {
    const watch = emptyWatch();
    for (const since of [5, 3, 5, 1]) watch.begin({}, tag, since);
    assertEquals(watch.leaks(10, 0).map(({ heldMs }) => heldMs), [9, 7, 5, 5]);
  });

  it("Watch.end() takes leases out in any order, before and after a tick", () => {
    for (const isSettled of [false, true]) {
      for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
        const watch = emptyWatch();
        const objects = [{}, {}, {}];
        const leases = objects.map((object, i) => watch.begin(object, tag, i));
        if (isSettled) watch.settle();
        const left = new Set([0, 1, 2]);
        for (const i of order) {
          watch.end(leases[i]!);
          left.delete(i);
          assertEquals(watch.leaks(0, -Infinity).map(({ heldMs }) => -heldMs), [...left]);
          assertEquals(watch.size, left.size);
        }
      }
    }
  });

  it("Watch.settle() has a record forget its object, once", () => {
    const watch = emptyWatch();
    const objects = [{}, {}];
    const old = watch.begin(objects[0]!, tag, 0);
    assert(old.object === objects[0]);
    watch.settle();
    const young = watch.begin(objects[1]!, tag, 1);
    assertEquals([old.object, young.object === objects[1]], [undefined, true]);
    watch.settle();
    watch.settle();
    assertEquals([young.object, watch.size], [undefined, 2]);
  });

  it("Watch uses a record again, and what ended is not found in it", () => {
    const watch = emptyWatch();
    const record = watch.begin({}, tag, 0, "    at a");
    watch.settle();
    watch.end(record);
    assertEquals([record.tag, record.trace, record.object], [undefined, undefined, undefined]);
    const again = watch.begin({}, tag, 7);
    assert(again === record);
    assertEquals(watch.leaks(8, 0), [{ tag: "t", heldMs: 1 }]);
  });

  it("Watch is bounded, and counts what it misses", () => {
    const watch = emptyWatch();
    const object = {};
    const leases: TimedLease<Named>[] = [];
    for (let i = 0; i < 65_539; i++) leases.push(watch.begin(object, tag, i));
    assertEquals([watch.size, watch.missed], [65_536, 3]);
    assertEquals(leases.at(-1)!.object, undefined);
    for (const lease of leases.toReversed()) watch.end(lease);
    assertEquals([watch.size, watch.missed], [0, 3]);
  });

  it("Watch finds nothing, and lists all the same, where there is no registry", () => {
    const scope = globalThis as { FinalizationRegistry?: unknown };
    const { FinalizationRegistry } = scope;
    try {
      scope.FinalizationRegistry = undefined;
      const watch = emptyWatch();
      const lease = watch.begin({}, tag, 0);
      watch.settle();
      assertEquals(watch.leaks(1, 1), [{ tag: "t", heldMs: 1 }]);
      watch.end(lease);
      assertEquals(watch.leaks(1, 1), []);
    } finally {
      scope.FinalizationRegistry = FinalizationRegistry;
    }
  });
});
