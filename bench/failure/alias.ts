/**
 * The alias race: an object is released while somebody still writes to it, and the next holder finds
 * what is not theirs.
 *
 * A request answers from its scratch object while a task in the background, such as a log or the rest
 * of a stream, writes to it for longer than that. The code is real and runs on promises; only how
 * long things last is counted in turns of the microtask queue, so that each run is the same.
 *
 * @module
 */

import { Pool, PoolError } from "../../mod.ts";
import { SyncPool } from "../runner/sync_pool.ts";

/** What became of requests whose objects are written to for longer than they last. */
export interface Race {
  readonly requests: number;
  /** Requests that answered what another one had written. */
  readonly corrupted: number;
  /** Late writes that were refused with an error. */
  readonly refused: number;
}

/** What became of releases that came once too often. */
export interface Misrelease {
  readonly trials: number;
  /** Trials in which two holders had one object at the same time. */
  readonly shared: number;
  /** Releases that were refused with an error. */
  readonly refused: number;
}

/** What the alias race does to a `sync.Pool`. */
export interface PortFigures {
  /** The request releases, the task writes on. */
  readonly race: Race;
  /** A release twice in a row. */
  readonly doubleRelease: Misrelease;
  /** A second release after somebody else has got the object. */
  readonly lateRelease: Misrelease;
}

/** What it does to this pool, by the way to hold. */
export interface OurFigures {
  /** `with`, until the task has settled. */
  readonly with: Race;
  /** A lease that the last of request and task ends. */
  readonly lease: Race;
  /** A release through a guard, which drops once the task has settled. */
  readonly guard: Race;
  /** The port's mistake with a lease: the request ends it, and the task reaches through it. */
  readonly endedLease: Race;
  /** The port's mistake with a raw release. */
  readonly raw: Race;
  /** A raw release twice in a row. */
  readonly doubleRelease: Misrelease;
  /** A second release of a lease after somebody else has got the object. */
  readonly lateLease: Misrelease;
  /** The same with raw releases. */
  readonly lateRaw: Misrelease;
}

/** What was seen. */
export interface AliasSample {
  readonly port: PortFigures;
  readonly ours: OurFigures;
  /** Whether all of the ways held that are meant for asynchronous work. */
  readonly held: boolean;
}

class Scratch {
  /** The request whose answer this is. */
  owner = 0;
}

/** Turns that an answer takes. */
const ANSWER_TURNS = 8;
/** Turns until the late write: amid the next request's answer. */
const LATE_TURNS = 12;

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** A request's work: fills the object, waits for a database, answers what the object then holds. */
async function answerFrom(scratch: Scratch, request: number): Promise<number> {
  scratch.owner = request;
  await turns(ANSWER_TURNS);
  return scratch.owner;
}

/** A task's work: writes once more, to what it finds then. */
async function writeLate(reach: () => Scratch, request: number): Promise<void> {
  await turns(LATE_TURNS);
  reach().owner = request;
}

/** A request under way. */
interface Request {
  readonly answer: Promise<number>;
  /** Fails where a late write is refused. */
  readonly task: Promise<void>;
}

/** A way to serve a request. */
type Serve = (request: number) => Request;

function makePool(): Pool<Scratch> {
  return new Pool({
    create: () => new Scratch(),
    reset: (scratch) => {
      scratch.owner = 0;
    },
  });
}

/** The mistake: the request releases what its task still writes to. */
function releasedEarly(
  pool: { acquire(): Scratch; release(scratch: Scratch): void },
): Serve {
  return (request) => {
    const scratch = pool.acquire();
    const task = writeLate(() => scratch, request);
    const answer = async () => {
      const answer = await answerFrom(scratch, request);
      pool.release(scratch);
      return answer;
    };
    return { answer: answer(), task };
  };
}

function withPromise(pool: Pool<Scratch>): Serve {
  return (request) => {
    const answer = Promise.withResolvers<number>();
    const task = pool.with("request", async (scratch) => {
      const late = writeLate(() => scratch, request);
      answer.resolve(await answerFrom(scratch, request));
      await late;
    });
    return { answer: answer.promise, task };
  };
}

function leased(pool: Pool<Scratch>): Serve {
  return (request) => {
    const lease = pool.lease("request");
    const late = writeLate(() => lease.value, request);
    const answer = answerFrom(lease.value, request);
    const task = async () => {
      await Promise.all([answer, late]);
      lease.release();
    };
    return { answer, task: task() };
  };
}

function guarded(pool: Pool<Scratch>): Serve {
  return (request) => {
    const guard = pool.guard();
    const scratch = pool.acquire("request");
    const late = writeLate(() => scratch, request);
    const answer = async () => {
      const answer = await answerFrom(scratch, request);
      guard.release(scratch);
      return answer;
    };
    const task = async () => {
      await late;
      guard.drop();
    };
    return { answer: answer(), task: task() };
  };
}

/** The mistake again, but the task reaches the object through the lease. */
function leaseEndedEarly(pool: Pool<Scratch>): Serve {
  return (request) => {
    const lease = pool.lease("request");
    const task = writeLate(() => lease.value, request);
    const answer = async () => {
      const answer = await answerFrom(lease.value, request);
      lease.release();
      return answer;
    };
    return { answer: answer(), task };
  };
}

/** Whether an error is the pool's word that something came too late. */
function isRefusal(error: unknown): boolean {
  return error instanceof PoolError && (error.code === "stale" || error.code === "double");
}

/** Serves requests, each as soon as the one before has answered. */
async function race(requests: number, serve: Serve): Promise<Race> {
  let corrupted = 0;
  let refused = 0;
  const tasks: Promise<void>[] = [];
  for (let request = 1; request <= requests; request++) {
    const { answer, task } = serve(request);
    tasks.push(task.catch((error) => {
      if (!isRefusal(error)) throw error;
      refused++;
    }));
    if (await answer !== request) corrupted++;
  }
  await Promise.all(tasks);
  return { requests, corrupted, refused };
}

/** An object that is held, and the way to give it back. */
interface Held {
  readonly object: Scratch;
  readonly release: () => void;
}

function heldRaw(pool: { acquire(): Scratch; release(scratch: Scratch): void }): () => Held {
  return () => {
    const object = pool.acquire();
    return { object, release: () => pool.release(object) };
  };
}

function heldByLease(pool: Pool<Scratch>): () => Held {
  return () => {
    const lease = pool.lease();
    return { object: lease.value, release: () => lease.release() };
  };
}

/**
 * Releases an object once too often, and sees whether two others get it.
 *
 * @param trials How often, each time in a pool of its own.
 * @param open Makes a pool, and tells how to hold an object of it.
 * @param isTaken Whether somebody else has got the object when the second release comes.
 */
function misrelease(trials: number, open: () => () => Held, isTaken: boolean): Misrelease {
  let shared = 0;
  let refused = 0;
  for (let i = 0; i < trials; i++) {
    const hold = open();
    const first = hold();
    first.release();
    const early = isTaken ? hold() : undefined;
    try {
      first.release();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused++;
    }
    const one = early ?? hold();
    if (one.object === hold().object) shared++;
  }
  return { trials, shared, refused };
}

/** Runs it all. */
export async function runAlias(requests: number): Promise<AliasSample> {
  const pools: Pool<Scratch>[] = [];
  const ours = () => {
    const pool = makePool();
    pools.push(pool);
    return pool;
  };
  const port = () => new SyncPool(() => new Scratch());
  const trials = Math.ceil(requests / 10);
  try {
    const figures: OurFigures = {
      with: await race(requests, withPromise(ours())),
      lease: await race(requests, leased(ours())),
      guard: await race(requests, guarded(ours())),
      endedLease: await race(requests, leaseEndedEarly(ours())),
      raw: await race(requests, releasedEarly(ours())),
      doubleRelease: misrelease(trials, () => heldRaw(ours()), false),
      lateLease: misrelease(trials, () => heldByLease(ours()), true),
      lateRaw: misrelease(trials, () => heldRaw(ours()), true),
    };
    return {
      port: {
        race: await race(requests, releasedEarly(port())),
        doubleRelease: misrelease(trials, () => heldRaw(port()), false),
        lateRelease: misrelease(trials, () => heldRaw(port()), true),
      },
      ours: figures,
      held: [figures.with, figures.lease, figures.guard, figures.endedLease]
        .every(({ corrupted }) => corrupted === 0) &&
        [figures.doubleRelease, figures.lateLease].every(({ shared }) => shared === 0),
    };
  } finally {
    for (const pool of pools) pool.close();
  }
}
