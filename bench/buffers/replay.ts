/**
 * A real trace's buffers: each arrival acquires as many bytes as its line says, touches them, and gives
 * them back when its hold ends.
 *
 * The order of events is the trace's; nothing waits, so the time is what buffers alone cost. The pool's
 * clock is the trace's own, so that it ages as it would have.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { inertHost } from "../../mod.ts";
import { type Block, BufferPool } from "../../src/buffers/mod.ts";
import { parseTrace } from "../policy/csv.ts";
import type { Trace } from "../policy/trace.ts";
import type { TraceFile } from "../runner/bench.ts";
import { median } from "../runner/statistics.ts";

/** What came of a trace. */
export interface Replay {
  readonly arrivals: number;
  /** Nanoseconds for each arrival: a new buffer, or one of the pool. */
  readonly ns: { readonly alloc: number; readonly dirty: number };
  readonly hitRate: number;
  /** The share of the bytes handed out that nobody asked for. */
  readonly waste: number;
  /** Arrivals that were larger than any class. */
  readonly unpooled: number;
  /** The classes at the end, in bytes. */
  readonly classes: readonly number[];
}

/** Whole replays of each kind; the median of all counts. */
const TURNS = 5;
const TOUCHED = 256;
const STEP = 16;

function touch(bytes: Uint8Array, most: number): void {
  const end = Math.min(TOUCHED, most);
  for (let i = 0; i < end; i += STEP) bytes[i] = 1;
}

/** Milliseconds that a trace takes with new buffers. */
function replayAlloc({ bytesOf, events }: Trace): number {
  const held: (Uint8Array | undefined)[] = [];
  const begun = performance.now();
  for (const event of events) {
    if (event < 0) held[~event] = undefined;
    else touch(held[event] = new Uint8Array(bytesOf[event]!), bytesOf[event]!);
  }
  return performance.now() - begun;
}

/** Milliseconds that it takes with a pool, which is left open. */
function replayPool({ bytesOf, events, times }: Trace): { ms: number; pool: BufferPool } {
  let time = 0;
  const pool = new BufferPool({ host: { ...inertHost(), now: () => time }, maxBytes: 2 ** 30 });
  const held: (Block | undefined)[] = [];
  const begun = performance.now();
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    time = times[i]!;
    if (event < 0) {
      held[~event]!.release();
      held[~event] = undefined;
    } else {
      const bytes = bytesOf[event]!;
      const block = held[event] = pool.acquire(bytes);
      touch(block.bytes, bytes);
      block.used = Math.min(TOUCHED, bytes);
    }
  }
  return { ms: performance.now() - begun, pool };
}

/** Replays a file. */
export function replayFile({ path, speed }: TraceFile): Replay {
  return replay(parseTrace(readFileSync(path, "utf8"), speed));
}

/** Replays a trace. */
export function replay(drawn: Trace): Replay {
  const trace = { ...drawn, bytesOf: drawn.bytesOf.map(Math.ceil) };
  const arrivals = trace.tagOf.length;
  const alloc: number[] = [];
  const dirty: number[] = [];
  let last: BufferPool | undefined;
  for (let i = 0; i < TURNS; i++) {
    alloc.push(replayAlloc(trace));
    const { ms, pool } = replayPool(trace);
    dirty.push(ms);
    last?.close();
    last = pool;
  }
  const { classes, hitRate = 0, unpooled, waste = 0 } = last!.stats();
  last!.close();
  const nsOf = (ms: readonly number[]) => median(ms) * 1e6 / arrivals;
  return {
    arrivals,
    ns: { alloc: nsOf(alloc), dirty: nsOf(dirty) },
    hitRate,
    waste,
    unpooled: unpooled.allocations,
    classes: classes.map(({ capacity }) => capacity),
  };
}
