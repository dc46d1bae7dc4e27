/** One host for several pools. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type GcReading, type Histogram, type Host, inertHost, Pool, SharedHost } from "../mod.ts";
import { BufferPool } from "../src/buffers/mod.ts";
import { GcSum } from "../src/gc.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { canCollect, collect } from "./fixture/collection.ts";

/** Collects in some turns of the event loop, until `isDone`. */
async function collectUntil(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !isDone(); turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe("SharedHost", () => {
  it("tells each share of every collection once, whoever reads first", () => {
    const left: GcReading[] = [
      { minor: 2, major: 1, unknown: 0, pauseMs: 5, maxPauseMs: 4 },
      { minor: 3, major: 0, unknown: 0 },
    ];
    const none: GcReading = { minor: 0, major: 0, unknown: 0 };
    const shared = new SharedHost({ ...inertHost(), gc: () => left.shift() ?? none });
    const [one, two] = [shared.share(), shared.share()];
    assertEquals(one.gc(), { minor: 2, major: 1, unknown: 0, pauseMs: 5, maxPauseMs: 4 });
    assertEquals(one.gc(), { minor: 3, major: 0, unknown: 0 });
    assertEquals(two.gc(), { minor: 5, major: 1, unknown: 0, pauseMs: 5, maxPauseMs: 4 });
    assertEquals([one.gc(), two.gc()], [none, none]);
    // Who comes late hears of what comes later.
    left.push({ minor: 1, major: 0, unknown: 0 });
    const late = shared.share();
    assertEquals(late.gc().minor, 1);
    assertEquals(shared.share().gc(), none);
  });

  it("tells each share how long every collection took", () => {
    const sum = new GcSum();
    const shared = new SharedHost({ ...inertHost(), gc: () => sum.take() });
    const [one, two] = [shared.share(), shared.share()];
    sum.add({ kind: "minor", pauseMs: 1 });
    const first = one.gc();
    sum.add({ kind: "minor", pauseMs: 100 });
    const both = two.gc();
    const total = ({ pauses }: GcReading) => pauses!.counts.reduce((a, b) => a + b);
    assertEquals([first.pauses!.sum, total(first)], [1, 1]);
    assertEquals([both.pauses!.sum, total(both)], [101, 2]);
    assertEquals(one.gc().pauses!.sum, 100);
    assertEquals(one.gc().pauses, undefined);
  });

  it("tells what can be counted of a host's reading, whatever else is in it", () => {
    const odd = [null, {}, { counts: [1], sum: "x" }, 7] as unknown as Histogram[];
    for (const pauses of odd) {
      const reading = { minor: 1, major: 1, unknown: 0, pauseMs: 3, maxPauseMs: 2, pauses };
      const shared = new SharedHost({ ...inertHost(), gc: () => reading });
      const [one, two] = [shared.share(), shared.share()];
      one.gc();
      const { major, pauseMs, pauses: told } = two.gc();
      assertEquals([major, pauseMs, told?.sum ?? 0], [2, 6, 0]);
    }
  });

  it("closes its host with the last share, once", () => {
    const host = new FakeHost();
    const shared = new SharedHost(host);
    const [one, two] = [shared.share(), shared.share()];
    one.close();
    one.close();
    assertEquals(host.closed, 0);
    two.close();
    two.close();
    assertEquals(host.closed, 1);
  });

  it("closes its host where the last pools are dropped, whether or not they worked", {
    skip: !canCollect,
  }, async () => {
    const HOSTS = 10;
    for (const isUsed of [false, true]) {
      const hosts = Array.from({ length: HOSTS }, () => new FakeHost());
      (function drop() {
        for (const host of hosts) {
          const shared = new SharedHost(host);
          const pool = new Pool({ create: () => ({ n: 0 }), reset() {}, host: shared.share() });
          const buffers = new BufferPool({ host: shared.share() });
          shared.share();
          if (!isUsed) continue;
          pool.release(pool.acquire());
          pool.tick();
          buffers.acquire(10).release();
          buffers.tick();
        }
      })();
      const closed = () => hosts.filter(({ closed }) => closed > 0).length;
      // Not all of them: a collector may take what lies in a register for a reference.
      await collectUntil(() => closed() >= HOSTS - 2);
      assert(closed() >= HOSTS - 2, `${closed()} of ${HOSTS} hosts were closed`);
      assert(hosts.every(({ closed }) => closed <= 1));
    }
  });

  it("stays open where somebody has taken a share's methods", { skip: !canCollect }, async () => {
    const host = new FakeHost();
    const copy = { ...new SharedHost(host).share(), now: () => 7 };
    let turns = 0;
    await collectUntil(() => turns++ > 10);
    assertEquals(host.closed, 0);
    copy.close();
    assertEquals(host.closed, 1);
  });

  it("refuses what is no host", () => {
    for (const host of [undefined, {}, { ...inertHost(), gc: 1 }]) {
      assertThrows(() => new SharedHost(host as Host), TypeError, "Cannot share Host: host must");
    }
  });
});
