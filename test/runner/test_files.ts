/**
 * The test files of this repository.
 *
 * @module
 */

import { join, posix } from "node:path";
import { ROOT } from "../../bench/runner/root.ts";

/** The folder of the tests that need processes, sockets or files, which workerd does not have. */
const HOST_FOLDER = "test/host/";

/** Paths relative to the root, with forward slashes, sorted. */
export function findTestFiles(folder = "test"): string[] {
  const entries = [...Deno.readDirSync(join(ROOT, folder))];
  return entries.flatMap(({ name, isDirectory }) => {
    const path = posix.join(folder, name);
    if (isDirectory) return findTestFiles(path);
    return name.endsWith("_test.ts") ? [path] : [];
  }).sort();
}

/** Whether a test file runs everywhere, workerd included. */
export function isPortable(path: string): boolean {
  return !path.startsWith(HOST_FOLDER);
}
