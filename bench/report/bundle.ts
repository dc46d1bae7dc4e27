/**
 * The script of the page, with Chart.js in it.
 *
 * @module
 */

import { npmCommand, ROOT } from "../runner/root.ts";

/** Bundles the script for a browser. */
export async function bundleScript(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(npmCommand("bun"), {
    args: ["build", "bench/report/browser.ts", "--target=browser", "--format=iife", "--minify"],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(
    `Cannot write report: its script must bundle: received ${decoder.decode(stderr).trim()}`,
  );
}
