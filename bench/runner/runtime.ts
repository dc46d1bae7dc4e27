/**
 * Processes in which variants are measured, and what is seen of them from outside.
 *
 * @module
 */

import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Bench, Effort, Observation, RuntimeName } from "./bench.ts";
import { needRepeated } from "./checksum.ts";
import {
  EngineLog,
  type EngineRecord,
  JSC_COUNT,
  JSC_LOG,
  parserOf,
  withAllocated,
} from "./engine_log.ts";
import { interruptible } from "./interrupt.ts";
import { BEGIN, END } from "./probe.ts";
import { npmCommand, ROOT } from "./root.ts";
import { readUsage, type Usage } from "./usage.ts";
import type { Result } from "./variant.ts";
import { RESULT } from "./worker.ts";
import { writeWorker } from "./workerd.ts";

/** A process that has not ended by then never will. */
const LIMIT_MS = 300_000;

/** A variant of a bench. */
export interface Task extends Effort {
  /** The bench's name. */
  readonly name: string;
  readonly bench: Bench;
  readonly variant: string;
}

/** A process to start. */
export interface Plan {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the engine logs to, and a worker tells its result. */
  readonly log: "stdout" | "stderr";
  /** Whether what it says beside the log matters only where it fails. @default {false} */
  readonly isNoisy?: boolean;
}

/** Measures a variant in a fresh process. */
export async function measureApart(task: Task): Promise<Result> {
  const action = `Cannot measure ${task.variant} on ${task.runtime}`;
  return await interruptible(action, (signal) => measure(task, action, signal));
}

async function measure(task: Task, action: string, signal: AbortSignal): Promise<Result> {
  const { bench, runtime } = task;
  const { result, watch } = await runOnce(task, action, signal);
  if (bench.complete === undefined) return result;
  const observation = watch.observation();
  const complete = (engine: EngineRecord) => ({
    ...result,
    sample: bench.complete!(result.sample, { ...observation, engine }),
  });
  if (runtime !== "bun" || bench.asksAllocated !== true) return complete(observation.engine);
  const counting = await runOnce(task, action, signal, JSC_COUNT);
  needRepeated(action, result.sample, counting.result.sample, bench);
  return complete(withAllocated(observation.engine, counting.watch.observation().engine));
}

/** Runs a process to its end. */
async function runOnce(
  task: Task,
  action: string,
  signal: AbortSignal,
  jscLog = JSC_LOG,
): Promise<{ result: Result; watch: Watch }> {
  const { bench, runtime } = task;
  const isLogged = bench.complete !== undefined;
  const folder = await Deno.makeTempDir({ prefix: "pool_bench_" });
  try {
    const file = join(folder, "result.json");
    const plan = runtime === "workerd"
      ? await planWorker(task, folder)
      : planScript(task, runtime, file, jscLog);
    const watch = new Watch(runtime, isLogged);
    await run(isLogged ? lineByLine(plan) : plan, action, watch, signal);
    const text = runtime === "workerd" ? watch.result : await Deno.readTextFile(file);
    if (text === undefined) {
      throw new Error(`${action}: its process must tell a result: received none`);
    }
    return { result: JSON.parse(text), watch };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function planScript(
  { name, bench, variant, quick, trace }: Task,
  runtime: "deno" | "bun",
  file: string,
  jscLog: Readonly<Record<string, string>>,
): Plan {
  const isLogged = bench.complete !== undefined;
  const script = [
    join(ROOT, "bench", "runner", "variant.ts"),
    name,
    variant,
    file,
    `--runtime=${runtime}`,
    ...(quick ? ["--quick"] : []),
    ...(trace === undefined ? [] : [`--trace=${trace.path}`, `--speed=${trace.speed}`]),
  ];
  if (runtime === "bun") {
    return {
      program: npmCommand("bun"),
      args: ["--no-install", ...script],
      ...(isLogged ? { env: jscLog } : {}),
      log: "stderr",
    };
  }
  // Without a real gc(), mitata provokes one by allocating a gigabyte.
  const flags = ["--expose-gc", ...(isLogged ? ["--trace-gc-nvp"] : [])];
  return {
    program: Deno.execPath(),
    args: ["run", "-A", `--v8-flags=${flags.join(",")}`, ...script],
    log: "stdout",
  };
}

async function planWorker({ name, bench, variant, quick }: Task, folder: string): Promise<Plan> {
  const config = await writeWorker({
    folder,
    source: `import { tellResult } from ${JSON.stringify(join(ROOT, "bench/runner/worker.ts"))};
import { ${name} } from ${JSON.stringify(join(ROOT, "bench", `${name}.ts`))};
const effort = { runtime: "workerd", quick: ${quick}, trace: undefined };
export default { test: () => tellResult(${name}, ${JSON.stringify(variant)}, effort) };
`,
    v8Flags: ["--expose-gc", ...(bench.complete !== undefined ? ["--trace-gc-nvp"] : [])],
  });
  // It announces each test on stderr; what goes wrong it tells there as well.
  return { program: npmCommand("workerd"), args: ["test", config], log: "stdout", isNoisy: true };
}

/** The same process with an output that is not held back: V8 logs through a buffer of its own. */
export function lineByLine(plan: Plan): Plan {
  return { ...plan, program: "stdbuf", args: ["-oL", plan.program, ...plan.args] };
}

async function run(
  plan: Plan,
  action: string,
  watch: Watch,
  interruption: AbortSignal,
): Promise<void> {
  const { log, isNoisy = false } = plan;
  const child = spawn(
    plan,
    action,
    AbortSignal.any([interruption, AbortSignal.timeout(LIMIT_MS)]),
  );
  const noise = isNoisy ? new Response(child.stderr).text() : undefined;
  const lines = createInterface({ input: Readable.fromWeb(child[log]), crlfDelay: Infinity });
  for await (const line of lines) {
    watch.add(line, child.pid);
  }
  const { code, signal } = await child.status;
  if (code !== 0) {
    const said = [...watch.complaints.slice(-20), await noise ?? ""].join("\n").trim();
    throw new Error(
      `${action}: its process must exit with 0: received ${signal ?? code}${said && `\n${said}`}`,
    );
  }
}

/** Starts a process, and says what is missing where that fails. */
export function spawn(plan: Plan, action: string, signal: AbortSignal): Deno.ChildProcess {
  const { program, args, env, log, isNoisy = false } = plan;
  const command = new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    // On Bun only the log itself is of interest: there is nothing to print.
    stdout: log === "stdout" ? "piped" : "null",
    stderr: log === "stderr" || isNoisy ? "piped" : "inherit",
    signal,
  });
  try {
    return command.spawn();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const hint = program === "stdbuf" ? "GNU coreutils bring it" : "deno install brings it";
    throw new Error(`${action}: ${program} must exist: received no such file (${hint})`, { cause });
  }
}

/** What is seen of a process while it runs. */
class Watch {
  /** What a worker said its result is. */
  result: string | undefined;
  /** What else it said. */
  readonly complaints: string[] = [];
  readonly #log: EngineLog | undefined;
  #begun: Usage | undefined;
  #ended: Usage | undefined;

  constructor(runtime: RuntimeName, isLogged: boolean) {
    if (isLogged) this.#log = new EngineLog(parserOf(runtime));
  }

  /** Reads a line of the log of a process. */
  add(line: string, pid: number): void {
    if (line === BEGIN) this.#begun = readUsage(pid);
    else if (line === END) this.#ended = readUsage(pid);
    if (line.startsWith(RESULT)) {
      this.result = line.slice(RESULT.length);
      return;
    }
    if (!this.#log?.add(line)) this.complaints.push(line);
  }

  observation(): Observation {
    const engine = this.#log!.record();
    const begun = this.#begun;
    const ended = this.#ended;
    if (begun === undefined || ended === undefined) return { engine };
    const { cpuMs, ...memory } = ended;
    return { engine, cpuMs: cpuMs - begun.cpuMs, ...memory };
  }
}
