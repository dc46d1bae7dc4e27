/**
 * All benchmarks, by name. A new one is a file and a line here.
 *
 * @module
 */

import type { Bench, RoundBench } from "./bench.ts";

/** Loads a benchmark, so that a process holds only what it measures. */
export type Loader = () => Promise<Bench | RoundBench>;

/** The benchmarks by name. */
export const BENCHES: ReadonlyMap<string, Loader> = new Map<string, Loader>([
  ["gateway", async () => (await import("../gateway.ts")).gateway],
  ["attribution", async () => (await import("../attribution.ts")).attribution],
  ["http", async () => (await import("../http.ts")).http],
  ["buffers", async () => (await import("../buffers.ts")).buffers],
  ["causal", async () => (await import("../causal.ts")).causal],
  ["footprint", async () => (await import("../footprint.ts")).footprint],
  ["failure", async () => (await import("../failure.ts")).failure],
  ["locality", async () => (await import("../locality.ts")).locality],
  ["pair", async () => (await import("../pair.ts")).pair],
  ["policy", async () => (await import("../policy.ts")).policy],
  ["request", async () => (await import("../request.ts")).request],
  ["scale", async () => (await import("../scale.ts")).scale],
  ["scrape", async () => (await import("../scrape.ts")).scrape],
  ["tick", async () => (await import("../tick.ts")).tick],
]);
