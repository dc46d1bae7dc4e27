/**
 * Workers for workerd: one bundled module and its configuration.
 *
 * @module
 */

import { join } from "node:path";
import { npmCommand, ROOT } from "./root.ts";

/** The newest date that the pinned workerd knows. */
export const COMPATIBILITY_DATE = "2026-10-23";

/** A worker to write. */
export interface WorkerPlan {
  /** Where to put it. The caller removes it. */
  readonly folder: string;
  /** The module, in TypeScript. */
  readonly source: string;
  /** Flags for the engine. */
  readonly v8Flags: readonly string[];
  /** Whether it serves HTTP on a free port of the loopback device, and reaches that. @default {false} */
  readonly isServing?: boolean;
  /** Texts that it finds in its environment, by name. @default {{}} */
  readonly bindings?: Readonly<Record<string, string>>;
}

/** Writes a worker, and returns the path of its configuration. */
export async function writeWorker(plan: WorkerPlan): Promise<string> {
  const { folder, source, v8Flags, isServing = false, bindings = {} } = plan;
  const entry = join(folder, "worker.ts");
  await Deno.writeTextFile(entry, source);
  const { success, stderr } = await new Deno.Command(npmCommand("bun"), {
    args: [
      "build",
      entry,
      `--outfile=${join(folder, "worker.js")}`,
      // Leaves `node:` imports alone: workerd has them.
      "--target=node",
      // workerd gives a module no address, which what `require` becomes cannot do without.
      `--define=import.meta.url="file:///worker.js"`,
      "--conditions=workerd",
      "--conditions=worker",
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr);
    throw new Error(`Cannot bundle worker: its imports must resolve: received ${said}`);
  }
  const config = join(folder, "worker.capnp");
  const flags = v8Flags.map((flag) => JSON.stringify(flag)).join(", ");
  const texts = Object.entries(bindings).map(([name, text]) =>
    `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`
  );
  const sockets = isServing
    ? `sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],\n  `
    : "";
  const network = isServing
    ? `,\n    (name = "internet", network = (allow = ["public", "private", "local"]))`
    : "";
  await Deno.writeTextFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(
    name = "main",
    worker = (
      modules = [(name = "worker", esModule = embed "worker.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      bindings = [${texts.join(", ")}],
    ),
  )${network}],
  ${sockets}v8Flags = [${flags}],
);
`,
  );
  return config;
}
