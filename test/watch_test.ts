import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type TimedLease, Watch } from "../src/watch.ts";

type Lease = TimedLease<{ readonly name: string }>;

function lease(since: number, trace?: string): Lease {
  return { tag: { name: "t" }, since, trace };
}

describe("Watch", () => {
  it("Watch.leaks() lists what has lasted for long enough, the oldest first", () => {
    const watch = new Watch<Lease["tag"]>(() => {});
    const leases = [lease(0, "    at a"), lease(5), lease(9)];
    const objects = leases.map((lease) => {
      const object = {};
      watch.begin(object, lease);
      return object;
    });
    assertEquals(watch.leaks(10, 5), [
      { tag: "t", heldMs: 10, stack: "    at a" },
      { tag: "t", heldMs: 5 },
    ]);
    watch.end(leases[0]!);
    assertEquals(watch.leaks(10, 5), [{ tag: "t", heldMs: 5 }]);
    assertEquals([watch.size, objects.length], [2, 3]);
  });

  it("Watch.end() does nothing for what is not watched", () => {
    const watch = new Watch<Lease["tag"]>(() => {});
    watch.end(lease(0));
    assertEquals(watch.size, 0);
  });

  it("Watch is bounded, and counts what it misses", () => {
    const watch = new Watch<Lease["tag"]>(() => {});
    const objects = Array.from({ length: 65_539 }, () => ({}));
    const leases = objects.map((object, i) => {
      const begun = lease(i);
      watch.begin(object, begun);
      return begun;
    });
    assertEquals([watch.size, watch.missed], [65_536, 3]);
    watch.end(leases.at(-1)!);
    for (const begun of leases) watch.end(begun);
    assertEquals([watch.size, watch.missed], [0, 3]);
  });

  it("Watch finds nothing, and lists all the same, where there is no registry", () => {
    const scope = globalThis as { FinalizationRegistry?: unknown };
    const { FinalizationRegistry } = scope;
    try {
      scope.FinalizationRegistry = undefined;
      const watch = new Watch<Lease["tag"]>(() => {});
      const begun = lease(0);
      watch.begin({}, begun);
      assertEquals(watch.leaks(1, 1), [{ tag: "t", heldMs: 1 }]);
      watch.end(begun);
      assertEquals(watch.leaks(1, 1), []);
    } finally {
      scope.FinalizationRegistry = FinalizationRegistry;
    }
  });
});
