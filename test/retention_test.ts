import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Account, noTotals } from "../src/account.ts";
import type { GenerationOptions } from "../src/generation.ts";
import { ceilingFor, Retention } from "../src/retention.ts";
import { Shelf, UNBOUNDED } from "../src/shelf.ts";
import { addSlot } from "../src/slot.ts";

const GENERATIONS: readonly GenerationOptions[] = [
  { name: "T0", maxSize: 6, ttlMs: 10 },
  { name: "T1", maxSize: 4, ttlMs: 2000 },
  { name: "T2", maxSize: 2, ttlMs: 0 },
];

/** A retention over a shelf on which objects lie that were last seen touched at some times. */
function retention(times: readonly number[] = [], maxBytes = 1e9, isSized = true) {
  const shelf = new Shelf<object>();
  const totals = noTotals();
  const account = new Account<object>(shelf, totals, undefined, () => {});
  const subject = new Retention(shelf, account, {
    generations: GENERATIONS,
    maxBytes,
    unitBytes: isSized ? undefined : 4096,
  });
  for (const time of times) {
    account.add();
    shelf.push(addSlot({}, "pool"), 0);
    shelf.settle(time, 0);
  }
  account.restartPeak();
  return { shelf, account, subject, totals };
}

describe("ceilingFor()", () => {
  const cases = [
    [4096, 4096, 1],
    [4095, 4096, 0],
    [10_000, 4096, 2],
    [0, 1, 0],
    [100, 0, 100],
    [100, 0.5, 100],
    [Number.MAX_SAFE_INTEGER, 1, 2 ** 22],
  ] as const;
  for (const [bytes, size, ceiling] of cases) {
    it(`ceilingFor() fits ${ceiling} objects of ${size} into ${bytes}`, () => {
      assertEquals(ceilingFor(bytes, size), ceiling);
    });
  }
});

describe("Retention", () => {
  it("Retention gives a shelf the room of all ceilings, or of the budget at 4 KB an object", () => {
    assertEquals(retention().shelf.room, 12);
    assertEquals(retention([], 5 * 4096, false).shelf.room, 5);
    assertEquals(retention([], 5 * 4096, true).shelf.room, 12);
  });

  it("Retention.ages() cuts idle objects into bands by their TTLs", () => {
    const { subject } = retention([0, 500, 1999, 2000, 3990, 3991, 4000]);
    assertEquals(subject.ages(4000), [2, 1, 4]);
    assertEquals(subject.ages(3_000_000), [0, 0, 7]);
  });

  it("Retention.generations() shows bands within ceilings, older first and then younger", () => {
    const { subject } = retention(Array(12).fill(0));
    const shown = (now: number) => subject.generations(now).map(({ idle }) => idle);
    assertEquals(shown(0), [6, 4, 2]);
    assertEquals(shown(1000), [6, 4, 2]);
    assertEquals(shown(5000), [6, 4, 2]);
  });

  it("Retention.evict() takes what the targets have no room for", () => {
    const { subject, account, totals } = retention(Array(9).fill(0));
    subject.apply({ targets: [3.9, 1, 0] });
    subject.evict(0, 0, 1024);
    assertEquals([account.live, totals.discarded.cold], [4, 5]);
    assertEquals(subject.generations(0).map(({ target }) => target), [3, 1, 0]);
  });

  it("Retention.apply() keeps targets that are left out, and nothing else", () => {
    const { subject, account, shelf } = retention(Array(9).fill(0));
    subject.apply({ targets: [2, 0, 0], floor: 4 }, "moderate");
    subject.evict(0, 0, 1024);
    assertEquals([account.live, subject.floor, subject.pressure], [4, 4, "moderate"]);
    subject.apply({});
    subject.evict(0, 0, 1024);
    assertEquals([account.live, subject.floor, subject.pressure], [2, 0, "none"]);
    assertEquals(shelf.room, 12);
  });

  const refusals: readonly {
    readonly adjustment: Parameters<Retention<object>["apply"]>;
    readonly reason: "bypass" | "pressure";
  }[] = [
    { adjustment: [{}, "none", true], reason: "bypass" },
    { adjustment: [{}, "critical"], reason: "pressure" },
    { adjustment: [{ floor: 9 }, "critical", true], reason: "pressure" },
  ];
  for (const { adjustment, reason } of refusals) {
    it(`Retention.apply() of ${JSON.stringify(adjustment)} takes all and lets nothing in`, () => {
      const { subject, account, shelf, totals } = retention(Array(9).fill(0));
      subject.apply(...adjustment);
      subject.evict(0, 0, 1024);
      assertEquals([account.live, totals.discarded[reason], shelf.room], [0, 9, 0]);
      assertEquals(subject.reasonToRefuse, reason);
      assertEquals(subject.bypass, reason === "bypass");
      subject.apply({});
      assertEquals([shelf.room, subject.bypass], [12, false]);
    });
  }

  it("Retention.reasonToRefuse tells full from budget", () => {
    const { subject, shelf } = retention(Array(11).fill(0));
    assertEquals(subject.reasonToRefuse, "budget");
    shelf.push(addSlot({}, "pool"), 0);
    assertEquals(subject.reasonToRefuse, "full");
  });

  const trims = [
    { pressure: "none", gone: 0 },
    { pressure: "moderate", gone: 4 },
    { pressure: "high", gone: 5 },
    { pressure: "critical", gone: 7 },
  ] as const;
  for (const { pressure, gone } of trims) {
    it(`Retention.trim() takes ${gone} of 7 under ${pressure} pressure`, () => {
      const { subject, totals } = retention([0, 500, 1999, 2000, 3990, 3991, 4000]);
      assertEquals(subject.trim(pressure, 4000), gone);
      assertEquals(totals.discarded.pressure, gone);
      assertEquals(subject.pressure, pressure);
    });
  }

  it("Retention.resize() sizes all ceilings, but opens no closed shelf", () => {
    const { subject, shelf } = retention([], 100);
    subject.resize(10);
    assertEquals(shelf.room, 30);
    assertEquals(subject.generations(0).map(({ maxSize }) => maxSize), [10, 10, 10]);
    subject.close();
    subject.resize(1);
    assertEquals(shelf.room, 0);
    assertEquals(subject.reasonToRefuse, "closed");
  });

  it("Retention.evict() bounds what pressure and targets take together", () => {
    const { subject, account, shelf, totals } = retention();
    subject.resize(10_000);
    const lay = (count: number, time: number) => {
      for (let i = 0; i < count; i++) {
        account.add();
        shelf.push(addSlot({}, "pool"), 0);
      }
      shelf.settle(time, 0);
    };
    lay(1000, 0);
    lay(1000, 4000);
    subject.apply({ targets: [0, 0, 0] }, "moderate");
    subject.evict(4000, 0, 1024);
    assertEquals([totals.discarded.pressure, totals.discarded.cold], [1000, 24]);
    assertEquals(subject.backlog, 976);
  });

  it("Retention.backlog is what a tick may not dispose of any more", () => {
    const many = { ...GENERATIONS[2]!, maxSize: 5000 };
    const shelf = new Shelf<object>();
    const totals = noTotals();
    const account = new Account<object>(shelf, totals, undefined, () => {});
    const subject = new Retention(shelf, account, {
      generations: [many],
      maxBytes: 1e9,
      unitBytes: undefined,
    });
    for (let i = 0; i < 3000; i++) {
      account.add();
      shelf.push(addSlot({}, "pool"), 0);
    }
    shelf.settle(0, 0);
    subject.apply({ targets: [100] });
    const backlogs = Array.from({ length: 4 }, () => {
      subject.evict(0, 0, 1024);
      const { idle, target } = subject.generations(0)[0]!;
      assertEquals(target, idle);
      return subject.backlog;
    });
    assertEquals(backlogs, [2900 - 1024, 2900 - 2048, 0, 0]);
    assertEquals(account.live, 100);
  });

  it("Retention.allot() divides ceilings and budget, but opens no closed shelf", () => {
    const { subject, shelf } = retention();
    subject.allot([3, 2, 0], 50);
    assertEquals([shelf.room, shelf.maxBytes], [5, 50]);
    assertEquals(subject.ceilings, [3, 2, 0]);
    subject.close();
    subject.allot([9, 9, 9], 50);
    assertEquals(shelf.room, 0);
    const unsized = retention([], 1e9, false);
    unsized.subject.allot([9, 9, 9], 2 * 4096);
    assertEquals(unsized.shelf.room, 2);
  });

  it("Retention.moveYoung() moves the first boundary, as far as the next one's", () => {
    const { subject } = retention([0, 500, 1000]);
    assertEquals(subject.ages(1000), [1, 2, 0]);
    subject.moveYoung(600);
    assertEquals(subject.ages(1000), [2, 1, 0]);
    assertEquals(subject.generations(0)[0]!.ttlMs, 600);
    subject.moveYoung(2000);
    assertEquals(subject.ages(1000), [2, 1, 0]);
  });

  it("Retention.apply() bounds the size of an object until it is left out", () => {
    const { subject, shelf } = retention();
    subject.apply({ objectBytes: 100 });
    assertEquals(shelf.largest, 100);
    subject.apply({});
    assertEquals(shelf.largest, UNBOUNDED);
  });
});
