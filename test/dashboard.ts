// deno-lint-ignore-file no-console -- a command line tool

/**
 * Writes the files that a browser gets into modules, so that they are part of the package without a
 * build step for whoever uses it: `deno task dashboard`. A test holds the modules to their sources.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npmCommand, ROOT } from "../bench/runner/root.ts";

const FOLDER = join(ROOT, "edge", "dashboard");
const CLIENT = join(FOLDER, "client");
const UPLOT = join(ROOT, "node_modules", "uplot");

/** The modules and their texts, by path. */
export async function writeModules(): Promise<ReadonlyMap<string, string>> {
  const read = (...path: string[]) => readFileSync(join(...path), "utf8");
  const style = read(UPLOT, "dist", "uPlot.min.css") + read(CLIENT, "style.css");
  const license = read(UPLOT, "LICENSE").trim();
  return new Map([
    [
      join(FOLDER, "uplot.ts"),
      moduleOf(
        `uPlot as its npm package has it, which draws the charts.\n\n${license}`,
        "uplot",
        read(UPLOT, "dist", "uPlot.iife.min.js"),
        "text/javascript; charset=utf-8",
      ),
    ],
    [
      join(FOLDER, "script.ts"),
      moduleOf(
        "The script of the dashboard, made of the files in `client/`.",
        "script",
        await bundle(join(CLIENT, "main.ts")),
        "text/javascript; charset=utf-8",
      ),
    ],
    [
      join(FOLDER, "style.ts"),
      moduleOf(
        "The style of uPlot and of the dashboard, of `client/style.css`.",
        "style",
        style,
        "text/css; charset=utf-8",
      ),
    ],
    [
      join(FOLDER, "icon.ts"),
      moduleOf(
        "The icon of the dashboard, of `client/icon.svg`.",
        "icon",
        read(CLIENT, "icon.svg"),
        "image/svg+xml",
      ),
    ],
  ]);
}

/** A module that exports a text with its type and the beginning of its hash. */
function moduleOf(doc: string, name: string, text: string, type: string): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const lines = `${doc}\n\n@module`.split("\n").map((line) => ` * ${line}`.trimEnd());
  return `// deno-fmt-ignore-file -- written by \`deno task dashboard\`
// deno-lint-ignore-file

/**
${lines.join("\n")}
 */

/** What a browser gets. */
export const ${name}: { readonly hash: string; readonly type: string; readonly text: string } = {
  hash: "${hash}",
  type: "${type}",
  text: ${JSON.stringify(text)},
};
`;
}

/** One script of a module and all that it imports. */
async function bundle(entry: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(npmCommand("bun"), {
    args: ["build", entry, "--target=browser", "--format=iife", "--minify"],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const said = decoder.decode(stderr);
  throw new Error(`Cannot bundle dashboard: its imports must resolve: received ${said}`);
}

if (import.meta.main) {
  for (const [path, text] of await writeModules()) {
    Deno.writeTextFileSync(path, text);
    console.log(`${path.slice(ROOT.length + 1)}: ${text.length} characters`);
  }
}
