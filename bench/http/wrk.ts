/**
 * What `wrk` tells of a server that it has loaded.
 *
 * Where a server stands still for longer than the connections wait on average, wrk adds the latencies
 * of the requests that it could not send meanwhile; so there are a few more of them than requests.
 *
 * @module
 */

/** Connections, each of which sends a request as soon as it has its answer. */
export const CONNECTIONS = 64;

/** Comes before what `wrk.lua` tells. */
const RESULT = "@@wrk ";

/** What a server did under load. */
export interface Load {
  readonly requests: number;
  /** What came of its answers, headers and all. */
  readonly bytes: number;
  readonly seconds: number;
  /** How often each latency was seen, in order: microseconds and a count. */
  readonly latencies: readonly (readonly [us: number, count: number])[];
}

/** What went wrong, as wrk counts it, in words. */
const ERRORS = {
  connect: "failed connections",
  read: "failed reads",
  write: "failed writes",
  status: "answers of a status from 400",
  timeout: "timeouts",
} as const;

/** The line of `wrk.lua`. */
interface Line {
  readonly requests: number;
  readonly bytes: number;
  readonly us: number;
  readonly errors: Readonly<Record<keyof typeof ERRORS, number>>;
  readonly latencies: Load["latencies"];
}

/** What an error of wrk begins with. */
export const ACTION = "Cannot load server";

/** Reads what wrk printed. Any error of any request is one of the run. */
export function parseWrk(output: string): Load {
  const line = output.split("\n").find((line) => line.startsWith(RESULT));
  if (line === undefined) {
    throw new Error(`${ACTION}: wrk must tell a result: received ${output.trim() || "nothing"}`);
  }
  const { requests, bytes, us, errors, latencies }: Line = JSON.parse(line.slice(RESULT.length));
  const kinds = Object.keys(ERRORS) as (keyof typeof ERRORS)[];
  const faults = kinds.filter((kind) => errors[kind] > 0)
    .map((kind) => `${errors[kind]} ${ERRORS[kind]}`);
  if (faults.length > 0) {
    throw new Error(`${ACTION}: every request must succeed: received ${faults.join(", ")}`);
  }
  if (requests === 0) throw new Error(`${ACTION}: it must answer: received no answer`);
  return { requests, bytes, seconds: us / 1e6, latencies };
}

/** Latencies of several runs together. */
export function mergeLatencies(loads: readonly Load[]): Load["latencies"] {
  const counts = new Map<number, number>();
  for (const { latencies } of loads) {
    for (const [us, count] of latencies) counts.set(us, (counts.get(us) ?? 0) + count);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** The latency, in ms, that a share of the requests did not exceed. */
export function quantileMs(latencies: Load["latencies"], share: number): number {
  const total = latencies.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [us, count] of latencies) {
    below += count;
    if (below >= share * total) return us / 1000;
  }
  return NaN;
}
