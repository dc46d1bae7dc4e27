import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Random } from "../bench/runner/random.ts";
import { Shelf } from "../src/shelf.ts";
import { Slot } from "../src/slot.ts";

/** Lays objects on a shelf. */
function push(shelf: Shelf<object>, count: number, size = 0): void {
  for (let i = 0; i < count; i++) {
    shelf.push(new Slot<object>({}, "pool"), size);
  }
}

/** Takes objects off. */
function pop(shelf: Shelf<object>, count: number): void {
  for (let i = 0; i < count; i++) shelf.pop();
}

/** Objects older than a time. */
function olderThan(shelf: Shelf<object>, time: number): number {
  return shelf.countUntouched(time, 0);
}

/** When each object was last seen touched, from the bottom up. */
function times(shelf: Shelf<object>): number[] {
  return shelf.ages().flatMap(({ time, count }) => Array.from({ length: count }, () => time));
}

describe("Shelf", () => {
  it("Shelf.evictAll() takes any objects and leaves the others their order, ages and sizes", () => {
    const random = new Random("sift");
    for (let round = 0; round < 300; round++) {
      const shelf = new Shelf<object>(true);
      shelf.room = 1000;
      shelf.maxBytes = 5000;
      for (let time = 1; time < 8; time++) {
        pop(shelf, random.below(shelf.idle + 1));
        push(shelf, random.below(6), 1 + random.below(9));
        if (random.next() < 0.3) shelf.evict(random.below(4), () => {});
        shelf.settle(time, 0);
      }
      const before = shelf.slots.slice(shelf.base, shelf.top) as Slot<object>[];
      const ages = times(shelf);
      const sizes = before.map((_, i) => shelf.sizeAt(shelf.base + i));
      assertEquals(ages.length, before.length);
      const unwanted = new Set(before.filter(() => random.next() < 0.5));
      const touched = random.below(shelf.idle + 1);
      // What is touched now has no age of its own before the next look.
      const popped = before.slice(before.length - touched);
      for (const _ of popped) shelf.pop();
      for (const [i, slot] of popped.entries()) {
        shelf.push(slot, sizes[before.length - touched + i]!);
      }
      const gone: Slot<object>[] = [];
      assertEquals(shelf.evictAll(unwanted, (slot) => void gone.push(slot)), unwanted.size);
      assertEquals(gone, before.filter((slot) => unwanted.has(slot)));
      const isKept = before.map((slot) => !unwanted.has(slot));
      assertEquals(
        shelf.slots.slice(shelf.base, shelf.top),
        before.filter((_, i) => isKept[i]!),
      );
      const untouched = before.length - touched;
      assertEquals(times(shelf), ages.filter((_, i) => isKept[i]! && i < untouched));
      assertEquals(shelf.lowest, isKept.slice(0, untouched).filter(Boolean).length);
      const kept = sizes.filter((_, i) => isKept[i]!);
      assertEquals(kept.map((_, i) => shelf.sizeAt(shelf.base + i)), kept);
      assertEquals(shelf.bytes, kept.reduce((sum, size) => sum + size, 0));
      assertEquals(shelf.limit, shelf.base + 1000);
      assertEquals(shelf.maxEnd, shelf.ends[shelf.base]! + 5000);
      shelf.settle(9, 0);
      assertEquals(times(shelf).length, shelf.idle);
    }
  });

  it("Shelf.countUntouched() counts nothing on an empty shelf, or before the first look", () => {
    const shelf = new Shelf<object>();
    assertEquals(olderThan(shelf, Infinity), 0);
    push(shelf, 3);
    assertEquals(olderThan(shelf, Infinity), 0);
  });

  it("Shelf.settle() stamps what was touched, and leaves what lay below the low-water mark", () => {
    const shelf = new Shelf<object>();
    push(shelf, 10);
    shelf.settle(1, 0); // 10 of time 1
    pop(shelf, 4);
    push(shelf, 2);
    shelf.settle(2, 0); // 6 of 1, 2 of 2
    pop(shelf, 1);
    push(shelf, 3);
    shelf.settle(3, 1); // 6 of 1, 1 of 2, 3 of 3
    assertEquals([0, 1, 2, 3].map((time) => olderThan(shelf, time)), [0, 6, 7, 10]);
    assertEquals(shelf.countUntouched(Infinity, 0, 0), 7);
    pop(shelf, 5);
    assertEquals([0, 1, 2, 3].map((time) => olderThan(shelf, time)), [0, 5, 5, 5]);
    push(shelf, 5);
    assertEquals([0, 1, 2, 3].map((time) => olderThan(shelf, time)), [0, 5, 5, 5]);
    shelf.settle(4, 1);
    assertEquals([1, 2, 3, 4].map((time) => olderThan(shelf, time)), [5, 5, 5, 10]);
  });

  it("Shelf takes nothing while releases are diverted, whatever room it is given", () => {
    const shelf = new Shelf<object>();
    shelf.room = 5;
    push(shelf, 2);
    shelf.divert(true);
    assertEquals(shelf.limit, shelf.base);
    shelf.room = 9;
    assertEquals(shelf.limit, shelf.base);
    shelf.evict(1, () => {});
    assertEquals(shelf.limit, shelf.base);
    shelf.divert(false);
    assertEquals(shelf.limit, shelf.base + 9);
    shelf.divert(true);
    shelf.evict(1, () => {}); // it moves down
    assertEquals([shelf.base, shelf.limit, shelf.room], [0, 0, 9]);
    shelf.divert(false);
    assertEquals(shelf.limit, 9);
  });

  it("Shelf.lowest is the fewest objects since the last look", () => {
    const shelf = new Shelf<object>();
    push(shelf, 5);
    assertEquals(shelf.lowest, 0);
    shelf.settle(1, 0);
    assertEquals(shelf.lowest, 5);
    pop(shelf, 3);
    push(shelf, 2);
    assertEquals([shelf.idle, shelf.lowest], [4, 2]);
  });

  it("Shelf.evict() removes the oldest first, and no more than there are", () => {
    const shelf = new Shelf<object>();
    const slots = Array.from({ length: 5 }, () => new Slot<object>({}, "pool"));
    for (const slot of slots) shelf.push(slot, 0);
    const gone: Slot<object>[] = [];
    assertEquals(shelf.evict(2, (slot) => void gone.push(slot)), 2);
    assertEquals(shelf.evict(0, () => assert(false)), 0);
    assertEquals(shelf.evict(-1, () => assert(false)), 0);
    assertEquals(shelf.evict(99, (slot) => void gone.push(slot)), 3);
    assert(gone.every((slot, i) => slot === slots[i]));
    assertEquals([shelf.idle, shelf.bytes, shelf.lowest], [0, 0, 0]);
  });

  it("Shelf.evict() keeps the ages of those that stay", () => {
    const shelf = new Shelf<object>();
    for (const time of [1, 2, 3]) {
      push(shelf, 4);
      shelf.settle(time, 0);
    }
    shelf.evict(6, () => {});
    assertEquals([1, 2, 3].map((time) => olderThan(shelf, time)), [0, 2, 6]);
  });

  it("Shelf.limit follows room and bottom", () => {
    const shelf = new Shelf<object>();
    shelf.room = 3000;
    push(shelf, 3000);
    assertEquals(shelf.top, shelf.limit);
    for (const count of [1, 1000, 1000, 998]) {
      shelf.evict(count, () => {});
      assertEquals(shelf.limit - shelf.base, 3000);
      assertEquals(shelf.limit - shelf.top, 3000 - shelf.idle);
    }
    shelf.room = 0;
    assert(shelf.top >= shelf.limit || shelf.idle > 0);
    assertEquals(shelf.limit, shelf.base);
  });

  it("Shelf.evict() moves the stack down where more than half of it is empty", () => {
    const shelf = new Shelf<object>(true);
    push(shelf, 4000, 2);
    shelf.settle(1, 0);
    push(shelf, 1000, 2);
    shelf.settle(2, 0);
    shelf.evict(3000, () => {});
    assertEquals([shelf.base, shelf.top, shelf.low, shelf.slots.length], [0, 2000, 2000, 2000]);
    assertEquals([shelf.bytes, shelf.idle, shelf.lowest], [4000, 2000, 2000]);
    assertEquals([olderThan(shelf, 1), olderThan(shelf, 2)], [1000, 2000]);
    assert(shelf.slots.every((slot) => slot !== undefined));
  });

  it("Shelf.bytes follows what lies here, whatever its size, and is 0 where sizes are not known", () => {
    const [sized, unsized] = [new Shelf<object>(true), new Shelf<object>()];
    for (const size of [5, 0, 7, 1.5]) {
      push(sized, 1, size);
      push(unsized, 1, size);
    }
    assertEquals([sized.bytes, unsized.bytes], [13.5, 0]);
    pop(sized, 1);
    sized.evict(1, () => {});
    assertEquals(sized.bytes, 7);
    push(sized, 1, 2);
    assertEquals(sized.bytes, 9);
    sized.evict(3, () => {});
    assertEquals(sized.bytes, 0);
  });

  it("Shelf.settle() leaves no reference behind", () => {
    const shelf = new Shelf<object>();
    push(shelf, 100);
    shelf.evict(40, () => {});
    pop(shelf, 20);
    shelf.settle(0, 0);
    assertEquals(shelf.slots.filter((slot) => slot !== undefined).length, 40);
    assertEquals(shelf.idle, 40);
  });

  it("Shelf.evict() survives a drop that pops, pushes and evicts", () => {
    const shelf = new Shelf<object>();
    push(shelf, 5000);
    let drops = 0;
    shelf.evict(3000, () => {
      drops++;
      if (drops === 10) pop(shelf, 100);
      if (drops === 20) push(shelf, 50);
      if (drops === 30) shelf.evict(1500, () => {});
    });
    assertEquals(shelf.idle, 5000 - 3000 - 1500 - 50);
    assert(shelf.base <= shelf.low && shelf.low <= shelf.top);
    assertEquals(shelf.slots.filter((slot) => slot !== undefined).length, shelf.idle);
  });

  it("Shelf.countUntouched() takes nothing for older than it is, however large the clock", () => {
    const shelf = new Shelf<object>();
    const now = 1.7e12;
    push(shelf, 3);
    shelf.settle(now, 0);
    assertEquals(shelf.countUntouched(now, 1e-4), 0);
    assertEquals(shelf.countUntouched(now, 0), 3);
    assertEquals(shelf.countUntouched(now + 500, 500), 3);
  });

  it("Shelf.settle() merges old steps towards the younger age, and recent ones not at all", () => {
    const shelf = new Shelf<object>();
    for (let time = 1; time <= 2000; time++) {
      push(shelf, 1);
      shelf.settle(time, 0);
    }
    for (let time = 1; time <= 2000; time++) {
      const count = olderThan(shelf, time);
      // Nobody is taken for older than they are.
      assert(count <= time, `${count} at ${time}`);
      if (time >= 1800) assertEquals(count, time);
    }
    let steps = 0;
    const time: unknown = { valueOf: () => (steps++, 1000) };
    shelf.countUntouched(time as number, 0);
    assert(steps > 0 && steps <= 10, `${steps}: a binary search`);
  });

  it("Shelf.settle() at the same time twice makes one step of both", () => {
    const shelf = new Shelf<object>();
    for (let time = 1; time <= 4; time++) {
      push(shelf, 1);
      shelf.settle(time, 0);
    }
    for (let i = 0; i < 2000; i++) {
      push(shelf, 1);
      shelf.settle(9, 1);
    }
    // With a step each, the older ones would have been merged.
    assertEquals([1, 2, 3, 4, 9].map((time) => olderThan(shelf, time)), [1, 2, 3, 4, 2004]);
  });
});

/** What can happen to a shelf, and how much of it. */
type Operation = readonly ["push" | "pop" | "evict" | "settle", number];

describe("Shelf against an array of timestamps", () => {
  it("Shelf agrees over random operations", () => {
    const operation: fc.Arbitrary<Operation> = fc.tuple(
      fc.constantFrom("push", "push", "pop", "evict", "settle"),
      fc.oneof({ weight: 9, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.nat(3000) }),
    );
    fc.assert(fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const shelf = new Shelf<object>(true);
      shelf.maxBytes = 9999;
      // The time of the look that last saw each object touched; undefined: none yet.
      let naive: (number | undefined)[] = [];
      let time = 0;
      let lowest = 0;
      for (const [kind, count] of operations) {
        if (kind === "push") {
          push(shelf, count, 3);
          naive.push(...Array(count).fill(undefined));
        } else if (kind === "pop") {
          const popped = Math.min(count, naive.length);
          pop(shelf, popped);
          naive.length -= popped;
        } else if (kind === "evict") {
          assertEquals(shelf.evict(count, () => {}), Math.min(count, naive.length));
          naive = naive.slice(count);
          lowest = Math.max(0, lowest - count);
        } else {
          shelf.settle(++time, 0);
          naive = naive.map((seen) => seen ?? time);
          lowest = naive.length;
        }
        lowest = Math.min(lowest, naive.length);
        assertEquals([shelf.idle, shelf.lowest, shelf.bytes], [
          naive.length,
          lowest,
          naive.length * 3,
        ]);
        assertEquals(shelf.maxEnd - shelf.ends[shelf.top]!, 9999 - shelf.bytes);
        for (let at = 0; at <= time; at += 1 + Math.floor(time / 8)) {
          const expected = naive.filter((seen) => seen !== undefined && seen <= at).length;
          assertEquals(olderThan(shelf, at), expected);
        }
      }
    }));
  });
});
