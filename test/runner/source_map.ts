/**
 * Places in bundles, told as places in the sources.
 *
 * @module
 */

import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { ROOT } from "../../bench/runner/root.ts";

/** Replaces each `worker:<line>:<column>` in the stack of an error. */
export function locateSources(stack: string, bundlePath: string): string {
  const map = new SourceMap(JSON.parse(Deno.readTextFileSync(`${bundlePath}.map`)));
  return stack.replaceAll(/\bworker:(\d+):(\d+)/g, (place, line, column) => {
    // A stack counts from 1, a source map from 0.
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!("originalSource" in entry)) return place;
    const source = relative(ROOT, resolve(dirname(bundlePath), entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}
