/**
 * An adaptive generational object pool for Deno, Bun and Cloudflare Workers.
 *
 * @module
 */

export { adaptiveScheduler, type AdaptiveSchedulerOptions } from "./src/adaptive_scheduler.ts";
export { detectHost } from "./src/adapter/detect.ts";
export { PoolError, type PoolErrorCode } from "./src/error.ts";
export type { Explanation, TagExplanation } from "./src/explanation.ts";
export { fixedScheduler } from "./src/fixed_scheduler.ts";
export type { GcEvent, GcReading } from "./src/gc.ts";
export { ancestorGenerations, type GenerationOptions } from "./src/generation.ts";
export type { Guard } from "./src/guard.ts";
export type { HeatOptions } from "./src/heat.ts";
export type { Histogram } from "./src/histogram.ts";
export { memoryLimitOf } from "./src/memory_limit.ts";
export { SharedHost } from "./src/shared_host.ts";
export { type HeapReading, type Host, inertHost } from "./src/host.ts";
export type { Lease } from "./src/lease.ts";
export { type GuardMode, Pool, type PoolOptions } from "./src/pool.ts";
export type { Pressure } from "./src/pressure.ts";
export type {
  Adjustment,
  Decision,
  GenerationSample,
  LevelSample,
  Sample,
  Scheduler,
  ShelfAdjustment,
  ShelfSample,
  TagSample,
} from "./src/scheduler.ts";
export {
  type DiscardReason,
  discardReasons,
  type GenerationStats,
  type PoolStats,
  type TagStats,
} from "./src/stats.ts";
export type { Snapshot, TagSketch } from "./src/snapshot.ts";
export type { Tag } from "./src/tag.ts";
export type { WaitOptions } from "./src/waiter.ts";
export type { Leak } from "./src/watch.ts";
