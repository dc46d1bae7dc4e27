/**
 * What the pair bench measures: one way each to get an object, touch it and give it back.
 *
 * Each subject lives with four classes of eight fields. Where it pools, there are four pools, 64
 * idle objects in each, all of them warm: an engine that has seen one class only would inline what
 * it must call in a real service. The loops that are timed see the first class only, as a caller's
 * code would, so each is written out; what the pools share has seen all four.
 *
 * Each holder reads what its object was left with before it touches it: so a reset that did not run
 * shows in the sum, and the floor pays for the same load.
 *
 * What a subject pools with stands in a constant, as `const auth = pool.tag("auth")` does in a
 * module: engines then fold the pool's own fields into the loop, the user's reset among them. The
 * variants named `…Variable` reach the same through a variable.
 *
 * @module
 */

import { fixedScheduler, Pool, type PoolOptions, type Tag } from "../../mod.ts";
import { consume } from "../runner/sink.ts";

/** The pairs of one call of `run`. */
export const PAIRS = 64;
/** Idle objects in each pool. */
const IDLE = 64;
/** Objects held at once by the subjects that hold several. */
const HELD = 16;

/** A way to get and give back an object. */
export interface Subject {
  /** Whether objects are reset between two holders. */
  readonly isReset: boolean;
  /**
   * Gets, touches and gives back `PAIRS` times; returns the touches that it saw: its own one of each
   * object, and that of the holder before, where no reset took it away.
   */
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

/** Acquires a pool's worth of objects and gives them back, so that as many lie idle. */
function fill<T>(acquire: () => T, release: (object: T) => void): void {
  const held = Array.from({ length: IDLE }, acquire);
  for (const object of held) release(object);
}

// --- bare arrays ------------------------------------------------------------------------------

function bareArray<T>({ create }: { create(): T }): T[] {
  return Array.from({ length: IDLE }, create);
}

/** Without a reset each object has a touch of the holder before; so have these from the first on. */
function touchedArray(): Session[] {
  const stack = bareArray(session);
  for (const object of stack) object.hits = 1;
  return stack;
}

/** The floor: a bare array, and no reset. */
export function floor(): Subject {
  const stack = touchedArray();
  return {
    isReset: false,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = stack.pop()!;
        touches += object.hits + 1;
        object.hits = 1;
        stack.push(object);
      }
      consume(touches);
      return touches;
    },
    runOthers() {},
  };
}

/** The floor for several objects held at once. */
export function floorHeld(): Subject {
  const stack = touchedArray();
  const held = bareArray(session);
  return {
    isReset: false,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i += HELD) {
        for (let j = 0; j < HELD; j++) {
          const object = stack.pop()!;
          touches += object.hits + 1;
          object.hits = 1;
          held[j] = object;
        }
        for (let j = 0; j < HELD; j++) stack.push(held[j]!);
      }
      consume(touches);
      return touches;
    },
    runOthers() {},
  };
}

/** Calls a reset at a place that all classes share, as a pool does. */
function callReset<T>(reset: (object: T) => void, object: T): void {
  reset(object);
}

/** The floor, and a reset reached through a variable: what any pool there has to pay. */
function floorReset(): Subject {
  // An array, so that no engine takes its content for a constant.
  const subjects = [{ stack: bareArray(session), reset: session.reset }];
  const otherSubjects = others.map((family) => ({
    stack: bareArray(family),
    reset: family.reset,
  }));
  return {
    isReset: true,
    run() {
      const { stack, reset } = subjects[0]!;
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = stack.pop()!;
        touches += object.hits + 1;
        object.hits = 1;
        callReset(reset, object);
        stack.push(object);
      }
      consume(touches);
      return touches;
    },
    runOthers() {
      for (const { stack, reset } of otherSubjects) {
        for (let i = 0; i < PAIRS; i++) {
          const object = stack.pop()!;
          callReset(reset, object);
          stack.push(object);
        }
      }
    },
  };
}

// --- this pool --------------------------------------------------------------------------------

function makePool<T extends object>({ create, reset, sizeOf }: Family<T>, isSized: boolean) {
  // An adaptive scheduler would find in a few seconds that classes as small as these are better not
  // pooled, and the time of a hit could be measured no more.
  const scheduler = fixedScheduler();
  const options: PoolOptions<T> = { create, reset, scheduler, ...(isSized ? { sizeOf } : {}) };
  const pool = new Pool(options);
  fill(() => pool.acquire(), (object) => pool.release(object));
  return pool;
}

/** What stands in the constants of a subject of this pool: one of four pools, and a handle of it. */
interface Ours {
  readonly pool: Pool<Session>;
  readonly tag: Tag<Session>;
  /** Runs `pair` on the other three. */
  readonly runOthers: () => void;
}

function makePools(
  pair: (tag: Tag<object>, pool: Pool<object>) => void,
  isSized = false,
): Ours {
  const pool = makePool(session, isSized);
  const otherPools = others.map((family) => {
    const pool = makePool(family, isSized);
    return { pool, tag: pool.tag("x") };
  });
  return {
    pool,
    tag: pool.tag("x"),
    runOthers() {
      for (const { pool, tag } of otherPools) {
        for (let i = 0; i < PAIRS; i++) pair(tag, pool);
      }
    },
  };
}

function untagged(): Subject {
  const { pool, runOthers } = makePools((_, pool) => pool.release(pool.acquire()));
  return {
    isReset: true,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = pool.acquire();
        touches += object.hits + 1;
        object.hits = 1;
        pool.release(object);
      }
      consume(touches);
      return touches;
    },
    runOthers,
  };
}

function tagged(isSized: boolean): Subject {
  const { tag, runOthers } = makePools((tag) => tag.release(tag.acquire()), isSized);
  return {
    isReset: true,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = tag.acquire();
        touches += object.hits + 1;
        object.hits = 1;
        tag.release(object);
      }
      consume(touches);
      return touches;
    },
    runOthers,
  };
}

function taggedVariable(): Subject {
  const { tag, runOthers } = makePools((tag) => tag.release(tag.acquire()));
  const tags = [tag];
  return {
    isReset: true,
    run() {
      const tag = tags[0]!;
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = tag.acquire();
        touches += object.hits + 1;
        object.hits = 1;
        tag.release(object);
      }
      consume(touches);
      return touches;
    },
    runOthers,
  };
}

/** First in, first out: the order of release that a stack likes least. */
function taggedHeld(): Subject {
  const held = bareArray(session);
  const { tag, runOthers } = makePools((tag) => tag.release(tag.acquire()));
  return {
    isReset: true,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i += HELD) {
        for (let j = 0; j < HELD; j++) {
          const object = tag.acquire();
          touches += object.hits + 1;
          object.hits = 1;
          held[j] = object;
        }
        for (let j = 0; j < HELD; j++) tag.release(held[j]!);
      }
      consume(touches);
      return touches;
    },
    runOthers,
  };
}

function leased(): Subject {
  const { tag, runOthers } = makePools((tag) => tag.lease().release());
  return {
    isReset: true,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const lease = tag.lease();
        const object = lease.value;
        touches += object.hits + 1;
        object.hits = 1;
        lease.release();
      }
      consume(touches);
      return touches;
    },
    runOthers,
  };
}

function lent(): Subject {
  const ignore = () => {};
  const touch = (object: Session) => {
    const touches = object.hits + 1;
    object.hits = 1;
    return touches;
  };
  const { tag, runOthers } = makePools((tag) => tag.with(ignore));
  return {
    isReset: true,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) touches += tag.with(touch);
      consume(touches);
      return touches;
    },
    runOthers,
  };
}

// --- peers ------------------------------------------------------------------------------------

/** A peer's pool under the names of ours; the functions are its own. None of them resets. */
interface Peer<T> {
  readonly acquire: () => T;
  readonly release: (object: T) => void;
}

function peers(make: <T extends object>(create: () => T) => Peer<T>): Subject {
  const { reset } = session;
  const pool = make(session.create);
  fill(pool.acquire, pool.release);
  const otherPools = others.map(({ create, reset }) => {
    const pool = make(create);
    fill(pool.acquire, pool.release);
    return { ...pool, reset };
  });
  return {
    isReset: true,
    run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = pool.acquire();
        touches += object.hits + 1;
        object.hits = 1;
        callReset(reset, object);
        pool.release(object);
      }
      consume(touches);
      return touches;
    },
    runOthers() {
      for (const { acquire, release, reset } of otherPools) {
        for (let i = 0; i < PAIRS; i++) {
          const object = acquire();
          callReset(reset, object);
          release(object);
        }
      }
    },
  };
}

async function reusify(): Promise<Subject> {
  const { default: reusify } = await import("reusify");
  interface Node {
    next: Node | null;
  }
  return peers(<T extends object>(create: () => T): Peer<T> => {
    // It wants a constructor, and its objects to carry the link to the next one.
    function Linked(): T & Node {
      const object = create() as T & Node;
      object.next = null;
      return object;
    }
    const { get, release } = reusify(Linked as unknown as new () => T & Node);
    return { acquire: get, release: release as (object: T) => void };
  });
}

async function deepool(): Promise<Subject> {
  // It brings no types.
  const deepool = await import("deepool") as unknown as {
    create<T>(factory: () => T): { use(): T; recycle(object: T): void };
  };
  return peers((create) => {
    const { use, recycle } = deepool.create(create);
    return { acquire: use, release: recycle };
  });
}

/** A peer's pool whose acquire gives a promise. */
interface AsyncPeer<T> {
  acquire(): PromiseLike<T>;
  release(object: T): unknown;
}

async function asyncPeers(
  make: <T extends object>(create: () => T) => AsyncPeer<T>,
): Promise<Subject> {
  const makeFilled = async <T extends object>({ create }: Family<T>) => {
    const pool = make(create);
    const held: T[] = [];
    for (let i = 0; i < IDLE; i++) held.push(await pool.acquire());
    for (const object of held) await pool.release(object);
    return pool;
  };
  const { reset } = session;
  const pool = await makeFilled(session);
  const otherPools: { family: Family; pool: AsyncPeer<object> }[] = [];
  for (const family of others) otherPools.push({ family, pool: await makeFilled(family) });
  return {
    isReset: true,
    async run() {
      let touches = 0;
      for (let i = 0; i < PAIRS; i++) {
        const object = await pool.acquire();
        touches += object.hits + 1;
        object.hits = 1;
        callReset(reset, object);
        await pool.release(object);
      }
      consume(touches);
      return touches;
    },
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
  return await asyncPeers((create) =>
    genericPool.createPool({
      create: () => Promise.resolve(create()),
      destroy: () => Promise.resolve(),
    }, { max: 2 * IDLE })
  );
}

async function lightningPool(): Promise<Subject> {
  const { Pool } = await import("lightning-pool");
  return await asyncPeers(<T extends object>(create: () => T): AsyncPeer<T> =>
    new Pool<T>({ create: () => create(), destroy() {} }, { min: 0, max: 2 * IDLE })
  );
}

async function tarn(): Promise<Subject> {
  const { Pool } = (await import("tarn")).default;
  return await asyncPeers(<T extends object>(create: () => T): AsyncPeer<T> => {
    const pool = new Pool<T>({
      create: () => Promise.resolve(create()),
      destroy: () => {},
      min: 0,
      max: 2 * IDLE,
    });
    return {
      acquire: () => pool.acquire().promise as Promise<T>,
      release: (object) => pool.release(object),
    };
  });
}

/** The subjects by variant. */
export const SUBJECTS = {
  floorReset,
  pool: untagged,
  tagged: () => tagged(false),
  taggedVariable,
  taggedSized: () => tagged(true),
  lease: leased,
  with: lent,
  held16: taggedHeld,
  reusify,
  deepool,
  "generic-pool": genericPool,
  "lightning-pool": lightningPool,
  tarn,
} as const satisfies Readonly<Record<string, () => Subject | Promise<Subject>>>;

/** A variant's name. */
export type Variant = keyof typeof SUBJECTS;
