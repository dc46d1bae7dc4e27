// deno-lint-ignore-file no-console -- part of a command line tool

/**
 * The tests inside a real workerd: one process per file, so that each starts with a fresh heap.
 *
 * @module
 */

import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { parseEvent } from "../workerd/event.ts";
import { npmCommand, ROOT } from "../../bench/runner/root.ts";
import { COMPATIBILITY_DATE } from "../../bench/runner/workerd.ts";
import { locateSources } from "./source_map.ts";
import { type Outcome, sumTallies, type Tally, tallyOutcomes } from "./tally.ts";

/** Shows a line to whoever runs the tests. */
type Print = (line: string) => void;

const MARKS: Readonly<Record<Outcome, string>> = {
  passed: "(pass)",
  failed: "(fail)",
  skipped: "(skip)",
};

/** Bundles test files and runs each with the workerd that npm brought. */
export async function runWorkerd(
  files: readonly string[],
  print: Print = console.log,
  compatibilityDate: string = COMPATIBILITY_DATE,
): Promise<Tally> {
  const folder = await Deno.makeTempDir({ prefix: "pool_test_" });
  try {
    const names = files.map((_, index) => `worker_${index}`);
    for (const [index, name] of names.entries()) {
      writeWorker(folder, name, files[index]!, compatibilityDate);
    }
    if (!await bundle(folder, names)) return tallyOutcomes(["failed"]);

    const tallies: Tally[] = [];
    for (const [index, name] of names.entries()) {
      print(`\n${files[index]}:`);
      tallies.push(tallyOutcomes(await runWorker(join(folder, name), print)));
    }
    return sumTallies(tallies);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Writes a worker that runs a test file, and the configuration that runs the worker. The file is
 * imported within the handler, since a worker has neither timers nor randomness before that.
 */
function writeWorker(folder: string, name: string, file: string, compatibilityDate: string): void {
  const harness = JSON.stringify(join(ROOT, "test", "workerd", "node_test_shim.ts"));
  const tests = JSON.stringify(join(ROOT, file));
  Deno.writeTextFileSync(
    join(folder, `${name}.ts`),
    `import { run } from ${harness};
export default { test: () => run(() => import(${tests})) };
`,
  );
  Deno.writeTextFileSync(
    join(folder, `${name}.capnp`),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(
    name = "test",
    worker = (
      modules = [(name = "worker", esModule = embed "${name}.js")],
      compatibilityDate = "${compatibilityDate}",
    ),
  )],
  v8Flags = ["--expose-gc"],
);
`,
  );
}

/** Bundles each worker beside its source: the `.ts` files of these names in a folder. */
async function bundle(folder: string, names: readonly string[]): Promise<boolean> {
  const entries = names.map((name) => join(folder, `${name}.ts`));
  const { success } = await new Deno.Command(npmCommand("bun"), {
    args: ["run", join(ROOT, "test", "workerd", "bundle.ts"), ...entries, folder],
    cwd: ROOT,
    stdin: "null",
  }).spawn().status;
  return success;
}

/** Runs the worker of a path without extension to its end, showing what it prints. */
async function runWorker(path: string, print: Print): Promise<Outcome[]> {
  const child = new Deno.Command(npmCommand("workerd"), {
    args: ["test", `${path}.capnp`],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = printComplaints(child.stderr, print);

  const outcomes: Outcome[] = [];
  let running = "(loading the file)";
  let ended = false;
  for await (const line of lines(child.stdout)) {
    const event = parseEvent(line);
    if (!event) {
      print(line);
    } else if (event.type === "start") {
      running = event.name;
    } else if (event.type === "end") {
      ended = true;
      running = "(the end of the file)";
    } else {
      print(`${MARKS[event.outcome]} ${event.name}`);
      if (event.error) print(locateSources(event.error, `${path}.js`).replace(/^/gm, "    "));
      outcomes.push(event.outcome);
    }
  }

  await complaints;
  const { success, code } = await child.status;
  if (!ended || !success) {
    outcomes.push("failed");
    print(
      `Cannot finish the file: workerd must reach the end: received code ${code} at ${running}`,
    );
  } else if (outcomes.length === 0) {
    outcomes.push("failed");
    print("Cannot count the file: it must run at least one test: received none");
  }
  return outcomes;
}

/** Prints what workerd itself has to say, but for its announcements of each worker. */
async function printComplaints(stderr: ReadableStream<Uint8Array>, print: Print): Promise<void> {
  for await (const line of lines(stderr)) {
    if (!/: debug: \[ (?:TEST|PASS) \]/.test(line)) print(line);
  }
}

function lines(stream: ReadableStream<Uint8Array>): AsyncIterable<string> {
  return createInterface({ input: Readable.fromWeb(stream) });
}
