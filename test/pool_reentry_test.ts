/** What user code may do in the midst of a tag losing or earning its shelf. */

import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { type Adjustment, Pool, type PoolOptions, type ShelfAdjustment } from "../mod.ts";
import type { TagHandle } from "../src/tag.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkStats } from "../testing/oracle.ts";

interface Body {
  readonly id: number;
}

/** A pool whose scheduler decides what the test tells it. */
function directed(options: Partial<PoolOptions<Body>> = {}) {
  const host = new FakeHost();
  const told: { next: Adjustment } = { next: {} };
  let ids = 0;
  const pool: Pool<Body> = new Pool<Body>({
    create: () => ({ id: ids++ }),
    reset: () => {},
    sizeOf: () => 1,
    maxBytes: 1e6,
    host,
    scheduler: { name: "told", decide: () => told.next },
    ...options,
  });
  const tick = (next: Adjustment) => {
    told.next = next;
    host.time += 500;
    pool.tick();
    checkStats(pool.stats());
  };
  return { pool, tick };
}

const shelfFor = (tag: string): Adjustment => ({ shelves: new Map([[tag, {}]]) });
const noShelf: Adjustment = { shelves: new Map() };

describe("Pool in the midst of a tag's move", () => {
  it("Pool loses no object that dispose releases while its tag loses its shelf", () => {
    const held: Body[] = [];
    const { pool, tick } = directed({
      dispose: () => {
        const body = held.pop();
        if (body !== undefined) tag.release(body);
      },
    });
    const tag = pool.tag("a");
    tick(shelfFor("a"));
    held.push(tag.acquire(), tag.acquire());
    tag.release(tag.acquire());
    assertEquals(pool.stats().leased, 2);
    tick(noShelf);
    // It came back to the main shelf, which the tag uses by then.
    const { leased, idle, created, discarded } = pool.stats();
    assertEquals({ leased, idle, created }, { leased: 1, idle: 1, created: 3 });
    assertEquals([discarded.cold, held.length], [1, 1]);
  });

  it("Pool counts an object whose create ran a tick that took the tag's shelf away", () => {
    const told: { next: Adjustment } = { next: shelfFor("a") };
    let isTicking = false;
    const pool: Pool<Body> = new Pool<Body>({
      create: () => {
        if (isTicking) pool.tick();
        return { id: 0 };
      },
      reset: () => {},
      host: new FakeHost(),
      scheduler: { name: "told", decide: () => told.next },
    });
    const tag = pool.tag("a");
    pool.tick();
    told.next = noShelf;
    isTicking = true;
    const body = tag.acquire();
    checkStats(pool.stats());
    assertEquals(pool.stats().leased, 1);
    isTicking = false;
    tag.release(body);
    pool.tick();
    checkStats(pool.stats());
    assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);
  });

  it("Pool holds nothing after a dispose closed it while one tag lost and another earned a shelf", () => {
    const { pool, tick } = directed({ dispose: () => pool.close() });
    const [a, b] = [pool.tag("a"), pool.tag("b")];
    tick(shelfFor("a"));
    a.release(a.acquire());
    const late = b.acquire();
    tick(shelfFor("b"));
    assertEquals(pool.stats().closed, true);
    b.release(late);
    const { idle, leased, discarded } = pool.stats();
    assertEquals([idle, leased, discarded.closed], [0, 0, 1]);
  });

  it("Pool tells bypass from pressure after a critical trim", () => {
    const { pool, tick } = directed();
    const tag = pool.tag("a");
    tag.release(tag.acquire());
    tick({ bypass: ["a"] });
    pool.trim("critical");
    tag.release(tag.acquire());
    assertEquals(pool.stats().discarded.bypass, 1);
    tick({});
    tag.release(tag.acquire());
    assertEquals(pool.stats().idle, 1);
  });

  it("Pool disposes of nothing that a wrong create gives it to measure", () => {
    const disposed: Body[] = [];
    let [now, made] = [0, 0];
    const shared = { id: -1 };
    const pool = new Pool<Body>({
      // A factory that goes wrong after a while: the same object, over and over.
      create: () => made++ < 8 ? { id: made } : shared,
      reset: () => {},
      dispose: (body) => void disposed.push(body),
      host: Object.assign(new FakeHost(), { now: () => now += 0.01 }),
      scheduler: { name: "probe", decide: () => ({ probe: true }) },
    });
    const held = Array.from({ length: 8 }, () => pool.acquire());
    held.forEach((body) => pool.release(body));
    for (let i = 0; i < 2000; i++) {
      pool.release(pool.acquire());
      if (i % 50 === 0) pool.tick();
    }
    assertEquals(made > 8, true, "nothing was measured");
    // Each time the one new object that there was, once.
    assertEquals(disposed.every((body) => body === shared), true);
    checkStats(pool.stats());
  });

  it("Pool gives a tag's shelf no room that the main one still fills", () => {
    const generations = [{ name: "only", maxSize: 64, ttlMs: 0 }];
    const { pool, tick } = directed({ generations });
    const fill = (count: number, name?: string) => {
      const held = Array.from({ length: count }, () => pool.acquire(name));
      return () => held.forEach((body) => pool.release(body));
    };
    fill(64)();
    tick(shelfFor("a"));
    // The main one has been cut to what is left beside the part of the other.
    assertEquals(pool.stats().idle, 60);
    const release = fill(10, "a");
    release();
    assertEquals(pool.stats().idle <= 64, true);
    tick(shelfFor("a"));
    fill(4, "a")();
    assertEquals(pool.stats().idle <= 64, true);
    assertEquals(pool.stats().generations[0]!.maxSize, 64);
  });

  it("Pool counts what tags lease and release while two of them lose their shelves", () => {
    const got: Body[] = [];
    let isOn = false;
    const { pool, tick } = directed({
      dispose: () => {
        if (isOn && got.length === 0) got.push(a.acquire());
      },
    });
    const [a, b] = [pool.tag("a"), pool.tag("b")];
    tick({ shelves: new Map([["a", {}], ["b", {}]]) });
    b.release(b.acquire());
    isOn = true;
    tick(noShelf);
    assertEquals([pool.stats().leased, got.length], [1, 1]);
    checkStats(pool.stats());
  });

  it("Pool hands nothing out while it closes", () => {
    const errors: unknown[] = [];
    const pool: Pool<Body> = new Pool<Body>({
      create: () => ({ id: 0 }),
      reset: () => {},
      dispose: () => {
        try {
          pool.acquire();
        } catch (error) {
          errors.push(error);
        }
      },
      host: new FakeHost(),
    });
    const held = [pool.acquire(), pool.acquire(), pool.acquire()];
    held.forEach((body) => pool.release(body));
    pool.close();
    assertEquals([pool.stats().leased, pool.stats().idle, errors.length], [0, 0, 3]);
  });

  it("Pool keeps an older tag's shelf when another tag earns one that there is no room for yet", () => {
    const generations = [{ name: "only", maxSize: 64, ttlMs: 0 }];
    const { pool, tick } = directed({ generations });
    const fill = (count: number, name?: string) => {
      const held = Array.from({ length: count }, () => pool.acquire(name));
      held.forEach((body) => pool.release(body));
    };
    tick(shelfFor("a"));
    fill(3, "a");
    fill(60);
    tick({ shelves: new Map([["a", {}], ["b", {}]]) });
    assertEquals([pool.stats().idle, pool.stats().discarded.cold], [59, 4]);
    const { discarded } = pool.stats();
    fill(3, "a");
    assertEquals(pool.stats().discarded, discarded);
  });

  it("Pool stays within what is shown while a large main shelf makes room for a tag's", () => {
    const { pool, tick } = directed({
      generations: [{ name: "only", maxSize: 20_000, ttlMs: 0 }],
    });
    const held = Array.from({ length: 20_000 }, () => pool.acquire());
    held.forEach((body) => pool.release(body));
    for (let i = 0; i < 5; i++) tick(shelfFor("a"));
    assertEquals(pool.stats().idle, 18_750);
    assertEquals(pool.stats().generations[0]!.maxSize, 20_000);
  });

  it("Pool takes a release by its clock for what it is", () => {
    const host = new FakeHost();
    let onRead = () => {};
    host.now = () => {
      onRead();
      return host.time;
    };
    const pool = new Pool<Body>({ create: () => ({ id: 0 }), reset: () => {}, host });
    const tag = pool.tag("a") as TagHandle<Body>;
    tag.left = 1;
    const body = tag.acquire();
    const errors: unknown[] = [];
    onRead = () => {
      onRead = () => {};
      try {
        pool.release(body);
      } catch (error) {
        errors.push(error);
      }
    };
    tag.release(body);
    assertEquals(errors.length, 1);
    assertEquals(tag.acquire() === tag.acquire(), false);
    checkStats(pool.stats());
  });

  it("Pool outlives a host that throws", () => {
    const errors: Error[] = [];
    const host = new FakeHost();
    const pool = new Pool<Body>({
      create: () => ({ id: 0 }),
      reset: () => {},
      host,
      onError: (error) => void errors.push(error),
    });
    const tag = pool.tag("a") as TagHandle<Body>;
    const fail = (): never => {
      throw new Error("host");
    };
    tag.left = 1;
    const body = tag.acquire();
    Object.assign(host, { now: fail, defer: fail, close: fail, heap: fail, gc: fail });
    tag.release(body);
    tag.left = 1;
    tag.with(() => {});
    pool.tick();
    checkStats(pool.stats());
    assertEquals([pool.stats().leased, pool.stats().idle], [0, 1]);
    pool.close();
    assertEquals(pool.stats().idle, 0);
    assertEquals(errors.every(({ message }) => message === "host") && errors.length > 3, true);
  });

  it("shows what comes back from a dispose as what the tick allows", () => {
    let spare: Body | undefined;
    const { pool, tick } = directed({
      dispose: () => {
        const back = spare;
        spare = undefined;
        if (back !== undefined) pool.release(back);
      },
    });
    const idle = pool.acquire();
    spare = pool.acquire();
    pool.release(idle);
    tick({ targets: [0, 0, 0] });
    checkStats(pool.stats(), true);
    assertEquals(pool.stats().idle, 1);
  });

  it("applies the tags that were named, whatever a dispose makes of the array", () => {
    const bypass = ["z"];
    const { pool, tick } = directed({ dispose: () => void (bypass.length = 0) });
    const [a, z] = [pool.tag("a"), pool.tag("z")];
    z.release(z.acquire());
    tick(shelfFor("a"));
    a.release(a.acquire());
    tick({ ...noShelf, bypass });
    assertEquals(bypass, []);
    assertEquals(pool.stats().tags.map(({ name, shelf }) => [name, shelf]), [
      ["a", "main"],
      ["z", "none"],
    ]);
  });

  for (const place of ["main", "own"]) {
    it(`applies the targets of the ${place} shelf, whatever a dispose makes of the array`, () => {
      const targets = [64, 64, 64];
      const { pool, tick } = directed({ dispose: () => void (targets.length = 0) });
      const [a, b] = [pool.tag("a"), pool.tag("b")];
      tick({ shelves: new Map([["a", {}], ["b", {}]]) });
      b.release(b.acquire());
      a.release(a.acquire());
      const shelves = new Map([["b", place === "own" ? { targets } : {}]]);
      tick({ shelves, ...(place === "main" ? { targets } : {}) });
      assertEquals(targets, []);
      tick({ shelves });
      checkStats(pool.stats(), true);
    });
  }

  it("applies the shelves that were named, whatever a dispose makes of the map", () => {
    const shelves = new Map([["b", {}]]);
    const { pool, tick } = directed({ dispose: () => shelves.clear() });
    const a = pool.tag("a");
    pool.release(pool.acquire("b"));
    tick(shelfFor("a"));
    a.release(a.acquire());
    tick({ shelves });
    assertEquals(shelves.size, 0);
    assertEquals(pool.stats().tags.map(({ name, shelf }) => [name, shelf]), [
      ["a", "main"],
      ["b", "own"],
    ]);
  });

  it("loses no object to a scheduler whose array cannot be read", () => {
    const errors: Error[] = [];
    const { pool, tick } = directed({ onError: (error) => void errors.push(error) });
    const a = pool.tag("a");
    tick(shelfFor("a"));
    const leased = [a.acquire(), a.acquire()];
    a.release(a.acquire());
    const bypass = ["z"];
    bypass[Symbol.iterator] = () => {
      throw new Error("unreadable");
    };
    tick({ ...noShelf, bypass });
    assertMatch(errors[0]!.message, /unreadable/);
    assertEquals([errors.length, pool.stats().tags[0]!.shelf], [1, "own"]);
    for (const next of [shelfFor("b"), noShelf]) tick(next);
    for (const body of leased) a.release(body);
    tick({});
    // The third went with its shelf.
    assertEquals([pool.stats().live, pool.stats().leased], [2, 0]);
  });

  it("reads each shelf of a scheduler's map once, and gives none where it cannot", () => {
    const errors: Error[] = [];
    const { pool, tick } = directed({ onError: (error) => void errors.push(error) });
    const a = pool.tag("a");
    let reads = 0;
    const shelf: ShelfAdjustment = {
      get floor() {
        if (reads++ > 0) throw new Error("unreadable");
        return 0;
      },
    };
    const places = [1, 2].map(() => {
      a.release(a.acquire());
      tick({ shelves: new Map([["a", shelf]]) });
      const leased = [a.acquire(), a.acquire()];
      const place = pool.stats().tags[0]!.shelf;
      tick(noShelf);
      for (const body of leased) a.release(body);
      tick({});
      return place;
    });
    assertEquals(places, ["own", "main"]);
    assertMatch(errors[0]!.message, /unreadable/);
    const { discarded, leased, tags } = pool.stats();
    assertEquals([errors.length, discarded.bypass, leased, tags[0]!.shelf], [1, 0, 0, "main"]);
  });
});
