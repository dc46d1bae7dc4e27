/**
 * Debian's `wrk`, which loads a server.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "../runner/root.ts";
import { ACTION, CONNECTIONS, type Load, parseWrk } from "./wrk.ts";

const SCRIPT = join(ROOT, "bench", "http", "wrk.lua");

/** How much longer than told it may take, in ms. */
const GRACE_MS = 15_000;

/** Loads a server for a number of whole seconds. */
export async function runWrk(url: string, seconds: number, signal: AbortSignal): Promise<Load> {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "--latency", "-s", SCRIPT, url];
  const limit = AbortSignal.timeout(seconds * 1000 + GRACE_MS);
  const { success, stdout, stderr } = await start(args, AbortSignal.any([signal, limit]));
  signal.throwIfAborted();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout);
  if (!success) {
    const said = (output + decoder.decode(stderr)).trim();
    throw new Error(`${ACTION}: wrk must exit with 0: received ${said || "a signal"}`);
  }
  return parseWrk(output);
}

async function start(args: string[], signal: AbortSignal): Promise<Deno.CommandOutput> {
  try {
    const command = new Deno.Command("wrk", { args, stdin: "null", signal });
    return await command.output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const rule = "wrk must exist: received no such program (apt-get install wrk)";
    throw new Error(`${ACTION}: ${rule}`, { cause });
  }
}
