/**
 * What the adapters read of the runtimes' globals, and only when asked to: a module that looks at
 * its runtime while it loads cannot be bundled for another one.
 *
 * @module
 */

/** The globals that some runtime lacks. */
interface Globals {
  readonly Bun?: unknown;
  readonly Deno?: { unrefTimer?(id: number): void };
  readonly navigator?: { readonly userAgent?: string };
  readonly performance?: { now(): number };
  readonly process?: Process;
  readonly FinalizationRegistry?: typeof FinalizationRegistry;
  reportError?(error: unknown): void;
}

/** The part of Node's `process` that is used here. */
interface Process {
  readonly versions?: Readonly<Record<string, string | undefined>>;
  emitWarning?(warning: Error | string): void;
  getBuiltinModule?(name: "node:v8"): V8Module | undefined;
  memoryUsage?(): { readonly heapUsed: number; readonly arrayBuffers?: number };
}

/** The part of `node:v8` that is used here. */
export interface V8Module {
  readonly GCProfiler?: new () => GcProfiler;
  getHeapStatistics(): {
    readonly used_heap_size: number;
    readonly heap_size_limit: number;
    readonly external_memory?: number;
    readonly total_allocated_bytes?: number;
  };
}

/** A recorder of collections, idle until started. */
export interface GcProfiler {
  start(): void;
  /** What was recorded since the start; `undefined` where it was not started. */
  stop(): { readonly statistics?: readonly GcRecord[] } | undefined;
}

/** A recorded collection, or a step of one. */
export interface GcRecord {
  readonly gcType: string;
  /** Its time, in a unit that depends on the runtime. */
  readonly cost: number;
  readonly beforeGC?: HeapRecord;
  readonly afterGC?: HeapRecord;
}

/** The heap beside a recorded collection. */
interface HeapRecord {
  readonly heapStatistics?: { readonly usedHeapSize?: number };
}

/** The globals of this runtime. */
export function globals(): Globals {
  return globalThis as unknown as Globals;
}

/** Whether this is Cloudflare Workers, which pass for Node as well. */
export function isWorkers(): boolean {
  return globals().navigator?.userAgent === "Cloudflare-Workers";
}

let v8: V8Module | undefined;

/** The `node:v8` of this runtime, without an import that others could not load. */
export function v8Module(): V8Module | undefined {
  // Kept, because each look-up costs as much as the reading it is for.
  return v8 ??= globals().process?.getBuiltinModule?.("node:v8");
}

/** Milliseconds from a fixed point. */
export function now(): number {
  const { performance } = globals();
  return performance ? performance.now() : Date.now();
}

/** Runs `callback` once, without keeping the process alive. Returns what cancels it. */
export function defer(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  unref(timer);
  return () => clearTimeout(timer);
}

/** Runs `callback` once, in the request that asks for it. Returns what cancels it. */
export function timeout(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** Runs `callback` again and again, without keeping the process alive. Returns what ends it. */
export function repeat(callback: () => void, periodMs: number): () => void {
  const timer = setInterval(callback, periodMs);
  unref(timer);
  return () => clearInterval(timer);
}

/** A timer is an object with `unref` on Node and Bun, a number elsewhere, either on Deno. */
function unref(timer: unknown): void {
  if (typeof timer === "number") globals().Deno?.unrefTimer?.(timer);
  else (timer as { unref?(): void }).unref?.();
}
