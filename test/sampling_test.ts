import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Sampling } from "../src/sampling.ts";

/** Draws gaps. */
function draw(sampling: Sampling, count: number): number[] {
  return Array.from({ length: count }, () => sampling.nextGap());
}

function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

/** Draws gaps over many ticks, each with few samples. */
function drawSlowly(sampling: Sampling, ticks: number): number[] {
  return Array.from({ length: ticks }, () => {
    sampling.tick();
    return draw(sampling, 100);
  }).flat();
}

describe("Sampling", () => {
  it("Sampling.nextGap() is 64 on average where few leases are timed", () => {
    const gaps = drawSlowly(new Sampling(), 500);
    const average = mean(gaps);
    assert(average > 62 && average < 66, `${average}`);
    assertEquals([Math.min(...gaps), Math.max(...gaps)], [1, 127]);
  });

  it("Sampling.nextGap() is no period: it aliases with no requests", () => {
    const gaps = drawSlowly(new Sampling(), 500);
    for (const period of [2, 3, 5, 7, 16, 64]) {
      const hits = Array<number>(period).fill(0);
      let lease = 0;
      for (const gap of gaps) hits[(lease += gap) % period]!++;
      const expected = gaps.length / period;
      // Five standard deviations of a fair die, and a little.
      const bound = 5 * Math.sqrt(expected) + 0.01 * expected;
      assert(hits.every((count) => Math.abs(count - expected) < bound), `${period}: ${hits}`);
    }
  });

  it("Sampling.nextGap() differs from pool to pool", () => {
    const [first, second] = [new Sampling(), new Sampling()];
    assert(draw(first, 20).join() !== draw(second, 20).join());
  });

  it("Sampling.nextGap() stretches where many leases are timed, up to 256 times", () => {
    const sampling = new Sampling();
    const averages = Array.from({ length: 10 }, () => mean(draw(sampling, 256)));
    for (const [i, average] of averages.entries()) {
      const expected = 64 * 2 ** Math.min(8, i);
      assert(Math.abs(average - expected) < 0.25 * expected, `${i}: ${average}`);
    }
  });

  it("Sampling.tick() lets gaps shrink again, by half a tick, where few leases are timed", () => {
    const sampling = new Sampling();
    draw(sampling, 10 * 256);
    for (let tick = 0; tick < 8; tick++) {
      sampling.tick();
      draw(sampling, 10);
    }
    const average = mean(drawSlowly(sampling, 200));
    assert(average > 60 && average < 68, `${average}`);
  });

  it("Sampling.nextGap() bounds the timed leases of a tick, whatever the load", () => {
    const sampling = new Sampling();
    sampling.tick();
    let timed = 0;
    for (let leases = 0; leases < 10_000_000; timed++) leases += sampling.nextGap();
    assert(timed < 256 * 9 + 1000, `${timed}`);
  });

  it("Sampling of all leases leaves no gap, however many there are", () => {
    const sampling = new Sampling(true);
    for (let i = 0; i < 1000; i++) assert(sampling.nextGap(i) === 1);
    sampling.tick();
    assert(sampling.nextGap() === 1);
  });
});
