import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Histogram, Tally } from "../src/histogram.ts";
import { type GcEvent, type GcReading, GcSum, noGc } from "../src/gc.ts";

/** What was counted of pauses, by the upper edges of their bands in ms. */
function pausesOf(counts: Readonly<Record<number, number>>, sum: number): Histogram {
  const { edges } = new Tally().histogram();
  return { edges, counts: [...edges.map((edge) => counts[edge] ?? 0), 0], sum };
}

describe("GcSum", () => {
  const cases: readonly { readonly events: readonly GcEvent[]; readonly sum: GcReading }[] = [
    { events: [], sum: noGc },
    { events: [{ kind: "minor" }, { kind: "minor" }], sum: { minor: 2, major: 0, unknown: 0 } },
    {
      events: [{ kind: "major", pauseMs: 2 }],
      sum: {
        minor: 0,
        major: 1,
        unknown: 0,
        pauseMs: 2,
        maxPauseMs: 2,
        pauses: pausesOf({ 4: 1 }, 2),
      },
    },
    {
      events: [{ kind: "minor", pauseMs: 1 }, { kind: "major", pauseMs: 5 }, { kind: "unknown" }],
      sum: {
        minor: 1,
        major: 1,
        unknown: 1,
        pauseMs: 6,
        maxPauseMs: 5,
        pauses: pausesOf({ 1: 1, 16: 1 }, 6),
      },
    },
    {
      events: [{ kind: "minor", pauseMs: 0 }],
      sum: {
        minor: 1,
        major: 0,
        unknown: 0,
        pauseMs: 0,
        maxPauseMs: 0,
        pauses: pausesOf({ [4 ** -4]: 1 }, 0),
      },
    },
    { events: [{ kind: "new" as never }], sum: { minor: 0, major: 0, unknown: 1 } },
  ];
  for (const { events, sum } of cases) {
    it(`GcSum.take() sums ${JSON.stringify(events)}`, () => {
      const gc = new GcSum();
      for (const event of events) gc.add(event);
      assertEquals(gc.take(), { ...sum });
    });
  }

  it("GcSum.take() starts anew", () => {
    const gc = new GcSum();
    gc.add({ kind: "major", pauseMs: 9 });
    gc.take();
    assertEquals(gc.take(), { ...noGc });
    gc.add({ kind: "minor", pauseMs: 1 });
    const pauses = pausesOf({ 1: 1 }, 1);
    assertEquals(gc.take(), { minor: 1, major: 0, unknown: 0, pauseMs: 1, maxPauseMs: 1, pauses });
  });

  it("GcSum.addReading() sums readings, and passes over what is no number", () => {
    const gc = new GcSum();
    const pauses = pausesOf({ 4: 2 }, 5);
    const reading = { minor: 2, major: 1, unknown: 0, pauseMs: 5, maxPauseMs: 3, pauses };
    gc.addReading(reading);
    gc.addReading({ minor: NaN, major: -1, unknown: Infinity });
    gc.addReading({ ...reading, maxPauseMs: 2 });
    const sum = { minor: 4, major: 2, unknown: 0, pauseMs: 10, maxPauseMs: 3 };
    assertEquals(gc.look(), { ...sum, pauses: pausesOf({ 4: 4 }, 10) });
  });

  it("noGc is frozen", () => assert(Object.isFrozen(noGc)));
});
