import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Eviction, type EvictionInput, planEviction } from "../src/eviction.ts";

const CALM: EvictionInput = {
  ages: [4, 3, 2],
  caps: [9, 9, 9],
  expired: 0,
  unused: 0,
  floor: 0,
  most: 1024,
};
const NOTHING: Eviction = { ttl: 0, unused: 0, cold: 0, backlog: 0 };

describe("planEviction()", () => {
  const cases: readonly (readonly [string, Partial<EvictionInput>, Partial<Eviction>])[] = [
    ["leaves a shelf within its bounds alone", {}, {}],
    ["takes what has expired", { expired: 2 }, { ttl: 2 }],
    ["takes what nobody used", { unused: 2 }, { unused: 2 }],
    ["calls an expired and unused object expired", { expired: 2, unused: 2 }, { ttl: 2 }],
    ["takes the rest of the unused", { expired: 1, unused: 2 }, { ttl: 1, unused: 1 }],
    ["takes what all bands together have no room for", { caps: [2, 2, 2] }, { cold: 3 }],
    ["lets the young spill into older bands", { caps: [0, 0, 9] }, {}],
    ["lets nothing spill into younger bands", { caps: [9, 9, 0] }, { cold: 2 }],
    ["counts nothing twice", { caps: [2, 2, 2], expired: 1, unused: 2 }, {
      ttl: 1,
      unused: 1,
      cold: 1,
    }],
    ["needs no cold one where enough goes anyway", { caps: [2, 2, 2], expired: 4 }, { ttl: 4 }],
    ["spares unused ones under the floor", { unused: 5, floor: 7 }, { unused: 2 }],
    ["spares no expired ones", { expired: 5, floor: 9 }, { ttl: 5 }],
    ["spares nothing over a cap", { caps: [0, 0, 0], floor: 9 }, { cold: 9 }],
    ["takes no more than it may", { expired: 2, unused: 4, caps: [0, 0, 0], most: 5 }, {
      ttl: 2,
      unused: 2,
      cold: 1,
      backlog: 4,
    }],
    ["takes expired ones first", { expired: 3, caps: [0, 0, 0], most: 2 }, { ttl: 2, backlog: 7 }],
    ["takes nothing where it may not", { caps: [0, 0, 0], most: 0 }, { backlog: 9 }],
  ];
  for (const [name, input, expected] of cases) {
    it(`planEviction() ${name}`, () => {
      assertEquals(planEviction({ ...CALM, ...input }), { ...NOTHING, ...expected });
    });
  }

  it("planEviction() takes whole numbers, no more than there are or it may", () => {
    const band = fc.record({ age: fc.nat(20), cap: fc.nat(20) });
    const bounds = fc.record({
      expired: fc.nat(30),
      unused: fc.nat(30),
      floor: fc.nat(30),
      most: fc.nat(30),
    });
    fc.assert(
      fc.property(fc.array(band, { minLength: 1, maxLength: 8 }), bounds, (bands, given) => {
        const ages = bands.map(({ age }) => age);
        const idle = ages.reduce((sum, age) => sum + age, 0);
        const expired = Math.min(given.expired, ages.at(-1)!);
        const unused = Math.min(given.unused, idle);
        const input = { ...given, ages, caps: bands.map(({ cap }) => cap), expired, unused };
        const { ttl, unused: unusedGone, cold, backlog } = planEviction(input);
        const gone = ttl + unusedGone + cold;
        assert([ttl, unusedGone, cold, backlog].every((n) => Number.isInteger(n) && n >= 0));
        assert(gone <= input.most && gone + backlog <= idle);
        // Without a bound on disposals, what stays fits under the caps together.
        const all = planEviction({ ...input, most: Infinity });
        const left = idle - all.ttl - all.unused - all.cold;
        assert(left <= input.caps.reduce((sum, cap) => sum + cap, 0));
        assertEquals(gone + backlog, idle - left);
      }),
    );
  });
});
