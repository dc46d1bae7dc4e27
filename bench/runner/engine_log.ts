/**
 * What the engines themselves log of their collections: V8 with `--trace-gc-nvp` (Deno, workerd),
 * JavaScriptCore with {@linkcode JSC_LOG}.
 *
 * @module
 */

import type { RuntimeName } from "./bench.ts";
import { BEGIN, END, MARK, MARKS, REST, WORK } from "./probe.ts";

/** What an engine said between {@linkcode BEGIN} and {@linkcode END}. */
export interface EngineRecord {
  /** Time for which the program stood still, in ms, for each step that the program marked. */
  readonly stoppedMs: readonly number[];
  /** The longest single stop, in ms. */
  readonly maxPauseMs: number;
  /** Collections of the young generation. */
  readonly minor: number;
  /** Collections of the whole heap. */
  readonly major: number;
  /**
   * Bytes allocated; V8 does not count array buffers, JavaScriptCore does, and tells them only with
   * {@linkcode JSC_COUNT}.
   */
  readonly allocatedBytes?: number;
  /** Bytes that were alive on it at the beginning. */
  readonly liveBytes: number;
  /** Lines of which nobody knows what they say. */
  readonly unparsed: number;
}

/**
 * The bytes that a record tells to have been allocated.
 *
 * @throws {Error} It does not tell.
 */
export function needAllocated({ allocatedBytes }: EngineRecord): number {
  if (allocatedBytes !== undefined) return allocatedBytes;
  throw new Error("Cannot read engine log: it must tell what was allocated: received none of that");
}

/** A record with what another one tells to have been allocated, which was made of the same work. */
export function withAllocated(record: EngineRecord, counted: EngineRecord): EngineRecord {
  return {
    ...record,
    allocatedBytes: needAllocated(counted),
    unparsed: record.unparsed + counted.unparsed,
  };
}

/** A thing that a line of a log says. */
export type LogEvent =
  /** The program stood still. */
  | { readonly type: "pause"; readonly ms: number }
  /** A collection of a kind came to pass, and bytes had been allocated since the one before. */
  | { readonly type: "collection"; readonly kind: "minor" | "major"; readonly bytes?: number }
  /** A collection left so much. */
  | { readonly type: "live"; readonly bytes: number };

/** Reads the lines of an engine's log one after another; `undefined` for one that says nothing known. */
export type LogParser = (line: string) => readonly LogEvent[] | undefined;

const NOTHING: readonly LogEvent[] = [];

/** What V8 says beside its records. */
const V8_ASIDE =
  /^(?:\[\d+:0x[0-9a-f]+(?::\d+)?\] +\d+ ms: Memory pool: |, removed zone reservations: )/;
const V8_RECORD = /^\[\d+:0x[0-9a-f]+(?::\d+)?\] +\d+ ms: GC: (\{.*\})$/;

/** Reads V8's log. */
export function v8Parser(): LogParser {
  return (line) => {
    const json = V8_RECORD.exec(line)?.[1];
    if (json === undefined) return V8_ASIDE.test(line) ? NOTHING : undefined;
    const record = parseJson(json);
    if (record === undefined) return undefined;
    const { pause, gc, allocated, end_object_size: live } = record;
    const kind = gc === "s" ? "minor" : gc === "mc" ? "major" : undefined;
    if (kind === undefined) return undefined;
    if (typeof pause !== "number" || typeof allocated !== "number" || typeof live !== "number") {
      return undefined;
    }
    return [
      { type: "collection", kind, bytes: allocated },
      { type: "pause", ms: pause },
      { type: "live", bytes: live },
    ];
  };
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // Spliced with something else.
    return undefined;
  }
}

/** What has JavaScriptCore log. */
export const JSC_LOG: Readonly<Record<string, string>> = { BUN_JSC_logGC: "1" };

/**
 * What has JavaScriptCore log, and tell what was allocated. That it does only where it paces collections that
 * run beside the program in another way than Bun has it do, which changes the stops. The sizes in its other
 * records do not tell it: blocks at the start, live objects at the end.
 */
export const JSC_COUNT: Readonly<Record<string, string>> = {
  ...JSC_LOG,
  BUN_JSC_useStochasticMutatorScheduler: "1",
};

/** What JavaScriptCore says beside its records. */
const JSC_ASIDE =
  /^(?:Requesting GC |GC END!$|\[GC<0x[0-9a-f]+>: (?:starting|epilogue|(?:Full|Eden) sweep:) )/;
/** Each line of a record ends with a stop; the last one's is followed by the whole cycle. */
const JSC_RECORD =
  /^\[GC<0x[0-9a-f]+>: .*\bp=[\d.]+ms \(max [\d.]+\)(?:\.\.\.|, cycle [\d.]+ms END)\]$/;
const JSC_START = /: START \w+ \d+kb => (Eden|Full)Collection, (?:ca=([\d.]+)kb )?/;
const JSC_PAUSE = /\bp=([\d.]+)ms \(max/g;
const JSC_END = / => (\d+)kb, p=[\d.]+ms \(max [\d.]+\), cycle [\d.]+ms END\]$/;
const KB = 1024;

/** Reads JavaScriptCore's log. A collection stops the program several times; the rest of it runs beside. */
export function jscParser(): LogParser {
  return (line) => {
    if (JSC_ASIDE.test(line)) return NOTHING;
    if (!JSC_RECORD.test(line)) return undefined;
    const events: LogEvent[] = [];
    const start = JSC_START.exec(line);
    if (start !== null) {
      const kind = start[1] === "Full" ? "major" : "minor";
      const counted = start[2] === undefined ? {} : { bytes: Number(start[2]) * KB };
      events.push({ type: "collection", kind, ...counted });
    }
    for (const [, ms] of line.matchAll(JSC_PAUSE)) events.push({ type: "pause", ms: Number(ms) });
    const end = JSC_END.exec(line);
    if (end !== null) events.push({ type: "live", bytes: Number(end[1]) * KB });
    return events;
  };
}

/** Reads the log of a runtime's engine. */
export function parserOf(runtime: RuntimeName): LogParser {
  return runtime === "bun" ? jscParser() : v8Parser();
}

/** A log with the program's marks in it, read line by line. */
export class EngineLog {
  readonly #parse: LogParser;
  readonly #stoppedMs: number[] = [];
  #stepMs = 0;
  #maxPauseMs = 0;
  #minor = 0;
  #major = 0;
  #allocatedBytes: number | undefined;
  #liveBytes = 0;
  #unparsed = 0;
  /** What is wrong with its marks. */
  #trouble: Error | undefined;
  /** Whether the program is being measured; the first record after that tells its last bytes. */
  #phase: "before" | "within" | "closing" | "after" = "before";
  /** Whether its collections do not count for a while. */
  #isResting = false;

  constructor(parse: LogParser) {
    this.#parse = parse;
  }

  /** Reads the next line, and says whether it could. */
  add(line: string): boolean {
    if (line === "") return true;
    if (line.startsWith(MARK)) {
      this.#addMark(line);
      return true;
    }
    const events = this.#parse(line);
    if (events === undefined) {
      // By then the program may be killed in the middle of a line.
      if (this.#phase !== "after") this.#unparsed++;
      return false;
    }
    for (const event of events) this.#addEvent(event);
    return true;
  }

  /** What was read. Throws where a mark is missing, or the program has not come to its end. */
  record(): EngineRecord {
    if (this.#trouble !== undefined) throw this.#trouble;
    if (this.#phase !== "after") {
      throw new Error(
        `Cannot read engine log: it must hold a collection after the end: received one that ends ${this.#phase}`,
      );
    }
    return {
      stoppedMs: this.#stoppedMs,
      maxPauseMs: this.#maxPauseMs,
      minor: this.#minor,
      major: this.#major,
      ...(this.#allocatedBytes === undefined ? {} : { allocatedBytes: this.#allocatedBytes }),
      liveBytes: this.#liveBytes,
      unparsed: this.#unparsed,
    };
  }

  #addMark(line: string): void {
    if (line === BEGIN) {
      this.#phase = "within";
      return;
    }
    if (line === REST || line === WORK) {
      this.#isResting = line === REST;
      return;
    }
    const expected = String(this.#stoppedMs.length % MARKS);
    if (line === END) {
      // What came after the last step belongs to it.
      const last = this.#stoppedMs.length - 1;
      if (last >= 0) this.#stoppedMs[last]! += this.#stepMs;
      this.#phase = "closing";
      return;
    }
    if (this.#phase !== "within" || line.slice(MARK.length) !== expected) {
      this.#trouble ??= new Error(
        `Cannot read engine log: marks must come in order: received ${line}, where ${expected} was due`,
      );
      return;
    }
    this.#stoppedMs.push(this.#stepMs);
    this.#stepMs = 0;
  }

  #addEvent(event: LogEvent): void {
    if (event.type === "live") {
      if (this.#phase === "before") this.#liveBytes = event.bytes;
      return;
    }
    if (event.type === "collection") this.#count(event.bytes);
    if (this.#phase !== "within" || this.#isResting) return;
    if (event.type === "pause") {
      this.#stepMs += event.ms;
      this.#maxPauseMs = Math.max(this.#maxPauseMs, event.ms);
    } else if (event.kind === "minor") {
      this.#minor++;
    } else {
      this.#major++;
    }
  }

  /** Counts what was allocated before a collection. */
  #count(bytes: number | undefined): void {
    if (bytes !== undefined && (this.#phase === "within" || this.#phase === "closing")) {
      this.#allocatedBytes = (this.#allocatedBytes ?? 0) + bytes;
    }
    if (this.#phase === "closing") this.#phase = "after";
  }
}
