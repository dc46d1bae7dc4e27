/** Blocks that were dropped on lease, found by the real collector. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { detectHost } from "../../mod.ts";
import { BufferPool } from "../../src/buffers/mod.ts";
import { canCollect, collect } from "../fixture/collection.ts";

const COUNT = 256;

/** Blocks of a pool that were found to be lost. */
function lostOf(pool: BufferPool): number {
  const { classes, unpooled } = pool.stats();
  return [...classes, unpooled].reduce((sum, { pool }) => sum + pool.discarded.leaked, 0);
}

/** Drops blocks of a size, and has those found that were watched. */
async function loseBlocks(pool: BufferPool, bytes: number, isGuarded: boolean): Promise<number> {
  (function lose() {
    const guard = pool.guard();
    for (let i = 0; i < COUNT; i++) {
      const block = pool.acquire(bytes);
      if (isGuarded) guard.release(block);
    }
  })();
  let last = 0;
  for (let turn = 0, quiet = 0; turn < 500 && quiet < 5; turn++) {
    pool.tick();
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
    const lost = lostOf(pool);
    quiet = lost > 0 && lost === last ? quiet + 1 : 0;
    last = lost;
  }
  assert(last > 0, "some are watched");
  return last;
}

describe("BufferPool whose blocks are lost", () => {
  const cases = [[1000, 1024], [5000, 5000]].flatMap(([bytes, capacity]) =>
    (["separate", "slab"] as const).flatMap((layout) =>
      [false, true].map((isGuarded) => ({ bytes: bytes!, capacity: capacity!, layout, isGuarded }))
    )
  );
  for (const { bytes, capacity, layout, isGuarded } of cases) {
    const what = `${layout}, ${bytes} bytes${isGuarded ? ", with their guard" : ""}`;
    it(`gives their bytes back, ${what}`, { skip: !canCollect }, async () => {
      const onError = () => {};
      const pool = new BufferPool({ classes: [1024], layout, host: detectHost(), onError });
      const lost = await loseBlocks(pool, bytes, isGuarded);
      if (isGuarded) assertEquals(lost, COUNT);
      const held = (COUNT - lost) * capacity;
      const { activeBytes, active, reservedBytes } = pool.stats();
      assertEquals([active, activeBytes], [COUNT - lost, held]);
      const isCut = layout === "slab" && bytes < 1024;
      assertEquals(reservedBytes === held, !isCut);
      pool.close();
    });
  }
});
