import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../bench/runner/random.ts";
import { runOrderOf, sitsWell } from "../../src/buffers/run.ts";
import { bandEnd, SizeLearning } from "../../src/buffers/size_learning.ts";
import { SizeTable } from "../../src/buffers/size_table.ts";

const DEFAULT = [256, 1024, 4096, 16_384, 65_536];

describe("SizeTable", () => {
  const TABLES = [
    DEFAULT,
    [1],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
    [1000],
    [100, 101, 102, 4097],
    [255, 257, 2 ** 30],
  ];
  for (const sizes of TABLES) {
    it(`SizeTable finds the smallest class of ${sizes.join(", ")} that holds a request`, () => {
      const table = new SizeTable(sizes);
      const random = new Random("sizes");
      const around = sizes.flatMap((size) => [size - 1, size, size + 1]);
      const drawn = Array.from({ length: 2000 }, () => random.below(table.largest + 1));
      for (const bytes of [0, ...around, ...drawn].filter((bytes) => bytes <= table.largest)) {
        const naive = sizes.findIndex((size) => size >= bytes);
        assertEquals(table.at(bytes), naive, `${bytes}`);
      }
    });
  }
});

describe("bandEnd()", () => {
  it("bandEnd() holds the request, wastes less than an eighth, and is an end itself", () => {
    const random = new Random("bands");
    for (let i = 0; i < 2000; i++) {
      const bytes = 64 + random.below(2 ** 20);
      const end = bandEnd(bytes);
      assert(end >= bytes && end - bytes <= bytes / 8, `${bytes} in ${end}`);
      assertEquals(bandEnd(end), end);
    }
    assertEquals([0, 1, 64, 65, 8192, 8193].map(bandEnd), [64, 64, 64, 72, 8192, 9216]);
  });
});

/** How many requests one of the sample stands for, as a rule. */
const EACH = 64;

/** Feeds a learner until it proposes something, at most so many requests. */
function proposal(ask: () => number, most: number): number | undefined {
  const learning = new SizeLearning();
  for (let i = 0; i < most; i++) {
    const found = learning.add(ask(), EACH, DEFAULT);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe("SizeLearning", () => {
  it("SizeLearning proposes 8 KB where many requests are of exactly 8 KB", () => {
    assertEquals(proposal(() => 8192, 300), 8192);
  });

  it("SizeLearning finds them among others that sit well", () => {
    const random = new Random("mix");
    const ask = () => random.next() < 0.25 ? 8192 : random.next() < 0.5 ? 250 : 4000;
    assertEquals(proposal(ask, 300), 8192);
  });

  it("SizeLearning proposes nothing where the classes are good", () => {
    const random = new Random("good");
    const ask = () => DEFAULT[random.below(5)]! * random.uniform(0.85, 1);
    assertEquals(proposal(() => Math.floor(ask()), 5000), undefined);
  });

  it("SizeLearning proposes nothing for a few", () => {
    const random = new Random("few");
    assertEquals(proposal(() => random.next() < 0.02 ? 8192 : 256, 5000), undefined);
  });

  it("SizeLearning lets each of a sample weigh as much as it stands for", () => {
    const learning = new SizeLearning();
    // Of a new tag every other request is in the sample.
    for (let i = 0; i < 200; i++) assertEquals(learning.add(8192, 2, DEFAULT), undefined);
    for (let i = 0; i < 300; i++) assertEquals(learning.add(16_000, EACH, DEFAULT), undefined);
  });

  it("SizeLearning proposes nothing for a few that stand for very many", () => {
    const learning = new SizeLearning();
    for (let i = 0; i < 100; i++) assertEquals(learning.add(8192, 16_384, DEFAULT), undefined);
  });

  it("SizeLearning forgets what is asked for no more", () => {
    const learning = new SizeLearning();
    for (let i = 0; i < 255; i++) learning.add(8192, EACH, DEFAULT);
    for (let i = 0; i < 255 * 8; i++) learning.add(256, EACH, DEFAULT);
    for (let i = 0; i < 300; i++) assertEquals(learning.add(256, EACH, DEFAULT), undefined);
  });
});

describe("runOrderOf()", () => {
  it("runOrderOf() takes the smallest run that leaves little over", () => {
    assertEquals([256, 1024, 4096, 8192].map((bytes) => runOrderOf(bytes, 5)), [0, 0, 0, 0]);
    assertEquals([16_384, 65_536].map((bytes) => runOrderOf(bytes, 5)), [1, 3]);
    assertEquals(runOrderOf(5120, 5), 1, "three in 16 KB");
    assertEquals(runOrderOf(24_576, 5), 2, "one in 32 KB: two in 64 KB are no better");
    assertEquals([8192, 24_576, 5120, 40_960].map((bytes) => sitsWell(bytes, 5)), [
      true,
      false,
      true,
      false,
    ]);
  });
});
