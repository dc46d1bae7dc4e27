/** The adaptive scheduler on the real runtime, with its real collections. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { adaptiveScheduler, detectHost, type GcReading, type Host, Pool } from "../mod.ts";
import { canCollect, collect } from "./fixture/collection.ts";
import { Oracle, type Watched } from "../testing/oracle.ts";

/** An object that keeps the capacity that its users gave it. */
interface Body extends Watched {
  bytes: Uint8Array;
}

/** The host of this runtime, whose readings of collections a test can add up. */
interface WatchedHost extends Host {
  readonly seen: { minor: number; major: number; unknown: number };
}

function watchedHost(now?: () => number): WatchedHost {
  const host = detectHost();
  const seen = { minor: 0, major: 0, unknown: 0 };
  return {
    seen,
    runtime: host.runtime,
    ...(host.memoryLimit === undefined ? {} : { memoryLimit: host.memoryLimit }),
    now: now ?? (() => host.now()),
    heap: () => host.heap(),
    gc: (): GcReading => {
      const reading = host.gc();
      seen.minor += reading.minor;
      seen.major += reading.major;
      seen.unknown += reading.unknown;
      return reading;
    },
    defer: (callback, delayMs) => host.defer(callback, delayMs),
    timeout: (callback, delayMs) => host.timeout(callback, delayMs),
    close: () => host.close(),
  };
}

/** A pool under the adaptive scheduler on a host, an oracle of it, and what `onError` heard. */
function poolOn(host: Host, options: { readonly tickMs?: number; readonly cycleMs?: number } = {}) {
  const errors: Error[] = [];
  const pool = new Pool<Body>({
    create: () => ({ dirty: false, disposed: 0, bytes: new Uint8Array(64) }),
    reset: (body) => void (body.dirty = false),
    dispose: (body) => void body.disposed++,
    sizeOf: (body) => body.bytes.length,
    maxBytes: 32 * 2 ** 20,
    scheduler: adaptiveScheduler(),
    onError: (error) => void errors.push(error),
    host,
    ...options,
  });
  return { pool, errors, oracle: new Oracle(pool) };
}

/** Leases under tags that grow their objects differently, up to 60 at once. */
function work({ pool, oracle }: ReturnType<typeof poolOn>, turn: number): void {
  const count = [60, 5, 30][turn % 3]!;
  const held = Array.from({ length: count }, (_, i) => {
    const isUpload = i % 20 === 0;
    const body = pool.acquire(isUpload ? "upload" : "page");
    oracle.acquired(body);
    const size = isUpload ? 64 * 1024 : 1024;
    if (body.bytes.length < size) body.bytes = new Uint8Array(size);
    return body;
  });
  for (const body of held) {
    oracle.released(body);
    pool.release(body);
  }
}

/** Makes garbage, and has it collected at once where the runtime can be told to. */
function litter(): void {
  for (let batch = 0; batch < 16; batch++) {
    Array.from({ length: 8192 }, (_, index) => ({ a: index, b: index, c: index }));
  }
  collect();
}

/** The longest that a test waits for what the runtime does, in ms: only one that fails waits so long. */
const LIMIT_MS = 20_000;

/** A collection of the whole heap takes longer than all else: one in so many turns. */
const LITTER_TURNS = 4;

/** Runs `act` once a turn of the event loop until `done`, for a while at most: assert afterwards. */
async function until(act: (turn: number) => void, done: () => boolean): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  for (let turn = 0; !done() && Date.now() < deadline; turn++) {
    act(turn);
    // Collections are told in a turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function count({ minor, major, unknown }: GcReading): number {
  return minor + major + unknown;
}

describe("Pool on the real runtime", () => {
  it("Pool ticks on through real collections, and loses nothing", async () => {
    const host = watchedHost();
    const subject = poolOn(host);
    const { pool, errors, oracle } = subject;
    await until((turn) => {
      work(subject, turn);
      if (turn % LITTER_TURNS === 0) litter();
      pool.tick();
      oracle.check(true);
    }, () => count(host.seen) >= 4 && pool.stats().ticks >= 20);
    assertGreaterOrEqual(count(host.seen), 4);
    assertGreaterOrEqual(pool.stats().ticks, 20);
    assertEquals(errors, []);
    // Not how many: the scheduler may find that so small a class is better not pooled.
    assertGreater(pool.stats().hits, 0);

    pool.close();
    oracle.closed();
    oracle.check();
    assertEquals(pool.stats().live, 0);
  });

  const skip = !canCollect;
  it("Pool ends its cycles at real collections of the whole heap", { skip }, async () => {
    let time = 0;
    const host = watchedHost(() => time);
    const subject = poolOn(host, { cycleMs: 1e9 });
    const { pool, errors, oracle } = subject;
    pool.tick();
    await until((turn) => {
      work(subject, turn);
      if (turn % LITTER_TURNS === 0) litter();
      time += 500;
      pool.tick();
      oracle.check(true);
    }, () => pool.stats().cycles >= 3);
    assertGreaterOrEqual(pool.stats().cycles, 3);
    assertGreaterOrEqual(host.seen.major, 3);
    assert(pool.stats().cycles <= time / 2000, "no cycle is shorter than 2 s");
    assertEquals(errors, []);
    pool.close();
    oracle.closed();
  });

  it("Pool ticks by itself where there are timers, else by the work, and ends its cycles", async () => {
    const host = watchedHost();
    const subject = poolOn(host, { tickMs: 10, cycleMs: 50 });
    const { pool, errors, oracle } = subject;
    await until((turn) => {
      work(subject, turn);
      pool.poll();
      oracle.check();
    }, () => pool.stats().cycles >= 2);
    const { cycles, ticks } = pool.stats();
    assertGreaterOrEqual(cycles, 2);
    assertGreaterOrEqual(ticks, 2 * cycles);
    assertEquals(errors, []);
    pool.close();
    oracle.closed();
    oracle.check();
  });

  it("Pool explains what it saw of the real heap", async () => {
    const host = watchedHost();
    const subject = poolOn(host);
    const { pool } = subject;
    await until((turn) => {
      work(subject, turn);
      pool.tick();
    }, () => pool.stats().ticks >= 3);
    const { limits } = pool.explain();
    const heap = host.heap();
    assertEquals(limits.usedBytes === undefined, heap === undefined);
    assertEquals(limits.memoryLimit, heap?.limitBytes ?? host.memoryLimit);
    if (heap !== undefined) assertGreater(limits.usedBytes!, 0);
    pool.close();
  });
});
