/**
 * A server of one variant in a process of its own, and what is seen of it from outside.
 *
 * @module
 */

import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { RuntimeName } from "../runner/bench.ts";
import {
  EngineLog,
  type EngineRecord,
  JSC_COUNT,
  JSC_LOG,
  parserOf,
} from "../runner/engine_log.ts";
import { npmCommand, ROOT } from "../runner/root.ts";
import { lineByLine, type Plan, spawn } from "../runner/runtime.ts";
import { readUsage, type Usage } from "../runner/usage.ts";
import { writeWorker } from "../runner/workerd.ts";
import { SOME_PATH, type Variant } from "./service.ts";

/** The headers of the requests that a server makes itself. */
const HEADERS = {
  "X-Request-Id": "8f14e45f-ceea-467f-a9b2-0d3c2f5e7a10",
  ...Object.fromEntries(
    Array.from({ length: 19 }, (_, i) => [`X-Header-${i}`, `value ${i} of a header`]),
  ),
};

/** How long a server may take to listen, and to answer what is no load, in ms. */
const PATIENCE_MS = 60_000;

/**
 * Flags with which V8 logs, `begin` can collect, and the young generation is of one size: left alone it has
 * semi-spaces of 1 to 16 MB, by chance, and up to ten times as many collections.
 */
const V8_FLAGS = [
  "--expose-gc",
  "--trace-gc-nvp",
  "--min-semi-space-size=16",
  "--max-semi-space-size=16",
];

/** What a server says once it listens. */
interface Announcement {
  readonly event: "listen";
  readonly port: number;
  /** Absent on workerd. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** A server to start. */
export interface ServerPlan {
  readonly variant: Variant;
  readonly runtime: RuntimeName;
  /**
   * Whether JavaScriptCore tells what is allocated: then its stops are others.
   *
   * @default {false}
   */
  readonly isCounting?: boolean;
  /** An empty folder of its own, which the caller removes. */
  readonly folder: string;
  /** What kills it. */
  readonly signal: AbortSignal;
}

/** Requests that a server made itself. */
export interface Slice {
  readonly ms: number;
  /** The bodies of all answers. */
  readonly bytes: number;
}

/** A server that listens. */
export class Server implements AsyncDisposable {
  /** The address of its one route. */
  readonly url: string;
  /** The runtime and engine, by name; nothing on workerd. */
  readonly versions: Readonly<Record<string, string>>;
  readonly #action: string;
  readonly #base: string;
  readonly #child: Deno.ChildProcess;
  readonly #log: EngineLog;
  readonly #read: Promise<void>;

  /** Starts a server, and waits until it listens. */
  static async start(
    { variant, runtime, folder, signal, isCounting = false }: ServerPlan,
  ): Promise<Server> {
    const action = `Cannot measure ${variant} on ${runtime}`;
    const plan = lineByLine(
      runtime === "workerd"
        ? await planWorker(variant, folder)
        : planScript(variant, runtime, isCounting ? JSC_COUNT : JSC_LOG),
    );
    const child = spawn(plan, action, signal);
    const engine = new EngineLog(parserOf(runtime));
    const listening = Promise.withResolvers<Announcement>();
    const read = readLog(child[plan.log], engine, listening);
    const limit = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    try {
      return new Server(action, child, engine, read, await listening.promise);
    } catch (cause) {
      signal.throwIfAborted();
      const rule = "its server must tell its port";
      throw new Error(`${action}: ${rule}: received ${(cause as Error).message}`, { cause });
    } finally {
      clearTimeout(limit);
    }
  }

  private constructor(
    action: string,
    child: Deno.ChildProcess,
    log: EngineLog,
    read: Promise<void>,
    { port, versions = {} }: Announcement,
  ) {
    this.#action = action;
    this.#child = child;
    this.#log = log;
    this.#read = read;
    this.#base = `http://127.0.0.1:${port}`;
    this.url = this.#base + SOME_PATH;
    this.versions = versions;
  }

  /** The answer to one request. */
  async answer(headers: Readonly<Record<string, string>>): Promise<string> {
    return await this.#ask(this.url, { headers });
  }

  /** Begins what counts, with a rest. */
  async begin(): Promise<void> {
    await this.#post("begin");
    await this.rest();
  }

  /** Begins a rest: another server's turn. */
  async rest(): Promise<void> {
    await this.#post("rest");
  }

  /** Ends a rest. */
  async work(): Promise<void> {
    await this.#post("work");
  }

  /** Ends what counts. */
  async end(): Promise<void> {
    await this.#post("end");
  }

  /** Has it answer so many requests that it makes itself. */
  async repeat(times: number): Promise<Slice> {
    const begun = performance.now();
    const bytes = await this.#post(`repeat/${times}`, { headers: HEADERS });
    return { ms: performance.now() - begun, bytes: Number(bytes) };
  }

  /** Ends the server, and tells what its engine said of what counted. */
  async record(): Promise<EngineRecord> {
    await this[Symbol.asyncDispose]();
    return this.#log.record();
  }

  /** What it has taken of the machine so far. */
  usage(): Usage {
    const usage = readUsage(this.#child.pid);
    if (usage !== undefined) return usage;
    throw new Error(`${this.#action}: /proc must tell of its process: received nothing`);
  }

  /** Kills it, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    kill(this.#child);
    await this.#child.status;
    await this.#read;
  }

  async #post(what: string, init: RequestInit = {}): Promise<string> {
    return await this.#ask(`${this.#base}/${what}`, { ...init, method: "POST" });
  }

  async #ask(url: string, init: RequestInit): Promise<string> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { ...init, signal });
    const text = await response.text();
    if (response.ok) return text;
    throw new Error(
      `${this.#action}: its server must answer: received ${response.status} and ${text}`,
    );
  }
}

/** Kills a process, unless it has ended. */
function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Reads the log of a server to its end. */
async function readLog(
  stream: ReadableStream<Uint8Array>,
  log: EngineLog,
  listening: PromiseWithResolvers<Announcement>,
): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: Readable.fromWeb(stream), crlfDelay: Infinity });
  for await (const line of lines) {
    const announcement = readAnnouncement(line);
    if (announcement !== undefined) listening.resolve(announcement);
    else if (!log.add(line)) said.push(line);
  }
  listening.reject(new Error(said.slice(-20).join("\n") || "its end"));
}

/** Where a server listens; `undefined` for a line that says something else, or was spliced. */
function readAnnouncement(line: string): Announcement | undefined {
  if (!line.startsWith('{"event":"listen"')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function planScript(
  variant: Variant,
  runtime: "deno" | "bun",
  jscLog: Readonly<Record<string, string>>,
): Plan {
  const script = [join(ROOT, "bench", "http", "serve.ts"), variant];
  if (runtime === "bun") {
    return {
      program: npmCommand("bun"),
      args: ["--no-install", ...script],
      env: jscLog,
      log: "stderr",
    };
  }
  return {
    program: Deno.execPath(),
    args: ["run", "-A", "--no-check", `--v8-flags=${V8_FLAGS.join(",")}`, ...script],
    log: "stdout",
  };
}

async function planWorker(variant: Variant, folder: string): Promise<Plan> {
  const path = (name: string) => JSON.stringify(join(ROOT, "bench", name));
  const config = await writeWorker({
    folder,
    source: `import { makeService } from ${path("http/service.ts")};
import { makeProbe } from ${path("runner/probe.ts")};
import { keepRetained } from ${path("runner/retained.ts")};
const { fetch } = makeService(${JSON.stringify(variant)}, makeProbe("workerd"));
keepRetained("workerd");
export default { fetch };
`,
    v8Flags: V8_FLAGS,
    isServing: true,
  });
  return {
    program: npmCommand("workerd"),
    args: ["serve", config, "--control-fd=1"],
    log: "stdout",
  };
}
