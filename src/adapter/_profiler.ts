/**
 * Collections from the `GCProfiler` of `node:v8`, the most exact source there is without a flag.
 *
 * The profiler only tells what it recorded when it is stopped, so each poll stops and restarts it.
 *
 * @module
 */

import type { GcEvent } from "../gc.ts";
import { type GcFeed, type GcListener, GcListeners } from "./_feed.ts";
import { type GcProfiler, type GcRecord, now, repeat, v8Module } from "./_globals.ts";

/** How often records are fetched where nobody polls: they would pile up otherwise. */
const PERIOD_MS = 500;

/** A window may hold one record for each of its milliseconds, and a burst of this many. */
const BURST = 100;

/** A feed of one profiler that all its listeners share. */
export class ProfilerFeed implements GcFeed {
  readonly #msPerCost: number;
  readonly #open: () => GcProfiler | undefined;
  readonly #listeners = new GcListeners();
  /** Present while listened to. */
  #watch: { readonly profiler: GcProfiler; readonly endTimer: () => void } | undefined;
  #recording = false;
  #windowStart = 0;
  #polled = false;

  /**
   * Makes a feed.
   *
   * @param msPerCost Milliseconds in the runtime's unit of a record's cost.
   * @param open Makes a profiler that records, where the runtime has one.
   */
  constructor(msPerCost: number, open: () => GcProfiler | undefined = openProfiler) {
    this.#msPerCost = msPerCost;
    this.#open = open;
  }

  subscribe(listener: GcListener): () => void {
    // What was recorded before it listened is not for it.
    this.poll();
    const remove = this.#listeners.add(listener);
    if (!this.#watch) this.#start();
    return () => {
      this.poll();
      if (remove() && this.#listeners.size === 0) this.#end();
    };
  }

  poll(): void {
    if (!this.#watch) return;
    this.#polled = true;
    // Restarted before anybody is told, so that what listeners cause is recorded.
    for (const record of this.#nextWindow(this.#watch.profiler)) {
      const event = this.#toEvent(record);
      if (event) this.#listeners.tell(event);
    }
  }

  #start(): void {
    const profiler = this.#open();
    if (!profiler) return;
    this.#recording = true;
    this.#polled = false;
    this.#windowStart = now();
    const endTimer = repeat(() => {
      // Each restart may lose a collection in flight on Bun: none where somebody polls anyway.
      if (!this.#polled) this.poll();
      this.#polled = false;
    }, PERIOD_MS);
    this.#watch = { profiler, endTimer };
  }

  #end(): void {
    if (!this.#watch) return;
    const { profiler, endTimer } = this.#watch;
    this.#watch = undefined;
    endTimer();
    profiler.stop();
  }

  /**
   * The records of the window that ends now. A record costs up to 35 µs: after a window with more
   * than 1000 a second the next one goes unwatched.
   */
  #nextWindow(profiler: GcProfiler): readonly GcRecord[] {
    const records = this.#recording ? profiler.stop()?.statistics ?? [] : [];
    const time = now();
    this.#recording = records.length <= BURST + time - this.#windowStart;
    this.#windowStart = time;
    if (this.#recording) profiler.start();
    return records;
  }

  #toEvent({ gcType, cost, beforeGC, afterGC }: GcRecord): GcEvent | undefined {
    const kind = kindOf(gcType);
    if (!kind) return undefined;
    const beforeBytes = beforeGC?.heapStatistics?.usedHeapSize;
    const afterBytes = afterGC?.heapStatistics?.usedHeapSize;
    return {
      kind,
      ...(cost > 0 && { pauseMs: cost * this.#msPerCost }),
      ...(beforeBytes !== undefined && { beforeBytes }),
      ...(afterBytes !== undefined && { afterBytes }),
    };
  }
}

/** The kind of collection, or `undefined` for what is only a part of one. */
function kindOf(gcType: string): GcEvent["kind"] | undefined {
  switch (gcType) {
    case "Scavenge":
    case "MinorMarkCompact":
    case "MinorMarkSweep":
      return "minor";
    case "MarkSweepCompact":
      return "major";
    case "IncrementalMarking":
    case "ProcessWeakCallbacks":
      return undefined;
    default:
      return "unknown";
  }
}

/** A profiler that records: some runtimes have the class and throw when it is started. */
function openProfiler(): GcProfiler | undefined {
  try {
    const Profiler = v8Module()?.GCProfiler;
    const profiler = Profiler && new Profiler();
    profiler?.start();
    return profiler;
  } catch {
    return undefined;
  }
}
