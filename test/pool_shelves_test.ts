/** A pool whose tags earn and lose shelves of their own. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Random } from "../bench/runner/random.ts";
import {
  adaptiveScheduler,
  type Adjustment,
  fixedScheduler,
  type Guard,
  type Lease,
  Pool,
  type PoolOptions,
  type Pressure,
  type Scheduler,
} from "../mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { Oracle, type Watched } from "../testing/oracle.ts";

const KB = 1024;
const MB = 2 ** 20;

/** An object that keeps the capacity that its users gave it. */
interface Body extends Watched {
  capacity: number;
}

/** A pool of such objects, on a host that a test moves, and an oracle of it. */
class BodyPool {
  readonly host = new FakeHost();
  readonly pool: Pool<Body>;
  readonly oracle: Oracle<Body>;
  /** Every object made. */
  readonly made: Body[] = [];
  readonly errors: Error[] = [];

  constructor(options: Partial<PoolOptions<Body>> = {}) {
    this.pool = new Pool<Body>({
      create: () => {
        const body = { dirty: false, disposed: 0, capacity: 64 };
        this.made.push(body);
        return body;
      },
      reset: (body) => void (body.dirty = false),
      dispose: (body) => void body.disposed++,
      sizeOf: (body) => body.capacity,
      maxBytes: 2048 * MB,
      onError: (error) => void this.errors.push(error),
      host: this.host,
      ...options,
    });
    this.oracle = new Oracle(this.pool);
  }

  acquire(tag: string): Body {
    const body = this.pool.acquire(tag);
    this.oracle.acquired(body);
    return body;
  }

  release(body: Body, tag?: string): void {
    this.oracle.released(body);
    this.pool.release(body, tag);
  }

  tick(): void {
    this.host.time += 500;
    this.pool.tick();
    this.oracle.check(true);
  }

  /** Whose shelf a tag uses. */
  shelfOf(name: string): string | undefined {
    return this.pool.stats().tags.find((tag) => tag.name === name)?.shelf;
  }
}

/** What a tag makes of its objects, and how many it holds at once. */
type Demand = Readonly<Record<string, { readonly count: number; readonly bytes: number }>>;

const PAGES_AND_UPLOADS: Demand = {
  page: { count: 490, bytes: 2 * KB },
  upload: { count: 10, bytes: MB },
};

/** What tags get in a tick: how often an object larger than they need, and how many were made. */
interface Got {
  readonly oversized: Readonly<Record<string, number>>;
  readonly made: number;
}

/** Leases of a tick: five times each tag holds its objects at once, in random order; then a tick. */
function work(subject: BodyPool, demand: Demand, random: Random): Got {
  const oversized: Record<string, number> = {};
  const before = subject.made.length;
  const tags = Object.entries(demand).flatMap(([tag, { count }]) => Array<string>(count).fill(tag));
  for (let round = 0; round < 5; round++) {
    const held = shuffled(tags, random).map((tag) => {
      const body = subject.acquire(tag);
      const { bytes } = demand[tag]!;
      if (body.capacity > bytes) oversized[tag] = (oversized[tag] ?? 0) + 1;
      body.capacity = Math.max(body.capacity, bytes);
      return body;
    });
    for (const body of shuffled(held, random)) subject.release(body);
  }
  subject.tick();
  return { oversized, made: subject.made.length - before };
}

function shuffled<E>(elements: readonly E[], random: Random): E[] {
  const left = [...elements];
  return elements.map(() => left.splice(random.below(left.length), 1)[0]!);
}

/** A scheduler that a test tells which tags have a shelf, and which are bypassed. */
class Director implements Scheduler {
  readonly name = "director";
  shelves: readonly string[] = [];
  bypass: readonly string[] = [];

  decide(): Adjustment {
    return { shelves: new Map(this.shelves.map((tag) => [tag, {}])), bypass: this.bypass };
  }
}

describe("Pool gives a tag a shelf of its own", () => {
  for (const scale of [1, 0.2, 0.1]) {
    const page = { count: 490 * scale, bytes: 2 * KB };
    const upload = { count: 10 * scale, bytes: MB };
    it(`Pool finds within 10 ticks that ${upload.count} of ${500 * scale} objects are large`, () => {
      for (let run = 0; run < 20; run++) {
        const subject = new BodyPool();
        const random = new Random(`earn ${run}`);
        let ticks = 0;
        while (subject.shelfOf("upload") !== "own" && ticks < 50) {
          work(subject, { page, upload }, random);
          ticks++;
        }
        assert(ticks <= 10, `${ticks} ticks in run ${run}`);
        assertEquals(subject.shelfOf("page"), "main");
      }
    });
  }

  it("Pool gives pages no objects of uploads any more, and stops creating", () => {
    const subject = new BodyPool();
    const random = new Random("apart");
    for (let tick = 0; tick < 20; tick++) work(subject, PAGES_AND_UPLOADS, random);
    for (let tick = 0; tick < 50; tick++) {
      const { made, oversized } = work(subject, PAGES_AND_UPLOADS, random);
      assertEquals([made, oversized.page ?? 0], [0, 0], `tick ${tick}`);
    }
    assertEquals(subject.shelfOf("upload"), "own");
    const { bytes, idle } = subject.pool.stats();
    assertEquals(idle, 500);
    assertEquals(bytes, 490 * 2 * KB + 10 * MB);
  });

  it("Pool holds a fifth of the bytes that it would hold without tags, or less", () => {
    const random = new Random("bytes");
    const [tagged, untagged] = [new BodyPool(), new BodyPool()];
    const acquire = untagged.acquire.bind(untagged);
    untagged.acquire = () => acquire("all");
    for (const subject of [tagged, untagged]) {
      for (let tick = 0; tick < 40; tick++) work(subject, PAGES_AND_UPLOADS, random);
    }
    const [own, common] = [tagged.pool.stats().bytes, untagged.pool.stats().bytes];
    assert(5 * own <= common, `${own} and ${common} bytes`);
  });

  it("Pool says in explain() who has a shelf, why, and what is kept on it", () => {
    const subject = new BodyPool();
    const random = new Random("explain");
    for (let tick = 0; tick < 20; tick++) work(subject, PAGES_AND_UPLOADS, random);
    const { decisions, tags } = subject.pool.explain();
    assertEquals(tags.map(({ name, shelf }) => [name, shelf]).toSorted(), [
      ["page", "main"],
      ["upload", "own"],
    ]);
    const about = (name: string) => decisions.find((decision) => decision.about === name);
    assert(about("tag upload")!.inputs.gainBits! >= 0.05);
    assertEquals(about("shelf upload")!.inputs.peak, 10);
    assertEquals(about("main shelf")!.inputs.peak, 490);
  });

  it("Pool takes the shelf away when uploads become as small as pages", () => {
    const subject = new BodyPool();
    const random = new Random("lose");
    for (let tick = 0; tick < 20; tick++) work(subject, PAGES_AND_UPLOADS, random);
    assertEquals(subject.shelfOf("upload"), "own");
    // Nobody uploads any more.
    const pages = { page: PAGES_AND_UPLOADS.page! };
    for (let tick = 0; tick < 200; tick++) work(subject, pages, random);
    assertEquals(subject.shelfOf("upload"), "main");
    assert(subject.made.every(({ capacity, disposed }) => capacity < MB || disposed === 1));
  });

  it("Pool pools pages again when they have become larger for good", () => {
    const subject = new BodyPool();
    const random = new Random("grow");
    for (let tick = 0; tick < 20; tick++) work(subject, PAGES_AND_UPLOADS, random);
    const larger = { ...PAGES_AND_UPLOADS, page: { count: 490, bytes: 64 * KB } };
    for (let tick = 0; tick < 60; tick++) work(subject, larger, random);
    const page = subject.pool.explain().tags.find(({ name }) => name === "page")!;
    assert(page.sizeBytes! >= 2 * KB, `${page.sizeBytes} bytes a page`);
    const { made, oversized } = work(subject, larger, random);
    assert(made <= 100, `${made} made in a tick`);
    assertEquals(oversized.page ?? 0, 0, "pages got objects of uploads");
  });

  it("Pool gives no shelf to any of 20 tags whose objects are alike", () => {
    const subject = new BodyPool();
    const random = new Random("alike");
    const demand = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`tag ${i}`, { count: 5 * (i + 1), bytes: 2 * KB }]),
    );
    for (let tick = 0; tick < 30; tick++) {
      work(subject, demand, random);
      assert(subject.pool.stats().tags.every(({ shelf }) => shelf === "main"));
    }
  });
});

describe("Pool whose tag gets and loses a shelf", () => {
  /** A pool of which a test moves the tags. */
  function directed(): { readonly director: Director; readonly subject: BodyPool } {
    const director = new Director();
    return { director, subject: new BodyPool({ scheduler: director }) };
  }

  const moves = [
    { what: "gets a shelf", before: [], after: ["upload"] },
    { what: "loses its shelf", before: ["upload"], after: [] },
  ];
  for (const { what, before, after } of moves) {
    /** A pool with the tag in its first place, one of its objects idle, and a tick behind it. */
    const prepared = () => {
      const { director, subject } = directed();
      director.shelves = before;
      subject.release(subject.acquire("upload"));
      subject.tick();
      subject.release(subject.acquire("upload"));
      const move = () => {
        director.shelves = after;
        subject.tick();
        assertEquals(subject.shelfOf("upload"), after.length > 0 ? "own" : "main");
      };
      return { subject, move };
    };

    it(`Pool takes back raw leases of a tag that ${what} meanwhile`, () => {
      const { subject, move } = prepared();
      const held = Array.from({ length: 5 }, () => subject.acquire("upload"));
      move();
      for (const body of held) subject.release(body);
      subject.oracle.check();
      const { idle, leased } = subject.pool.stats();
      assertEquals([idle, leased], [5, 0]);
      subject.tick();
      assertEquals(held.includes(subject.acquire("upload")), true);
    });

    it(`Pool takes back leases of a tag that ${what} meanwhile`, () => {
      const { subject, move } = prepared();
      const leases = Array.from({ length: 5 }, () => subject.pool.lease("upload"));
      for (const { value } of leases) subject.oracle.acquired(value);
      move();
      for (const lease of leases) {
        subject.oracle.released(lease.value);
        lease.release();
        subject.oracle.check();
      }
      assertEquals(subject.pool.stats().leased, 0);
      subject.tick();
    });

    it(`Pool takes back what with() holds under a tag that ${what} meanwhile`, async () => {
      const { subject, move } = prepared();
      const gate = Promise.withResolvers<void>();
      const done = subject.pool.with("upload", (body) => {
        subject.oracle.acquired(body);
        return gate.promise.then(() => subject.oracle.released(body));
      });
      move();
      assertEquals(subject.pool.stats().leased, 1);
      gate.resolve();
      await done;
      subject.oracle.check();
      assertEquals(subject.pool.stats().leased, 0);
      subject.tick();
    });

    it(`Pool moves a tag within its own with() where it ${what}`, () => {
      const { subject, move } = prepared();
      subject.pool.with("upload", (body) => {
        subject.oracle.acquired(body);
        move();
        subject.oracle.released(body);
      });
      subject.tick();
    });

    it(`Pool releases from a guard under a tag that ${what} meanwhile`, () => {
      const { subject, move } = prepared();
      const guard = subject.pool.guard();
      const held = Array.from({ length: 5 }, () => subject.acquire("upload"));
      for (const body of held) {
        guard.release(body);
        subject.oracle.waited(body);
      }
      move();
      assertEquals(subject.pool.stats().limbo, 5);
      subject.oracle.limbo.clear();
      guard.drop();
      subject.oracle.check();
      assertEquals(subject.pool.stats().idle, 5);
      subject.tick();
    });

    it(`Pool that is closed takes back what a tag held that ${what} before`, () => {
      const { subject, move } = prepared();
      const held = Array.from({ length: 5 }, () => subject.acquire("upload"));
      move();
      for (const body of held.splice(3)) subject.release(body);
      subject.pool.close();
      subject.oracle.closed();
      for (const body of held) subject.release(body);
      subject.oracle.check();
      const { live, discarded } = subject.pool.stats();
      assertEquals(live, 0);
      assert(discarded.closed >= 5, `${discarded.closed}`);
      assert(subject.made.every(({ disposed }) => disposed === 1));
    });

    it(`Pool.trim() gives back what lies under a tag that ${what}`, () => {
      const { subject, move } = prepared();
      const held = Array.from({ length: 5 }, () => subject.acquire("upload"));
      move();
      for (const body of held) subject.release(body);
      const { idle } = subject.pool.stats();
      assertEquals(subject.pool.trim("critical"), idle);
      subject.oracle.check();
      assertEquals(subject.pool.stats().idle, 0);
      subject.tick();
      assertEquals(subject.pool.stats().live, 0);
    });
  }

  /** A pool where a tag has just lost a shelf with 3000 objects, which a tick may not dispose of. */
  function leaving() {
    const director = new Director();
    const generations = [{ name: "all", maxSize: 65_536, ttlMs: 0 }];
    const subject = new BodyPool({ scheduler: director, generations, maxBytes: MB });
    director.shelves = ["upload"];
    subject.tick();
    const held = Array.from({ length: 3000 }, () => subject.acquire("upload"));
    for (const body of held.slice(1)) subject.release(body);
    director.shelves = [];
    subject.tick();
    assertEquals(subject.shelfOf("upload"), "main");
    const { discarded, idle, leased } = subject.pool.stats();
    assertEquals([discarded.cold, idle, leased], [1024, 1975, 1]);
    return { director, subject, last: held[0]! };
  }

  it("Pool disposes of 1024 objects a tick of a shelf that was lost, and then of the rest", () => {
    const { subject, last } = leaving();
    const cold = [1, 2, 3].map(() => {
      subject.tick();
      return subject.pool.stats().discarded.cold;
    });
    assertEquals(cold, [2048, 2999, 2999]);
    // What was on lease belongs to the main shelf.
    subject.release(last);
    const { generations, idle, live, peak } = subject.pool.stats();
    assertEquals([idle, live, peak, generations[0]!.maxSize], [1, 1, 1, 65_536]);
    assertEquals(subject.acquire("upload"), last);
  });

  it("Pool goes on with a shelf that was lost 16 ms after the tick", () => {
    const { subject } = leaving();
    const cold = [15, 1, 16, 16].map((ms) => {
      subject.host.time += ms;
      subject.pool.poll();
      subject.oracle.check();
      return subject.pool.stats().discarded.cold;
    });
    assertEquals(cold, [1024, 2048, 2999, 2999]);
    assertEquals(subject.pool.stats().ticks, 2);
  });

  it("Pool gives a tag another shelf while the one that it lost is emptied", () => {
    const { director, subject } = leaving();
    director.shelves = ["upload"];
    const held = Array.from({ length: 3000 }, () => subject.acquire("upload"));
    for (const body of held) subject.release(body);
    for (let i = 0; i < 4; i++) subject.tick();
    assertEquals(subject.shelfOf("upload"), "own");
    const { bytes, generations, live } = subject.pool.stats();
    assertEquals(generations[0]!.maxSize, 65_536);
    assertEquals(bytes, live * 64 - 64, "one is leased");
  });

  it("Pool has at most 8 shelves beside the main one, those included that are emptied", () => {
    const director = new Director();
    const generations = [{ name: "all", maxSize: 65_536, ttlMs: 0 }];
    const subject = new BodyPool({ scheduler: director, generations, maxBytes: 4 * MB });
    const names = (from: number) => Array.from({ length: 8 }, (_, i) => `tag ${from + i}`);
    const fill = (tags: readonly string[]) => {
      const held = tags.map((tag) => Array.from({ length: 1000 }, () => subject.acquire(tag)));
      for (const body of held.flat()) subject.release(body);
    };
    director.shelves = names(0);
    subject.tick();
    fill(director.shelves);
    director.shelves = names(8);
    subject.tick();
    const own = () => names(8).filter((name) => subject.shelfOf(name) === "own").length;
    fill(director.shelves);
    const counts = [own()];
    for (let i = 0; i < 10; i++) {
      subject.tick();
      counts.push(own());
    }
    assertEquals(counts, counts.toSorted((a, b) => a - b));
    assertEquals([counts[0], counts.at(-1)], [0, 8]);
  });

  it("Pool.trim() reaches a shelf that was lost", () => {
    const { subject } = leaving();
    assertEquals(subject.pool.trim("critical"), 1975);
    subject.tick();
    const { idle, leased } = subject.pool.stats();
    assertEquals([idle, leased], [0, 1]);
  });

  it("Pool.close() disposes of what lies on a shelf that was lost, once", () => {
    const { subject, last } = leaving();
    subject.pool.close();
    subject.oracle.closed();
    subject.release(last);
    assert(subject.made.every(({ disposed }) => disposed === 1));
    assertEquals([subject.pool.stats().live, subject.pool.stats().discarded.closed], [0, 1976]);
  });

  it("Pool with limits finds what lies on a shelf that was lost", () => {
    const director = new Director();
    const subject = new BodyPool({
      scheduler: director,
      generations: [{ name: "all", maxSize: 65_536, ttlMs: 0 }],
      maxLeases: 2000,
    });
    director.shelves = ["upload"];
    subject.tick();
    const held = Array.from({ length: 2000 }, () => subject.acquire("upload"));
    for (const body of held) subject.release(body);
    director.shelves = [];
    subject.tick();
    const again = Array.from({ length: 2000 }, () => subject.acquire("page"));
    subject.oracle.check();
    assertEquals([subject.made.length, subject.pool.stats().idle], [3024, 0]);
    for (const body of again) subject.release(body);
    subject.tick();
    assertEquals(subject.pool.stats().leased, 0);
  });

  it("Pool moves an object that is released under another tag to that tag's shelf", () => {
    const { director, subject } = directed();
    director.shelves = ["upload", "image"];
    subject.release(subject.acquire("upload"));
    subject.release(subject.acquire("image"));
    subject.tick();
    const body = subject.acquire("image");
    subject.release(body, "upload");
    subject.oracle.check();
    assertEquals(subject.acquire("upload"), body);
  });

  it("Pool takes an object from the main shelf for a tag whose own shelf is empty", () => {
    const { director, subject } = directed();
    director.shelves = ["upload"];
    subject.pool.tag("upload");
    const pages = Array.from({ length: 3 }, () => subject.acquire("page"));
    for (const body of pages) subject.release(body);
    subject.tick();
    assertEquals(pages.includes(subject.acquire("upload")), true);
    assertEquals(subject.made.length, 3);
    subject.oracle.check();
  });

  it("Pool.close() disposes of what lies on every shelf, once", () => {
    const { director, subject } = directed();
    director.shelves = ["upload", "image"];
    subject.tick();
    const tags = ["upload", "image", "page"];
    const held = tags.flatMap((tag) => [subject.acquire(tag), subject.acquire(tag)]);
    for (const body of held) subject.release(body);
    assertEquals(subject.pool.stats().idle, 6);
    subject.pool.close();
    subject.oracle.closed();
    assertEquals(subject.made.map(({ disposed }) => disposed), Array(6).fill(1));
    assertEquals(subject.pool.stats().discarded.closed, 6);
    subject.oracle.check();
  });

  it("Pool stands a tag that is in no shelf and under bypass in turns, with leases in flight", () => {
    const { director, subject } = directed();
    const places = [[[], []], [["upload"], []], [["upload"], ["upload"]], [[], ["upload"]]];
    const held: Body[] = [];
    for (let tick = 0; tick < 100; tick++) {
      const [shelves, bypass] = places[(tick * 7 + (tick >> 2)) % 4]!;
      director.shelves = shelves!;
      director.bypass = bypass!;
      held.push(subject.acquire("upload"), subject.acquire("upload"), subject.acquire("page"));
      while (held.length > 7) subject.release(held.shift()!);
      subject.tick();
    }
    for (const body of held) subject.release(body);
    subject.tick();
    assertEquals(subject.pool.stats().leased, 0);
  });
});

/** A scheduler that decides at random whatever may be decided. */
function arbitraryScheduler(random: Random): Scheduler {
  const pressures: Pressure[] = ["none", "none", "none", "moderate", "high", "critical"];
  const count = () => random.below(30);
  const some = () => TAGS.filter(() => random.next() < 0.25);
  return {
    name: "arbitrary",
    decide: ({ generations }) => {
      const shelf = () => ({
        ...(random.next() < 0.7 ? { targets: generations.map(count) } : {}),
        ...(random.next() < 0.3 ? { floor: count() } : {}),
        ...(random.next() < 0.3 ? { objectBytes: random.logUniform(64, 4 * MB) } : {}),
      });
      return {
        ...shelf(),
        ...(random.next() < 0.9 ? { shelves: new Map(some().map((tag) => [tag, shelf()])) } : {}),
        ...(random.next() < 0.3 ? { youngMs: random.logUniform(1, 5000) } : {}),
        pressure: pressures[random.below(pressures.length)]!,
        bypass: random.next() < 0.1 || some().slice(0, 1),
        probe: random.next() < 0.2,
      };
    },
  };
}

const TAGS = ["page", "form", "upload", "image", "ping", "api"];
/** What each tag makes of its objects, in bytes, in turns. */
const SIZES = [2 * KB, 16 * KB, MB, 128 * KB, 64, 2 * KB];

/** Works at random for some operations; asserts all invariants after each. Says how many ticks. */
function workAtRandom(
  operations: number,
  makeScheduler: (random: Random) => Scheduler,
  seed: string,
): number {
  const random = new Random(seed);
  const subject = new BodyPool({
    scheduler: makeScheduler(random),
    maxBytes: 24 * MB,
    memoryLimit: 1000,
    maxLimbo: 8,
    maxTags: 5,
    cycleMs: 3000,
  });
  const { host, oracle, pool } = subject;
  const raw: Body[] = [];
  const leases: Lease<Body>[] = [];
  let guard: Guard<Body> = pool.guard();
  /** Which tags work, and how large their objects are; changes now and then. */
  let phase = 0;
  let ticks = 0;
  const pick = () => {
    const i = random.next() < 0.7 ? 0 : random.below(TAGS.length);
    return { tag: TAGS[i]!, bytes: SIZES[(i + phase) % SIZES.length]! };
  };
  const use = (body: Body, bytes: number) => {
    oracle.acquired(body);
    body.capacity = Math.max(body.capacity, bytes);
  };
  for (let i = 0; i < operations; i++) {
    const dice = random.below(100);
    const { tag, bytes } = pick();
    if (dice < 36 && raw.length < 60) {
      const body = pool.acquire(tag);
      use(body, bytes);
      raw.push(body);
    } else if (dice < 44 && leases.length < 20) {
      const lease = pool.lease(tag);
      use(lease.value, bytes);
      leases.push(lease);
    } else if (dice < 50) {
      pool.with(tag, (body) => {
        use(body, bytes);
        oracle.released(body);
      });
    } else if (dice < 75 && raw.length > 0) {
      const [body] = raw.splice(random.below(raw.length), 1);
      subject.release(body!, random.next() < 0.1 ? tag : undefined);
    } else if (dice < 82 && leases.length > 0) {
      const [lease] = leases.splice(random.below(leases.length), 1);
      oracle.released(lease!.value);
      lease!.release();
    } else if (dice < 85 && raw.length > 0) {
      const [body] = raw.splice(random.below(raw.length), 1);
      // A limbo that is full discards it.
      if (pool.stats().limbo < 8) oracle.waited(body!);
      else oracle.released(body!);
      guard.release(body!, random.next() < 0.3 ? tag : undefined);
    } else if (dice < 87) {
      oracle.limbo.clear();
      guard.drop();
      guard = pool.guard();
    } else if (dice < 88) {
      const pressures = ["none", "moderate", "high", "critical"] as const;
      pool.trim(pressures[random.below(4)]!);
    } else if (dice < 89) pool.prewarm(random.below(5));
    else if (dice < 90) phase += random.below(2);
    else if (dice < 97) {
      host.time += [500, 500, 500, 1, 0, 2500, 20_000][random.below(7)]!;
      host.majors = random.below(2);
      host.heapReading = random.next() < 0.3 ? undefined : { usedBytes: random.below(1000) };
      pool.tick();
      ticks++;
      oracle.check(true);
      continue;
    }
    oracle.check();
  }
  assertEquals(subject.errors, []);
  pool.close();
  oracle.closed();
  for (const body of raw) subject.release(body);
  for (const lease of leases) {
    oracle.released(lease.value);
    lease.release();
  }
  oracle.limbo.clear();
  guard.drop();
  oracle.check();
  const { created, live } = pool.stats();
  assertEquals([created, live], [subject.made.length, 0]);
  assert(subject.made.every(({ disposed }) => disposed <= 1), "disposed of twice");
  return ticks;
}

describe("Pool in a long random run with tags of several sizes", () => {
  const schedulers = [
    { name: "adaptiveScheduler()", make: () => adaptiveScheduler(), operations: 20_000 },
    { name: "a scheduler that decides at random", make: arbitraryScheduler, operations: 20_000 },
    { name: "fixedScheduler()", make: () => fixedScheduler(), operations: 4000 },
  ];
  for (const { name, make, operations } of schedulers) {
    it(`Pool under ${name} loses nothing over ${operations} random operations`, () => {
      const each = 2000;
      for (let done = 0; done < operations; done += each) {
        const seed = `${Date.now()} ${done}`;
        try {
          const ticks = workAtRandom(each, make, seed);
          assert(ticks > each / 50, `${ticks} ticks`);
        } catch (cause) {
          throw new Error(`Cannot run: nothing must be lost: received seed "${seed}"`, { cause });
        }
      }
    });
  }
});
