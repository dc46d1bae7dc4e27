/**
 * Marks that a measured program writes into its engine's log, so that whoever reads the log knows
 * what each collection fell into, whatever the engine's clock.
 *
 * It works because engine and program write to one pipe in turns: a collection that is logged
 * between two marks happened between them.
 *
 * @module
 */

import { writeSync } from "node:fs";
import type { RuntimeName } from "./bench.ts";

/** Begins what is measured. */
export const BEGIN = "##begin";
/** Ends what is measured. */
export const END = "##end";
/** Begins a rest, whose collections do not count. */
export const REST = "##rest";
/** Ends a rest. */
export const WORK = "##work";
/** Comes before the number of a mark. */
export const MARK = "##";
/** Marks are numbered up to here, and then from 0 again. */
export const MARKS = 1000;

/**
 * Time for whoever looks from outside, and for a collection beside the program to end, in ms: a mark that falls
 * into one may be written into the middle of its line.
 */
const LOOK_MS = 50;

/** A measured process's way to say what it is about. */
export interface Probe {
  /** Collects all garbage; what comes from then on counts. */
  begin(): Promise<void>;
  /** Ends a step of the work: what was logged since the last mark fell into it. */
  mark(): void;
  /** Begins a rest: the collections of it do not count, what they freed does. */
  rest(): Promise<void>;
  /** Ends a rest. */
  work(): Promise<void>;
  /** Ends what counts, and collects all garbage. */
  end(): Promise<void>;
}

/** A probe that writes where the engine of a runtime logs. */
export function makeProbe(runtime: RuntimeName): Probe {
  const write = makeWriter(runtime);
  const lines = Array.from({ length: MARKS }, (_, i) => MARK + i);
  const encoded = lines.map((line) => write.encode(line));
  let step = 0;
  const look = () => new Promise<void>((resolve) => setTimeout(resolve, LOOK_MS));
  return {
    async begin() {
      await look();
      collect();
      write.send(write.encode(BEGIN));
    },
    mark() {
      write.send(encoded[step]!);
      step = (step + 1) % MARKS;
    },
    async rest() {
      await look();
      write.send(write.encode(REST));
    },
    async work() {
      await look();
      write.send(write.encode(WORK));
    },
    async end() {
      write.send(write.encode(END));
      await look();
      collect();
    },
  };
}

/** A line as a runtime writes it. */
interface Writer<L> {
  encode(line: string): L;
  send(line: L): void;
}

function makeWriter(runtime: RuntimeName): Writer<unknown> {
  if (runtime === "workerd") {
    // A worker has no other way out.
    // deno-lint-ignore no-console
    return { encode: (line) => line, send: (line) => console.log(line) };
  }
  // V8 logs to stdout, JavaScriptCore to stderr.
  const file = runtime === "bun" ? 2 : 1;
  const encoder = new TextEncoder();
  return {
    encode: (line) => encoder.encode(`${line}\n`),
    send: (line) => void writeSync(file, line as Uint8Array),
  };
}

/** Collects all garbage. */
export function collect(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?: () => void };
  if (Bun !== undefined) Bun.gc(true);
  else if (gc !== undefined) gc();
  else throw new Error("Cannot collect garbage: gc() must exist: received a runtime without it");
}
