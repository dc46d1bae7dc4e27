import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../bench/runner/random.ts";
import { BuddyTree } from "../../src/buffers/buddy.ts";

/** Which pages are in use, page by page. */
class NaivePages {
  readonly used: Uint8Array;

  constructor(height: number) {
    this.used = new Uint8Array(2 ** height);
  }

  /** Whether a run of so many pages is free at a multiple of as many. */
  has(pages: number): boolean {
    for (let page = 0; page < this.used.length; page += pages) {
      if (this.isFree(page, pages)) return true;
    }
    return false;
  }

  isFree(page: number, pages: number): boolean {
    return this.used.subarray(page, page + pages).every((used) => used === 0);
  }

  fill(page: number, pages: number, used: 0 | 1): void {
    this.used.fill(used, page, page + pages);
  }

  get free(): number {
    return this.used.reduce((sum, used) => sum + 1 - used, 0);
  }
}

const STEPS = 120_000;

describe("BuddyTree", () => {
  it("BuddyTree takes and gives what a page by page model says, over 120000 steps", () => {
    let steps = 0;
    for (const height of [0, 1, 3, 5, 7]) {
      const random = new Random(`buddy ${height}`);
      const tree = new BuddyTree(height);
      const model = new NaivePages(height);
      const held: { node: number; page: number; pages: number }[] = [];
      for (let i = 0; i < STEPS / 5; i++, steps++) {
        // Waves: now mostly taken, now mostly given back, so that it is full and empty many times.
        const isTaking = random.next() < (i % 600 < 300 ? 0.7 : 0.3);
        if (isTaking) {
          const order = random.below(height + 1);
          const pages = 2 ** order;
          const isThere = model.has(pages);
          assertEquals(tree.fits(order), isThere);
          const node = tree.take(order);
          assertEquals(node > 0, isThere, "taken exactly where there is one");
          if (!isThere) continue;
          const page = tree.page(node);
          assertEquals(tree.pages(node), pages);
          assertEquals(page % pages, 0, "aligned");
          assert(page + pages <= 2 ** height, "within");
          assert(model.isFree(page, pages), "no overlap");
          model.fill(page, pages, 1);
          held.push({ node, page, pages });
        } else if (held.length > 0) {
          const [run] = held.splice(random.below(held.length), 1);
          tree.give(run!.node);
          model.fill(run!.page, run!.pages, 0);
        }
        if (i % 16 === 0) assertEquals(tree.free, model.free);
      }
      for (const { node } of held) tree.give(node);
      assertEquals(tree.free, 2 ** height);
      assert(tree.fits(height), "merged again into one");
      assertEquals(tree.take(height), 1);
    }
    assertEquals(steps, STEPS);
  });

  it("BuddyTree takes small runs where they break up least", () => {
    const tree = new BuddyTree(3);
    const first = tree.take(0);
    const half = tree.take(2);
    assertEquals(tree.page(half), 4);
    const second = tree.take(0);
    assertEquals(Math.abs(tree.page(first) - tree.page(second)), 1, "its buddy");
    assert(tree.fits(1));
  });

  it("BuddyTree is exhausted to the last page, and recovers", () => {
    const tree = new BuddyTree(6);
    const nodes = Array.from({ length: 64 }, () => tree.take(0));
    assertEquals(new Set(nodes.map((node) => tree.page(node))).size, 64);
    assertEquals(tree.take(0), 0);
    assertEquals(tree.free, 0);
    tree.give(nodes[10]!);
    assertEquals(tree.take(1), 0);
    assertEquals(tree.take(0), nodes[10]);
    for (const node of nodes) tree.give(node);
    assertEquals(tree.take(6), 1);
  });
});
