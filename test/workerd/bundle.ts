/**
 * Bundles test files for workerd, one self-contained module each. Run by Bun:
 * `bun test/workerd/bundle.ts <entry file>... <folder>`.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";

/** The part of Bun's API that is used here: Deno, which checks this file, does not know it. */
declare const Bun: {
  build(options: {
    entrypoints: string[];
    outdir: string;
    root: string;
    target: "node";
    conditions: string[];
    define: Record<string, string>;
    sourcemap: "external";
    plugins: { name: string; setup(build: PluginBuilder): void }[];
  }): Promise<unknown>;
};

/** What a plugin can ask of the bundler. */
interface PluginBuilder {
  onResolve(options: { filter: RegExp }, callback: () => { path: string }): void;
}

const entrypoints = process.argv.slice(2, -1);
const outdir = process.argv.at(-1)!;

await Bun.build({
  entrypoints,
  outdir,
  // Named, because Bun guesses a root of its own when there are many entries.
  root: outdir,
  // Leaves `node:` imports alone: workerd has them, but for its own idea of `node:test`.
  target: "node",
  conditions: ["workerd", "worker"],
  // workerd gives a module no address, which what `require` becomes cannot do without.
  define: { "import.meta.url": '"file:///worker.js"' },
  sourcemap: "external",
  plugins: [{
    name: "node:test for workerd",
    setup(build) {
      const path = join(import.meta.dirname!, "node_test_shim.ts");
      build.onResolve({ filter: /^node:test$/ }, () => ({ path }));
    },
  }],
});
