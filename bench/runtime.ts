/**
 * The runtimes that variants are measured on, and how a process of one is started.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Effort } from "./bench.ts";
import type { Result } from "./variant.ts";

/** The top of the repository. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

/** A runtime's name. */
export type RuntimeName = "deno" | "bun";

/** The command that each runtime runs a TypeScript file with. */
const COMMANDS: Readonly<Record<RuntimeName, readonly [string, ...string[]]>> = {
  // Without a real gc(), mitata provokes one by allocating a gigabyte.
  deno: [Deno.execPath(), "run", "-A", "--v8-flags=--expose-gc"],
  // Never a bare `bun`: a Deno task runs that as JavaScript.
  bun: [join(ROOT, "node_modules", ".bin", "bun"), "--no-install"],
};

/** The runtimes to choose from. */
export const RUNTIMES = Object.keys(COMMANDS) as readonly RuntimeName[];

/** A process that has not ended by then never will. */
const LIMIT_MS = 300_000;

/** A variant of a bench. */
export interface Task extends Effort {
  readonly bench: string;
  readonly variant: string;
  readonly runtime: RuntimeName;
}

/** Measures a variant in a fresh process. */
export async function measureApart(
  { bench, variant, runtime, quick, trace }: Task,
): Promise<Result> {
  const action = `Cannot measure ${variant} on ${runtime}`;
  const [program, ...args] = COMMANDS[runtime];
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const command = new Deno.Command(program, {
      args: [
        ...args,
        join(ROOT, "bench", "variant.ts"),
        bench,
        variant,
        file,
        ...(quick ? ["--quick"] : []),
        ...(trace === undefined ? [] : [`--trace=${trace.path}`, `--speed=${trace.speed}`]),
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const { code, signal } = await start(command, action, program);
    if (code !== 0) {
      throw new Error(`${action}: its process must exit with 0: received ${signal ?? code}`);
    }
    return JSON.parse(await Deno.readTextFile(file));
  } finally {
    await Deno.remove(file);
  }
}

async function start(
  command: Deno.Command,
  action: string,
  program: string,
): Promise<Deno.CommandStatus> {
  try {
    return await command.output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      `${action}: ${program} must exist: received no such file (deno install brings it)`,
      { cause },
    );
  }
}
