import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import { Election } from "../src/election.ts";
import type { TagSample } from "../src/scheduler.ts";
import { Sketch } from "../src/sketch.ts";

/** A tag that was used `acquires` times in a tick, and sizes that it gave to objects, in bytes. */
function tagOf(name: string, acquires: number, ...sizes: readonly number[]): TagSample {
  const sketch = new Sketch();
  for (const size of sizes) sketch.add(size / KB);
  return sampleOf(name, acquires, sketch);
}

/** A tag in a tick, with the sizes that are known of it. */
function sampleOf(name: string, acquires: number, sizes: Sketch): TagSample {
  const tag = { name, acquires, misses: 0, heat: 0, hot: false };
  return { ...tag, sizesKb: { shares: sizes.weights, total: sizes.total } };
}

/** A tag all of whose objects are of one size. */
function alike(name: string, acquires: number, bytes: number, count = 1000): TagSample {
  const sketch = new Sketch();
  sketch.add(bytes / KB, count);
  return sampleOf(name, acquires, sketch);
}

/** Who is elected after some ticks. */
function electedAfter(...ticks: readonly (readonly TagSample[])[]): string[] {
  const election = new Election();
  for (const tags of ticks) election.decide(tags);
  return [...election.elected.keys()];
}

/** The entropy of two shares, in bits. */
function binaryEntropy(share: number): number {
  return -share * Math.log2(share) - (1 - share) * Math.log2(1 - share);
}

const KB = 1024;
const MB = 2 ** 20;

describe("Election.decide()", () => {
  it("Election.decide() elects nobody where nothing is known", () => {
    assertEquals(electedAfter([]), []);
    const [unknown] = [{ name: "a", acquires: 9, misses: 0, heat: 0, hot: false }];
    assertEquals(electedAfter([unknown!, alike("page", 1000, 2 * KB)]), []);
  });

  for (const share of [0.002, 0.01, 0.02, 0.1, 0.3]) {
    it(`Election.decide() elects a tag of ${share} of the leases with objects 512 times as large`, () => {
      const tags = [alike("page", 1000 * (1 - share), 2 * KB), alike("upload", 1000 * share, MB)];
      assertEquals(electedAfter(tags), ["upload"]);
    });
  }

  it("Election.decide() elects a tag whose objects are 512 times as small", () => {
    assertEquals(electedAfter([alike("upload", 100, MB), alike("page", 90, 2 * KB)]), ["page"]);
  });

  for (const share of [0.005, 0.02, 0.05]) {
    it(`Election.decide() elects both of two tags of ${share} of the leases with large objects`, () => {
      const uploads = ["upload", "image"].map((name) => alike(name, 1000 * share, MB));
      const page = alike("page", 1000 * (1 - 2 * share), 2 * KB);
      assertEquals(electedAfter(...Array(20).fill([page, ...uploads])).toSorted(), [
        "image",
        "upload",
      ]);
    });
  }

  it("Election.decide() tells the information that a tag has of the bytes, in bits", () => {
    const election = new Election();
    // Half of all bytes each, in two bands: one bit, less the bias of 1000 samples (Miller 1955).
    const gains = election.decide([alike("page", 512, 2 * KB), alike("upload", 1, MB)]);
    assertAlmostEquals(gains.get("upload")!, 1 - 1 / (2 * 1000 * Math.LN2), 1e-9);
    assertEquals(election.elected, gains);
  });

  it("Election.decide() elects nobody where sizes differ by a tenth, whatever they are", () => {
    const elected = Array.from({ length: 64 }, (_, i) => 64 * 2 ** (i / 5)).filter((bytes) =>
      electedAfter([alike("page", 100, bytes), alike("form", 40, 1.1 * bytes)]).length > 0
    );
    assertEquals(elected, []);
  });

  it("Election.decide() never elects the tag of most leases, which the main shelf is for", () => {
    const tags = (upload: number) => [alike("page", 100, 2 * KB), alike("upload", upload, 32 * KB)];
    assertEquals(electedAfter(tags(60)), ["upload"]);
    assertEquals(electedAfter(tags(150)), ["page"]);
  });

  it("Election.decide() elects one of two tags that are as frequent", () => {
    assertEquals(electedAfter([alike("a", 50, 2 * KB), alike("b", 50, 32 * KB)]).length, 1);
  });

  it("Election.decide() elects a tag at 0.2 bits and drops it below 0.05", () => {
    const election = new Election();
    // What is known of a tag is worked out anew once it has grown enough.
    let count = 1e6;
    const decide = (bytes: number) => {
      count *= 2;
      const tags = [alike("page", 1200, 2 * KB, count), alike("upload", 1, bytes, count)];
      return election.decide(tags).get("upload");
    };
    const between = binaryEntropy(16 / 1216);
    assert(between > 0.05 && between < 0.2, `${between}`);

    assertEquals(decide(32 * KB), undefined);
    assertAlmostEquals(decide(MB)!, binaryEntropy(512 / 1712), 1e-5);
    assertAlmostEquals(decide(32 * KB)!, between, 1e-5);
    assertEquals(decide(2 * KB), undefined);
    assertEquals(decide(32 * KB), undefined);
  });

  it("Election.decide() drops a tag that is used no more", () => {
    const busy = [alike("page", 100, 2 * KB), alike("upload", 2, MB)];
    const idle = [alike("page", 100, 2 * KB), alike("upload", 0, MB)];
    assertEquals(electedAfter(busy, ...Array(20).fill(idle)), ["upload"]);
    assertEquals(electedAfter(busy, ...Array(200).fill(idle)), []);
    assertEquals(electedAfter(busy, ...Array(200).fill([busy[0]])), []);
  });

  it("Election.decide() keeps a tag through a tick without work", () => {
    const tags = (acquires: number) => [
      alike("page", 100 * acquires, 2 * KB),
      alike("upload", 2 * acquires, MB),
    ];
    assertEquals(electedAfter(tags(1), tags(0), tags(0), tags(0)), ["upload"]);
  });

  it("Election.decide() elects at most 8", () => {
    // Ten tags and the main shelf with as many bytes each, every one in a band of its own.
    const tags = Array.from({ length: 11 }, (_, i) => alike(`${i}`, 4 ** (10 - i), 4 ** i));
    const elected = electedAfter(...Array(30).fill(tags));
    assertEquals(elected.length, 8);
    assert(!elected.includes("0"));
  });

  it("Election.decide() keeps whom it elected while the ticks are alike", () => {
    const tags = Array.from({ length: 11 }, (_, i) => alike(`${i}`, 4 ** (10 - i), 4 ** i));
    const first = electedAfter(...Array(30).fill(tags));
    assertEquals(electedAfter(...Array(80).fill(tags)).toSorted(), first.toSorted());
  });

  it("Election.decide() never elects the overflow profile", () => {
    const tags = [alike("page", 100, 2 * KB), alike("(other)", 2, MB)];
    assertEquals(electedAfter(tags, tags, tags), []);
  });

  for (const [page, upload, elected] of [[1000, 7, 0], [7, 1000, 0], [8, 8, 1]] as const) {
    it(`Election.decide() elects ${elected} where ${page} and ${upload} sizes are known`, () => {
      const tags = [alike("page", 100, 2 * KB, page), alike("upload", 2, MB, upload)];
      assertEquals(electedAfter(tags).length, elected);
    });
  }

  const spreads: readonly (readonly [string, (random: Random) => number])[] = [
    ["log-uniform", (random) => 2 ** (8 + 12 * random.next())],
    ["2 % of 1 MB", (random) => random.next() < 0.02 ? MB : 2 * KB],
    ["half of 1 MB", (random) => random.next() < 0.5 ? MB : 2 * KB],
    ["alike", () => 4 * KB],
  ];
  for (const [name, draw] of spreads) {
    for (const rates of ["equal", "skewed"] as const) {
      it(`Election.decide() elects nobody of 256 tags of sizes ${name}, rates ${rates}`, () => {
        const start = Date.now();
        for (let round = 0; round < 15; round++) {
          const seed = start + round;
          const random = new Random(`${seed}`);
          const samples = [8, 16, 64][round % 3]!;
          const election = new Election();
          const tags = Array.from({ length: 256 }, (_, i) => {
            const sizes = Array.from({ length: samples }, () => draw(random));
            return tagOf(`tag ${i}`, rates === "equal" ? 10 : 1000 / (i + 1), ...sizes);
          });
          for (let tick = 0; tick < 3; tick++) {
            assertEquals([...election.decide(tags)], [], `seed ${seed}, ${samples} samples`);
          }
        }
      });
    }
  }

  it("Election.decide() tells the same of the same ticks", () => {
    const ticks = Array.from({ length: 20 }, (_, i) => [
      alike("page", 50 + i, 2 * KB),
      alike("upload", 1 + i % 3, MB >> (i % 5)),
      alike("form", 5, 64 * KB),
    ]);
    assertEquals(electedAfter(...ticks), electedAfter(...ticks));
  });
});

describe("Election.objectBytes", () => {
  it("Election.objectBytes is forgotten with the tags that it came from", () => {
    const election = new Election();
    const tags = [alike("page", 300, 2 * KB), alike("upload", 1, MB)];
    election.decide(tags);
    assert(election.objectBytes !== undefined);
    for (let tick = 0; tick < 1000; tick++) election.decide([]);
    assertEquals([election.elected.size, election.objectBytes], [0, undefined]);
  });

  it("Election.objectBytes is unknown where nobody is elected", () => {
    const election = new Election();
    assertEquals(election.objectBytes, undefined);
    election.decide([alike("page", 100, 2 * KB), alike("form", 50, 2 * KB)]);
    assertEquals(election.objectBytes, undefined);
  });

  it("Election.objectBytes is twice what nearly all objects of the others are at most", () => {
    const election = new Election();
    // One object in a hundred is larger than the rest.
    const sizes = [...Array<number>(98).fill(2 * KB), 64 * KB];
    election.decide([tagOf("page", 1000, ...sizes), alike("upload", 20, MB)]);
    assertEquals([...election.elected.keys()], ["upload"]);
    assertEquals(election.objectBytes, 4 * KB);
  });

  it("Election.objectBytes is unknown where the others' objects are as large, or larger", () => {
    const election = new Election();
    election.decide([alike("page", 60, 2 * KB), alike("upload", 100, 32 * KB)]);
    assertEquals([...election.elected.keys()], ["page"]);
    assertEquals(election.objectBytes, undefined);
  });
});

describe("Election.sizeRatio()", () => {
  it("Election.sizeRatio() is how many times as large an elected tag's objects are", () => {
    const election = new Election();
    election.decide([alike("page", 500, 2 * KB), alike("upload", 2, MB)]);
    assertAlmostEquals(election.sizeRatio("upload"), 512, 1e-9);
  });

  it("Election.sizeRatio() compares with the mean of the others, by their rates", () => {
    const election = new Election();
    election.decide([
      alike("page", 300, 2 * KB),
      alike("form", 100, 2.5 * KB),
      alike("upload", 2, MB),
    ]);
    assertEquals([...election.elected.keys()], ["upload"]);
    // 2.5 KB is told by the upper edge of its band, √2 · 2 KB.
    assertAlmostEquals(election.sizeRatio("upload"), 512 / (0.75 + 0.25 * Math.SQRT2), 1e-9);
  });
});
