import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { checkHeat } from "../src/heat.ts";
import { Shelf } from "../src/shelf.ts";
import { FIRST_HOLDER, HOLDERS } from "../src/slot.ts";
import type { Stock } from "../src/stocks.ts";
import { type TagCore, TagHandle } from "../src/tag.ts";
import { TagTable } from "../src/tag_table.ts";

/** A table of tags that nobody leases through. */
function table(maxTags = 256): TagTable<object> {
  const stock = { shelf: new Shelf(), place: "main" } as Stock<object>;
  const make = (name: string, id: number) =>
    new TagHandle<object>(name, id, {} as TagCore<object>, stock, () => {}, undefined, 64);
  return new TagTable(make, maxTags, checkHeat("Cannot test"));
}

/** Counts uses as the fast path does. */
function use(tag: TagHandle<object>, count: number, misses = 0): void {
  tag.acquiresBefore += count;
  tag.misses += misses;
}

describe("TagTable", () => {
  it("TagTable.get() makes a tag once", () => {
    const tags = table();
    const tag = tags.get("a");
    assertEquals(tag.name, "a");
    assertStrictEquals(tags.get("a"), tag);
    assert(tags.get("b") !== tag);
  });

  it("TagTable.get() gives the same tag to all names past the cap", () => {
    const tags = table(2);
    const known = [tags.get("a"), tags.get("b")];
    const other = tags.get("c");
    for (let i = 0; i < 1000; i++) assertStrictEquals(tags.get(`/users/${i}`), other);
    assertEquals(other.name, "(other)");
    assertEquals([tags.get("a"), tags.get("b")], known);
  });

  it("TagTable.get() knows the pool's own tags by name, beside the cap", () => {
    const tags = table(1);
    assertStrictEquals(tags.get("(untagged)"), tags.untagged);
    const other = tags.get("(other)");
    assert(tags.get("a") !== other);
    assertStrictEquals(tags.get("b"), other);
  });

  it("TagTable.heldBy() finds a tag by the number of its raw leases only, in its own table only", () => {
    const [first, second] = [table(), table()];
    const tag = first.get("a");
    assertStrictEquals(first.heldBy(tag.id), tag);
    for (let i = 1; i < HOLDERS; i++) assertEquals(first.heldBy(tag.id + i), undefined);
    assertEquals(first.get("b").id, tag.id + HOLDERS);
    assertEquals(second.heldBy(tag.id), undefined);
    assert(tag.id >= FIRST_HOLDER);
    for (let id = 0; id < FIRST_HOLDER; id++) assertEquals(first.heldBy(id), undefined);
  });

  it("TagTable.sample() tells what happened since the last one, of used tags", () => {
    const tags = table();
    use(tags.get("a"), 5, 2);
    tags.get("unused");
    const figures = () =>
      tags.sample().map(({ name, acquires, misses }) => [name, acquires, misses]);
    assertEquals(figures(), [["a", 5, 2]]);
    use(tags.get("a"), 1);
    use(tags.untagged, 3, 3);
    assertEquals(figures(), [["(untagged)", 3, 3], ["a", 1, 0]]);
    assertEquals(figures(), [["(untagged)", 0, 0], ["a", 0, 0]]);
    assertEquals(tags.stats().map(({ acquires, hits }) => [acquires, hits]), [[3, 0], [6, 4]]);
  });

  it("TagTable tells hold times only where one was learnt", () => {
    const tags = table();
    const tag = tags.get("a");
    use(tag, 1);
    assertEquals("holdMs" in tags.stats()[0]!, false);
    assertEquals("holdMs" in tags.sample()[0]!, false);
    for (const hold of [1, 1, 64]) tag.holds.add(hold);
    assertEquals(tags.stats()[0]!.holdMs, { p50: 1, p99: 64 });
    assertEquals(tags.sample()[0]!.holdMs, 1);
  });

  it("TagTable.endCycle() heats by use and cools without", () => {
    const tags = table();
    const tag = tags.get("a");
    const seen = [70, 10, 0, 0].map((uses) => {
      use(tag, uses);
      tags.endCycle();
      const { heat, hot } = tags.stats()[0]!;
      return [heat, hot];
    });
    assertEquals(seen, [[70, true], [45, false], [20, false], [0, false]]);
  });

  it("TagTable.sample() lets hold times fade over the window", () => {
    const tags = table();
    const tag = tags.get("a");
    use(tag, 1);
    for (let i = 0; i < 4; i++) tag.holds.add(1);
    tags.sample();
    assertAlmostEquals(tag.holds.total, 4 * (1 - 1 / 20));
  });

  it("TagTable.sample() tells costs and sizes once enough are known", () => {
    const tags = table();
    const tag = tags.get("a");
    use(tag, 1);
    const known = () => Object.keys(tags.sample()[0]!).filter((key) => /Us|sizesKb/.test(key));
    assertEquals(known(), []);
    for (let i = 0; i < 8; i++) {
      tag.releases.add(2);
      tag.sizes.add(100);
    }
    assertEquals(known(), ["releaseUs", "sizesKb"]);
    assertEquals(tags.sample()[0]!.releaseUs, 2);
  });

  it("TagTable.bind() binds each tag to the stock for its name", () => {
    const tags = table();
    const [a, b] = [tags.get("a"), tags.get("b")];
    const own = { shelf: new Shelf(), place: "own" } as unknown as Stock<object>;
    const { stock } = b;
    tags.bind((name) => name === "a" ? own : stock);
    assertStrictEquals(a.stock, own);
    assertStrictEquals(a.shelf, own.shelf);
    assertStrictEquals(b.stock, stock);
    use(a, 1);
    assertEquals(tags.stats().map(({ shelf }) => shelf), ["own"]);
  });

  it("TagTable.explain() tells depth by hold time and rate, and how much holds are alike", () => {
    const tags = table();
    const [a, b] = [tags.get("a"), tags.get("b")];
    use(a, 500);
    use(b, 1);
    for (let i = 0; i < 32; i++) a.holds.add(100);
    for (let i = 0; i < 32; i++) b.holds.add(2 ** (i - 8));
    tags.sample();
    const [first, second] = tags.explain(1000, undefined);
    assertEquals([first!.name, first!.shelf, first!.entropy], ["a", "main", 0]);
    // 500 a second for about 100 ms each: about 50 at once.
    assert(Math.abs(first!.depth! - 50) < 50 * 0.2, `${first!.depth}`);
    assert(second!.entropy! > 0.8, `${second!.entropy}`);
    assert(tags.entropy! > 0.3 && tags.entropy! < second!.entropy!);
  });
});
