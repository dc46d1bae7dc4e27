// deno-lint-ignore-file no-console -- a command line tool

/**
 * The canary under mixed load, for as long as one likes, with faults injected into its pool and its
 * server: `deno task soak`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { type RuntimeName, RUNTIMES } from "../bench/runner/bench.ts";
import { interruptible } from "../bench/runner/interrupt.ts";
import { Progress } from "../bench/runner/progress.ts";
import { MAX_HOLD_MS } from "./canary/app.ts";
import type { Weather } from "./canary/faults.ts";
import { drainCanary, loadCanary, readHeap } from "./canary/load.ts";
import { RssWatch } from "./canary/rss.ts";
import { startCanary } from "./canary/server.ts";
import { findFaults, type SoakRun, summarise } from "./canary/verdict.ts";

const ACTION = "Cannot soak";

const HELP = `Runs the canary under load, and has things go wrong in it.

Usage: deno task soak [--minutes=N] [--runtime=${RUNTIMES.join("|")}] [--seed=TEXT] [--json]

  --minutes  how long; 1 unless told otherwise, and may be a fraction
  --runtime  where; deno unless told otherwise
  --seed     what the choice of requests follows from; the time unless told otherwise
  --json     print one JSON document on stdout, and nothing else there

In the server create and reset throw once in a hundred times, handlers throw, hang and stream to
clients that go away, collections are forced, figures of the runtime are missing and its clock jumps;
in the first half the application takes and frees memory as well. The exit code is 1 if any request met what was another's, a
lease did not end, an error was answered that was not injected, or, in a run of at least a minute,
memory grew.`;

/** The clients at once. */
const CONCURRENCY = 64;

/** A command line. */
interface Options {
  readonly minutes: number;
  readonly runtime: RuntimeName;
  readonly seed: string;
  readonly isJson: boolean;
}

/** Reads a command line; \`undefined\` where it asks for help. */
function readOptions(args: string[]): Options | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && Number.isFinite(minutes))) {
    const given = JSON.stringify(values.minutes);
    throw new TypeError(`${ACTION}: minutes must be a finite number above 0: received ${given}`);
  }
  const runtime = RUNTIMES.find((name) => name === values.runtime);
  if (runtime === undefined) {
    const given = JSON.stringify(values.runtime);
    const rule = `runtime must be one of ${RUNTIMES.join(", ")}`;
    throw new TypeError(`${ACTION}: ${rule}: received ${given}`);
  }
  const { seed = String(Date.now()), json } = values;
  return { minutes, runtime, seed, isJson: json };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        minutes: { type: "string", default: "1" },
        runtime: { type: "string", default: "deno" },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${ACTION}: ${message}`, { cause });
  }
}

/** Runs it, and says what came of it. */
async function soak({ minutes, runtime, seed }: Options, signal: AbortSignal): Promise<SoakRun> {
  const folder = await Deno.makeTempDir({ prefix: "pool_soak_" });
  const seconds = Math.round(minutes * 60);
  const progress = new Progress(seconds);
  try {
    await using server = await startCanary(runtime, folder);
    const setWeather = (weather: Weather) => server.fetch(`/faults/${weather}`, { method: "PUT" });
    await setWeather("on");
    const rss = new RssWatch(server.pid);
    const start = performance.now();
    let shown = 0;
    let clearing: Promise<number> | undefined;
    const clear = async () => {
      await setWeather("light");
      return await readHeap(server);
    };
    const load = await loadCanary(server, {
      concurrency: CONCURRENCY,
      seed,
      goesOn: (requests) => {
        const passed = Math.floor((performance.now() - start) / 1000);
        while (shown < Math.min(passed, seconds)) {
          shown++;
          progress.next(`seconds on ${runtime}, ${requests} requests`);
        }
        if (passed >= seconds / 2) clearing ??= clear();
        return !signal.aborted && performance.now() - start < minutes * 60_000;
      },
    });
    const slope = rss.stop();
    signal.throwIfAborted();
    const halfMB = await clearing ?? NaN;
    await setWeather("off");
    const report = await drainCanary(server, 4 * MAX_HOLD_MS);
    const heapGrowthMB = await readHeap(server) - halfMB;
    return { runtime, seed, minutes, load, report, slope, heapGrowthMB };
  } finally {
    progress.end();
    await Deno.remove(folder, { recursive: true });
  }
}

try {
  const options = readOptions(Deno.args);
  if (options === undefined) console.log(HELP);
  else {
    const run = await interruptible(ACTION, (signal) => soak(options, signal));
    const found = findFaults(run);
    const summary = { ...summarise(run), found };
    console.log(options.isJson ? JSON.stringify(summary) : summary);
    if (found.length > 0) Deno.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
}
