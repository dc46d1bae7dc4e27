import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type GcEvent, type GcReading, GcSum, noGc } from "../src/gc.ts";

describe("GcSum", () => {
  const cases: readonly { readonly events: readonly GcEvent[]; readonly sum: GcReading }[] = [
    { events: [], sum: noGc },
    { events: [{ kind: "minor" }, { kind: "minor" }], sum: { minor: 2, major: 0, unknown: 0 } },
    {
      events: [{ kind: "major", pauseMs: 2 }],
      sum: { minor: 0, major: 1, unknown: 0, pauseMs: 2, maxPauseMs: 2 },
    },
    {
      events: [{ kind: "minor", pauseMs: 1 }, { kind: "major", pauseMs: 5 }, { kind: "unknown" }],
      sum: { minor: 1, major: 1, unknown: 1, pauseMs: 6, maxPauseMs: 5 },
    },
    {
      events: [{ kind: "minor", pauseMs: 0 }],
      sum: { minor: 1, major: 0, unknown: 0, pauseMs: 0, maxPauseMs: 0 },
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
    assertEquals(gc.take(), { minor: 1, major: 0, unknown: 0, pauseMs: 1, maxPauseMs: 1 });
  });

  it("noGc is frozen", () => assert(Object.isFrozen(noGc)));
});
