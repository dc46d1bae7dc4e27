/**
 * Servers of the canary.
 *
 * @module
 */

import type { RuntimeName } from "../../bench/runner/bench.ts";
import { npmCommand } from "../../bench/runner/root.ts";
import { type Server, startServer, startWorkerd } from "../fixture/server.ts";

/** What lets a program force a collection. */
const EXPOSE_GC = "--expose-gc";

/** Serves the canary on a runtime; what it has to write goes into a folder that the caller removes. */
export async function startCanary(runtime: RuntimeName, folder: string): Promise<Server> {
  switch (runtime) {
    case "deno": {
      const flags = ["-A", "--no-check", `--v8-flags=${EXPOSE_GC}`];
      const args = ["run", ...flags, "test/canary/serve_deno.ts"];
      return await startServer({ program: Deno.execPath(), args });
    }
    case "bun":
      return await startServer({
        program: npmCommand("bun"),
        args: ["run", "test/canary/serve_bun.ts"],
      });
    case "workerd":
      return await startWorkerd(folder, "test/canary/serve_worker.ts", {}, [EXPOSE_GC]);
  }
}
