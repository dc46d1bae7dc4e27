import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import type { TagHandle } from "../src/tag.ts";
import { Waiter, WaiterQueue } from "../src/waiter.ts";

const waiter = () => new Waiter<object>({} as TagHandle<object>, 3, 10, 0, () => {});

describe("WaiterQueue", () => {
  it("WaiterQueue behaves like an array, whoever leaves", () => {
    const seed = `waiters ${Date.now()}`;
    const random = new Random(seed);
    const queue = new WaiterQueue<object>();
    let model: Waiter<object>[] = [];
    for (let i = 0; i < 3000; i++) {
      const kind = random.below(8);
      if (kind < 3) {
        const one = waiter();
        queue.push(one);
        model.push(one);
      } else if (kind < 6 && model.length > 0) {
        const one = model[random.below(model.length)]!;
        assert(queue.remove(one), seed);
        assert(!queue.remove(one), seed);
        model = model.filter((other) => other !== one);
      } else if (kind === 6 && queue.head !== undefined) {
        const { head } = queue;
        queue.remove(head);
        queue.unshift(head);
      } else assert(!queue.remove(waiter()), seed);
      assertEquals(queue.size, model.length, seed);
      assert(queue.head === model[0], seed);
      const all = [...queue];
      assert(all.length === model.length && all.every((one, j) => one === model[j]), seed);
      model.forEach((one, j) => assert(queue.before(one) >= j, seed));
    }
  });

  it("WaiterQueue goes on where the one that it told last leaves", () => {
    const queue = new WaiterQueue<object>();
    const all = [waiter(), waiter(), waiter()];
    for (const one of all) queue.push(one);
    let told = 0;
    for (const one of queue) {
      told++;
      queue.remove(one);
    }
    assertEquals([told, queue.size, queue.head], [3, 0, undefined]);
  });
});
