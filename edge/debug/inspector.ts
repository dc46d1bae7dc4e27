/**
 * What a runtime lets a program see and do of its own engine. What it does not have is absent.
 *
 * Everything is looked for when it is asked for, and none of it at module scope: Workers have none of
 * these modules, and this file must load there too.
 *
 * @module
 */

/** The engine, as far as a runtime shows it. */
export interface Inspector {
  /** Heap in use, in bytes, right after a collection. */
  readonly liveBytes?: () => number;
  /** The same at any time, garbage included, which JavaScriptCore does not count. */
  readonly heapBytes?: () => number;
  /** Has the collector go over the whole heap, now. */
  readonly collect?: () => void;
  /** Writes all objects in V8's format, `.heapsnapshot`: with all secrets that are in memory. */
  readonly heapSnapshot?: () => AsyncIterable<Uint8Array>;
  /** Records collections until the promise settles; returns V8's own record of them. */
  readonly traceCollections?: (end: Promise<void>) => Promise<unknown>;
  /** Records what the processor does until the promise settles; returns a `.cpuprofile`. */
  readonly profile?: (end: Promise<void>) => Promise<unknown>;
  /** What the program must be started with to have `profile`, where it lacks nothing else. */
  readonly profileFlag?: string;
}

/** What is used of `node:v8`, of which some runtimes have a part. */
interface V8 {
  readonly getHeapStatistics?: () => { readonly used_heap_size: number };
  readonly getHeapSnapshot?: () => AsyncIterable<Uint8Array>;
  readonly setFlagsFromString?: (flags: string) => void;
  readonly GCProfiler?: new () => { start(): void; stop(): unknown };
}

/** What is used of `node:inspector`. */
interface SessionModule {
  readonly Session?: new () => Session;
}

interface Session {
  connect(): void;
  disconnect(): void;
  post(method: string, params: object, done: (error: unknown, result: unknown) => void): void;
}

interface BunGlobal {
  gc(force: boolean): void;
  generateHeapSnapshot(format: "v8", encoding: "arraybuffer"): ArrayBuffer;
}

/** Looks for what this runtime has. */
export async function findInspector(): Promise<Inspector> {
  const { Bun } = globalThis as { Bun?: BunGlobal };
  const v8 = await load<V8>(() => import("node:v8"));
  const session = await load<SessionModule>(() => import("node:inspector"));
  const collect = Bun === undefined ? await collectorOf(v8) : () => Bun.gc(true);
  const { getHeapStatistics, GCProfiler } = v8 ?? {};
  // workerd has the functions where it is told to be like Node, and zeros for all that they tell.
  const hasHeap = getHeapStatistics !== undefined && getHeapStatistics().used_heap_size > 0;
  const heapSnapshot = hasHeap ? snapshotOf(Bun, v8) : undefined;
  const hasProfiler = GCProfiler !== undefined && canDo(() => {
    const profiler = new GCProfiler();
    profiler.start();
    profiler.stop();
  });
  const Session = session?.Session;
  const isDenied = Session !== undefined && !mayInspect();
  const hasSession = Session !== undefined && !isDenied && canDo(() => {
    const session = new Session();
    session.connect();
    session.disconnect();
  });
  const bytes = () => getHeapStatistics!().used_heap_size;
  return {
    ...(hasHeap ? { liveBytes: bytes } : {}),
    ...(hasHeap && Bun === undefined ? { heapBytes: bytes } : {}),
    ...(collect === undefined ? {} : { collect }),
    ...(heapSnapshot === undefined ? {} : { heapSnapshot }),
    ...(hasProfiler ? { traceCollections: (end) => traceWith(GCProfiler, end) } : {}),
    ...(hasSession ? { profile: (end) => profileWith(Session, end) } : {}),
    ...(isDenied ? { profileFlag: "--allow-sys" } : {}),
  };
}

/** A module, if this runtime has it. */
async function load<M>(find: () => Promise<unknown>): Promise<Partial<M> | undefined> {
  try {
    return await find() as Partial<M>;
  } catch {
    return undefined;
  }
}

function canDo(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** V8's own collector, which it shows to new contexts once it is told to. */
async function collectorOf(v8: V8 | undefined): Promise<(() => void) | undefined> {
  try {
    v8!.setFlagsFromString!("--expose-gc");
    const vm = await import("node:vm");
    const gc = vm.runInNewContext("gc") as unknown;
    return typeof gc === "function" ? () => void gc() : undefined;
  } catch {
    return undefined;
  }
}

/** Whether Deno may connect an inspector: to try would have it ask on the terminal, and wait. */
function mayInspect(): boolean {
  const { Deno } = globalThis as {
    Deno?: { permissions: { querySync(what: object): { readonly state: string } } };
  };
  try {
    const asked = { name: "sys", kind: "inspector" };
    return Deno === undefined || Deno.permissions.querySync(asked).state === "granted";
  } catch {
    return false;
  }
}

function snapshotOf(
  bun: BunGlobal | undefined,
  v8: V8 | undefined,
): Inspector["heapSnapshot"] {
  if (bun !== undefined) {
    return async function* () {
      yield new Uint8Array(bun.generateHeapSnapshot("v8", "arraybuffer"));
    };
  }
  const take = v8?.getHeapSnapshot;
  return take === undefined ? undefined : () => take();
}

async function traceWith(
  Profiler: NonNullable<V8["GCProfiler"]>,
  end: Promise<void>,
): Promise<unknown> {
  const profiler = new Profiler();
  profiler.start();
  let record: unknown;
  try {
    await end;
  } finally {
    record = profiler.stop();
  }
  return record;
}

async function profileWith(
  Session: NonNullable<SessionModule["Session"]>,
  end: Promise<void>,
): Promise<unknown> {
  const session = new Session();
  const post = (method: string) =>
    new Promise<unknown>((resolve, reject) =>
      session.post(method, {}, (error, result) => error ? reject(error) : resolve(result))
    );
  session.connect();
  try {
    await post("Profiler.enable");
    await post("Profiler.start");
    await end;
    return (await post("Profiler.stop") as { readonly profile: unknown }).profile;
  } finally {
    session.disconnect();
  }
}
