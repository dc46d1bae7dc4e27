/**
 * The slow half of a pool: everything but a hit.
 *
 * The account it keeps: `live = created − Σ discarded`; `in use = live − idle`, of which `limbo`
 * waits for guards. Since the shelf knows its lowest point, the peak of objects in use since the
 * last tick is `live − lowest`, folded into `#peak` before `live` changes.
 *
 * @module
 */

import { PoolError, type PoolErrorCode, show } from "./error.ts";
import { planEviction } from "./eviction.ts";
import { type GcReading, noGc } from "./gc.ts";
import { cascade, type GenerationOptions } from "./generation.ts";
import type { Limbo, Waiting } from "./guard.ts";
import { type HeatOptions, LevelHeat, OLD_CYCLES, tagHeat } from "./heat.ts";
import type { HeapReading, Host } from "./host.ts";
import type { Pressure } from "./pressure.ts";
import { Sampling } from "./sampling.ts";
import { type Adjustment, faultOf, type Sample, type Scheduler } from "./scheduler.ts";
import { Shelf } from "./shelf.ts";
import { addSlot, DISCARDED, FIRST_HOLDER, IDLE, LIMBO, type Slot, slotOf } from "./slot.ts";
import { DISCARD_REASONS, type DiscardReason, type PoolStats, type TagStats } from "./stats.ts";
import { needTagName, type TagCore, TagHandle } from "./tag.ts";

/** What a core needs, checked and complete. */
export interface CoreOptions<T extends object> {
  readonly name: string;
  readonly create: () => T;
  readonly reset: (object: T) => void;
  readonly dispose: ((object: T) => void) | undefined;
  readonly sizeOf: ((object: T) => number) | undefined;
  readonly generations: readonly GenerationOptions[];
  /** Whether a user gave the ceilings. */
  readonly hasOwnCeilings: boolean;
  readonly scheduler: Scheduler;
  readonly host: Host;
  readonly maxBytes: number;
  readonly memoryLimit: number | undefined;
  readonly maxTags: number;
  readonly maxLimbo: number;
  readonly cycleMs: number;
  readonly tickMs: number;
  readonly heat: Required<HeatOptions>;
  readonly guard: "throw" | "report" | "off";
  readonly onError: (error: Error) => void;
}

/** What an object counts where its size is not known, in bytes. */
export const UNKNOWN_SIZE = 4096;
/** The most disposals of one tick. */
const MAX_DISPOSALS = 1024;
/** The most objects that a generation may hold where nobody gave a ceiling. */
const MAX_CEILING = 2 ** 22;
/** How soon a tick with a backlog is followed by the next, in ms. */
const BACKLOG_MS = 16;
/** The least length of a cycle that a collection ends, in ms. */
const MIN_CYCLE_MS = 2000;

/** No two tags of a process share a number: that is what makes a foreign object foreign. */
let nextHolder = FIRST_HOLDER;

/** The slow half of a pool. */
export class Core<T extends object> implements TagCore<T>, Limbo<T> {
  readonly options: CoreOptions<T>;
  readonly shelf: Shelf<T> = new Shelf<T>();
  readonly untagged: TagHandle<T>;
  closed = false;

  readonly #tags = new Map<string, TagHandle<T>>();
  readonly #holders = new Map<number, TagHandle<T>>();
  readonly #other: TagHandle<T>;
  readonly #sampling: Sampling;
  readonly #heat: LevelHeat;
  readonly #ttls: readonly number[];
  #ceilings: readonly number[];
  #room = 0;
  #targets: number[];
  #floor = 0;
  #pressure: Pressure = "none";
  /** Why nothing is retained, if nothing is. */
  #refusal: "pressure" | "bypass" | undefined;

  #created = 0;
  #live = 0;
  #limbo = 0;
  #peak = 0;
  #misuses = 0;
  readonly #discarded = Object.fromEntries(DISCARD_REASONS.map((r) => [r, 0])) as Record<
    DiscardReason,
    number
  >;

  #now = 0;
  #ticks = 0;
  #cycle = 0;
  #cycleStart = 0;
  #ticking = false;
  #backlog = 0;
  #cancelTick: (() => void) | undefined;

  constructor(options: CoreOptions<T>) {
    this.options = options;
    this.#ceilings = options.generations.map((generation) => generation.maxSize);
    this.#ttls = options.generations.map(({ ttlMs }) => ttlMs === 0 ? Infinity : ttlMs);
    this.#targets = [...this.#ceilings];
    if (options.sizeOf !== undefined) this.shelf.maxBytes = options.maxBytes;
    this.#measureRoom();
    this.#heat = new LevelHeat(options.heat);
    this.#sampling = new Sampling(nextHolder * 0x9e3779b9);
    this.untagged = this.#newTag("(untagged)");
    this.#other = this.#newTag("(other)");
    this.#now = this.#cycleStart = options.host.now();
  }

  /** Finds or makes the tag of a name; past `maxTags` all share one. */
  tag(name: string): TagHandle<T> {
    const known = this.#tags.get(name);
    if (known !== undefined) return known;
    if (this.#tags.size >= this.options.maxTags) return this.#other;
    const tag = this.#newTag(name);
    this.#tags.set(name, tag);
    return tag;
  }

  #newTag(name: string): TagHandle<T> {
    const { reset, sizeOf } = this.options;
    const tag = new TagHandle(
      name,
      nextHolder,
      this,
      this.shelf,
      reset,
      sizeOf,
      this.#sampling.nextGap(),
    );
    this.#holders.set(nextHolder, tag);
    nextHolder += 2;
    return tag;
  }

  // --- leases -------------------------------------------------------------------------------

  /** Throws if the pool is closed. */
  needOpen(action: string): void {
    if (!this.closed) return;
    this.#misuses++;
    throw new PoolError(
      "closed",
      `${action}: the pool must be open: received a closed one (${show(this.options.name)})`,
    );
  }

  /** Pops where the shelf was never so low before, creates where it is empty, and times a lease. */
  takeSlow(tag: TagHandle<T>, holder: number): Slot<T> {
    const { shelf } = this;
    // The fast path counts a lease down only after its first compare has passed.
    const isCounted = shelf.top - 1 >= shelf.low;
    const isTimed = isCounted || --tag.left === 0;
    let since = 0;
    if (isTimed) {
      tag.acquiresBefore += tag.period;
      tag.left = tag.period = this.#sampling.nextGap();
      since = this.options.host.now();
      this.#tickIfDue(since);
    }
    try {
      this.needOpen("Cannot acquire from Pool");
      const slot = shelf.idle > 0 ? this.#pop() : this.#create(tag);
      slot.holder = isTimed ? -holder : holder;
      slot.since = since;
      return slot;
    } catch (error) {
      tag.acquiresBefore--;
      throw error;
    }
  }

  #pop(): Slot<T> {
    const { shelf } = this;
    const slot = shelf.slots[--shelf.top]!;
    shelf.slots[shelf.top] = undefined;
    if (shelf.top < shelf.low) shelf.low = shelf.top;
    shelf.bytes -= slot.size;
    return slot;
  }

  #create(tag: TagHandle<T> | undefined): Slot<T> {
    const action = tag === undefined ? "Cannot prewarm Pool" : "Cannot acquire from Pool";
    let object: T;
    try {
      object = this.options.create();
    } catch (cause) {
      throw new PoolError(
        "create",
        `${action}: create must not throw: received ${show(cause)}`,
        cause,
      );
    }
    const kind = typeof object;
    const isPromise = (kind === "object" || kind === "function") && object !== null &&
      typeof (object as { then?: unknown }).then === "function";
    if ((kind !== "object" && kind !== "function") || object === null || isPromise) {
      throw new PoolError(
        "create",
        `${action}: create must return an object: received ${
          isPromise ? "a promise" : show(object)
        }`,
      );
    }
    const former = slotOf(object);
    if (former !== undefined && former.holder !== DISCARDED) {
      throw new PoolError(
        "create",
        `${action}: create must return a new object: received one that is in a pool already`,
      );
    }
    const slot = addSlot(object, this);
    slot.size = 0;
    this.#created++;
    this.#live++;
    if (this.closed) {
      // create itself closed the pool.
      this.#discard(slot, "closed");
      this.needOpen(action);
    }
    if (tag !== undefined) {
      tag.misses++;
      this.#peak = Math.max(this.#peak, this.#live - this.shelf.idle);
    }
    if (this.#created === 1) this.#sizeCeilings(object);
    if (this.#cancelTick === undefined) this.#deferTick();
    return slot;
  }

  /** Tells a timed lease, another tag's lease and the kinds of misuse apart. */
  releaseSlow(object: T, tag?: TagHandle<T>): void {
    const action = "Cannot release to Pool";
    const slot = slotOf<T>(object);
    if (slot === undefined || slot.owner !== this) {
      const received = slot === undefined ? show(object) : "an object of another pool";
      return this.misuse(
        "foreign",
        `${action}: the object must come from this pool: received ${received}`,
      );
    }
    const owner = this.#releasable(action, slot);
    if (owner !== undefined) (tag ?? owner).put(slot);
  }

  /** The tag that holds a slot in a raw lease; anything else is a misuse. */
  #releasable(action: string, slot: Slot<T>): TagHandle<T> | undefined {
    const holder = Math.abs(slot.holder);
    const owner = this.#holders.get(holder);
    if (owner !== undefined) {
      if (slot.holder < 0) this.#learnHold(owner, slot);
      return owner;
    }
    if (holder === IDLE || holder === DISCARDED) {
      const state = holder === IDLE ? "released" : "discarded";
      this.misuse("double", `${action}: the object must be leased: received one already ${state}`);
    } else {
      const by = holder === LIMBO ? "a guard" : "a lease or with()";
      this.misuse(
        "leased",
        `${action}: the object must be released by its holder: received one held by ${by}`,
      );
    }
    return undefined;
  }

  /** Ends a stamped lease that is timed; anything else is stale. */
  endSlow(tag: TagHandle<T>, slot: Slot<T>, stamp: number): void {
    if (slot.stamp === stamp && slot.holder === -(tag.id + 1)) {
      this.#learnHold(tag, slot);
      return tag.put(slot);
    }
    this.misuse("stale", "Cannot end lease: it must not have ended: received an ended one");
  }

  #learnHold(tag: TagHandle<T>, slot: Slot<T>): void {
    tag.holds.add(this.options.host.now() - slot.since);
  }

  /** Discards what could not be reset or measured, and says so. */
  callbackFailed(slot: Slot<T>, code: "reset" | "sizeOf", cause: unknown): never {
    // A reset that closed the pool, or released its object, has not been here twice: the slot is
    // idle until it is discarded.
    this.#discard(slot, "invalid");
    throw new PoolError(
      code,
      `Cannot release to Pool: ${code} must not throw: received ${show(cause)}`,
      cause,
    );
  }

  /** Discards what the shelf has no room for. */
  refuse(slot: Slot<T>, size: number): void {
    if (!isSize(size)) {
      this.#discard(slot, "invalid");
      throw new PoolError(
        "sizeOf",
        `Cannot release to Pool: sizeOf must return bytes, a finite number of at least 0: received ${
          show(size)
        }`,
      );
    }
    this.#discard(slot, this.#reasonToRefuse());
  }

  #reasonToRefuse(): DiscardReason {
    if (this.closed) return "closed";
    if (this.#refusal !== undefined) return this.#refusal;
    return this.shelf.idle >= sum(this.#ceilings) ? "full" : "budget";
  }

  /** Where nobody gave ceilings, the first object tells how many fit into the byte budget. */
  #sizeCeilings(first: T): void {
    const { sizeOf, maxBytes, hasOwnCeilings } = this.options;
    if (sizeOf === undefined || hasOwnCeilings) return;
    let size: number;
    try {
      size = sizeOf(first);
    } catch {
      // The first release will say so, to somebody who can do something about it.
      return;
    }
    if (!isSize(size)) return;
    const fits = ceilingFor(maxBytes, size);
    this.#ceilings = this.#ceilings.map(() => fits);
    this.#targets = [...this.#ceilings];
    this.#measureRoom();
  }

  #measureRoom(): void {
    const { sizeOf, maxBytes } = this.options;
    const ceiling = sum(this.#ceilings);
    this.#room = sizeOf === undefined
      ? Math.min(ceiling, Math.floor(maxBytes / UNKNOWN_SIZE))
      : ceiling;
    if (this.#refusal === undefined) this.shelf.room = this.#room;
  }

  #discard(slot: Slot<T>, reason: DiscardReason): void {
    this.#foldPeak();
    this.#live--;
    this.#drop(slot, reason);
  }

  #drop(slot: Slot<T>, reason: DiscardReason): void {
    slot.holder = DISCARDED;
    const { dispose } = this.options;
    // A limbo that overflows cannot wait, yet somebody may still be reading the object.
    if (dispose !== undefined && reason !== "limbo") {
      try {
        dispose(slot.object);
      } catch (cause) {
        reason = "error";
        this.report(
          new PoolError(
            "dispose",
            `Cannot discard from Pool: dispose must not throw: received ${show(cause)}`,
            cause,
          ),
        );
      }
    }
    this.#discarded[reason]++;
  }

  // --- limbo --------------------------------------------------------------------------------

  /** Moves a raw lease into limbo; `undefined` where it is no lease, or limbo is full. */
  enterLimbo(object: T, name: string | undefined): Waiting<T> | undefined {
    const action = "Cannot release through Guard";
    if (name !== undefined) needTagName(action, name);
    const slot = slotOf<T>(object);
    if (slot === undefined || slot.owner !== this) {
      this.misuse(
        "foreign",
        `${action}: the object must come from this pool: received ${show(object)}`,
      );
      return undefined;
    }
    const owner = this.#releasable(action, slot);
    if (owner === undefined) return undefined;
    if (this.#limbo >= this.options.maxLimbo) {
      this.#discard(slot, "limbo");
      return undefined;
    }
    slot.holder = LIMBO;
    this.#limbo++;
    return { tag: name === undefined ? owner : this.tag(name), slot };
  }

  /** Takes an object out of limbo and releases it. */
  leaveLimbo(tag: TagHandle<T>, slot: Slot<T>): void {
    this.#limbo--;
    tag.put(slot);
  }

  // --- errors -------------------------------------------------------------------------------

  /** Counts a misuse and does with it what the pool was told to. */
  misuse(code: PoolErrorCode, message: string): void {
    this.#misuses++;
    const error = new PoolError(code, message);
    if (this.options.guard === "throw") throw error;
    if (this.options.guard === "report") this.report(error);
  }

  /** Tells an error that no caller can be given. */
  report(error: unknown): void {
    try {
      this.options.onError(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // What reports errors must not make any.
    }
  }

  // --- ticks --------------------------------------------------------------------------------

  #dueMs(): number {
    return this.#backlog > 0 ? Math.min(BACKLOG_MS, this.options.tickMs) : this.options.tickMs;
  }

  #tickIfDue(now: number): void {
    if (now - this.#now >= this.#dueMs()) this.tick();
  }

  /** Runs a tick if one is due. */
  poll(): void {
    this.#tickIfDue(this.options.host.now());
  }

  /** Has the host run the next tick. A pool that nobody holds any more stops ticking by itself. */
  #deferTick(): void {
    const { host } = this.options;
    const self = new WeakRef(this);
    this.#cancelTick = host.defer(() => {
      const core = self.deref();
      if (core === undefined) host.close();
      else core.#deferredTick();
    }, this.#dueMs());
  }

  #deferredTick(): void {
    this.#cancelTick = undefined;
    if (this.closed) return;
    // A deferred callback may come a little before its time.
    this.#tickIfDue(this.options.host.now() + 1);
    if (this.#live > 0 && !this.closed) this.#deferTick();
  }

  /** Samples, asks the scheduler, and evicts. */
  tick(): void {
    if (this.closed || this.#ticking) return;
    this.#ticking = true;
    try {
      this.#tick();
    } finally {
      this.#ticking = false;
    }
  }

  #tick(): void {
    const { host, scheduler } = this.options;
    const before = this.#now;
    // A clock that jumps back stands still instead: ages never shrink.
    this.#now = Math.max(before, finite(host.now()) ?? before);
    this.#ticks++;
    this.#sampling.tick();
    this.#foldPeak();
    const peak = this.#peak;
    this.#heat.tick(peak);
    this.shelf.settle(this.#now, this.#cycle);
    this.#peak = this.#live - this.shelf.idle;
    const gc = this.#readGc();
    const cycleEnded = this.#endCycle(gc);
    const sample = this.#sample(peak, gc, this.#readHeap(), this.#now - before, cycleEnded);
    const adjustment = this.#decide(scheduler, sample);
    if (adjustment !== undefined) this.#apply(adjustment);
    this.#evict();
  }

  #foldPeak(): void {
    this.#peak = Math.max(this.#peak, this.#live - this.shelf.lowest);
  }

  #readGc(): GcReading {
    try {
      return this.options.host.gc();
    } catch (error) {
      this.report(error);
      return noGc;
    }
  }

  #readHeap(): HeapReading | undefined {
    try {
      const heap = this.options.host.heap();
      return finite(heap?.usedBytes) === undefined ? undefined : heap;
    } catch (error) {
      this.report(error);
      return undefined;
    }
  }

  /** Ends the cycle at a major collection, or when it has lasted long enough. */
  #endCycle(gc: GcReading): boolean {
    const lasted = this.#now - this.#cycleStart;
    if (lasted < this.options.cycleMs && !(gc.major > 0 && lasted >= MIN_CYCLE_MS)) return false;
    this.#cycleStart = this.#now;
    this.#cycle++;
    this.#heat.cycle(this.#live);
    for (const tag of this.#holders.values()) {
      tag.heat = tagHeat(
        tag.heat,
        tag.acquires - tag.seen.cycle,
        this.options.heat.decayRate,
      );
      tag.seen.cycle = tag.acquires;
      tag.holds.decay(0.5);
    }
    return true;
  }

  #sample(
    peak: number,
    gc: GcReading,
    heap: HeapReading | undefined,
    elapsedMs: number,
    cycleEnded: boolean,
  ): Sample {
    const { generations, maxBytes, memoryLimit, heat, host } = this.options;
    let acquires = 0;
    let misses = 0;
    const tags = [];
    for (const tag of this.#holders.values()) {
      const since = {
        acquires: tag.acquires - tag.seen.acquires,
        misses: tag.misses - tag.seen.misses,
      };
      tag.seen.acquires = tag.acquires;
      tag.seen.misses = tag.misses;
      acquires += since.acquires;
      misses += since.misses;
      if (tag.acquires === 0) continue;
      const holdMs = tag.holds.quantile(0.5);
      tags.push({
        name: tag.name,
        ...since,
        heat: tag.heat,
        hot: tag.heat >= heat.tagUses,
        ...(holdMs === undefined ? {} : { holdMs }),
      });
    }
    const ages = this.#ages();
    const limit = memoryLimit ?? finite(heap?.limitBytes) ?? host.memoryLimit;
    return {
      now: this.#now,
      elapsedMs,
      cycle: this.#cycle,
      cycleEnded,
      acquires,
      misses,
      leased: this.#live - this.shelf.idle,
      peak,
      live: this.#live,
      hotLevels: this.#heat.hot,
      oldLevels: this.#heat.old,
      generations: generations.map((generation, i) => ({
        ...generation,
        idle: ages[i]!,
        target: this.#targets[i]!,
      })),
      tags,
      bytes: this.#bytes(),
      maxBytes,
      ...(heap === undefined ? {} : { heap }),
      ...(limit === undefined ? {} : { memoryLimit: limit }),
      gc,
    };
  }

  #decide(scheduler: Scheduler, sample: Sample): Adjustment | undefined {
    try {
      const adjustment = scheduler.decide(sample);
      const fault = faultOf(adjustment, this.#ceilings.length);
      if (fault === undefined) return adjustment;
      this.report(new PoolError("scheduler", `Cannot adjust Pool: ${fault}`));
    } catch (cause) {
      this.report(
        new PoolError(
          "scheduler",
          `Cannot adjust Pool: the scheduler must not throw: received ${show(cause)}`,
          cause,
        ),
      );
    }
    return undefined;
  }

  #apply({ targets, floor = 0, pressure = "none", bypass = false }: Adjustment): void {
    if (targets !== undefined) this.#targets = targets.map((target) => Math.floor(target));
    this.#floor = floor;
    this.#pressure = pressure;
    this.#refusal = pressure === "critical" ? "pressure" : bypass ? "bypass" : undefined;
    this.shelf.room = this.#refusal === undefined ? this.#room : 0;
  }

  /** Idle objects per generation by age alone, youngest first. */
  #ages(): number[] {
    // Exclusive: how many are older than this generation's TTL.
    const older = this.#ttls.map((ttl) =>
      ttl === Infinity ? 0 : this.shelf.countWhere((step) => this.#now - step.time >= ttl)
    );
    older[older.length - 1] = 0;
    return older.map((count, i) => (i === 0 ? this.shelf.idle : older[i - 1]!) - count);
  }

  #evict(): void {
    const { shelf } = this;
    let most = MAX_DISPOSALS;
    if (this.#refusal !== undefined) {
      most -= this.#evictOldest(Math.min(shelf.idle, most), this.#refusal);
      this.#backlog = shelf.idle;
    } else {
      most -= this.#evictOldest(Math.min(this.#pressed(this.#pressure), most), "pressure");
      const lastTtl = this.#ttls.at(-1)!;
      const floor = Math.max(0, this.#floor - (this.#live - shelf.idle));
      const plan = planEviction({
        ages: this.#ages(),
        caps: this.#caps(floor),
        expired: shelf.countWhere((step) => this.#now - step.time >= lastTtl),
        unused: shelf.countWhere((step) => this.#cycle - step.cycle > OLD_CYCLES),
        floor,
        most,
      });
      this.#evictOldest(plan.ttl, "ttl");
      this.#evictOldest(plan.unused, "unused");
      this.#evictOldest(plan.cold, "cold");
      this.#backlog = plan.backlog + this.#pressed(this.#pressure);
      this.#targets = this.#caps(floor);
    }
    // What had to wait is shown as what it is: allowed to lie here until the next tick.
    const held = this.#held();
    this.#targets = this.#targets.map((target, i) => Math.max(target, held[i]!));
  }

  /** What each generation may keep: the targets under the ceilings, the oldest raised by the floor. */
  #caps(floor: number): number[] {
    const caps = this.#targets.map((target, i) => Math.min(target, this.#ceilings[i]!));
    let missing = floor - sum(caps);
    for (let i = caps.length - 1; i >= 0 && missing > 0; i--) {
      const more = Math.min(missing, this.#ceilings[i]! - caps[i]!);
      caps[i]! += more;
      missing -= more;
    }
    return caps;
  }

  /** Idle objects per generation: by age, spilled down over targets, and up over ceilings. */
  #held(): number[] {
    const caps = this.#targets.map((target, i) => Math.min(target, this.#ceilings[i]!));
    const down = cascade(this.#ages(), caps);
    const held = down.held;
    held[held.length - 1]! += down.over;
    return cascade(held.toReversed(), this.#ceilings.toReversed()).held.toReversed();
  }

  #evictOldest(count: number, reason: DiscardReason): number {
    if (count <= 0) return 0;
    this.#foldPeak();
    const before = this.shelf.idle;
    this.shelf.evict(count, (slot) => {
      this.#live--;
      this.#drop(slot, reason);
    });
    return before - this.shelf.idle;
  }

  /** How many objects a pressure takes. */
  #pressed(pressure: Pressure): number {
    const { idle } = this.shelf;
    if (pressure === "none") return 0;
    if (pressure === "critical") return idle;
    const ages = this.#ages();
    const kept = pressure === "moderate"
      ? ages.slice(0, -1)
      : ages.slice(0, ages.length > 1 ? 1 : 0);
    const keep = Math.max(
      sum(kept),
      this.#floor - (this.#live - idle),
    );
    return Math.max(0, idle - keep);
  }

  // --- what the owner calls -----------------------------------------------------------------

  /** Gives memory back at once; says how many objects went. */
  trim(pressure: Pressure): number {
    if (this.closed) return 0;
    const count = this.#evictOldest(this.#pressed(pressure), "pressure");
    this.#pressure = pressure;
    if (pressure === "critical") {
      this.#refusal = "pressure";
      this.shelf.room = 0;
    }
    return count;
  }

  /** Creates up to `count` idle objects; says how many there was room for. */
  prewarm(count: number): number {
    this.needOpen("Cannot prewarm Pool");
    const { shelf } = this;
    const now = finite(this.options.host.now()) ?? this.#now;
    this.#foldPeak();
    shelf.settle(now, this.#cycle);
    let made = 0;
    try {
      while (made < count && shelf.top < shelf.limit) {
        const slot = this.#create(undefined);
        slot.size = this.#sizeNew(slot);
        const fits = shelf.bytes + slot.size <= shelf.maxBytes;
        if (!fits || shelf.top >= shelf.limit) {
          this.#discard(slot, fits ? this.#reasonToRefuse() : "budget");
          break;
        }
        shelf.push(slot);
        made++;
      }
    } finally {
      // Looked at again at once, or `live − lowest` would take the new objects for leased.
      shelf.settle(now, this.#cycle);
    }
    return made;
  }

  #sizeNew(slot: Slot<T>): number {
    const { sizeOf } = this.options;
    if (sizeOf === undefined) return 0;
    let size: number;
    try {
      size = sizeOf(slot.object);
    } catch (cause) {
      this.callbackFailed(slot, "sizeOf", cause);
    }
    if (!isSize(size)) this.refuse(slot, size);
    return size;
  }

  /** Disposes of all idle objects and hands out no more. Leased ones go when they come back. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.shelf.room = 0;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    this.#evictOldest(this.shelf.idle, "closed");
    this.options.host.close();
  }

  #bytes(): number {
    const { shelf } = this;
    return this.options.sizeOf === undefined ? shelf.idle * UNKNOWN_SIZE : shelf.bytes;
  }

  /** Takes a snapshot. */
  stats(): PoolStats {
    const { name, host, scheduler, generations, maxBytes } = this.options;
    const { idle } = this.shelf;
    const held = this.#held();
    const tags = [...this.#holders.values()].filter((tag) => tag.acquires > 0);
    const acquires = sum(tags.map((tag) => tag.acquires));
    const misses = sum(tags.map((tag) => tag.misses));
    return {
      name,
      runtime: host.runtime,
      scheduler: scheduler.name,
      created: this.#created,
      live: this.#live,
      leased: this.#live - idle - this.#limbo,
      idle,
      limbo: this.#limbo,
      peak: Math.max(this.#peak, this.#live - this.shelf.lowest),
      acquires,
      hits: acquires - misses,
      misses,
      bytes: this.#bytes(),
      maxBytes,
      ticks: this.#ticks,
      cycles: this.#cycle,
      pressure: this.#pressure,
      bypass: this.#refusal === "bypass",
      hotLevels: this.#heat.hot,
      pinnedLevels: this.#floor,
      misuses: this.#misuses,
      closed: this.closed,
      generations: generations.map(({ name, ttlMs }, i) => ({
        name,
        idle: held[i]!,
        target: this.#targets[i]!,
        maxSize: this.#ceilings[i]!,
        ttlMs,
      })),
      tags: tags.map((tag) => this.#tagStats(tag)),
      discarded: { ...this.#discarded },
    };
  }

  #tagStats(tag: TagHandle<T>): TagStats {
    const p50 = tag.holds.quantile(0.5);
    const p99 = tag.holds.quantile(0.99);
    return {
      name: tag.name,
      acquires: tag.acquires,
      hits: tag.acquires - tag.misses,
      misses: tag.misses,
      heat: tag.heat,
      hot: tag.heat >= this.options.heat.tagUses,
      ...(p50 === undefined || p99 === undefined ? {} : { holdMs: { p50, p99 } }),
    };
  }
}

/** A figure of a host, or `undefined` for anything that is not one. */
function finite(figure: number | undefined): number | undefined {
  return Number.isFinite(figure) ? figure : undefined;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** How many objects of `size` bytes fit into a budget; never so many that the stack itself is a burden. */
export function ceilingFor(maxBytes: number, size: number): number {
  return Math.min(MAX_CEILING, Math.floor(maxBytes / Math.max(1, size)));
}

function isSize(size: number): boolean {
  return size >= 0 && size <= Number.MAX_SAFE_INTEGER;
}
