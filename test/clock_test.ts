import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { SteadyClock } from "../src/clock.ts";

/** The times that a clock tells after each of these readings. */
function times(first: number, ...readings: number[]): number[] {
  const clock = new SteadyClock(first);
  return readings.map((reading) => clock.tell(reading));
}

describe("SteadyClock", () => {
  it("SteadyClock.tell() stands still where readings are behind, and nothing of that is left", () => {
    const cases: [readings: number[], told: number[]][] = [
      [[100, 200, 50, 60, 300], [100, 200, 200, 200, 300]],
      // Two requests whose clocks stand still each.
      [[5000, 4000, 5000, 4000, 5001], [5000, 5000, 5000, 5000, 5001]],
      // The same behind a third, more than the patience apart.
      [[5000, 3000, 4500, 3001, 4501, 5001], [5000, 5000, 5000, 5000, 5000, 5001]],
      // A collector's turn, and a request that is a little late.
      [[5000, 0, 4990, 5001], [5000, 5000, 5000, 5001]],
      // What caught up is forgotten.
      [[5000, 4000, 4900, 5000, 4000, 4900, 5001], [5000, 5000, 5000, 5000, 5000, 5000, 5001]],
      [[100, NaN, Infinity, 110, undefined as never, 120], [100, 100, 100, 110, 110, 120]],
    ];
    for (const [readings, told] of cases) assertEquals(times(0, ...readings), told);
  });

  it("SteadyClock.tell() goes on from where it stood once the clock is found to be set back", () => {
    const back = times(1e6, 10, 510, 1010, 1011, 1511, 1500, 1512);
    assertEquals(back, [1e6, 1e6, 1e6, 1e6, 1e6 + 500, 1e6 + 500, 1e6 + 501]);
    // The steps of who seldom looks.
    assertEquals(times(1e6, 10, 5010, 10_010, 15_010), [1e6, 1e6, 1e6, 1e6 + 5000]);
    // Twice.
    assertEquals(times(0, -9000, -8400, -7900, -7000, -99_000, -98_400, -97_900, -97_800), [
      ...[0, 0, 0, 900, 900, 900, 900, 1000],
    ]);
  });

  it("SteadyClock begins anywhere", () => {
    assertEquals(times(-50, -40), [-40]);
    assertEquals(times(NaN, 7), [7]);
  });
});
