/**
 * The folder of this repository, in which everything runs.
 *
 * @module
 */

import { join } from "node:path";

/** Its absolute path. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

/** The absolute path of a command that an npm package brought. */
export function npmCommand(name: string): string {
  return join(ROOT, "node_modules", ".bin", name);
}
