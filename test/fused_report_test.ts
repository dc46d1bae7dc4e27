import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import { FusedReport, type FusedReportOptions, type Reporter, reportTo } from "../metrics/mod.ts";
import { METRICS } from "../metrics/catalogue.ts";
import { Pool, type PoolStats } from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";

interface Message {
  from: string;
  seq: number;
  pools: { key: number; tags: { name: string }[]; name: string }[];
}

/** A port whose messages wait, cloned as by `postMessage`. */
class Port {
  readonly messages: Message[] = [];
  isBroken = false;

  postMessage(message: unknown): void {
    if (this.isBroken) throw new Error("broken");
    this.messages.push(structuredClone(message) as Message);
  }
}

function makePool(name = "p", host = new FakeHost()): Pool<object> {
  return new Pool({ name, create: () => ({}), reset: () => {}, host });
}

function makeFused(options: FusedReportOptions = {}): FusedReport {
  return new FusedReport({ host: { now: () => 0 }, ...options });
}

function use(pool: Pool<object>, tag: string, times = 1): void {
  for (let i = 0; i < times; i++) pool.release(pool.acquire(tag));
}

const silent = { defer: () => undefined };

/** Every counter that is told, by metric and label; hold times by count. */
function countersOf(all: readonly PoolStats[]): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (key: string, value: number) => sums.set(key, (sums.get(key) ?? 0) + value);
  for (const stats of all) {
    for (const metric of METRICS) {
      if (metric.type === "gauge" || /^(gc|heap)/.test(metric.name)) continue;
      const key = (of?: string) => `${stats.name} ${metric.name} ${of}`;
      if (metric.type === "counter") metric.read(stats, (value, of) => add(key(of), value));
      else {
        metric.read(stats, ({ counts }, of) => {
          for (const [i, count] of counts.entries()) add(`${key(of)} ${i}`, count);
        });
      }
    }
  }
  return new Map([...sums].sort());
}

function gaugesOf(all: readonly PoolStats[]) {
  const sum = (read: (stats: PoolStats) => number) =>
    all.reduce((sum, each) => sum + read(each), 0);
  return {
    leased: sum(({ leased }) => leased),
    idle: sum(({ idle }) => idle),
    live: sum(({ live }) => live),
    bytes: sum(({ bytes }) => bytes),
    inGenerations: sum(({ generations }) => generations.reduce((a, { idle }) => a + idle, 0)),
  };
}

/** A pool with a lease, which is reported, and the clock of who folds that. */
function reportedLease() {
  const clock = { now: 0 };
  const fused = new FusedReport({ host: { now: () => clock.now } });
  const pool = makePool();
  const reporter = reportTo({ postMessage: (each) => fused.fold(each) }, {
    pools: [pool],
    host: silent,
  });
  pool.acquire();
  reporter.report();
  return { clock, fused, pool, reporter };
}

describe("FusedReport", () => {
  for (let seed = 0; seed < 30; seed++) {
    it(`A fold is the sum of its parts, whatever comes between (seed ${seed})`, () => {
      const random = new Random(`fuse ${seed}`);
      const fused = makeFused();
      const workers = Array.from({ length: 1 + random.below(4) }, () => {
        const pools = Array.from(
          { length: 1 + random.below(3) },
          () => makePool(`p${random.below(2)}`),
        );
        const port = new Port();
        return { pools, port, reporter: reportTo(port, { pools, host: silent }), arrived: 0 };
      });
      const local = makePool("p0");
      fused.add(local);
      const all = [local, ...workers.flatMap(({ pools }) => pools)];
      const held: { pool: Pool<object>; object: object }[] = [];
      let before = new Map<string, number>();
      for (let step = 0; step < 300; step++) {
        const pool = all[random.below(all.length)]!;
        const worker = workers[random.below(workers.length)]!;
        const dice = random.next();
        if (dice < 0.5) use(pool, `t${random.below(4)}`, 1 + random.below(100));
        else if (dice < 0.6) held.push({ pool, object: pool.acquire("held") });
        else if (dice < 0.7) {
          const [last] = held.splice(random.below(held.length + 1), 1);
          last?.pool.release(last.object);
        } else if (dice < 0.75) pool.tick();
        else if (dice < 0.85) {
          worker.port.isBroken = random.next() < 0.3;
          if (worker.port.isBroken) assertThrows(() => worker.reporter.report(), Error, "broken");
          else worker.reporter.report();
        } else {
          const message = worker.port.messages[worker.arrived];
          if (message !== undefined) {
            worker.arrived++;
            fused.fold(message);
            // A repetition changes nothing.
            fused.fold(message);
          }
        }
        if (step % 50 === 0) {
          const now = countersOf(fused.stats());
          for (const [key, value] of before) assert(now.get(key)! >= value, key);
          before = now;
        }
      }
      for (const { arrived, port, reporter } of workers) {
        port.isBroken = false;
        reporter.report();
        for (const message of port.messages.slice(arrived)) fused.fold(message);
      }
      const parts = all.map((pool) => pool.stats());
      assertEquals(countersOf(fused.stats()), countersOf(parts));
      assertEquals(gaugesOf(fused.stats()), gaugesOf(parts));
      const { created, discarded, live } = parts.map((stats) => stats).reduce((a, b) => ({
        ...a,
        created: a.created + b.created,
        live: a.live + b.live,
        discarded: Object.fromEntries(
          Object.entries(a.discarded).map(([reason, n]) => [
            reason,
            n + b.discarded[reason as keyof typeof b.discarded],
          ]),
        ) as typeof a.discarded,
      }));
      assertEquals(created, live + Object.values(discarded).reduce((a, b) => a + b));
      assertEquals(fused.counts.refused, 0);
      assertEquals(fused.counts.missed, 0);
      for (const pool of all) pool.close();
    });
  }

  it("A report grows with tags that changed, not with leases", () => {
    const port = new Port();
    const pools = [makePool("a"), makePool("b")];
    const reporter = reportTo(port, { pools, host: silent });
    for (const tag of ["x", "y", "z"]) use(pools[0]!, tag, 10_000);
    reporter.report();
    use(pools[0]!, "y", 50_000);
    reporter.report();
    reporter.report();
    const [first, second, third] = port.messages;
    assertEquals(first!.pools.map(({ tags }) => tags.length), [3, 0]);
    assertEquals(second!.pools.map(({ tags }) => tags.map(({ name }) => name)), [["y"]]);
    assertEquals(third!.pools, []);
    for (const pool of pools) pool.close();
  });

  it("A reporter that is silent for long keeps its counters and loses its gauges", () => {
    const { clock, fused, pool } = reportedLease();
    clock.now = 5000;
    assertEquals(fused.stats()[0]!.leased, 1);
    clock.now = 5001;
    const [{ acquires, created, leased, live, runtime }] = fused.stats() as [PoolStats];
    assertEquals({ acquires, created, leased, live, runtime }, {
      acquires: 1,
      created: 1,
      leased: 0,
      live: 0,
      runtime: "fake",
    });
    pool.close();
  });

  it("The runtime that is told never changes back when reporters fall silent", () => {
    const { clock, fused, pool } = reportedLease();
    const other = makePool("p", Object.assign(new FakeHost(), { runtime: "other" }));
    const reporter = reportTo({ postMessage: (each) => fused.fold(each) }, {
      pools: [other],
      host: silent,
      everyMs: 9000,
    });
    const runtimes = [0, 5001, 90_000].map((now, i) => {
      if (i === 0) reporter.report();
      clock.now = now;
      return fused.stats()[0]!.runtime;
    });
    assertEquals(runtimes, ["mixed", "mixed", "mixed"]);
    for (const each of [pool, other]) each.close();
  });

  it("A reporter that was taken for dead has its gauges back, though nothing changed", () => {
    const { clock, fused, pool, reporter } = reportedLease();
    clock.now = 9000;
    assertEquals(fused.stats()[0]!.leased, 0);
    reporter.report();
    assertEquals(fused.stats()[0]!.leased, 1);
    pool.close();
  });

  it("stop() tells the last counters, and takes the gauges away", () => {
    const fused = makeFused();
    const pool = makePool();
    const reporter: Reporter = reportTo({ postMessage: (each) => fused.fold(each) }, {
      pools: [pool],
      host: silent,
    });
    use(pool, "a", 7);
    reporter.stop();
    use(pool, "a", 7);
    reporter.stop();
    reporter.report();
    const [{ acquires, idle }] = fused.stats() as [PoolStats];
    assertEquals({ acquires, idle }, { acquires: 7, idle: 0 });
    pool.close();
  });

  it("Pools of one name and isolate tell their collector once, and maxima are no sums", () => {
    const fused = makeFused();
    const hosts = [new FakeHost(), new FakeHost()];
    const pools = hosts.map((host) => makePool("p", host));
    const makeGc = (maxPauseMs: number) => ({
      minor: 3,
      major: 1,
      unknown: 0,
      pauseMs: 5,
      maxPauseMs,
    });
    const told = pools.map((pool, i) => ({
      stats: () => ({ ...pool.stats(), gc: makeGc(2 + i), heap: { usedBytes: 100 } }),
    }));
    for (const source of told) fused.add(source);
    reportTo({ postMessage: (each) => fused.fold(each) }, { pools: [told[1]!], host: silent })
      .report();
    const [{ gc, heap }] = fused.stats() as [PoolStats];
    assertEquals([gc.minor, gc.pauseMs, gc.maxPauseMs, heap?.usedBytes], [6, 10, 3, 200]);
    for (const pool of pools) pool.close();
  });

  it("Of the pools of one name an open one that ticks tells of the isolate", () => {
    const hosts = [new FakeHost(), new FakeHost(), new FakeHost()];
    const [closed, unused, used] = hosts.map((host) => makePool("p", host)) as [
      Pool<object>,
      Pool<object>,
      Pool<object>,
    ];
    closed.tick();
    closed.close();
    hosts[2]!.heapReading = { usedBytes: 100 };
    hosts[2]!.majors = 1;
    use(used, "a");
    used.tick();
    const fused = makeFused();
    for (const pool of [closed, unused, used]) fused.add(pool);
    const [{ gc, heap }] = fused.stats() as [PoolStats];
    assertEquals([gc.major, heap?.usedBytes], [1, 100]);
    for (const pool of [unused, used]) pool.close();
  });

  it("Tags, pools and reporters are bounded, and nothing is lost by that", () => {
    const fused = makeFused({ maxTags: 3, maxPools: 2, maxReporters: 2 });
    const pools = Array.from({ length: 5 }, (_, i) => makePool(`p${i}`));
    for (const pool of pools) {
      for (let tag = 0; tag < 10; tag++) use(pool, `t${tag}`);
      pool.acquire();
      reportTo({ postMessage: (each) => fused.fold(each) }, { pools: [pool], host: silent })
        .report();
    }
    const all = fused.stats();
    assertEquals(all.map(({ name }) => name), ["p0", "p1", "(other)"]);
    assertEquals(all.map(({ tags }) => tags.length), [4, 4, 4]);
    const sum = all.flatMap(({ tags }) => tags).reduce((sum, { acquires }) => sum + acquires, 0);
    assertEquals(sum, 55);
    assertEquals(gaugesOf(all).leased, 2);
    for (const pool of pools) pool.close();
  });

  it("What is malformed is refused as a whole, and counted", () => {
    const port = new Port();
    const pool = makePool();
    const reporter = reportTo(port, { pools: [pool], host: silent });
    use(pool, "a", 100);
    reporter.report();
    const good = JSON.stringify(port.messages[0]);
    const bend = (
      bend: (message: Record<string, unknown>, pool: Record<string, unknown>) => void,
    ) => {
      const message = JSON.parse(good);
      bend(message, message.pools[0]);
      return message;
    };
    const bad: unknown[] = [
      undefined,
      null,
      "report",
      [],
      {},
      bend((m) => m.schema = 2),
      bend((m) => m.seq = -1),
      bend((m) => m.from = ""),
      bend((m) => m.from = "x".repeat(5000)),
      bend((m) => m.pools = {}),
      bend((m) => m.pools = new Array(257).fill({})),
      bend((m) => m.pools = new Array(1)),
      bend((_, p) => p.key = 0.5),
      bend((_, p) => p.name = 7),
      bend((_, p) => p.pressure = "huge"),
      bend((_, p) => p.counters = { acquires: 1 }),
      bend((_, p) => (p.counters as Record<string, unknown>).acquires = NaN),
      bend((_, p) => (p.counters as Record<string, unknown>).acquires = 2 ** 60),
      bend((_, p) => (p.tags as { acquires: number }[])[0]!.acquires = -1),
      bend((_, p) => (p.tags as { holds: unknown }[])[0]!.holds = { counts: [1], sum: 1 }),
      // Good pools before a bad one are not counted either.
      bend((m, p) => m.pools = [p, { ...p, key: 1, bypass: 0 }]),
    ];
    const fused = makeFused();
    for (const message of bad) {
      assertThrows(() => fused.fold(message), TypeError, "Cannot fold report: ");
    }
    assertEquals(fused.counts, { folded: 0, refused: bad.length, repeated: 0, missed: 0 });
    assertEquals(fused.stats(), []);
    fused.fold(JSON.parse(good));
    assertEquals(fused.stats()[0]!.acquires, 100);
    pool.close();
  });

  it("Reports that did not arrive are counted as missed", () => {
    const port = new Port();
    const pool = makePool();
    const reporter = reportTo(port, { pools: [pool], host: silent });
    for (let i = 0; i < 4; i++) reporter.report();
    const fused = makeFused();
    fused.fold(port.messages[0]);
    fused.fold(port.messages[3]);
    assertEquals(fused.counts, { folded: 2, refused: 0, repeated: 0, missed: 2 });
    pool.close();
  });

  it("listen() leaves messages of others alone, and ends", () => {
    const target = new EventTarget();
    const errors: unknown[] = [];
    const fused = makeFused({ onError: (error) => errors.push(error) });
    const port = target as unknown as Parameters<FusedReport["listen"]>[0];
    const stop = fused.listen(port);
    const send = (data: unknown) => target.dispatchEvent(new MessageEvent("message", { data }));
    send("hello");
    send({ type: "mine" });
    send({ type: "@siliconflow/pool report" });
    assertEquals([fused.counts.refused, errors.length], [1, 1]);
    stop();
    send({ type: "@siliconflow/pool report" });
    assertEquals(fused.counts.refused, 1);
  });

  it("A pool that is taken out leaves its counters", () => {
    const fused = makeFused();
    const pool = makePool();
    const remove = fused.add(pool);
    use(pool, "a", 3);
    remove();
    use(pool, "a", 3);
    const [{ acquires, idle }] = fused.stats() as [PoolStats];
    assertEquals({ acquires, idle }, { acquires: 3, idle: 0 });
    pool.close();
  });

  it("The timer reports, tells what it could not post with the next report, and ends", () => {
    const host = new FakeHost({ timers: true });
    const port = new Port();
    const errors: unknown[] = [];
    const pool = makePool();
    const reporter = reportTo(port, {
      pools: [pool],
      host,
      everyMs: 200,
      onError(error) {
        errors.push(error);
        throw new Error("worse");
      },
    });
    use(pool, "a", 5);
    port.isBroken = true;
    host.advance(200);
    assertEquals([errors.length, port.messages.length], [1, 0]);
    port.isBroken = false;
    host.advance(200);
    const fused = makeFused();
    for (const message of port.messages) fused.fold(message);
    assertEquals(fused.stats()[0]!.acquires, 5);
    reporter.stop();
    const posted = port.messages.length;
    host.advance(2000);
    assertEquals(port.messages.length, posted);
    pool.close();
  });

  it("A name of a pool that is too long is told in part", () => {
    const fused = makeFused();
    const pool = makePool("p".repeat(5000));
    fused.add(pool);
    use(pool, "a", 2);
    const [{ acquires, name }] = fused.stats() as [PoolStats];
    assertEquals([name.length, acquires], [4096, 2]);
    pool.close();
  });

  it("Limits and intervals out of range are refused", () => {
    assertThrows(() => new FusedReport({ maxTags: 0 }), RangeError, "maxTags must be");
    assertThrows(
      () => reportTo(new Port(), { pools: [], everyMs: 0 }),
      RangeError,
      "everyMs must be",
    );
  });
});
