/**
 * The report: one self-contained page of all findings.
 *
 * @module
 */

import type { Finding } from "./runner/finding.ts";
import { describe } from "./runner/finding.ts";

/** Writes the page. */
export function reportOf(findings: readonly Finding[]): Promise<string> {
  return Promise.resolve(findings.map(describe).join("\n\n"));
}
