import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type BlockOwner, PooledBlock } from "../../src/buffers/block.ts";
import { addSlot } from "../../src/slot.ts";

/** More bytes than any test may allocate. */
const HUGE = 2 ** 33;

function hugeBlock(): PooledBlock {
  const bytes = { length: HUGE, buffer: {} } as Uint8Array<ArrayBuffer>;
  const owner: BlockOwner = {
    untagged: { release() {} },
    isLeased: () => true,
    usedIdle() {},
  };
  const block = new PooledBlock(bytes, owner);
  addSlot(block, owner).holder = 1;
  return block;
}

describe("Block.used", () => {
  it("takes each integer up to the capacity, of however many bits", () => {
    const block = hugeBlock();
    for (const used of [0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 7, HUGE]) {
      block.used = used;
      assertEquals([block.used, block.dirty], [used, used]);
    }
  });

  it("refuses all else", () => {
    const block = hugeBlock();
    for (
      const used of [-1, 0.5, 2 ** 32 + 0.5, HUGE + 1, NaN, Infinity, "7" as unknown as number]
    ) {
      assertThrows(() => void (block.used = used), RangeError, "Cannot declare Block: used must");
    }
    assertEquals(block.used, HUGE);
  });
});
