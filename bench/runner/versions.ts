/**
 * The versions of what measures.
 *
 * @module
 */

import process from "node:process";

/** The runtime and the engine of this process, by name. */
export function runtimeVersions(): Record<string, string> {
  const { deno, v8, bun, webkit } = process.versions as Record<string, string | undefined>;
  const engine = bun === undefined ? { deno, v8 } : { bun, webkit };
  return Object.fromEntries(
    Object.entries(engine).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
