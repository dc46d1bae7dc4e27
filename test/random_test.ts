import { describe, it } from "node:test";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { Random } from "../bench/runner/random.ts";

describe("Random.shuffle()", () => {
  it("keeps what it is given, and gives the same order for the same seed", () => {
    const items = [1, 2, 3, 4, 5];
    const drawn = new Random("seed").shuffle(items);
    assertEquals(drawn.toSorted(), items);
    assertEquals(items, [1, 2, 3, 4, 5]);
    assertEquals(new Random("seed").shuffle(items), drawn);
    assertEquals(new Random("seed").shuffle([]), []);
  });

  it("draws each order as often", () => {
    const random = new Random("orders");
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(["a", "b", "c"]).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    assertEquals(seen.size, 6);
    for (const [order, times] of seen) {
      assertGreater(times, 900, order);
      assertLess(times, 1100, order);
    }
  });
});
