/**
 * The report: one self-contained page of all findings.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { bundleScript } from "./report/bundle.ts";
import { pageOf } from "./report/page.ts";
import type { Fault } from "./runner/fault.ts";
import type { Finding } from "./runner/finding.ts";

const STYLESHEET = fileURLToPath(new URL("report/page.css", import.meta.url));

/**
 * Writes the page of findings, at least one, that were made anywhere.
 *
 * @param findings What it shows.
 * @param faults What is missing.
 */
export async function reportOf(
  findings: readonly Finding[],
  faults: readonly Fault[] = [],
): Promise<string> {
  const [stylesheet, script] = await Promise.all([
    Deno.readTextFile(STYLESHEET),
    bundleScript(),
  ]);
  return await pageOf({ findings, faults, stylesheet, script });
}
