/** Whether pooling pays, measured on the real runtime by its real clock. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Pool, type PoolOptions } from "../../mod.ts";
import { checkStats } from "../../testing/oracle.ts";

/** Leases between two ticks, enough for some of them to be timed. */
const LEASES = 4000;
const TICKS = 160;

/** Leases under one tag, tick by tick; tells in how many of the last ticks it was bypassed. */
function bypassedTicks<T extends object>(options: PoolOptions<T>, touch: (object: T) => void) {
  const pool = new Pool(options);
  const tag = pool.tag("only");
  let bypassed = 0;
  for (let i = 0; i < TICKS; i++) {
    for (let j = 0; j < LEASES; j++) {
      const object = tag.acquire();
      touch(object);
      tag.release(object);
    }
    pool.tick();
    const { bypass } = pool.stats();
    if (i >= TICKS / 2 && bypass) bypassed++;
    if (bypass) assertEquals(pool.stats().tags[0]!.shelf, "none");
  }
  checkStats(pool.stats());
  pool.close();
  return bypassed;
}

describe("Pool on the real clock", () => {
  it("Pool ends up not retaining a literal of three fields", () => {
    const ticks: number[] = [];
    // A busy machine may make many measurements of one run look dear, but not of all three.
    while (ticks.length < 3 && !ticks.some((bypassed) => bypassed > TICKS / 4)) {
      ticks.push(bypassedTicks({
        create: () => ({ a: 0, b: 0, c: 0 }),
        reset: (object) => {
          object.a = object.b = object.c = 0;
        },
      }, (object) => object.a++));
    }
    assertEquals(ticks.at(-1)! > TICKS / 4, true, `${ticks.join(", ")} of ${TICKS / 2} ticks`);
  });

  it("Pool goes on retaining a buffer of 64 KB", () => {
    const bypassed = bypassedTicks({
      create: () => ({ bytes: new Uint8Array(65536), used: 0 }),
      reset: (object) => {
        object.bytes.fill(0, 0, object.used);
        object.used = 0;
      },
      sizeOf: () => 65536,
    }, (object) => {
      object.bytes[0] = 1;
      object.used = 256;
    });
    assertEquals(bypassed, 0);
  });
});
