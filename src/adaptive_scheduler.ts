/**
 * The scheduler that learns.
 *
 * It is put together from parts that are arithmetic each: how long the levels of each shelf lie idle
 * (level_gaps.ts), which tags earn a shelf (election.ts) or are better not pooled at all (bypass.ts),
 * how hard memory presses (pressure.ts), and where the youngest generation ends (threshold.ts).
 *
 * @module
 */

import { Bypass } from "./bypass.ts";
import { Election } from "./election.ts";
import { needNumber, needOptions } from "./error.ts";
import { LevelGaps } from "./level_gaps.ts";
import { type Pressure, PressureGauge, shareOf } from "./pressure.ts";
import type {
  Adjustment,
  Decision,
  LevelSample,
  Sample,
  Scheduler,
  ShelfAdjustment,
} from "./scheduler.ts";
import { Threshold } from "./threshold.ts";

/** What the adaptive scheduler may be told. */
export interface AdaptiveSchedulerOptions {
  /**
   * λ: how long one object may idle for the price of one creation, in milliseconds.
   *
   * @default 5000, and down to a quarter of that where creations are measured to be cheap for what the
   * objects weigh (below 4 µs for 4 KB)
   */
  readonly idleBudgetMs?: number;
}

const DEFAULT_LAMBDA_MS = 5000;
/** The object that the default λ is meant for. */
const USUAL = { createUs: 4, bytes: 4096 };
/**
 * λ is shortened by this factor at most, where objects are cheap or large, and never lengthened: what
 * a fall in load has freed is to be gone within ten seconds.
 */
const REFINED = 4;
/** The cost of a creation grows with this power of the size. */
const CREATION_POWER = 0.45;
/** Every so many ticks with work in them creations are measured. */
const PROBE_TICKS = 4;
/** Ticks over which the collector's work is averaged. */
const GC_TICKS = 20;
/** The pressure of a byte budget is never critical: a full one takes no more by itself. */
const MOST_BUDGET_SHARE = 0.94;

/**
 * A scheduler that learns how much is worth retaining.
 *
 * - Each shelf keeps the levels whose idle gaps, as far as they are known, cost less than a creation;
 * - of these, levels that are hot and have survived three cycles are pinned: only critical pressure
 *   takes them;
 * - tags whose objects are of another size earn a shelf;
 * - tags under which allocation is measured to be cheaper are not pooled;
 * - pressure comes from the heap and its limit; where they are hidden, from the byte budget.
 *
 * @param options λ, if it is to be fixed.
 * @returns A scheduler for one pool; it remembers that pool's demand.
 * @throws {RangeError} An option that is not a finite number in its range.
 * @throws {TypeError} Options that are no object.
 *
 * @example Usage
 * ```ts
 * import { adaptiveScheduler, Pool } from "@siliconflow/pool";
 * import { assertEquals } from "@std/assert";
 *
 * const scheduler = adaptiveScheduler({ idleBudgetMs: 1000 });
 * const pool = new Pool({ create: () => ({}), reset: () => {}, scheduler });
 * assertEquals(pool.stats().scheduler, "adaptive");
 * pool.close();
 * ```
 */
export function adaptiveScheduler(options: AdaptiveSchedulerOptions = {}): Scheduler {
  const action = "Cannot make adaptiveScheduler";
  needOptions(action, "options", options);
  const { idleBudgetMs } = options;
  if (idleBudgetMs !== undefined) needNumber(action, "idleBudgetMs", idleBudgetMs, 0, false);
  return new AdaptiveScheduler(idleBudgetMs);
}

/** What was decided about a shelf, and what from. */
interface ShelfDecision {
  readonly levels: number;
  readonly floor: number;
  readonly seen: LevelSample;
  readonly keepMs: number;
}

class AdaptiveScheduler implements Scheduler {
  readonly name = "adaptive";

  readonly #idleBudgetMs: number | undefined;
  readonly #bypass = new Bypass();
  readonly #election = new Election();
  readonly #gauge = new PressureGauge();
  readonly #threshold = new Threshold();
  readonly #gaps: Map<string | undefined, LevelGaps> = new Map([[undefined, new LevelGaps()]]);
  /** The collector's time and the bytes allocated, decayed. */
  #gcUs = 0;
  #gcBytes = 0;
  #allocated: number | undefined;
  #busyTicks = 0;
  #last:
    | {
      readonly sample: Sample;
      readonly lambdaMs: number;
      readonly pressure: Pressure;
      readonly share: number;
      readonly shelves: ReadonlyMap<string | undefined, ShelfDecision>;
    }
    | undefined;

  constructor(idleBudgetMs: number | undefined) {
    this.#idleBudgetMs = idleBudgetMs;
  }

  decide(sample: Sample): Adjustment {
    const lambdaMs = this.#lambda(sample);
    const elected = this.#election.decide(sample.tags);
    for (const tag of this.#gaps.keys()) {
      if (tag !== undefined && !elected.has(tag)) this.#gaps.delete(tag);
    }
    const shelves = new Map<string | undefined, ShelfDecision>();
    const main = this.#decideShelf(undefined, sample, sample, lambdaMs, shelves);
    const own = new Map<string, ShelfAdjustment>();
    for (const tag of elected.keys()) {
      const seen = sample.shelves.find((shelf) => shelf.tag === tag);
      // A shelf that was earned just now has shown no demand yet.
      own.set(
        tag,
        seen === undefined
          ? {}
          : this.#decideShelf(tag, seen, sample, lambdaMs * this.#thrift(tag), shelves),
      );
    }
    // A pool may have no room for a shelf beside the main one, which must then take what would lie there.
    const isShelved = shelves.size === elected.size + 1;
    const objectBytes = isShelved ? this.#election.objectBytes : undefined;
    const share = shareOf(sample.heap?.usedBytes, sample.memoryLimit) ??
      Math.min(MOST_BUDGET_SHARE, shareOf(sample.bytes, sample.maxBytes) ?? 0);
    const pressure = this.#gauge.read(share);
    const { bareUs, createUs, maxCreatesPerSecond, tags } = sample;
    const collectUs = this.#collectUs(sample);
    // To allocate is no choice where creations are limited.
    const bypass = maxCreatesPerSecond === undefined
      ? [...this.#bypass.decide(tags, createUs, collectUs, bareUs).keys()]
      : [];
    const youngS = this.#threshold.update(sample.misses * (sample.createUs ?? 1));
    this.#last = { sample, lambdaMs, pressure, share, shelves };
    return {
      ...main,
      ...(objectBytes === undefined ? {} : { objectBytes }),
      shelves: own,
      youngMs: youngS * 1000,
      pressure,
      bypass,
      probe: this.#isProbeDue(sample),
    };
  }

  explain(): readonly Decision[] {
    const last = this.#last;
    if (last === undefined) return [];
    const { sample, lambdaMs, pressure, share, shelves } = last;
    const decisions: Decision[] = [];
    for (const [tag, { levels, floor, seen, keepMs }] of shelves) {
      const where = tag === undefined ? "main shelf" : `shelf ${tag}`;
      const kept = Math.max(0, levels - seen.leased);
      decisions.push({
        about: where,
        decision: `keep ${kept} idle objects`,
        because: kept === 0
          ? "no idle level is used again soon enough to be worth its time"
          : `up to level ${levels} the idle gaps cost less than creations, at ${keepMs} ms a level`,
        inputs: {
          leased: seen.leased,
          peak: seen.peak,
          pinned: floor,
          keepMs,
          lambdaMs,
        },
      });
      const targets = this.#targets(seen, levels);
      for (const [i, { name, idle, target, maxSize }] of seen.generations.entries()) {
        decisions.push({
          about: `${where}, generation ${name}`,
          decision: `keep up to ${targets[i]!}`,
          because: "what lies above a band counts against the levels that are kept",
          inputs: { idle, target, maxSize },
        });
      }
    }
    decisions.push({
      about: "pressure",
      decision: pressure,
      because: sample.heap !== undefined && sample.memoryLimit !== undefined
        ? "heap in use by its limit"
        : "the heap is hidden or has no limit: idle bytes by the byte budget",
      inputs: { share },
    });
    for (const [tag, bits] of this.#election.elected) {
      if (!shelves.has(tag)) continue;
      decisions.push({
        about: `tag ${tag}`,
        decision: "has a shelf of its own",
        because: "to know the tag tells about the size of its objects",
        inputs: { gainBits: bits },
      });
    }
    for (const [tag, { allocateUs, poolUs }] of this.#bypass.chosen) {
      decisions.push({
        about: `tag ${tag}`,
        decision: "is not pooled",
        because: "to allocate was measured to be cheaper than to acquire, reset and release",
        inputs: { allocateUs, poolUs },
      });
    }
    const { seconds, improvement, variance } = this.#threshold;
    decisions.push({
      about: "threshold",
      decision: `the youngest generation ends at ${seconds * 1000} ms`,
      because:
        "the relative drop in miss cost since the last tick, and the variance of its changes",
      inputs: { thresholdMs: seconds * 1000, improvement, variance },
    });
    return decisions;
  }

  #decideShelf(
    tag: string | undefined,
    seen: LevelSample,
    { now, elapsedMs }: Sample,
    lambdaMs: number,
    decisions: Map<string | undefined, ShelfDecision>,
  ): ShelfAdjustment {
    let gaps = this.#gaps.get(tag);
    if (gaps === undefined) this.#gaps.set(tag, gaps = new LevelGaps());
    const { leased, peak, hotLevels, oldLevels } = seen;
    gaps.look({ now, elapsedMs, leased, peak });
    const levels = gaps.worth(lambdaMs, Math.max(1, elapsedMs));
    // Heat protects from pressure, and keeps nothing that is not worth its time: simulated, a pin of
    // its own cost up to 3 % and paid nowhere.
    const floor = Math.min(hotLevels, oldLevels, levels);
    decisions.set(tag, { levels, floor, seen, keepMs: gaps.keepMs(levels) });
    return { targets: this.#targets(seen, levels), floor };
  }

  /**
   * How much shorter λ is where objects are larger: the price of idling grows with their bytes, that
   * of a creation more slowly (4 KB → 64 KB: 0.7 → 2.5 µs, measured).
   */
  #thrift(tag: string): number {
    const factor = this.#election.sizeRatio(tag) ** (CREATION_POWER - 1);
    return Math.max(1 / REFINED, Math.min(1, factor));
  }

  /** A band keeps the levels that reach down to it: what lies above it counts against them. */
  #targets({ generations, leased }: LevelSample, levels: number): number[] {
    const targets: number[] = [];
    let above = leased;
    for (const { idle } of generations) {
      targets.push(Math.max(0, levels - above));
      above += idle;
    }
    return targets;
  }

  /** λ: as it was given, or refined by what a creation costs and an object weighs. */
  #lambda(sample: Sample): number {
    const { createUs } = sample;
    if (this.#idleBudgetMs !== undefined) return this.#idleBudgetMs;
    if (createUs === undefined) return DEFAULT_LAMBDA_MS;
    const size = Math.max(1, sample.unitBytes ?? meanBytes(sample) ?? USUAL.bytes);
    const factor = (createUs / USUAL.createUs) / (size / USUAL.bytes);
    return DEFAULT_LAMBDA_MS * Math.max(1 / REFINED, Math.min(1, factor));
  }

  /** What the collector takes for an object, by its bytes, where the runtime tells enough. */
  #collectUs(sample: Sample): number | undefined {
    const { gc, heap, tags, unitBytes } = sample;
    const allocated = heap?.allocatedBytes;
    const more = (allocated ?? NaN) - (this.#allocated ?? NaN);
    this.#allocated = allocated;
    const us = (gc.pauseMs ?? NaN) * 1000;
    if (!(more >= 0 && more < Infinity && us >= 0 && us < Infinity)) return undefined;
    const kept = 1 - 1 / GC_TICKS;
    this.#gcUs = this.#gcUs * kept + us;
    this.#gcBytes = this.#gcBytes * kept + more;
    const bytes = unitBytes ?? meanBytes(sample);
    const perByte = this.#gcUs / this.#gcBytes;
    // Without `sizeOf` the bytes are made up.
    const isSized = unitBytes !== undefined || tags.some(({ sizesKb }) => sizesKb !== undefined);
    return isSized && bytes !== undefined && Number.isFinite(perByte) ? perByte * bytes : undefined;
  }

  /** Whether creations are to be measured: until their cost is known, then now and then. */
  #isProbeDue({ acquires, createUs, tags }: Sample): boolean {
    if (acquires === 0) return false;
    // Where the clock shows nothing else, it would not show this.
    if (createUs === undefined) return tags.some(({ releaseUs }) => releaseUs !== undefined);
    return ++this.#busyTicks % PROBE_TICKS === 0;
  }
}

/** What an idle object weighs, where one is idle. */
function meanBytes({ bytes, generations }: Sample): number | undefined {
  let idle = 0;
  for (const generation of generations) idle += generation.idle;
  return idle > 0 ? bytes / idle : undefined;
}
