import { it } from "node:test";
import { assertEquals } from "@std/assert";
import type { GcProfiler, GcRecord } from "../src/adapter/_globals.ts";
import { oldLimit } from "../src/adapter/_heap.ts";
import { ProfilerFeed } from "../src/adapter/_profiler.ts";
import type { GcEvent } from "../src/gc.ts";

const MIB = 2 ** 20;

/** A profiler that records what a test says. */
class FakeProfiler implements GcProfiler {
  recording = true;
  #records: GcRecord[] = [];

  start(): void {
    this.recording = true;
  }

  stop(): { statistics: GcRecord[] } {
    this.recording = false;
    return { statistics: this.#records.splice(0) };
  }

  record(gcType: string, cost = 1): void {
    if (this.recording) this.#records.push({ gcType, cost });
  }
}

it("ProfilerFeed tells collections, not their steps, in milliseconds", () => {
  const profiler = new FakeProfiler();
  const feed = new ProfilerFeed(1e-6, () => profiler);
  const events: GcEvent[] = [];
  const stop = feed.subscribe((event) => events.push(event));
  profiler.record("Scavenge", 2e6);
  profiler.record("IncrementalMarking", 5e6);
  profiler.record("ProcessWeakCallbacks", 5e6);
  profiler.record("MarkSweepCompact", 3e6);
  profiler.record("MinorMarkSweep", 1e6);
  profiler.record("Unheard of", 1e6);
  feed.poll();
  assertEquals(events, [
    { kind: "minor", pauseMs: 2 },
    { kind: "major", pauseMs: 3 },
    { kind: "minor", pauseMs: 1 },
    { kind: "unknown", pauseMs: 1 },
  ]);
  stop();
});

it("ProfilerFeed tells a listener what happened while it listened, to its end", () => {
  const profiler = new FakeProfiler();
  const feed = new ProfilerFeed(1, () => profiler);
  const told = { first: 0, second: 0 };
  const stopFirst = feed.subscribe(() => told.first++);
  profiler.record("Scavenge");
  const stopSecond = feed.subscribe(() => told.second++);
  assertEquals(told, { first: 1, second: 0 });
  profiler.record("Scavenge");
  stopFirst();
  assertEquals(told, { first: 2, second: 1 });
  profiler.record("Scavenge");
  stopSecond();
  assertEquals(told, { first: 2, second: 2 });
});

it("ProfilerFeed lets the profiler rest when nobody listens", () => {
  const profiler = new FakeProfiler();
  const feed = new ProfilerFeed(1, () => profiler);
  const stop = feed.subscribe(() => {});
  stop();
  assertEquals(profiler.recording, false);
  feed.poll();
  assertEquals(profiler.recording, false);
});

it("ProfilerFeed leaves every second window unwatched above 1000 collections a second", () => {
  const profiler = new FakeProfiler();
  const feed = new ProfilerFeed(1, () => profiler);
  let events = 0;
  const stop = feed.subscribe(() => events++);
  const told: number[] = [];
  for (let window = 0; window < 4; window++) {
    for (let index = 0; index < 1e5; index++) profiler.record("Scavenge");
    feed.poll();
    told.push(events);
  }
  assertEquals(told, [1e5, 1e5, 2e5, 2e5]);
  stop();
});

it("ProfilerFeed survives a listener that asks for more", () => {
  const profiler = new FakeProfiler();
  const feed = new ProfilerFeed(1, () => profiler);
  let events = 0;
  const stop = feed.subscribe(() => {
    if (++events === 1) profiler.record("Scavenge");
    feed.poll();
    if (events === 3) stop();
  });
  profiler.record("Scavenge");
  profiler.record("Scavenge");
  feed.poll();
  assertEquals(events, 3);
  assertEquals(profiler.recording, false);
});

it("ProfilerFeed tells nothing where there is no profiler", () => {
  const feed = new ProfilerFeed(1, () => undefined);
  const stop = feed.subscribe(() => {
    throw new Error("told");
  });
  feed.poll();
  stop();
});

it("oldLimit() takes the reserve for young objects off the limit", () => {
  const cases = [
    { limit: 4192, reserve: 96, expected: 4096 },
    { limit: 160, reserve: 96, expected: 64 },
    { limit: 112, reserve: 48, expected: 64 },
    { limit: 120, reserve: 96, expected: 24 },
    { limit: 100, reserve: 96, expected: 20 },
    { limit: 96, reserve: 96, expected: 72 },
    { limit: 48, reserve: 96, expected: 36 },
  ];
  for (const { limit, reserve, expected } of cases) {
    assertEquals(oldLimit(limit * MIB, reserve * MIB), expected * MIB);
  }
});
