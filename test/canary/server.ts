/**
 * Servers of the canary.
 *
 * @module
 */

import type { RuntimeName } from "../../bench/runner/bench.ts";
import { type Entries, type Server, startOn } from "../fixture/server.ts";

const CANARY: Entries = {
  deno: "test/canary/serve_deno.ts",
  bun: "test/canary/serve_bun.ts",
  workerd: "test/canary/serve_worker.ts",
};

/** Serves the canary on a runtime, which lets it force collections. */
export function startCanary(runtime: RuntimeName, folder: string): Promise<Server> {
  return startOn(runtime, CANARY, folder, {}, ["--expose-gc"]);
}
