/**
 * How much a shelf may hold, and what has to go.
 *
 * @module
 */

import type { Account } from "./account.ts";
import { planEviction } from "./eviction.ts";
import { cascade, type GenerationOptions } from "./generation.ts";
import { OLD_CYCLES } from "./heat.ts";
import type { Pressure } from "./pressure.ts";
import type { GenerationSample, ShelfAdjustment } from "./scheduler.ts";
import { type Shelf, UNBOUNDED } from "./shelf.ts";
import type { DiscardReason, GenerationStats } from "./stats.ts";

/** What an object counts where its size is not known, in bytes. */
export const UNKNOWN_SIZE = 4096;
/** The most objects that a generation may hold where nobody gave a ceiling. */
const MAX_CEILING = 2 ** 22;

/** How many objects of `size` bytes fit; never so many that the stack itself is a burden. */
export function ceilingFor(maxBytes: number, size: number): number {
  return Math.min(MAX_CEILING, Math.floor(maxBytes / Math.max(1, size)));
}

/** What the bounds start from. */
export interface RetentionOptions {
  readonly generations: readonly GenerationOptions[];
  readonly maxBytes: number;
  /** What each object weighs, in bytes; `undefined` where each is measured. */
  readonly unitBytes: number | undefined;
}

/** Why a shelf retains nothing. */
type Refusal = "closed" | "pressure" | "bypass" | "cold";

/** The bounds of a shelf and their enforcement. */
export class Retention<T extends object> {
  readonly #shelf: Shelf<T>;
  readonly #account: Account<T>;
  readonly #options: RetentionOptions;
  readonly #ttls: number[];
  #maxBytes: number;
  /** What each generation may hold. */
  #ceilings: readonly number[];
  /** What it is to hold at most from now on: less, where the shelf has to make room for another. */
  #bounds: readonly number[];
  /** What the scheduler wants each generation to keep. */
  #wanted: readonly number[];
  /** What each may hold until the next tick: the wanted, the pinned, and what had to wait. */
  #targets: readonly number[];
  #floor = 0;
  #pressure: Pressure = "none";
  /** Why nothing is retained, if nothing is. */
  #refusal: Refusal | undefined;
  #backlog = 0;

  constructor(shelf: Shelf<T>, account: Account<T>, options: RetentionOptions) {
    this.#shelf = shelf;
    this.#account = account;
    this.#options = options;
    this.#ttls = options.generations.map(({ ttlMs }) => ttlMs === 0 ? Infinity : ttlMs);
    this.#ceilings =
      this.#bounds =
      this.#wanted =
      this.#targets =
        options.generations.map(({ maxSize }) => maxSize);
    this.#maxBytes = options.maxBytes;
    this.#openRoom();
  }

  /** Objects that had to stay because a tick disposes of a bounded number only. */
  get backlog(): number {
    return this.#backlog;
  }

  /** Recorded size of the idle objects, in bytes. */
  get bytes(): number {
    const { unitBytes } = this.#options;
    return unitBytes === undefined ? this.#shelf.bytes : this.#shelf.idle * unitBytes;
  }

  /** Levels 1 to this are pinned. */
  get floor(): number {
    return this.#floor;
  }

  /** The pressure that was last seen. */
  get pressure(): Pressure {
    return this.#pressure;
  }

  /** Whether the scheduler found pooling not worth while. */
  get bypass(): boolean {
    return this.#refusal === "bypass";
  }

  /** Why the shelf takes no more. */
  get reasonToRefuse(): DiscardReason {
    return this.#refusal ?? (this.#shelf.idle >= sum(this.#bounds) ? "full" : "budget");
  }

  /** The most that each generation may hold. */
  get ceilings(): readonly number[] {
    return this.#ceilings;
  }

  /** Sizes the ceilings by what one object takes. */
  resize(size: number): void {
    const fits = ceilingFor(this.#options.maxBytes, size);
    this.#wanted = this.#targets = this.#ceilings.map(() => fits);
    this.allot(this.#wanted, this.#maxBytes);
  }

  /** Gives the shelf its part of what the pool may hold. */
  allot(
    ceilings: readonly number[],
    maxBytes: number,
    bounds: readonly number[] = ceilings,
  ): void {
    this.#ceilings = ceilings;
    this.#bounds = bounds;
    this.#maxBytes = maxBytes;
    if (this.#refusal === undefined) this.#openRoom();
  }

  /** Moves the end of the youngest generation, as far as the next one's lets it. */
  moveYoung(ttlMs: number): void {
    if (this.#ttls.length > 1 && ttlMs < this.#ttls[1]!) this.#ttls[0] = ttlMs;
  }

  /** Takes over what a scheduler decided. */
  apply(
    { targets, floor = 0, objectBytes = UNBOUNDED }: ShelfAdjustment,
    pressure: Pressure = "none",
    bypass = false,
  ): void {
    this.#shelf.largest = Math.min(objectBytes, UNBOUNDED);
    if (targets !== undefined) this.#wanted = targets.map(Math.floor);
    this.#floor = Math.floor(floor);
    this.#pressure = pressure;
    if (pressure === "critical") this.#refuse("pressure");
    else if (bypass) this.#refuse("bypass");
    else if (this.#refusal !== undefined) this.#openRoom();
  }

  /** Idle objects per generation by age alone, youngest first. */
  ages(now: number): number[] {
    const ages: number[] = [];
    const last = this.#ttls.length - 1;
    let left = this.#shelf.idle;
    for (let i = 0; i <= last; i++) {
      const older = i < last ? this.#expired(i, now) : 0;
      ages.push(left - older);
      left = older;
    }
    return ages;
  }

  /** Evicts what is over the bounds at time `now` in cycle `cycle`, up to `most` objects. */
  evict(now: number, cycle: number, most: number): void {
    let gone: number;
    if (this.#refusal !== undefined) {
      this.#targets = new Array<number>(this.#ttls.length).fill(0);
      gone = this.#account.evict(most, this.#refusal);
      this.#backlog = this.#shelf.idle;
    } else {
      const pressed = Math.min(this.#pressed(this.#pressure, now), most);
      gone = this.#account.evict(pressed, "pressure");
      const floor = Math.max(0, this.#floor - this.#account.inUse);
      this.#targets = this.#caps(floor);
      const plan = planEviction({
        ages: this.ages(now),
        caps: this.#targets,
        expired: this.#expired(this.#ttls.length - 1, now),
        unused: this.#shelf.countUntouched(now, 0, cycle - OLD_CYCLES - 1),
        floor,
        most: most - pressed,
      });
      gone += this.#account.evict(plan.ttl, "ttl");
      gone += this.#account.evict(plan.unused, "unused");
      gone += this.#account.evict(plan.cold, "cold");
      this.#backlog = plan.backlog + this.#pressed(this.#pressure, now);
    }
    if (this.#backlog === 0 && gone === 0) return;
    // What had to wait, or came back from a dispose, is shown as what it is: allowed to lie here until
    // the next tick.
    const held = this.#held(now);
    this.#targets = this.#targets.map((target, i) => Math.max(target, held[i]!));
  }

  /** Gives up what a pressure takes, all at once; says how many objects went. */
  trim(pressure: Pressure, now: number): number {
    // Until the next tick a critical pressure stays one, whatever else is trimmed.
    if (this.#refusal !== "pressure") this.#pressure = pressure;
    const count = this.#account.evict(this.#pressed(pressure, now), "pressure");
    if (pressure === "critical" && this.#refusal !== "closed") this.#refuse("pressure");
    return count;
  }

  /** Takes nothing any more; what lies here is evicted as cold. */
  retire(): void {
    this.#refuse("cold");
  }

  /** Gives and takes nothing any more: every acquire goes the long way, and is refused there. */
  shut(): void {
    this.#account.foldPeak();
    this.#refuse("closed");
    this.#shelf.low = this.#shelf.top;
  }

  /** Gives up everything for good. */
  close(): void {
    this.shut();
    this.#account.evict(this.#shelf.idle, "closed");
    this.#shelf.forgetPopped();
  }

  /** The generations as a snapshot shows them. */
  generations(now: number): GenerationStats[] {
    return this.#show(this.#held(now));
  }

  /** The generations as a scheduler sees them: with the idle objects of their age. */
  sample(now: number): GenerationSample[] {
    return this.#show(this.ages(now));
  }

  #show(counts: readonly number[]): GenerationStats[] {
    const shown: GenerationStats[] = [];
    for (let i = 0; i < counts.length; i++) {
      const { name, ttlMs } = this.#options.generations[i]!;
      shown.push({
        name,
        idle: counts[i]!,
        target: this.#targets[i]!,
        maxSize: this.#ceilings[i]!,
        ttlMs: i === 0 && this.#ttls[0] !== Infinity ? this.#ttls[0]! : ttlMs,
      });
    }
    return shown;
  }

  #refuse(refusal: Refusal): void {
    this.#refusal = refusal;
    this.#shelf.room = 0;
  }

  #openRoom(): void {
    this.#refusal = undefined;
    const ceiling = sum(this.#bounds);
    const { unitBytes } = this.#options;
    if (unitBytes === undefined) {
      this.#shelf.maxBytes = this.#maxBytes;
      this.#shelf.room = ceiling;
    } else {
      // What weighs nothing fits at any time, and 0 / 0 is no number.
      const fits = unitBytes === 0 ? ceiling : Math.floor(this.#maxBytes / unitBytes);
      this.#shelf.room = Math.min(ceiling, fits);
    }
  }

  /** How many objects are older than a generation's TTL. */
  #expired(generation: number, now: number): number {
    const ttl = this.#ttls[generation]!;
    return this.#shelf.countUntouched(now, ttl);
  }

  /** What each generation may keep: targets under ceilings, the oldest raised by the floor. */
  #caps(floor: number): number[] {
    const caps: number[] = [];
    for (let i = 0; i < this.#wanted.length; i++) {
      caps.push(Math.min(this.#wanted[i]!, this.#bounds[i]!));
    }
    let missing = floor - sum(caps);
    for (let i = caps.length - 1; i >= 0 && missing > 0; i--) {
      const more = Math.min(missing, this.#bounds[i]! - caps[i]!);
      caps[i]! += more;
      missing -= more;
    }
    return caps;
  }

  /** Idle objects per generation: by age, spilled down over targets, and up again over ceilings. */
  #held(now: number): number[] {
    const caps = this.#targets.map((target, i) => Math.min(target, this.#ceilings[i]!));
    const { held, over } = cascade(this.ages(now), caps);
    held[held.length - 1]! += over;
    return cascade(held.toReversed(), this.#ceilings.toReversed()).held.toReversed();
  }

  /** How many objects a pressure takes. */
  #pressed(pressure: Pressure, now: number): number {
    const { idle } = this.#shelf;
    if (pressure === "none") return 0;
    if (pressure === "critical") return idle;
    const ages = this.ages(now);
    const kept = pressure === "moderate" || ages.length === 1
      ? ages.slice(0, -1)
      : ages.slice(0, 1);
    const pinned = this.#floor - this.#account.inUse;
    return Math.max(0, idle - Math.max(sum(kept), pinned));
  }
}

function sum(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
