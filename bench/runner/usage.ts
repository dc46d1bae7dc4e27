/**
 * What a process takes of the machine, as Linux tells it to others.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** What a process has taken so far. */
export interface Usage {
  /** Processor time of all its threads, in ms, in steps of 10. */
  readonly cpuMs: number;
  /** The most memory that it ever held, in bytes. */
  readonly peakRssBytes: number;
  /** The memory that it holds now, in bytes. */
  readonly rssBytes: number;
}

/** `USER_HZ` is 100 on Linux, whatever the kernel's own clock. */
const TICK_MS = 10;

/** Reads what a process takes; `undefined` where the system does not tell, or the process is gone. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kb = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]);
    return {
      cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
      peakRssBytes: kb("VmHWM") * 1024,
      rssBytes: kb("VmRSS") * 1024,
    };
  } catch {
    return undefined;
  }
}
