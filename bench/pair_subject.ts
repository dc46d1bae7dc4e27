/**
 * What the pair bench measures: one way each to get an object, touch it and give it back.
 *
 * Each subject lives with four classes of eight fields. Where it pools, there are four pools, 64
 * idle objects in each, all of them warm: an engine that has seen one class only would inline what
 * it must call in a real service. The loops that are timed see the first class only, as a caller's
 * code would; what the pools share has seen all four.
 *
 * @module
 */

import { do_not_optimize } from "mitata";
import { type Lease, Pool, type PoolOptions, type Tag } from "../mod.ts";

/** The pairs of one call of `run`. */
export const PAIRS = 64;
/** Idle objects in each pool. */
const IDLE = 64;
/** Objects held at once by the subjects that hold several. */
const HELD = 16;

/** A way to get and give back an object. */
export interface Subject {
  /** Gets, touches and gives back `PAIRS` times; returns the number of touches. */
  run(): number | Promise<number>;
  /** Does the same a little with the classes that are not measured. */
  runOthers(): void | Promise<void>;
}

class Session {
  user = 0;
  started = 0;
  seen = 0;
  hits = 0;
  errors = 0;
  flags = 0;
  route = 0;
  status = 0;
}

class Order {
  id = 0;
  item = 0;
  count = 0;
  price = 0;
  tax = 0;
  total = 0;
  currency = 0;
  state = 0;
}

class Frame {
  type = 0;
  length = 0;
  stream = 0;
  offset = 0;
  mask = 0;
  opcode = 0;
  crc = 0;
  end = 0;
}

class Query {
  table = 0;
  limit = 0;
  skip = 0;
  cost = 0;
  rows = 0;
  bytes = 0;
  retries = 0;
  shard = 0;
}

function resetSession(session: Session): void {
  session.user = 0;
  session.started = 0;
  session.seen = 0;
  session.hits = 0;
  session.errors = 0;
  session.flags = 0;
  session.route = 0;
  session.status = 0;
}

function resetOrder(order: Order): void {
  order.id = 0;
  order.item = 0;
  order.count = 0;
  order.price = 0;
  order.tax = 0;
  order.total = 0;
  order.currency = 0;
  order.state = 0;
}

function resetFrame(frame: Frame): void {
  frame.type = 0;
  frame.length = 0;
  frame.stream = 0;
  frame.offset = 0;
  frame.mask = 0;
  frame.opcode = 0;
  frame.crc = 0;
  frame.end = 0;
}

function resetQuery(query: Query): void {
  query.table = 0;
  query.limit = 0;
  query.skip = 0;
  query.cost = 0;
  query.rows = 0;
  query.bytes = 0;
  query.retries = 0;
  query.shard = 0;
}

/** A class and what a pool needs to know of it. Method syntax: the four go into one list. */
interface Family<T extends object = object> {
  create(): T;
  reset(object: T): void;
  sizeOf(object: T): number;
}

const session: Family<Session> = {
  create: () => new Session(),
  reset: resetSession,
  sizeOf: () => 96,
};

const others: readonly Family[] = [
  { create: () => new Order(), reset: resetOrder, sizeOf: () => 97 } as Family<Order>,
  { create: () => new Frame(), reset: resetFrame, sizeOf: () => 98 } as Family<Frame>,
  { create: () => new Query(), reset: resetQuery, sizeOf: () => 99 } as Family<Query>,
];

/**
 * Lets a loop reach what it measures through an array. Through a constant, engines would fold the
 * pool's own fields, the user's reset among them, into the loop: true for a handle in a module's
 * constant, and for no other.
 */
function through<T, R>(subject: T, loop: (subject: T) => R): () => R {
  const subjects = [subject];
  return () => loop(subjects[0]!);
}

/** The touch: what any use of an object does at least. */
function touch(session: Session, i: number): number {
  session.hits = i + 1;
  return session.hits - i;
}

/** Acquires a pool's worth of objects and gives them back, so that as many lie idle. */
function fill<T>(acquire: () => T, release: (object: T) => void): void {
  const held = Array.from({ length: IDLE }, acquire);
  for (const object of held) release(object);
}

// --- bare arrays ------------------------------------------------------------------------------

function bareArray<T>({ create }: { create(): T }): T[] {
  return Array.from({ length: IDLE }, create);
}

/** The floor: a bare array, and no reset. */
export function floor(): Subject {
  return {
    run: through(bareArray(session), (stack) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = stack.pop()!;
        touches += touch(object, i);
        stack.push(object);
      }
      do_not_optimize(touches);
      return touches;
    }),
    runOthers() {},
  };
}

/** The floor for several objects held at once. */
export function floorHeld(): Subject {
  const held = bareArray(session);
  return {
    run: through(bareArray(session), (stack) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i += HELD) {
        for (let j = 0; j < HELD; j++) {
          const object = stack.pop()!;
          touches += touch(object, i);
          held[j] = object;
        }
        for (let j = 0; j < HELD; j++) stack.push(held[j]!);
      }
      do_not_optimize(touches);
      return touches;
    }),
    runOthers() {},
  };
}

/**
 * Calls a reset as a pool has to: through a variable, at a place that all classes share. The peers
 * that know no reset get it through the same call. Their users could save part of it by a reset
 * written out at each place of use.
 */
function callReset<T>(reset: (object: T) => void, object: T): void {
  reset(object);
}

/** The floor, and the user's reset: what any pool has to pay. */
function floorReset(): Subject {
  const { reset } = session;
  const stacks = others.map(({ create, reset }) => ({ reset, pool: bareArray({ create }) }));
  return {
    run: through({ reset, pool: bareArray(session) }, ({ reset, pool }) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = pool.pop()!;
        touches += touch(object, i);
        callReset(reset, object);
        pool.push(object);
      }
      do_not_optimize(touches);
      return touches;
    }),
    runOthers() {
      for (const { reset, pool } of stacks) {
        for (let i = 0; i < PAIRS; i++) {
          const object = pool.pop()!;
          callReset(reset, object);
          pool.push(object);
        }
      }
    },
  };
}

// --- this pool --------------------------------------------------------------------------------

function makePool<T extends object>({ create, reset, sizeOf }: Family<T>, isSized: boolean) {
  const options: PoolOptions<T> = { create, reset, ...(isSized ? { sizeOf } : {}) };
  const pool = new Pool(options);
  fill(() => pool.acquire(), (object) => pool.release(object));
  return pool;
}

/** Four pools; `pair` runs on three of them, `loop` is timed on the first. */
function pools(
  pair: (tag: Tag<object>, pool: Pool<object>) => void,
  loop: (tag: Tag<Session>, pool: Pool<Session>) => number,
  isSized = false,
): Subject {
  const pool = makePool(session, isSized);
  const otherPools = others.map((family) => {
    const pool = makePool(family, isSized);
    return { pool, tag: pool.tag("x") };
  });
  return {
    run: through({ tag: pool.tag("x"), pool }, ({ tag, pool }) => loop(tag, pool)),
    runOthers() {
      for (const { pool, tag } of otherPools) {
        for (let i = 0; i < PAIRS; i++) pair(tag, pool);
      }
    },
  };
}

function untagged(): Subject {
  return pools((_, pool) => pool.release(pool.acquire()), (_, pool) => {
    let touches = 0;
    for (let i = 0; i < PAIRS; i++) {
      const object = pool.acquire();
      touches += touch(object, i);
      pool.release(object);
    }
    do_not_optimize(touches);
    return touches;
  });
}

function tagged(isSized: boolean): Subject {
  return pools(
    (tag) => tag.release(tag.acquire()),
    (tag) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = tag.acquire();
        touches += touch(object, i);
        tag.release(object);
      }
      do_not_optimize(touches);
      return touches;
    },
    isSized,
  );
}

function taggedHeld(): Subject {
  const held = bareArray(session);
  return pools((tag) => tag.release(tag.acquire()), (tag) => {
    let touches = 0;
    for (let i = 0; i < PAIRS; i += HELD) {
      for (let j = 0; j < HELD; j++) {
        const object = tag.acquire();
        touches += touch(object, i);
        held[j] = object;
      }
      for (let j = 0; j < HELD; j++) tag.release(held[j]!);
    }
    do_not_optimize(touches);
    return touches;
  });
}

function leased(): Subject {
  return pools((tag) => tag.lease().release(), (tag) => {
    let touches = 0;
    for (let i = 0; i < PAIRS; i++) {
      const lease: Lease<Session> = tag.lease();
      touches += touch(lease.value, i);
      lease.release();
    }
    do_not_optimize(touches);
    return touches;
  });
}

function lent(): Subject {
  const ignore = () => {};
  const touchOnce = (object: Session) => touch(object, 0);
  return pools((tag) => tag.with(ignore), (tag) => {
    let touches = 0;
    for (let i = 0; i < PAIRS; i++) touches += tag.with(touchOnce);
    do_not_optimize(touches);
    return touches;
  });
}

// --- peers ------------------------------------------------------------------------------------

async function reusify(): Promise<Subject> {
  const { default: reusify } = await import("reusify");
  interface Node {
    next: Node | null;
  }
  /** The constructor that it wants; its objects carry a link to the next one. */
  const linked = (create: () => object) =>
    class {
      constructor() {
        return Object.assign(create(), { next: null });
      }
    } as new () => Node;
  // The class that is measured has its link as a field of its own, as reusify advises.
  class LinkedSession extends Session {
    next: LinkedSession | null = null;
  }
  const pool = reusify(LinkedSession);
  fill(pool.get, pool.release);
  const otherPools = others.map((family) => {
    const pool = reusify(linked(family.create));
    fill(pool.get, pool.release);
    return { family, pool };
  });
  const { reset } = session;
  return {
    run: through({ reset, pool }, ({ reset, pool }) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = pool.get();
        touches += touch(object, i);
        callReset(reset, object);
        pool.release(object);
      }
      do_not_optimize(touches);
      return touches;
    }),
    runOthers() {
      for (const { family, pool } of otherPools) {
        for (let i = 0; i < PAIRS; i++) {
          const object = pool.get();
          callReset(family.reset, object);
          pool.release(object);
        }
      }
    },
  };
}

async function deepool(): Promise<Subject> {
  const { create } = await import("deepool") as unknown as {
    create<T>(factory: () => T): { use(): T; recycle(object: T): void };
  };
  const pool = create(session.create);
  fill(pool.use, pool.recycle);
  const otherPools = others.map((family) => {
    const pool = create(family.create);
    fill(pool.use, pool.recycle);
    return { family, pool };
  });
  const { reset } = session;
  return {
    run: through({ reset, pool }, ({ reset, pool }) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = pool.use();
        touches += touch(object, i);
        callReset(reset, object);
        pool.recycle(object);
      }
      do_not_optimize(touches);
      return touches;
    }),
    runOthers() {
      for (const { family, pool } of otherPools) {
        for (let i = 0; i < PAIRS; i++) {
          const object = pool.use();
          callReset(family.reset, object);
          pool.recycle(object);
        }
      }
    },
  };
}

/** A pool whose acquire gives a promise. */
interface AsyncPool<T> {
  acquire(): PromiseLike<T>;
  release(object: T): unknown;
}

async function asyncPools(
  make: <T extends object>(create: () => T) => AsyncPool<T>,
): Promise<Subject> {
  const filled = async <T extends object>({ create }: Family<T>) => {
    const pool = make(create);
    const held: T[] = [];
    for (let i = 0; i < IDLE; i++) held.push(await pool.acquire());
    for (const object of held) await pool.release(object);
    return pool;
  };
  const pool = await filled(session);
  const otherPools: { family: Family; pool: AsyncPool<object> }[] = [];
  for (const family of others) otherPools.push({ family, pool: await filled(family) });
  const { reset } = session;
  return {
    run: through({ reset, pool }, async ({ reset, pool }) => {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = await pool.acquire();
        touches += touch(object, i);
        callReset(reset, object);
        await pool.release(object);
      }
      do_not_optimize(touches);
      return touches;
    }),
    async runOthers() {
      for (const { family, pool } of otherPools) {
        const object = await pool.acquire();
        callReset(family.reset, object);
        await pool.release(object);
      }
    },
  };
}

async function genericPool(): Promise<Subject> {
  const { default: genericPool } = await import("generic-pool");
  return await asyncPools((create) =>
    genericPool.createPool({
      create: () => Promise.resolve(create()),
      destroy: () => Promise.resolve(),
    }, { max: 2 * IDLE })
  );
}

async function tarn(): Promise<Subject> {
  const { Pool } = (await import("tarn")).default;
  return await asyncPools(<T extends object>(create: () => T): AsyncPool<T> => {
    const pool = new Pool<T>({
      create: () => Promise.resolve(create()),
      destroy: () => {},
      min: 0,
      max: 2 * IDLE,
    });
    return { acquire: () => pool.acquire().promise, release: (object) => pool.release(object) };
  });
}

/** The subjects by variant. */
export const SUBJECTS = {
  floorReset,
  pool: untagged,
  tagged: () => tagged(false),
  taggedSized: () => tagged(true),
  lease: leased,
  with: lent,
  held16: taggedHeld,
  reusify,
  deepool,
  "generic-pool": genericPool,
  tarn,
} as const satisfies Readonly<Record<string, () => Subject | Promise<Subject>>>;
