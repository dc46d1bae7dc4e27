/**
 * The host of whatever runtime this is.
 *
 * @module
 */

import { type Host, inertHost } from "../host.ts";
import { defer, globals, isWorkers, now, timeout } from "./_globals.ts";
import { bunHost } from "./bun.ts";
import { denoHost } from "./deno.ts";
import { nodeHost } from "./node.ts";
import { workersHost } from "./workers.ts";

/**
 * The host of the runtime that runs this: Cloudflare Workers, Deno, Bun or Node. Any other gets a
 * host with a clock and, where it has them, timers. Making it is safe anywhere.
 *
 * @returns A new host, for one pool.
 *
 * @example Usage
 * ```ts
 * import { detectHost } from "@siliconflow/pool";
 * import { assert } from "@std/assert";
 *
 * const host = detectHost();
 * const start = host.now();
 * assert(host.now() >= start);
 * host.close();
 * ```
 */
export function detectHost(): Host {
  const { Bun, Deno, process } = globals();
  // All the others pass for Node, so it comes last.
  if (isWorkers()) return workersHost();
  if (Deno) return denoHost();
  if (Bun) return bunHost();
  if (process?.versions?.["node"]) return nodeHost();
  const timers = typeof setTimeout === "function" ? { defer, timeout } : {};
  return { ...inertHost(), runtime: "unknown", now, ...timers };
}
