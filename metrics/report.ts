/**
 * What a worker posts of its pools: how much the counters grew since the last report, and what the gauges
 * are now. Plain data, so that it can be cloned to whoever folds it.
 *
 * A report holds at most one entry for a tag, however many requests there were, and none for a tag or a
 * pool that did not change. Whoever receives one cannot know who sent it: {@linkcode readReport} takes
 * nothing on trust, and copies all that it takes.
 *
 * @module
 */

import {
  type DiscardReason,
  discardReasons,
  type GcReading,
  type GenerationStats,
  type HeapReading,
  type PoolStats,
  type TagStats,
} from "../mod.ts";
import { histogramEdges } from "../src/histogram.ts";
import { KINDS, PRESSURES } from "./catalogue.ts";

/** Tells a report from other messages on the same port. */
const REPORT = "@siliconflow/pool report";
/** Another form of reports gets another number. */
const SCHEMA = 1;

/** What only grows: in a report the growth. */
export const COUNTERS = [
  "created",
  "acquires",
  "hits",
  "misses",
  "refused",
  "ticks",
  "cycles",
  "misuses",
] as const satisfies readonly (keyof PoolStats)[];

/** What goes up and down, and adds up over pools: in a report what it is. */
export const GAUGES = [
  "live",
  "leased",
  "idle",
  "limbo",
  "peak",
  "waiting",
  "bytes",
  "maxBytes",
  "hotLevels",
  "pinnedLevels",
] as const satisfies readonly (keyof PoolStats)[];

/** The gauges of a heap, which add up over isolates. */
export const HEAP_GAUGES = [
  "usedBytes",
  "limitBytes",
  "externalBytes",
] as const satisfies readonly (keyof HeapReading)[];

const SHELVES = ["main", "own", "none"] as const;

/** Counts by the bands of all histograms of pools, and their sum. */
export interface Bands {
  readonly counts: readonly number[];
  /** In milliseconds. */
  readonly sum: number;
}

/** The collections since the last report; `maxPauseMs` is the longest so far. */
export interface GcReport extends Omit<GcReading, "pauses"> {
  readonly pauses?: Bands;
}

/** A tag of a pool in a report. */
export interface TagReport extends Omit<TagStats, "holdMs" | "holds"> {
  readonly holds: Bands;
}

/** A pool in a report. */
export interface PoolReport {
  /** Tells the pools of one reporter apart. */
  readonly key: number;
  readonly name: string;
  readonly runtime: string;
  readonly scheduler: string;
  readonly counters: Readonly<Record<typeof COUNTERS[number], number>>;
  readonly gauges: Readonly<Record<typeof GAUGES[number], number>>;
  readonly discarded: Readonly<Partial<Record<DiscardReason, number>>>;
  readonly pressure: PoolStats["pressure"];
  readonly bypass: boolean;
  readonly closed: boolean;
  readonly generations: readonly GenerationStats[];
  /** The tags that changed. */
  readonly tags: readonly TagReport[];
  /** Told by one pool of each name only: the others of an isolate see the same collections. */
  readonly gc?: GcReport;
  /** Told by one pool of each name only, as all others see the same heap. */
  readonly heap?: Readonly<Partial<Record<typeof HEAP_GAUGES[number], number>>>;
  /** What the heap allocated since the last report. */
  readonly allocatedBytes?: number;
}

/** A message of a reporter. */
export interface Report {
  readonly type: typeof REPORT;
  readonly schema: typeof SCHEMA;
  /** Who reports. */
  readonly from: string;
  /** How many reports came before. */
  readonly seq: number;
  /** How long it is until the next one, in milliseconds. */
  readonly everyMs: number;
  /** Whether it is the last one. */
  readonly isLast: boolean;
  /** The pools that changed. */
  readonly pools: readonly PoolReport[];
}

/** The most pools of a report. */
export const MAX_POOLS = 256;
/** The most tags of a pool in a report; a pool has 256 unless told otherwise. */
const MAX_TAGS = 1_000_000;
const MAX_GENERATIONS = 64;
/** The longest name, in UTF-16 units: longer ones are told in part. */
export const MAX_NAME = 4096;

/** Makes a report. */
export function makeReport(told: Omit<Report, "type" | "schema">): Report {
  return { type: REPORT, schema: SCHEMA, ...told };
}

/** Whether a message means to be a report: others may use the same port. */
export function isReport(message: unknown): boolean {
  return typeof message === "object" && message !== null && "type" in message &&
    message.type === REPORT;
}

/** Reads a report into a copy. */
export function readReport(message: unknown): Report {
  const { type, schema, from, seq, everyMs, isLast, pools } = readObject("report", message);
  if (type !== REPORT) throw refusal("type", `"${REPORT}"`, type);
  if (schema !== SCHEMA) throw refusal("schema", String(SCHEMA), schema);
  return makeReport({
    from: readName("from", from),
    seq: readInteger("seq", seq),
    everyMs: readNumber("everyMs", everyMs),
    isLast: readBoolean("isLast", isLast),
    pools: readArray("pools", pools, MAX_POOLS).map(readPool),
  });
}

function readPool(pool: unknown): PoolReport {
  const read = readObject("pool", pool);
  const { allocatedBytes, gc, heap } = read;
  return {
    key: readInteger("key", read.key),
    name: readName("name", read.name),
    runtime: readName("runtime", read.runtime),
    scheduler: readName("scheduler", read.scheduler),
    counters: readNumbers("counters", read.counters, COUNTERS),
    gauges: readNumbers("gauges", read.gauges, GAUGES),
    discarded: readSome("discarded", read.discarded, discardReasons),
    pressure: readOne("pressure", read.pressure, PRESSURES),
    bypass: readBoolean("bypass", read.bypass),
    closed: readBoolean("closed", read.closed),
    generations: readArray("generations", read.generations, MAX_GENERATIONS).map(readGeneration),
    tags: readArray("tags", read.tags, MAX_TAGS).map(readTag),
    ...(gc !== undefined && { gc: readGc(gc) }),
    ...(heap !== undefined && { heap: readSome("heap", heap, HEAP_GAUGES) }),
    ...(allocatedBytes !== undefined &&
      { allocatedBytes: readNumber("allocatedBytes", allocatedBytes) }),
  };
}

function readGeneration(generation: unknown): GenerationStats {
  const { name, ...rest } = readObject("generation", generation);
  return {
    name: readName("generation", name),
    ...readNumbers("generation", rest, ["idle", "target", "maxSize", "ttlMs"]),
  };
}

function readTag(tag: unknown): TagReport {
  const { holds, hot, name, shelf, ...rest } = readObject("tag", tag);
  return {
    name: readName("tag", name),
    ...readNumbers("tag", rest, ["acquires", "hits", "misses", "heat"]),
    holds: readBands("holds", holds),
    hot: readBoolean("hot", hot),
    shelf: readOne("shelf", shelf, SHELVES),
  };
}

function readGc(gc: unknown): GcReport {
  const { pauses, ...rest } = readObject("gc", gc);
  return {
    ...readNumbers("gc", rest, KINDS),
    ...readSome("gc", rest, ["pauseMs", "maxPauseMs"]),
    ...(pauses !== undefined && { pauses: readBands("pauses", pauses) }),
  };
}

function readBands(what: string, bands: unknown): Bands {
  const { counts, sum } = readObject(what, bands);
  const length = histogramEdges.length + 1;
  const read = readArray(what, counts, length);
  if (read.length !== length) throw refusal(what, `an array of ${length}`, read);
  return { counts: read.map((each) => readNumber(what, each)), sum: readNumber(what, sum) };
}

function readObject(what: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw refusal(what, "an object", value);
}

function readArray(what: string, value: unknown, most: number): unknown[] {
  // A hole is undefined after this, and refused.
  if (Array.isArray(value) && value.length <= most) return Array.from(value);
  throw refusal(what, `an array of at most ${most}`, value);
}

function readNumbers<K extends string>(
  what: string,
  value: unknown,
  names: readonly K[],
): Record<K, number> {
  const from = readObject(what, value);
  const read = names.map((name) => [name, readNumber(`${what}.${name}`, from[name])]);
  return Object.fromEntries(read) as Record<K, number>;
}

/** Those of the named numbers that are there. */
function readSome<K extends string>(
  what: string,
  value: unknown,
  names: readonly K[],
): Partial<Record<K, number>> {
  const from = readObject(what, value);
  return readNumbers(what, from, names.filter((name) => from[name] !== undefined));
}

function readNumber(what: string, value: unknown): number {
  // Sums of larger figures would not be exact.
  if (typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw refusal(what, "a number from 0 to 2^53 - 1", value);
}

function readInteger(what: string, value: unknown): number {
  const number = readNumber(what, value);
  if (Number.isInteger(number)) return number;
  throw refusal(what, "an integer", value);
}

function readName(what: string, value: unknown): string {
  if (typeof value === "string" && value.length <= MAX_NAME) return value;
  throw refusal(what, `a string of at most ${MAX_NAME} characters`, value);
}

function readBoolean(what: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw refusal(what, "true or false", value);
}

function readOne<T extends string>(what: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw refusal(what, `one of ${allowed.join(", ")}`, value);
}

/** What is received is told by its kind: a hostile sender's text does not belong in a log. */
function refusal(what: string, rule: string, value: unknown): TypeError {
  const isPlain = typeof value === "number" || typeof value === "boolean";
  const received = isPlain ? value : Array.isArray(value) ? "an array" : typeof value;
  return new TypeError(`Cannot fold report: ${what} must be ${rule}: received ${received}`);
}
