/**
 * A round: all variants under load, in turns.
 *
 * All servers are up at once, each a process of its own, and only one is loaded at a time. They take
 * turns of a second, in an order that is drawn anew each time, so that what the machine does meanwhile
 * comes to all of them alike, and the figures of one turn can be compared. An order that is only reversed
 * each time gives the first and the last one two turns in a row: on workerd the last lost an eighth by it.
 *
 * @module
 */

import { join } from "node:path";
import type { Effort, Round, RuntimeName } from "../runner/bench.ts";
import { needSameWork } from "../runner/checksum.ts";
import { type EngineRecord, needAllocated } from "../runner/engine_log.ts";
import { interruptible } from "../runner/interrupt.ts";
import { Random } from "../runner/random.ts";
import { sum } from "../runner/statistics.ts";
import { AnswerLength } from "./answer_length.ts";
import { runWrk } from "./loader.ts";
import { Server, type ServerPlan, type Slice } from "./server.ts";
import { SLICE_REQUESTS, type Variant } from "./service.ts";
import { type Load, mergeLatencies, quantileMs } from "./wrk.ts";

/** What a server did in one of its turns. */
export interface Turn {
  readonly requests: number;
  readonly seconds: number;
  /** Processor time of all its threads, in ms. */
  readonly cpuMs: number;
  /** Time for which its collector stopped it, in ms. */
  readonly stoppedMs: number;
}

/** What a server did in a round. */
export interface Sample {
  readonly turns: readonly Turn[];
  /**
   * How long each of its slices took, in ms: {@linkcode SLICE_REQUESTS} requests that it made itself, which
   * are over before the machine's speed changes.
   */
  readonly slicesMs: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly engine: EngineRecord;
  /** Bytes that a request allocates. */
  readonly bytesPerRequest: number;
  /** The most memory that it held under load: it makes its slices afterwards. */
  readonly peakRssBytes: number;
}

const TURN_S = 1;
/** Load on a server before what it allocates is counted, and while it is. */
const COUNT_S = 1;

/** How many turns and how many slices each has, and how many seconds of load come before them. */
function plan({ quick }: Effort): { turns: number; slices: number; warmS: number } {
  return quick ? { turns: 2, slices: 10, warmS: 1 } : { turns: 10, slices: 100, warmS: 3 };
}

/** Measures all variants. */
export async function measureRound(
  order: readonly string[],
  round: number,
  effort: Effort,
  tell: (what: string) => void,
): Promise<Round<Sample>> {
  return await interruptible("Cannot measure http", async (signal) => {
    const folder = await Deno.makeTempDir({ prefix: "pool_bench_" });
    try {
      return await inTurns(order as readonly Variant[], round, effort, tell, folder, signal);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function inTurns(
  order: readonly Variant[],
  round: number,
  effort: Effort,
  tell: (what: string) => void,
  top: string,
  signal: AbortSignal,
): Promise<Round<Sample>> {
  const { turns, slices, warmS } = plan(effort);
  await using servers = new AsyncDisposableStack();
  const subjects: Subject[] = [];
  const length = new AnswerLength();
  for (const variant of order) {
    tell(`warming ${variant} up`);
    const folder = join(top, variant);
    await Deno.mkdir(folder);
    const server = servers.use(
      await Server.start({ variant, runtime: effort.runtime, folder, signal }),
    );
    const subject = new Subject(variant, server, length, signal);
    subjects.push(subject);
    await subject.load(warmS);
  }
  await needEqual(subjects);
  const random = new Random(`http, round ${round}`);
  for (const { server } of subjects) await server.begin();
  for (let i = 0; i < turns; i++) {
    for (const subject of random.shuffle(subjects)) {
      tell(`turn ${i + 1} of ${turns}, ${subject.variant}`);
      await subject.takeTurn(TURN_S);
    }
  }
  await needEqual(subjects);
  for (const { server } of subjects) await server.end();
  for (let i = 0; i < slices; i++) {
    tell(`slice ${i + 1} of ${slices}`);
    for (const subject of random.shuffle(subjects)) await subject.takeSlice();
  }
  needSameWork(
    "slices",
    new Map(subjects.map(({ variant, slices }) => [variant, slices])),
    ({ bytes }) => bytes,
  );
  const samples = new Map<string, Sample>();
  for (const subject of subjects) {
    tell(`reading what ${subject.variant} allocates`);
    samples.set(subject.variant, await subject.sample(effort.runtime, top));
  }
  return { samples, versions: subjects[0]!.server.versions };
}

/** What requests allocate on a server of their own that counts it. */
async function count(
  plan: ServerPlan,
  length: AnswerLength,
): Promise<{ bytes: number; unparsed: number }> {
  await using server = await Server.start({ ...plan, isCounting: true });
  const subject = new Subject(plan.variant, server, length, plan.signal);
  await subject.load(COUNT_S);
  await server.begin();
  const { requests } = await subject.load(COUNT_S);
  await server.end();
  const engine = await server.record();
  return { bytes: needAllocated(engine) / requests, unparsed: engine.unparsed };
}

/** A header of its own, so that an answer from memory would show. */
const TRIAL = { "X-Request-Id": "trial", "X-Trial": "of equal answers" };

/** Throws unless all give the same answer: else they would not do the same work. */
async function needEqual(subjects: readonly Subject[]): Promise<void> {
  const [first, ...others] = subjects;
  const expected = await first!.server.answer(TRIAL);
  for (const { variant, server } of others) {
    const answer = await server.answer(TRIAL);
    if (answer === expected) continue;
    throw new Error(
      `Cannot measure ${variant}: it must answer as ${
        first!.variant
      } does, ${expected}: received ${answer}`,
    );
  }
}

/** A variant in a round. */
class Subject {
  readonly slices: Slice[] = [];
  readonly #turns: Omit<Turn, "stoppedMs">[] = [];
  readonly #loads: Load[] = [];
  #peakRssBytes = 0;

  constructor(
    readonly variant: Variant,
    readonly server: Server,
    readonly length: AnswerLength,
    readonly signal: AbortSignal,
  ) {}

  /** Loads its server. Any answer of another length is an error of the run. */
  async load(seconds: number): Promise<Load> {
    const load = await runWrk(this.server.url, seconds, this.signal);
    this.length.need(this.variant, load);
    return load;
  }

  async takeTurn(seconds: number): Promise<void> {
    await this.server.work();
    const before = this.server.usage();
    const load = await this.load(seconds);
    const after = this.server.usage();
    await this.server.rest();
    const cpuMs = after.cpuMs - before.cpuMs;
    this.#peakRssBytes = after.peakRssBytes;
    this.#turns.push({ requests: load.requests, seconds: load.seconds, cpuMs });
    this.#loads.push(load);
  }

  async takeSlice(): Promise<void> {
    this.slices.push(await this.server.repeat(SLICE_REQUESTS));
  }

  /** Ends its server. */
  async sample(runtime: RuntimeName, folder: string): Promise<Sample> {
    const { variant, length, signal } = this;
    const engine = await this.server.record();
    // The first rest, before all turns, ends a step as well.
    const [, ...stoppedMs] = engine.stoppedMs;
    if (stoppedMs.length !== this.#turns.length) {
      const rule = `its log must hold ${this.#turns.length} turns`;
      throw new Error(`Cannot measure ${variant}: ${rule}: received ${stoppedMs.length}`);
    }
    const latencies = mergeLatencies(this.#loads);
    const requests = sum(this.#turns.map((turn) => turn.requests));
    const { bytes, unparsed } = runtime === "bun"
      ? await count({ variant, runtime, folder, signal }, length)
      : { bytes: needAllocated(engine) / requests, unparsed: 0 };
    return {
      turns: this.#turns.map((turn, i) => ({ ...turn, stoppedMs: stoppedMs[i]! })),
      slicesMs: this.slices.map(({ ms }) => ms),
      p50Ms: quantileMs(latencies, 0.5),
      p99Ms: quantileMs(latencies, 0.99),
      p999Ms: quantileMs(latencies, 0.999),
      engine: { ...engine, unparsed: engine.unparsed + unparsed },
      bytesPerRequest: bytes,
      peakRssBytes: this.#peakRssBytes,
    };
  }
}
