// deno-lint-ignore-file no-console -- a command line tool

/**
 * The benchmarks:
 * `deno task bench <name> [--runtime=deno|bun] [--json] [--quick] [--trace=FILE [--speed=N]]`.
 *
 * A fresh process per variant, so that none inherits what the engine learnt of another; the order
 * of variants is reversed every round, so that a machine that grows hot or busy favours none.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, TraceFile } from "./bench.ts";
import { BENCHES } from "./benches.ts";
import { measureApart, ROOT, type RuntimeName, RUNTIMES } from "./runtime.ts";

/** Odd, so that a median is a figure that was measured. */
const ROUNDS = 5;
const QUICK_ROUNDS = 1;

/** A command line. */
interface Options {
  /** The bench's name. */
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly json: boolean;
  readonly quick: boolean;
  readonly trace: TraceFile | undefined;
}

/** Where and how figures came about. */
interface Circumstances {
  readonly bench: string;
  readonly runtime: RuntimeName;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly trace?: TraceFile;
}

async function help(): Promise<string> {
  const lines = [];
  for (const [name, load] of BENCHES) lines.push(`  ${name}  ${(await load()).question}`);
  return `Runs a benchmark.

Usage: deno task bench <name> [--runtime=${RUNTIMES.join("|")}] [--json] [--quick]
                             [--trace=FILE [--speed=N]]

${lines.join("\n")}

  --runtime  where to measure; deno unless told otherwise
  --json     print one JSON document on stdout, and nothing else there
  --quick    one round instead of ${ROUNDS}, with rougher figures
  --trace    a file of arrivals to replay, where a bench can
  --speed    what its times are divided by; 1 unless told otherwise`;
}

/** Reads a command line; `undefined` where it asks for help. */
function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const action = "Cannot run bench";
  const [name, ...more] = positionals;
  if (name === undefined || !BENCHES.has(name)) {
    const received = name === undefined ? "none" : JSON.stringify(name);
    throw new TypeError(
      `${action}: name must be one of ${[...BENCHES.keys()].join(", ")}: received ${received}`,
    );
  }
  if (more.length > 0) {
    throw new TypeError(
      `${action}: there must be one name: received ${JSON.stringify(positionals.join(" "))}`,
    );
  }
  const runtime = RUNTIMES.find((runtime) => runtime === values.runtime);
  if (runtime === undefined) {
    throw new TypeError(
      `${action}: runtime must be one of ${RUNTIMES.join(", ")}: received ${
        JSON.stringify(values.runtime)
      }`,
    );
  }
  const { json, quick } = values;
  return { name, runtime, json, quick, trace: readTrace(action, values.trace, values.speed) };
}

/** Reads the options of a trace; `undefined` where there is none. */
function readTrace(
  action: string,
  path: string | undefined,
  speed: string | undefined,
): TraceFile | undefined {
  if (speed !== undefined && path === undefined) {
    throw new TypeError(`${action}: speed must come with a trace: received none`);
  }
  if (path === undefined) return undefined;
  const factor = Number(speed ?? 1);
  if (!(factor > 0 && factor < Infinity)) {
    throw new TypeError(
      `${action}: speed must be a finite number above 0: received ${JSON.stringify(speed)}`,
    );
  }
  if (!existsSync(path)) {
    throw new TypeError(`${action}: trace must be a file: received ${JSON.stringify(path)}`);
  }
  return { path: resolve(path), speed: factor };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        runtime: { type: "string", default: "deno" },
        json: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        trace: { type: "string" },
        speed: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`Cannot run bench: ${message}`, { cause });
  }
}

/** Shows on a terminal how far a run is; silent anywhere else. */
class Progress {
  readonly #isShown = Deno.stderr.isTerminal();
  #done = 0;

  constructor(readonly total: number) {}

  next(what: string): void {
    this.#write(`[${++this.#done}/${this.total}] ${what}`);
  }

  end(): void {
    this.#write("");
  }

  #write(text: string): void {
    // Back to the start of the line, and erase it.
    if (this.#isShown) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
  }
}

/** The variants of a run, in the order of its first round. */
function chooseVariants({ variants, traceVariant }: Bench, { name, trace }: Options) {
  if (trace === undefined) return variants;
  if (traceVariant === undefined) {
    throw new TypeError(
      `Cannot run bench: a trace must come with a bench that replays one: received ${
        JSON.stringify(name)
      }`,
    );
  }
  return [traceVariant, ...variants];
}

/** Measures all variants, round by round. */
async function measureAll(variants: readonly string[], options: Options, rounds: number) {
  const { name, runtime, quick, trace } = options;
  const samples = new Map<string, unknown[]>(variants.map((variant) => [variant, []]));
  let versions: Readonly<Record<string, string>> = {};
  const progress = new Progress(rounds * variants.length);
  try {
    for (let i = 0; i < rounds; i++) {
      const order = i % 2 === 0 ? variants : variants.toReversed();
      for (const variant of order) {
        progress.next(`${name} on ${runtime}, round ${i + 1} of ${rounds}: ${variant}`);
        const result = await measureApart({ bench: name, variant, runtime, quick, trace });
        samples.get(variant)!.push(result.sample);
        versions = result.versions;
      }
    }
  } finally {
    progress.end();
  }
  return { samples, versions };
}

async function packageVersions(names: readonly string[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of names) {
    const manifest = await Deno.readTextFile(join(ROOT, "node_modules", name, "package.json"));
    versions[name] = JSON.parse(manifest).version;
  }
  return versions;
}

function describe(
  bench: Bench,
  variants: readonly string[],
  circumstances: Circumstances,
): string {
  const { runtime, versions, machine, date, rounds, trace } = circumstances;
  const file = trace === undefined ? "" : `file      ${trace.path}, ${trace.speed} × as fast\n`;
  const isRepeated = rounds > 1;
  return `question  ${bench.question}
rival     ${bench.rival}
runtime   ${runtime}: ${Object.entries(versions).map((pair) => pair.join(" ")).join(", ")}
machine   ${machine}, ${date}
${file}order     ${variants.join(", ")}${isRepeated ? "; reversed every round" : ""}
method    a fresh process per variant${
    isRepeated ? ` and round, ${rounds} rounds; median (min–max)` : ""
  }
`;
}

async function run(options: Options): Promise<void> {
  const { name, runtime, json, quick, trace } = options;
  const bench = await BENCHES.get(name)!();
  const rounds = quick ? QUICK_ROUNDS : bench.rounds ?? ROUNDS;
  const variants = chooseVariants(bench, options);
  const { samples, versions } = await measureAll(variants, options, rounds);
  const report = bench.report(samples);
  const circumstances: Circumstances = {
    bench: name,
    runtime,
    versions: { ...versions, ...await packageVersions(bench.packages) },
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`,
    date: new Date().toISOString().slice(0, 10),
    rounds,
    quick,
    ...(trace === undefined ? {} : { trace }),
  };
  if (json) console.log(JSON.stringify({ ...circumstances, ...report }, null, 2));
  else console.log(`${describe(bench, variants, circumstances)}\n${bench.table(report)}`);
}

/** Runs the command line and returns the exit code. */
async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(error instanceof TypeError ? `${error.message}\n\n${await help()}` : error);
    return 2;
  }
  if (options === undefined) {
    console.log(await help());
    return 0;
  }
  try {
    await run(options);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

Deno.exit(await main());
