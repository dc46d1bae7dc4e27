import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { adaptiveScheduler, Pool } from "../mod.ts";
import { Bypass, leaseCosts } from "../src/bypass.ts";
import type { TagSample } from "../src/scheduler.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { Oracle, type Watched } from "../testing/oracle.ts";

/** A tag of which to take an object back costs so much. */
function tagOf(name: string, releaseUs?: number): TagSample {
  const tag = { name, acquires: 100, misses: 0, heat: 0, hot: false };
  return releaseUs === undefined ? tag : { ...tag, releaseUs };
}

/** Who is chosen after some ticks of one tag, each with the costs of a creation and a release. */
function choices(...ticks: readonly (readonly [number | undefined, number | undefined])[]) {
  const bypass = new Bypass();
  return ticks.map(([createUs, releaseUs]) =>
    bypass.decide([tagOf("a", releaseUs)], createUs).has("a")
  );
}

describe("leaseCosts()", () => {
  it("leaseCosts() adds what the collector takes, a quarter of the creation if unknown", () => {
    assertEquals(leaseCosts(4, 1).allocateUs, 5);
    assertEquals(leaseCosts(4, 1, 0).allocateUs, 4);
    assertEquals(leaseCosts(4, 1, 7).allocateUs, 11);
  });

  it("leaseCosts() adds to a release what the pool takes besides, less than 0.2 µs", () => {
    const overhead = leaseCosts(4, 0).poolUs;
    assert(overhead > 0 && overhead < 0.2, `${overhead}`);
    assertAlmostEquals(leaseCosts(4, 3).poolUs, 3 + overhead, 1e-12);
  });
});

describe("Bypass.decide()", () => {
  const cases: readonly {
    readonly what: string;
    readonly createUs: number;
    readonly releaseUs: number;
    readonly collectUs?: number;
    readonly isChosen: boolean;
  }[] = [
    { what: "a literal of three fields", createUs: 0.005, releaseUs: 0.02, isChosen: true },
    { what: "a buffer of 64 KB", createUs: 2.5, releaseUs: 0.6, isChosen: false },
    { what: "a map that is cleared", createUs: 0.1, releaseUs: 0.4, isChosen: true },
    { what: "a slow creation", createUs: 1000, releaseUs: 100, isChosen: false },
    { what: "a slow reset", createUs: 10, releaseUs: 100, isChosen: true },
    { what: "a cheap collection", createUs: 1, releaseUs: 1.1, collectUs: 0, isChosen: true },
    { what: "a dear collection", createUs: 1, releaseUs: 1.1, collectUs: 2, isChosen: false },
    { what: "what costs nothing to take back", createUs: 1, releaseUs: 0, isChosen: false },
  ];
  for (const { what, createUs, releaseUs, collectUs, isChosen } of cases) {
    it(`Bypass.decide() ${isChosen ? "chooses" : "does not choose"} ${what}`, () => {
      const bypass = new Bypass();
      const chosen = bypass.decide([tagOf("a", releaseUs)], createUs, collectUs);
      assertEquals([...chosen.keys()], isChosen ? ["a"] : []);
      assertEquals(bypass.chosen, chosen);
    });
  }

  it("Bypass.decide() tells the costs of what it chose", () => {
    const chosen = new Bypass().decide([tagOf("a", 2)], 1, 0.5);
    assertEquals(chosen.get("a"), leaseCosts(1, 2, 0.5));
  });

  it("Bypass.decide() chooses by tag", () => {
    const tags = [tagOf("fast", 0.1), tagOf("slow", 50), tagOf("unknown")];
    assertEquals([...new Bypass().decide(tags, 1).keys()], ["slow"]);
  });

  it("Bypass.decide() returns to pooling only where that is much cheaper", () => {
    const { poolUs } = leaseCosts(1, 1);
    const creation = (factor: number): [number, number] => [factor * poolUs / 1.25, 1];
    assertEquals(
      choices(
        creation(1.4),
        creation(1.01),
        creation(0.99),
        creation(1.4),
        creation(1.4),
        creation(10),
        creation(1.01),
      ),
      [false, false, true, true, true, false, false],
    );
  });

  it("Bypass.decide() changes nothing while the cost of a creation is unknown", () => {
    assertEquals(choices([undefined, 1], [undefined, 1e9]), [false, false]);
    assertEquals(choices([0.01, 1], [undefined, 1], [undefined, 0]), [true, true, true]);
  });

  it("Bypass.decide() does not choose a tag whose releases were not timed", () => {
    assertEquals(choices([0.01, undefined]), [false]);
  });
});

/** An object whose creation and reset take time on the clock of its host. */
interface Costly extends Watched {
  /** What its reset takes, in microseconds. */
  resetUs: number;
}

/** A pool of such objects under the adaptive scheduler, and an oracle of it. */
class CostlyPool {
  readonly host = new FakeHost();
  readonly pool: Pool<Costly>;
  readonly oracle: Oracle<Costly>;
  /** What a creation takes, in microseconds. */
  createUs: number;

  constructor(createUs: number, maxCreatesPerSecond?: number) {
    this.createUs = createUs;
    this.pool = new Pool<Costly>({
      create: () => {
        this.host.time += this.createUs / 1000;
        return { dirty: false, disposed: 0, resetUs: 0 };
      },
      reset: (object) => {
        this.host.time += object.resetUs / 1000;
        object.dirty = false;
      },
      dispose: (object) => void object.disposed++,
      host: this.host,
      scheduler: adaptiveScheduler(),
      ...(maxCreatesPerSecond === undefined ? {} : { maxCreatesPerSecond }),
    });
    this.oracle = new Oracle(this.pool);
  }

  /** Whose shelf a tag uses. */
  shelfOf(name: string): string | undefined {
    return this.pool.stats().tags.find((tag) => tag.name === name)?.shelf;
  }

  /** Leases under tags, each with what its reset takes in microseconds, until a tick later. */
  tick(tags: Readonly<Record<string, number>>): void {
    const { host, oracle, pool } = this;
    for (let i = 0; i < 100; i++) {
      for (const [tag, resetUs] of Object.entries(tags)) {
        const object = pool.acquire(tag);
        oracle.acquired(object);
        object.resetUs = resetUs;
        oracle.released(object);
        pool.release(object);
        assert(!object.dirty);
      }
    }
    host.time += 500;
    pool.tick();
    oracle.check(true);
  }

  /** Ticks until the tag uses that shelf; says how many ticks that took, at most 120. */
  ticksUntil(name: string, shelf: string, tags: Readonly<Record<string, number>>): number {
    let ticks = 0;
    while (this.shelfOf(name) !== shelf && ticks < 120) {
      this.tick(tags);
      ticks++;
    }
    return ticks;
  }
}

describe("Pool under adaptiveScheduler() bypasses", () => {
  it("Pool bypasses a tag under which to allocate is cheaper, and says so", () => {
    const subject = new CostlyPool(0.02);
    const ticks = subject.ticksUntil("a", "none", { a: 0.5 });
    assert(ticks <= 60, `${ticks} ticks`);
    // What lay on the main shelf goes like all that nobody uses.
    for (let tick = 0; tick < 20; tick++) subject.tick({ a: 0.5 });
    const { discarded, idle } = subject.pool.stats();
    assertEquals(idle, 0);
    subject.tick({ a: 0.5 });
    const after = subject.pool.stats();
    assertEquals(after.discarded.bypass - discarded.bypass, 100);
    assertEquals(after.idle, 0);
    const explained = subject.pool.explain();
    assertEquals(explained.tags.find(({ name }) => name === "a")?.shelf, "none");
    const decision = explained.decisions.find(({ about }) => about === "tag a");
    assert(decision!.inputs.allocateUs! < decision!.inputs.poolUs!);
  });

  it("Pool goes on pooling what is dear to create", () => {
    const subject = new CostlyPool(20);
    for (let tick = 0; tick < 120; tick++) {
      subject.tick({ a: 0.5 });
      assertEquals(subject.shelfOf("a"), "main");
    }
    assertEquals(subject.pool.stats().discarded.bypass, 0);
    assertEquals(subject.pool.stats().tags[0]!.misses, 1);
  });

  it("Pool bypasses a tag with a slow reset while it pools others", () => {
    const subject = new CostlyPool(2);
    const tags = { fast: 0.1, slow: 50 };
    const ticks = subject.ticksUntil("slow", "none", tags);
    assert(ticks <= 60, `${ticks} ticks`);
    for (let tick = 0; tick < 60; tick++) {
      subject.tick(tags);
      assertEquals([subject.shelfOf("fast"), subject.shelfOf("slow")], ["main", "none"]);
    }
    const { tags: stats, bypass } = subject.pool.stats();
    assertEquals(bypass, false);
    const [fast] = stats.filter(({ name }) => name === "fast");
    assert(fast!.misses < 0.01 * fast!.acquires, `${fast!.misses}`);
  });

  it("Pool changes its mind as often as the cost of a creation does", () => {
    const subject = new CostlyPool(0.02);
    for (
      const [createUs, shelf] of [
        [0.02, "none"],
        [20, "main"],
        [0.02, "none"],
        [300, "main"],
        [0.05, "none"],
        [5, "main"],
      ] as const
    ) {
      subject.createUs = createUs;
      const ticks = subject.ticksUntil("a", shelf, { a: 0.5 });
      assertEquals(subject.shelfOf("a"), shelf, `${createUs} µs`);
      assert(ticks <= 120, `${ticks} ticks at ${createUs} µs`);
      // And it stays so while nothing changes.
      for (let tick = 0; tick < 20; tick++) subject.tick({ a: 0.5 });
      assertEquals(subject.shelfOf("a"), shelf, `${createUs} µs`);
    }
    subject.pool.close();
    subject.oracle.closed();
    subject.oracle.check();
  });

  it("Pool with maxCreatesPerSecond goes on where its scheduler finds that pooling does not pay", () => {
    const scheduler = { name: "test", decide: () => ({ bypass: true }) };
    const host = new FakeHost();
    const create = () => ({ n: 0 });
    const pool = new Pool({ create, reset() {}, scheduler, host, maxCreatesPerSecond: 1 });
    for (let lease = 0; lease < 9; lease++) {
      pool.release(pool.acquire("a"));
      host.time += 100;
      pool.tick();
    }
    const { bypass, created, refused } = pool.stats();
    assertEquals([bypass, created, refused], [false, 1, 0]);
    pool.close();
  });

  it("Pool.explain() names no bypass where creations are limited", () => {
    for (const [maxCreatesPerSecond, shelf] of [[undefined, "none"], [1e6, "main"]] as const) {
      const subject = new CostlyPool(0.02, maxCreatesPerSecond);
      for (let tick = 0; tick < 60; tick++) subject.tick({ a: 0.5 });
      assertEquals(subject.shelfOf("a"), shelf);
      const isTold = subject.pool.explain().decisions.some(({ decision }) =>
        decision === "is not pooled"
      );
      assertEquals(isTold, shelf === "none");
      subject.pool.close();
    }
  });

  it("Pool does not take what a refused object's dispose costs for the price of pooling", () => {
    const host = new FakeHost();
    const pool = new Pool({
      create: () => {
        host.time += 0.005;
        return { n: 0 };
      },
      reset: () => void (host.time += 0.0002),
      dispose: () => void (host.time += 0.03),
      generations: [{ name: "all", maxSize: 16, ttlMs: 60_000 }],
      host,
    });
    for (let tick = 0; tick < 60; tick++) {
      const held = Array.from({ length: 200 }, () => pool.acquire("a"));
      for (const object of held) pool.release(object, "a");
      host.time += 500;
      pool.tick();
    }
    assert(pool.stats().discarded.full > 0);
    assertEquals(pool.stats().tags.find(({ name }) => name === "a")?.shelf, "main");
    pool.close();
  });

  it("Pool bypasses nothing where the clock stands still while it works", () => {
    const subject = new CostlyPool(0);
    for (let tick = 0; tick < 60; tick++) subject.tick({ a: 0 });
    assertEquals(subject.shelfOf("a"), "main");
    assertEquals(subject.pool.stats().created, 1);
  });

  it("Pool loses no lease that is in flight while its tag is bypassed, and comes back", () => {
    const subject = new CostlyPool(20);
    const { host, oracle, pool } = subject;
    subject.tick({ a: 0.5 });
    const held = Array.from({ length: 20 }, () => pool.acquire("a"));
    const leases = Array.from({ length: 20 }, () => pool.lease("a"));
    const guard = pool.guard();
    for (const object of [...held, ...leases.map(({ value }) => value)]) oracle.acquired(object);
    const waiting = held.splice(10);
    for (const object of waiting) {
      guard.release(object);
      oracle.waited(object);
    }

    subject.createUs = 0.02;
    subject.ticksUntil("a", "none", { a: 0.5 });
    assertEquals(subject.shelfOf("a"), "none");
    const { bypass } = pool.stats().discarded;
    for (const object of held.splice(5)) {
      pool.release(object);
      oracle.released(object);
    }
    for (const lease of leases.splice(10)) {
      oracle.released(lease.value);
      lease.release();
    }
    oracle.check();
    assertEquals(pool.stats().discarded.bypass - bypass, 15);

    subject.createUs = 300;
    subject.ticksUntil("a", "main", { a: 0.5 });
    assertEquals(subject.shelfOf("a"), "main");
    for (const object of held) {
      pool.release(object);
      oracle.released(object);
    }
    for (const lease of leases) {
      oracle.released(lease.value);
      lease.release();
    }
    for (const object of waiting) oracle.limbo.delete(object);
    guard.drop();
    oracle.check();
    assertEquals(pool.stats().leased, 0);
    host.time += 500;
    pool.tick();
    oracle.check(true);
  });
});
