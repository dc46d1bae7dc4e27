/**
 * How long the levels of a shelf lie idle between two uses, and how long it pays to keep them.
 *
 * Under LIFO reuse level k is idle exactly while fewer than k objects are in use, whether or not an
 * object lies there. So the demand at each look tells the idle gaps of all levels, of those that are
 * not retained as well: nothing has to be probed. A level that is idle at a look starts a gap, and
 * the first look after demand has reached it again ends the gap.
 *
 * To keep an idle level for a time T costs `E[g; g <= T] + (T + λ) · P(g > T)` a gap, where λ is how
 * long it may idle for the price of one creation: multi-level ski rental (Lu, Chen & Andrew 2013,
 * "Simple and effective dynamic provisioning for power-proportional data centers"). The T of least
 * cost is learnt for each logarithmic band of levels, from its own gaps.
 *
 * @module
 */

/** Bands of levels an octave, and how many there are: up to four million levels. */
const BANDS_PER_OCTAVE = 2;
const BANDS = 22 * BANDS_PER_OCTAVE + 2;
/** Levels below this one count as this one. */
const DEEPEST = 2 ** 22;
/** Bins of gaps an octave and how many there are: from 128 ms to 18 minutes. */
const BINS_PER_OCTAVE = 4;
const BINS = 13 * BINS_PER_OCTAVE;
const FIRST_EDGE_MS = 128;
/** The upper edges of the bins, and their middles, in ms. */
const EDGES: readonly number[] = Array.from(
  { length: BINS },
  (_, i) => FIRST_EDGE_MS * 2 ** (i / BINS_PER_OCTAVE),
);
const MIDDLES: readonly number[] = EDGES.map((edge) => edge * 2 ** (-0.5 / BINS_PER_OCTAVE));

/** How many gaps of its levels a band remembers. */
const MEMORY = 32;
/** What is believed before anything is known weighs as much as this many gaps. */
const PRIOR = 0.25;
/** The share of the belief that the gaps of all other bands make up, once there are some. */
const POOLED = 0.5;
/** Before anything is known a gap outlasts t ticks with probability (1 + t)^−TAIL (Lomax). */
const TAIL = 0.2;
/** Nothing is kept for longer than this many λ, however its gaps look. */
const MOST_LAMBDAS = 1.6;
/** More runs than this are merged, the deepest first, towards the younger age. */
const MAX_RUNS = 256;

/** Idle levels that were first seen idle at the same look. */
interface Run {
  /** The deepest of them; they reach up to those of the next run, or to the levels in use. */
  readonly depth: number;
  /** When they were first seen idle, in ms. */
  readonly since: number;
}

/** What a shelf's scheduler sees of the demand at a look. */
export interface Demand {
  /** The time, in ms. */
  readonly now: number;
  /** Time since the last look, in ms. */
  readonly elapsedMs: number;
  /** The most objects in use at once since the last look. */
  readonly peak: number;
  /** The objects in use now. */
  readonly leased: number;
}

/** The idle gaps of a shelf's levels. */
export class LevelGaps {
  /** Gaps by band and bin, in shares of the band's levels. */
  readonly #counts: Float64Array = new Float64Array(BANDS * BINS);
  /** The same over all bands. */
  readonly #pooled: Float64Array = new Float64Array(BINS);
  /** How many bands there are up to the deepest of which a gap was learnt. */
  #learnt = 0;
  /** How long a level of each band is worth keeping, in ms. */
  readonly #keepMs: Float64Array = new Float64Array(BANDS);
  /** The idle levels that demand has ever reached, deepest first. */
  #runs: Run[] = [];
  #now = 0;
  #leased = 0;

  /** Looks at the demand, and learns the gaps that have ended. */
  look(demand: Demand): void {
    const { now, elapsedMs } = demand;
    const peak = Math.min(demand.peak, DEEPEST);
    const leased = Math.min(demand.leased, DEEPEST);
    const runs = this.#runs;
    // A touch came at any time since the last look.
    const touched = now - elapsedMs / 2;
    let above = this.#leased;
    for (let run = runs.at(-1); run !== undefined; run = runs.at(-1)) {
      this.#learn(above, Math.min(run.depth, peak), touched - run.since);
      if (run.depth > peak) break;
      above = run.depth;
      runs.pop();
    }
    if (peak > leased) runs.push({ depth: peak, since: now });
    this.#now = now;
    this.#leased = leased;
    if (runs.length > MAX_RUNS) this.#mergeRuns();
  }

  /**
   * Counts the levels that it pays to have, those in use included.
   *
   * @param lambdaMs λ, in ms.
   * @param tickMs The usual time between two looks, in ms.
   * @returns The deepest level that is worth keeping.
   */
  worth(lambdaMs: number, tickMs: number): number {
    this.#decide(lambdaMs, tickMs);
    for (let i = 0; i < this.#runs.length; i++) {
      const { depth, since } = this.#runs[i]!;
      const above = this.#runs[i + 1]?.depth ?? this.#leased;
      const age = this.#now - since;
      for (let level = depth; level > above; level = startOf(bandOf(level)) - 1) {
        if (age < this.#keepMs[bandOf(level)]!) return level;
      }
    }
    return this.#leased;
  }

  /** How long the level is worth keeping, in ms, as `worth` found it last. */
  keepMs(level: number): number {
    return level < 1 ? 0 : this.#keepMs[bandOf(level)]!;
  }

  /** Learns that levels `above + 1` to `depth` were idle for `gapMs`. */
  #learn(above: number, depth: number, gapMs: number): void {
    const bin = binOf(gapMs);
    for (let level = above + 1; level <= depth;) {
      const band = bandOf(level);
      const end = startOf(band + 1);
      const share = (Math.min(depth + 1, end) - level) / (end - startOf(band));
      const first = band * BINS;
      for (let i = first; i < first + BINS; i++) this.#counts[i]! *= 1 - share / MEMORY;
      this.#counts[first + bin]! += share;
      this.#learnt = Math.max(this.#learnt, band + 1);
      level = end;
    }
  }

  /** Finds for each band the time of least cost. */
  #decide(lambdaMs: number, tickMs: number): void {
    const pooled = this.#pooled.fill(0);
    const bands = Math.min(BANDS, bandOf(Math.max(1, this.#runs[0]?.depth ?? 1)) + 1);
    let total = 0;
    for (let i = 0; i < this.#learnt * BINS; i++) {
      pooled[i % BINS]! += this.#counts[i]!;
      total += this.#counts[i]!;
    }
    if (total < 1) {
      // Whoever knows nothing does at most twice as badly as the clairvoyant with this.
      this.#keepMs.fill(lambdaMs);
      return;
    }
    let survival = 1;
    for (let bin = 0; bin < BINS; bin++) {
      const to = bin === BINS - 1 ? 0 : (1 + EDGES[bin]! / tickMs) ** -TAIL;
      const unlearnt = survival - to;
      survival = to;
      const others = total > 1 ? pooled[bin]! / total : unlearnt;
      pooled[bin] = PRIOR * (POOLED * others + (1 - POOLED) * unlearnt);
    }
    for (let band = 0; band < bands; band++) {
      this.#keepMs[band] = this.#cheapest(band * BINS, lambdaMs);
    }
  }

  #cheapest(first: number, lambdaMs: number): number {
    let longer = 0;
    for (let bin = 0; bin < BINS; bin++) longer += this.#pooled[bin]! + this.#counts[first + bin]!;
    let least = longer * lambdaMs;
    let keep = 0;
    let idled = 0;
    for (let bin = 0; bin < BINS && EDGES[bin]! <= MOST_LAMBDAS * lambdaMs; bin++) {
      const gaps = this.#pooled[bin]! + this.#counts[first + bin]!;
      idled += gaps * MIDDLES[bin]!;
      longer -= gaps;
      const cost = idled + longer * (EDGES[bin]! + lambdaMs);
      if (cost < least) {
        least = cost;
        keep = EDGES[bin]!;
      }
    }
    return keep;
  }

  #mergeRuns(): void {
    const half = this.#runs.length >> 1;
    const merged: Run[] = [];
    for (let i = 0; i + 1 < half; i += 2) {
      merged.push({ depth: this.#runs[i]!.depth, since: this.#runs[i + 1]!.since });
    }
    if (half % 2 === 1) merged.push(this.#runs[half - 1]!);
    this.#runs = merged.concat(this.#runs.slice(half));
  }
}

/** The band of a level. */
function bandOf(level: number): number {
  return Math.min(BANDS - 1, Math.floor(Math.log2(level) * BANDS_PER_OCTAVE));
}

/** The first level of a band, if there is one: the first bands hold no integer. */
function startOf(band: number): number {
  return Math.ceil(2 ** (band / BANDS_PER_OCTAVE));
}

function binOf(gapMs: number): number {
  const bin = Math.ceil(Math.log2(gapMs / FIRST_EDGE_MS) * BINS_PER_OCTAVE);
  return Math.max(0, Math.min(BINS - 1, bin));
}
