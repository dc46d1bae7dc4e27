/**
 * What every adapter holds to, tried on the runtime it is for, with real collections.
 *
 * @module
 */

import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import type { GcEvent, GcReading } from "../src/gc.ts";
import type { HeapReading, Host } from "../src/host.ts";

/** An adapter, and what its runtime lets it tell. */
export interface AdapterUnderTest {
  /** The name of the runtime that its hosts bear. */
  readonly name: string;
  readonly host: () => Host;
  readonly readHeap: () => HeapReading | undefined;
  readonly watchGc: (listener: (event: GcEvent) => void) => () => void;
  readonly memoryLimit?: number;
  /** The figures of its readings of the heap; none where the heap is hidden. */
  readonly heap: readonly (keyof HeapReading)[];
  /** Whether collections come with their time and the heap around them. */
  readonly timed: boolean;
  /** Whether there are timers that outlive a request. */
  readonly timers: boolean;
}

const MIB = 2 ** 20;

/** Declares the contract for an adapter, which must be the one of the runtime that runs it. */
export function testAdapter(adapter: AdapterUnderTest): void {
  const { name } = adapter;
  describe(`adapter for ${name}`, () => {
    describe("host", () => testHost(adapter));
    describe("readHeap()", () => testReadHeap(adapter));
    describe("gc()", () => testGc(adapter));
    describe("watchGc()", () => testWatchGc(adapter));
  });
}

function testHost({ name, host: makeHost, memoryLimit, timers }: AdapterUnderTest): void {
  it("says what it runs on", () => {
    const host = makeHost();
    assertEquals(host.runtime, name);
    assertEquals(host.memoryLimit, memoryLimit);
  });

  it("has a clock that never goes back", async () => {
    const host = makeHost();
    let last = host.now();
    for (let turn = 0; turn < 10; turn++) {
      const time = host.now();
      assert(Number.isFinite(time));
      assertGreaterOrEqual(time, last);
      last = time;
      await nextTurn();
    }
  });

  it("defers once, after that many milliseconds of its clock", { skip: !timers }, async () => {
    const host = makeHost();
    const start = host.now();
    let calls = 0;
    // A deferred callback does not keep the process alive, so something else has to.
    let alive: ReturnType<typeof setTimeout> | undefined;
    const elapsedMs = await new Promise<number>((resolve) => {
      alive = setTimeout(() => resolve(Infinity), 5000);
      const cancel = host.defer(() => {
        calls++;
        resolve(host.now() - start);
      }, 20);
      assertEquals(typeof cancel, "function");
    });
    clearTimeout(alive);
    assertGreater(elapsedMs, 15);
    assertLess(elapsedMs, 5000);
    await nextTurn();
    assertEquals(calls, 1);
  });

  it("cancels what it deferred", { skip: !timers }, async () => {
    let called = false;
    const cancel = makeHost().defer(() => called = true, 0);
    cancel?.();
    await nextTurn();
    await nextTurn();
    assert(!called);
  });

  it("times out once, after that many milliseconds of its clock", async () => {
    const host = makeHost();
    const start = host.now();
    let calls = 0;
    await new Promise<void>((resolve) => {
      const cancel = host.timeout(() => {
        calls++;
        resolve();
      }, 20);
      assertEquals(typeof cancel, "function");
    });
    assertGreater(host.now() - start, 15);
    await nextTurn();
    assertEquals(calls, 1);
  });

  it("cancels a timeout", async () => {
    let called = false;
    const cancel = makeHost().timeout(() => called = true, 0);
    cancel?.();
    await nextTurn();
    await nextTurn();
    assert(!called);
    cancel?.();
  });

  it("defers nothing where timers end with a request", { skip: timers }, () => {
    assertEquals(makeHost().defer(() => {}, 0), undefined);
  });
}

function testReadHeap({ heap: figures, host, readHeap }: AdapterUnderTest): void {
  const hidden = figures.length === 0;

  it("tells nothing", { skip: !hidden }, () => {
    assertEquals(readHeap(), undefined);
    assertEquals(host().heap(), undefined);
  });

  it("tells positive figures, and only those that are real", { skip: hidden }, () => {
    for (const reading of [readHeap(), host().heap()]) {
      assert(reading);
      assertEquals(Object.keys(reading).toSorted(), figures.toSorted());
      for (const figure of figures) {
        const bytes = reading[figure]!;
        assert(Number.isFinite(bytes), figure);
        assert(figure === "externalBytes" ? bytes >= 0 : bytes > 0, figure);
      }
      assertLess(reading.usedBytes, reading.limitBytes ?? Infinity);
    }
  });

  it("sees live objects come and go", { skip: hidden }, () => {
    const before = settledHeap(readHeap);
    let live = retain();
    const during = settledHeap(readHeap);
    assertGreaterOrEqual(live.length, 1);
    live = [];
    const after = settledHeap(readHeap);
    assertGreater(during.usedBytes - before.usedBytes, 30 * MIB);
    if (canCollect) assertGreater(during.usedBytes - after.usedBytes, 30 * MIB);
  });

  const countsExternal = figures.includes("externalBytes");
  it("sees array buffers outside the heap", { skip: !countsExternal }, () => {
    const before = settledHeap(readHeap);
    // Bun counts a typed array's own memory as heap until somebody asks for its buffer.
    const buffer = new ArrayBuffer(32 * MIB);
    const after = readHeap()!;
    assertGreater(after.externalBytes! - before.externalBytes!, 31 * MIB);
    assertEquals(buffer.byteLength, 32 * MIB);
  });

  it("counts what was allocated", { skip: !figures.includes("allocatedBytes") }, () => {
    const before = readHeap()!.allocatedBytes!;
    scatter();
    assertGreater(readHeap()!.allocatedBytes! - before, 16 * MIB);
  });
}

function testGc({ host: makeHost, timed, name }: AdapterUnderTest): void {
  it("counts collections from its first call on, each once", async () => {
    const host = makeHost();
    assertEquals(host.gc(), { minor: 0, major: 0, unknown: 0 });
    const first = await readUntil(host, provoke, (reading) => count(reading) >= 4);
    assertGreaterOrEqual(count(first), 4);
    assertLess(count(host.gc()), 3);
    host.close();
  });

  it("counts major collections as major", { skip: !canCollect }, async () => {
    const host = makeHost();
    host.gc();
    const reading = await readUntil(host, collect, ({ major }) => major >= 4);
    assertGreaterOrEqual(reading.major, 4);
    assertEquals(reading.unknown, 0);
    assertGreater(reading.major, reading.minor);
    host.close();
  });

  it("counts minor collections as minor", async () => {
    const host = makeHost();
    host.gc();
    const reading = await readUntil(host, scatter, ({ minor }) => minor >= 4);
    assertGreaterOrEqual(reading.minor, 4);
    assertEquals(reading.unknown, 0);
    // Bun's collector decides by itself that some must be major.
    if (name !== "bun") assertGreater(reading.minor, reading.major);
    host.close();
  });

  it("tells times in milliseconds", { skip: !timed || !canCollect }, () => {
    const host = makeHost();
    const live = retain();
    host.gc();
    const start = host.now();
    for (let round = 0; round < 3; round++) collect();
    const elapsedMs = host.now() - start;
    const { pauseMs = 0, maxPauseMs = 0 } = host.gc();
    host.close();
    assertGreater(live.length, 0);
    // Wide enough for any scheduling, and far too narrow for a wrong unit.
    assertGreater(pauseMs, elapsedMs / 30);
    assertLess(pauseMs, elapsedMs * 30);
    assertGreater(maxPauseMs, 0);
    assertGreaterOrEqual(pauseMs, maxPauseMs);
  });

  it("tells no times where the runtime tells none", { skip: timed }, async () => {
    const host = makeHost();
    host.gc();
    const reading = await readUntil(host, provoke, (reading) => count(reading) > 0);
    assertEquals(Object.keys(reading).toSorted(), ["major", "minor", "unknown"]);
    host.close();
  });

  it("tells each of two hosts all collections, until it is closed", async () => {
    const hosts = [makeHost(), makeHost()] as const;
    for (const host of hosts) host.gc();
    const first = await readUntil(hosts[0], provoke, (reading) => count(reading) >= 4);
    const second = hosts[1].gc();
    assertGreaterOrEqual(count(second), count(first));

    hosts[0].close();
    hosts[0].close();
    const third = await readUntil(hosts[1], provoke, (reading) => count(reading) >= 4);
    assertGreaterOrEqual(count(third), 4);
    assertEquals(hosts[0].gc(), { minor: 0, major: 0, unknown: 0 });
    hosts[1].close();
  });

  it("tells nothing when closed before its first call", async () => {
    const host = makeHost();
    host.close();
    host.gc();
    for (let turn = 0; turn < 3; turn++) {
      provoke();
      await nextTurn();
    }
    assertEquals(host.gc(), { minor: 0, major: 0, unknown: 0 });
  });
}

function testWatchGc({ host: makeHost, timed, watchGc }: AdapterUnderTest): void {
  it("tells collections by itself, until it is ended", async () => {
    const events: GcEvent[] = [];
    const stop = watchGc((event) => events.push(event));
    await until(provoke, () => events.length >= 4);
    assertGreaterOrEqual(events.length, 4);
    for (const { kind, ...figures } of events) {
      assert(["minor", "major"].includes(kind), kind);
      for (const [figure, value] of Object.entries(figures)) {
        assert(Number.isFinite(value) && value > 0, figure);
      }
      const expected = timed ? ["afterBytes", "beforeBytes", "pauseMs"] : [];
      assertEquals(Object.keys(figures).toSorted(), expected);
    }

    stop();
    stop();
    const { length } = events;
    for (let turn = 0; turn < 3; turn++) {
      provoke();
      await nextTurn();
    }
    assertEquals(events.length, length);
  });

  it("tells one function twice when it listens twice", async () => {
    let calls = 0;
    const listener = () => void calls++;
    const stops = [watchGc(listener), watchGc(listener)] as const;
    const host = makeHost();
    host.gc();
    const reading = await readUntil(host, provoke, (reading) => count(reading) >= 2);
    assertGreaterOrEqual(calls, 2 * count(reading));
    stops[0]();
    const before = calls;
    await readUntil(host, provoke, () => calls > before);
    assertGreater(calls, before);
    stops[1]();
    host.close();
  });

  it("reports what a listener throws, and goes on", async () => {
    const thrown = new Error("thrown by a listener");
    const stopThrowing = watchGc(() => {
      throw thrown;
    });
    const host = makeHost();
    host.gc();
    const reports = interceptReports();
    try {
      const reading = await readUntil(host, provoke, (reading) => count(reading) >= 2);
      assertGreaterOrEqual(count(reading), 2);
      stopThrowing();
    } finally {
      reports.restore();
      host.close();
    }
    assertGreaterOrEqual(reports.errors.length, 2);
    assert(reports.errors.every((error) => error === thrown));
  });
}

/** Collects everything at once where the runtime can be told to. */
function collect(): void {
  const { Bun, gc } = globalThis as { Bun?: { gc(force: boolean): void }; gc?(): void };
  if (Bun) Bun.gc(true);
  else gc?.();
}

const canCollect = "Bun" in globalThis || "gc" in globalThis;

/** Makes a collection happen in any case. */
function provoke(): void {
  if (canCollect) collect();
  else scatter();
}

/** Allocates some 32 MiB of objects that die young. */
function scatter(): void {
  for (let batch = 0; batch < 64; batch++) {
    Array.from({ length: 8192 }, (_, index) => ({ a: index, b: index, c: index }));
  }
}

/** Some 64 MiB of live objects. */
function retain(): readonly unknown[] {
  return Array.from({ length: 2 ** 20 }, (_, i) => ({ a: i, b: i, c: i, d: i, e: i }));
}

/** The heap without garbage, where the runtime can be told to collect it. */
function settledHeap(readHeap: () => HeapReading | undefined): HeapReading {
  collect();
  return readHeap()!;
}

function count({ minor, major, unknown }: GcReading): number {
  return minor + major + unknown;
}

/** Sums readings over turns of the event loop, in each of which `act` runs. */
async function readUntil(
  host: Host,
  act: () => void,
  done: (sum: GcReading) => boolean,
): Promise<GcReading> {
  let sum = host.gc();
  await until(act, () => {
    const { minor, major, unknown, ...times } = host.gc();
    sum = {
      ...times,
      minor: sum.minor + minor,
      major: sum.major + major,
      unknown: sum.unknown + unknown,
    };
    return done(sum);
  });
  return sum;
}

/** Runs `act` once a turn until `done`, for some seconds at most: what follows must assert. */
async function until(act: () => void, done: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!done() && Date.now() < deadline) {
    act();
    await nextTurn();
  }
}

/** Waits for a real turn of the event loop, in which deaths are told. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Catches what an adapter reports, in whichever way of the runtime. */
function interceptReports(): { readonly errors: unknown[]; restore(): void } {
  const scope = globalThis as unknown as {
    process?: { emitWarning?: unknown };
    reportError?: unknown;
  };
  const { process, reportError } = scope;
  const emitWarning = process?.emitWarning;
  const errors: unknown[] = [];
  const catchError = (error: unknown) => void errors.push(error);
  scope.reportError = catchError;
  if (process && emitWarning) process.emitWarning = catchError;
  return {
    errors,
    restore() {
      scope.reportError = reportError;
      if (process && emitWarning) process.emitWarning = emitWarning;
    },
  };
}
