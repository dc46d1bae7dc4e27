/**
 * The pools of a worker, reported to whoever folds them.
 *
 * A report is posted each second, not each request: its size grows with the tags that changed.
 *
 * @module
 */

import { detectHost, type Host } from "../mod.ts";
import { Growth } from "./growth.ts";
import type { StatsSource } from "./stats_source.ts";
import { makeReport } from "./report.ts";
import { tellError } from "./tell_error.ts";

/** Where reports go: a `MessagePort`, a `BroadcastChannel`, or `self` in a worker. */
export interface ReportPort {
  /** Posts a message. */
  postMessage(message: unknown): void;
}

/** How {@linkcode reportTo} reports. */
export interface ReportOptions {
  /** The pools, at most 256. A pool is reported by one reporter only, or it counts twice. */
  readonly pools: readonly StatsSource[];
  /**
   * How long it is between two reports, in milliseconds. Where the host has no timers (Workers)
   * `report()` has to be called as often.
   *
   * @default {1000}
   */
  readonly everyMs?: number;
  /**
   * The runtime's timers.
   *
   * @default {detectHost()}
   */
  readonly host?: Pick<Host, "defer">;
  /**
   * Receives what a report by the timer threw. What it would have told, the next one tells.
   *
   * @default {nothing is done}
   */
  readonly onError?: (error: unknown) => void;
}

/** Somebody who reports. */
export interface Reporter {
  /** Reports now. Throws what the port throws; nothing is lost by that. */
  report(): void;
  /** Reports for a last time; after that nothing is reported. */
  stop(): void;
}

/**
 * Reports pools to a {@linkcode FusedReport} at the other end of a port.
 *
 * @param port Where reports go; other messages may go there, too.
 * @param options The pools, and how often they are reported.
 * @returns What reports at once, and what ends it.
 * @throws {RangeError} More pools than 256, or `everyMs` out of its range.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { FusedReport, reportTo } from "@siliconflow/pool/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * const fused = new FusedReport();
 * const pool = new Pool({ create: () => ({}), reset: () => {} });
 * // In a worker the port is `self`, and the main thread calls `fused.listen(worker)`.
 * const port = { postMessage: (message: unknown) => fused.fold(message) };
 * const reporter = reportTo(port, { pools: [pool] });
 * pool.release(pool.acquire());
 * reporter.stop();
 * assertEquals(fused.stats()[0]?.acquires, 1);
 * pool.close();
 * ```
 */
export function reportTo(
  port: ReportPort,
  { pools, everyMs = 1000, host = detectHost(), onError = () => {} }: ReportOptions,
): Reporter {
  if (!(everyMs >= 1 && everyMs <= 3_600_000)) {
    throw new RangeError(
      `Cannot report pools: everyMs must be from 1 to 3600000: received ${String(everyMs)}`,
    );
  }
  const growth = new Growth();
  for (const pool of pools) growth.add(pool);
  const from = crypto.randomUUID();
  let seq = 0;
  let isStopped = false;
  let cancel: (() => void) | undefined;

  const post = (isLast: boolean) => {
    const { arrived, pools } = growth.look();
    port.postMessage(makeReport({ from, seq, everyMs, isLast, pools }));
    seq++;
    arrived();
  };
  const arm = () => {
    cancel = host.defer(() => {
      try {
        post(false);
      } catch (error) {
        tellError(onError, error);
      } finally {
        if (!isStopped) arm();
      }
    }, everyMs);
  };
  arm();
  return {
    report() {
      if (!isStopped) post(false);
    },
    stop() {
      if (isStopped) return;
      isStopped = true;
      cancel?.();
      post(true);
    },
  };
}
