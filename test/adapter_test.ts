import { it } from "node:test";
import { assertEquals } from "@std/assert";
import * as bun from "../src/adapter/bun.ts";
import * as deno from "../src/adapter/deno.ts";
import { detectHost } from "../src/adapter/detect.ts";
import * as node from "../src/adapter/node.ts";
import * as workers from "../src/adapter/workers.ts";
import { type AdapterUnderTest, testAdapter } from "./adapter_contract.ts";

const { navigator, process } = globalThis as unknown as Record<string, {
  userAgent?: string;
  versions?: { v8?: string };
}>;

const v8Heap = ["usedBytes", "limitBytes", "externalBytes"] as const;
const always = { timed: true, timers: true };

/** The adapter that must be found here, by other signs than those that `detectHost` looks at. */
function adapterHere(): AdapterUnderTest {
  if (navigator?.userAgent?.startsWith("Deno/")) {
    const heap = [...v8Heap, "allocatedBytes"] as const;
    return { ...always, name: "deno", host: deno.denoHost, ...deno, heap };
  }
  if (navigator?.userAgent?.startsWith("Bun/")) {
    return {
      ...always,
      name: "bun",
      host: bun.bunHost,
      ...bun,
      heap: ["usedBytes", "externalBytes"],
    };
  }
  if (navigator?.userAgent === "Cloudflare-Workers") {
    return {
      name: "workers",
      host: workers.workersHost,
      ...workers,
      memoryLimit: 128 * 2 ** 20,
      heap: [],
      timed: false,
      timers: false,
    };
  }
  // The counter of allocations came with V8 14.
  const counts = parseInt(process?.versions?.v8 ?? "") >= 14;
  const heap = counts ? [...v8Heap, "allocatedBytes"] as const : v8Heap;
  return { ...always, name: "node", host: node.nodeHost, ...node, heap };
}

const adapter = adapterHere();

testAdapter(adapter);

it("workersHost() tells the latest of its requests' clocks, whichever host is asked", () => {
  const [one, other] = [workers.workersHost(), workers.workersHost()];
  const start = one.now() + 5;
  const readings = [start, start - 4, start + 1, start - 9, start + 2];
  const { performance } = globalThis;
  const { now } = performance;
  let told: number[];
  try {
    told = readings.map((reading, i) => {
      performance.now = () => reading;
      return (i % 2 === 0 ? one : other).now() - start;
    });
  } finally {
    performance.now = now;
  }
  assertEquals(told.map(Math.round), [0, 0, 1, 1, 2]);
});

it("detectHost() finds the adapter of this runtime", () => {
  const host = detectHost();
  assertEquals(host.runtime, adapter.name);
  assertEquals(host.heap() === undefined, adapter.heap.length === 0);
  host.close();
});
