/**
 * The command line of the benchmarks.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type RuntimeName, RUNTIMES, type TraceFile } from "./bench.ts";
import { BENCHES } from "./benches.ts";

/** What draws the report of what was saved, in place of a bench's name. */
export const REPORT = "report";

const ACTION = "Cannot run bench";

/** A command line. */
export interface Options {
  /** The bench's name, or {@linkcode REPORT}; all of them where it is absent. */
  readonly name: string | undefined;
  /** Where to measure; absent where the bench itself is to say. */
  readonly runtime: RuntimeName | undefined;
  readonly json: boolean;
  readonly quick: boolean;
  /** Whether the findings are kept for the report. */
  readonly save: boolean;
  /** Where the report goes. */
  readonly out: string | undefined;
  /** Where a picture of its first chart goes. */
  readonly picture: string | undefined;
  readonly trace: TraceFile | undefined;
}

/** What the command line may be. */
export async function help(): Promise<string> {
  const lines = [];
  for (const [name, load] of BENCHES) {
    const { question, runtimes } = await load();
    lines.push(`  ${name.padEnd(9)} ${question} (${runtimes.join(", ")})`);
  }
  return `Runs benchmarks.

Usage: deno task bench <name> [--runtime=${RUNTIMES.join("|")}] [--json] [--quick] [--save]
                              [--trace=FILE [--speed=N]]
       deno task bench [--runtime=…] [--quick] [--json] [--out=FILE]
       deno task bench ${REPORT} [--out=FILE] [--picture=FILE]

${lines.join("\n")}

Without a name it runs all of them, each on every runtime that it can, and writes a report;
"${REPORT}" writes the report of what was saved before.

  --runtime  where to measure; deno unless told otherwise
  --json     print one JSON document on stdout, and nothing else there
  --quick    one round and less work, with rougher figures
  --save     keep the figures for the report, in bench/results
  --out      where the report goes; bench/results/report.html unless told otherwise, and
             bench/results/part.html where a run is quick or on one runtime only
  --picture  where a picture of the report's first chart goes, as PNG; needs a Chromium
  --trace    a file of arrivals to replay, where a bench can
  --speed    what its times are divided by; 1 unless told otherwise`;
}

/** Reads a command line; \`undefined\` where it asks for help. */
export function readOptions(args: string[]): Options | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [name, ...more] = positionals;
  if (name !== undefined && name !== REPORT && !BENCHES.has(name)) {
    const names = [...BENCHES.keys(), REPORT].join(", ");
    throw new TypeError(
      `${ACTION}: name must be one of ${names}: received ${JSON.stringify(name)}`,
    );
  }
  if (more.length > 0) {
    throw new TypeError(
      `${ACTION}: there must be one name: received ${JSON.stringify(positionals.join(" "))}`,
    );
  }
  const { json, quick, save, out, picture } = values;
  const runtime = readRuntime(values.runtime);
  const trace = readTrace(values.trace, values.speed);
  if (trace !== undefined && (name === undefined || name === REPORT)) {
    throw new TypeError(`${ACTION}: a trace must come with a bench: received ${name ?? "none"}`);
  }
  const isMeasured = json || quick || save || runtime !== undefined;
  if (name === REPORT && isMeasured) {
    throw new TypeError(
      `${ACTION}: ${REPORT} must come with no option of a measurement: received ${
        args.filter((arg) => arg !== REPORT).join(" ")
      }`,
    );
  }
  if (picture !== undefined && name !== undefined && name !== REPORT) {
    throw new TypeError(`${ACTION}: a picture must come with a report: received ${name}`);
  }
  return { name, runtime, json, quick, save, out, picture, trace };
}

function readRuntime(name: string | undefined): RuntimeName | undefined {
  if (name === undefined) return undefined;
  const runtime = RUNTIMES.find((runtime) => runtime === name);
  if (runtime !== undefined) return runtime;
  const rule = `runtime must be one of ${RUNTIMES.join(", ")}`;
  throw new TypeError(`${ACTION}: ${rule}: received ${JSON.stringify(name)}`);
}

/** Reads the options of a trace; \`undefined\` where there is none. */
function readTrace(path: string | undefined, speed: string | undefined): TraceFile | undefined {
  if (speed !== undefined && path === undefined) {
    throw new TypeError(`${ACTION}: speed must come with a trace: received none`);
  }
  if (path === undefined) return undefined;
  const factor = Number(speed ?? 1);
  if (!(factor > 0 && factor < Infinity)) {
    throw new TypeError(
      `${ACTION}: speed must be a finite number above 0: received ${JSON.stringify(speed)}`,
    );
  }
  if (!existsSync(path)) {
    throw new TypeError(`${ACTION}: trace must be a file: received ${JSON.stringify(path)}`);
  }
  return { path: resolve(path), speed: factor };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        runtime: { type: "string" },
        json: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        save: { type: "boolean", default: false },
        out: { type: "string" },
        picture: { type: "string" },
        trace: { type: "string" },
        speed: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${ACTION}: ${message}`, { cause });
  }
}
