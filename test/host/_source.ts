/**
 * The source files of this repository, as text.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const ROOT = join(import.meta.dirname!, "..", "..");

/** The TypeScript files of a folder, as paths relative to the root, sorted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => posix.join(folder, path.replaceAll("\\", "/")))
    .sort();
}

/** The text of a file without its comments. */
export function readCode(path: string): string {
  const text = readFileSync(join(ROOT, path), "utf8");
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** What a file imports or re-exports, types included: paths relative to the root, or bare names. */
export function importsOf(path: string): string[] {
  const code = readCode(path);
  const patterns = [
    /^(?:import|export)\s+(?:type\s+)?[\w\s,*{}]*?\bfrom\s*"([^"]+)"/gm,
    /^import\s*"([^"]+)"/gm,
    /\bimport\s*\(\s*"([^"]+)"/g,
  ];
  const specifiers = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, s]) => s!));
  return [...new Set(specifiers)].map((specifier) =>
    specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier
  );
}
