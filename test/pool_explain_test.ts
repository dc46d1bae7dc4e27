/** What a pool tells of its decisions. */

import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  adaptiveScheduler,
  type Decision,
  type Explanation,
  type GenerationOptions,
  type Pool,
} from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { makeIdle, type Thing, type ThingOptions, thingPool } from "./fixture/thing.ts";

/** A pool under the adaptive scheduler. */
function adaptive(options: ThingOptions = {}) {
  return thingPool({ scheduler: adaptiveScheduler(), ...options });
}

/** Explains a pool, and asserts that this is plain data: nothing is lost when it is written down. */
function explain(pool: Pool<Thing>): Explanation {
  const explanation = pool.explain();
  assertEquals(JSON.parse(JSON.stringify(explanation)), explanation);
  for (const { about, because, decision, inputs } of explanation.decisions) {
    assert(about.length > 0 && because.length > 0 && decision.length > 0);
    for (const [name, figure] of Object.entries(inputs)) {
      assert(Number.isFinite(figure), `${about}: ${name} is ${figure}`);
    }
  }
  return explanation;
}

function about(explanation: Explanation, subject: string): Decision | undefined {
  return explanation.decisions.find((decision) => decision.about === subject);
}

/** Leases of `holdMs` each under a tag, one after the other, for a tick. */
function workFor({ pool, host }: ReturnType<typeof thingPool>, tag: string, holdMs: number): void {
  for (let ms = 0; ms < 500; ms += holdMs) {
    const thing = pool.acquire(tag);
    host.time += holdMs;
    pool.release(thing);
  }
  pool.tick();
}

describe("Pool.explain()", () => {
  it("Pool.explain() of a new pool knows its generations and its budget, and nothing else", () => {
    const { pool } = adaptive({ maxBytes: 8192 });
    assertEquals(explain(pool), {
      scheduler: "adaptive",
      now: 0,
      ticks: 0,
      decisions: [],
      limits: { maxBytes: 8192 },
      generations: pool.stats().generations,
      tags: [],
      watched: { leases: 0, missed: 0 },
    });
  });

  it("Pool.explain() tells a decision for the main shelf, each generation, and the rest", () => {
    const { pool, host } = adaptive();
    makeIdle(pool, 5);
    host.time = 500;
    pool.tick();
    const explanation = explain(pool);
    assertEquals(explanation.decisions.map((decision) => decision.about), [
      "main shelf",
      "main shelf, generation T0",
      "main shelf, generation T1",
      "main shelf, generation T2",
      "pressure",
      "threshold",
    ]);
    const { inputs } = about(explanation, "main shelf")!;
    assertEquals([inputs.leased, inputs.peak, inputs.pinned], [0, 5, 0]);
    assertEquals(inputs.lambdaMs, 5000);
    assertEquals(about(explanation, "main shelf, generation T0")!.inputs.idle, 5);
    assertEquals(about(explanation, "pressure")!.decision, "none");
    assertEquals([explanation.ticks, explanation.now], [1, 500]);
  });

  it("Pool.explain() tells λ, if the user gave it", () => {
    const { pool } = adaptive({ scheduler: adaptiveScheduler({ idleBudgetMs: 1234 }) });
    pool.tick();
    assertEquals(about(explain(pool), "main shelf")!.inputs.lambdaMs, 1234);
  });

  it("Pool.explain() tells generations by the names that the user gave", () => {
    const generations: readonly GenerationOptions[] = [
      { name: "hot", maxSize: 9, ttlMs: 100 },
      { name: "cold", maxSize: 9, ttlMs: 0 },
    ];
    const { pool } = adaptive({ generations });
    pool.tick();
    const explanation = explain(pool);
    assertEquals(explanation.generations.map(({ name }) => name), ["hot", "cold"]);
    assertEquals(about(explanation, "main shelf, generation cold")!.inputs.maxSize, 9);
  });

  const pressures = [
    { heap: { usedBytes: 96, limitBytes: 100 }, decision: "critical", share: 0.96 },
    { heap: { usedBytes: 72, limitBytes: 100 }, decision: "moderate", share: 0.72 },
    { heap: { usedBytes: 72 }, decision: "none", share: 0 },
    { heap: undefined, decision: "none", share: 0 },
  ];
  for (const { heap, decision, share } of pressures) {
    it(`Pool.explain() tells pressure ${decision} of ${JSON.stringify(heap) ?? "no heap"}`, () => {
      const { pool, host } = adaptive({ maxBytes: 1e6 });
      host.heapReading = heap;
      pool.tick();
      const explanation = explain(pool);
      const pressure = about(explanation, "pressure")!;
      assertEquals([pressure.decision, pressure.inputs.share], [decision, share]);
      assertEquals(explanation.limits, {
        maxBytes: 1e6,
        ...(heap === undefined ? {} : { usedBytes: heap.usedBytes }),
        ...(heap?.limitBytes === undefined ? {} : { memoryLimit: heap.limitBytes }),
      });
    });
  }

  it("Pool.explain() tells the memory limit of the user", () => {
    const { pool } = adaptive({ memoryLimit: 1e6 });
    pool.tick();
    assertEquals(explain(pool).limits, { maxBytes: 250_000, memoryLimit: 1e6 });
  });

  it("Pool.explain() tells quantiles of the idle ages", () => {
    const { pool, host } = thingPool();
    makeIdle(pool, 10);
    pool.tick();
    host.time = 1000;
    makeIdle(pool, 4);
    pool.tick();
    host.time = 3000;
    pool.tick();
    // Four were touched 2 s ago, six 3 s ago.
    assertEquals(explain(pool).ages, { p50: 3000, p90: 3000, p99: 3000 });
    makeIdle(pool, 7);
    pool.tick();
    assertEquals(explain(pool).ages, { p50: 0, p90: 3000, p99: 3000 });
  });

  it("Pool.explain() tells no ages where nothing lies idle", () => {
    const { pool } = thingPool();
    pool.acquire();
    pool.tick();
    assertEquals("ages" in explain(pool), false);
  });

  it("Pool.explain() tells of a tag its holds, entropy, depth and what its end costs", () => {
    const subject = adaptive();
    for (let tick = 0; tick < 20; tick++) workFor(subject, "auth", 10);
    const explanation = explain(subject.pool);
    const [tag] = explanation.tags;
    assertEquals([tag!.name, tag!.shelf, tag!.entropy], ["auth", "main", 0]);
    // Quantiles are off by a factor of √2 at most.
    for (const quantile of Object.values(tag!.holdMs!)) {
      assert(quantile >= 10 && quantile <= 10 * Math.SQRT2, `${quantile} ms`);
    }
    // One lease follows the other (Little's law); means are off by ⁴√2 at most.
    assert(tag!.depth! > 0.84 && tag!.depth! < 1.19, `${tag!.depth}`);
    assertEquals(explanation.entropy, 0);
    const { medianMs, sigma } = tag!.lifetime!;
    assert(medianMs > 8.4 && medianMs < 11.9, `${medianMs} ms`);
    assertAlmostEquals(sigma, 0, 1e-6);
  });

  it("Pool.explain() tells a higher entropy where holds have no pattern", () => {
    const subject = adaptive();
    for (let tick = 0; tick < 20; tick++) {
      workFor(subject, "steady", 10);
      for (let holdMs = 0.25; holdMs < 500; holdMs *= 1.1) {
        const thing = subject.pool.acquire("erratic");
        subject.host.time += holdMs;
        subject.pool.release(thing);
      }
      subject.pool.tick();
    }
    const { entropy, tags } = explain(subject.pool);
    const [steady, erratic] = tags;
    assertEquals(steady!.entropy, 0);
    assert(erratic!.entropy! > 0.3 && erratic!.entropy! <= 1, `${erratic!.entropy}`);
    assert(entropy! > 0 && entropy! <= 1, `${entropy}`);
  });

  it("Pool.explain() tells the size that a tag gives to objects", () => {
    const { pool } = adaptive({ sizeOf: ({ size }) => size });
    const things = Array.from({ length: 200 }, () => pool.acquire("big"));
    for (const thing of things) {
      thing.size = 4096;
      pool.release(thing);
    }
    pool.tick();
    assertEquals(explain(pool).tags[0]!.sizeBytes, 4096);
  });

  it("Pool.explain() tells the size that all objects have", () => {
    const { pool } = adaptive({ sizeOf: 5000 });
    for (let i = 0; i < 200; i++) pool.release(pool.acquire("same"));
    assertEquals(explain(pool).tags[0]!.sizeBytes, 5000);
  });

  it("Pool.explain() tells no size where nobody told any", () => {
    const { pool } = adaptive();
    const things = Array.from({ length: 200 }, () => pool.acquire("unknown"));
    for (const thing of things) pool.release(thing);
    assertEquals(explain(pool).tags[0]!.sizeBytes, undefined);
  });

  it("Pool.explain() tells what it costs to take an object back", () => {
    const host = new FakeHost();
    const { pool } = adaptive({
      host,
      reset(thing) {
        thing.dirty = false;
        host.time += 0.25;
      },
    });
    for (let i = 0; i < 500; i++) pool.release(pool.acquire("slow"));
    assertAlmostEquals(explain(pool).tags[0]!.releaseUs!, 250, 1e-3);
  });

  it("Pool.explain() leaves tags out that were never used", () => {
    const { pool } = adaptive();
    pool.tag("unused");
    pool.release(pool.acquire("used"));
    pool.tick();
    assertEquals(explain(pool).tags.map(({ name }) => name), ["used"]);
  });

  it("Pool.explain() names the scheduler of one that does not explain itself", () => {
    const { pool } = thingPool({ scheduler: { name: "silent", decide: () => ({}) } });
    pool.tick();
    const { scheduler, decisions } = explain(pool);
    assertEquals([scheduler, decisions], ["silent", []]);
  });

  it("Pool.explain() is not changed by what comes later", () => {
    const subject = adaptive();
    workFor(subject, "auth", 10);
    const explanation = explain(subject.pool);
    const copy = structuredClone(explanation);
    workFor(subject, "other", 100);
    makeIdle(subject.pool, 50);
    subject.pool.tick();
    assertEquals(explanation, copy);
  });

  it("Pool.explain() changes nothing", () => {
    const run = (look: boolean) => {
      const subject = adaptive();
      for (let tick = 0; tick < 20; tick++) {
        makeIdle(subject.pool, 5 + tick % 7);
        if (look) subject.pool.explain();
        subject.host.time += 500;
        subject.pool.tick();
      }
      return subject.pool.stats().generations;
    };
    assertEquals(run(true), run(false));
  });

  it("Pool.explain() tells the last decisions after close, too", () => {
    const subject = adaptive();
    workFor(subject, "auth", 10);
    const before = explain(subject.pool);
    subject.pool.close();
    const { ages, generations, ...after } = explain(subject.pool);
    assertEquals(ages, undefined);
    assertEquals(generations.map(({ idle }) => idle), [0, 0, 0]);
    const { ages: _, generations: __, ...expected } = before;
    assertEquals(after, expected);
  });

  it("Pool.explain() of a pool that was closed before any work tells nothing odd", () => {
    const { pool } = adaptive();
    pool.close();
    assertEquals(explain(pool).decisions, []);
  });
});
