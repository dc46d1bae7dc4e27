import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Chain } from "../bench/causal/chain.ts";
import { reportOf, type Sample } from "../bench/causal/report.ts";
import { sheetsOf } from "../bench/causal/sheet.ts";
import { textOf } from "../bench/runner/sheet.ts";

const CHAIN: Chain = {
  stoppedInBursts: 0.5,
  correlation: null,
  inside: { share: 0.2, p50Ms: 4, p99Ms: 20 },
  outside: { share: 0.8, p50Ms: 1, p99Ms: 2 },
  p99Ms: 10,
  p999Ms: 20,
  p99WithoutMs: 5,
  p999WithoutMs: 8,
  curve: [[0.5, 1]],
  gcShareOfP99: 0.5,
  gcShareOfP999: 0.6,
};

function sampleOf(chain: Partial<Chain>): Sample {
  return { chain: { ...CHAIN, ...chain }, checksum: 7, unparsed: 0 };
}

const ROUNDS = [
  sampleOf({ p99Ms: 30, gcShareOfP99: 0.7 }),
  sampleOf({ p99Ms: 10, gcShareOfP99: 0.4, inside: { share: 0, p50Ms: null, p99Ms: null } }),
  sampleOf({ p99Ms: 20, gcShareOfP99: 0.6, p99WithoutMs: 8 }),
];

describe("causal", () => {
  it("reportOf() takes the round in the middle, and the extremes of all", () => {
    const { chains, spread } = reportOf(new Map([["alloc", ROUNDS]]));
    assertEquals([chains.alloc!.p99Ms, chains.alloc!.p99WithoutMs], [20, 8]);
    assertEquals(spread.alloc!.p99Ms, [10, 30]);
    assertEquals(spread.alloc!.gcShareOfP99, [0.4, 0.7]);
    assertEquals(spread.alloc!.insideShare, [0, 0.2]);
  });

  it("reportOf() tells no extremes of what a round does not have", () => {
    const { spread } = reportOf(new Map([["alloc", ROUNDS]]));
    assertEquals([spread.alloc!.insideP99Ms, spread.alloc!.correlation], [null, null]);
  });

  it("reportOf() refuses variants that did different work", () => {
    const lazy = { ...sampleOf({}), checksum: 6 };
    assertThrows(
      () => reportOf(new Map([["alloc", ROUNDS], ["lazy", [lazy]]])),
      Error,
      "received 6 of lazy",
    );
  });

  it("sheetsOf() prints the least and the greatest of all rounds, where they differ", () => {
    const text = textOf(sheetsOf(reportOf(new Map([["alloc", ROUNDS]]))));
    for (
      const line of [
        /^alloc +20 \(10–30\) +20 +20 % \(0 %–20 %\) +4 +20 +1 +2 +50 % +– +60 % \(40 %–70 %\) +60 %$/m,
        /^alloc: without its stops p99 were 8 \(5–8\) ms instead of 20 \(10–30\): 60 % /m,
      ]
    ) assert(line.test(text), `${line} in ${text}`);
  });
});
