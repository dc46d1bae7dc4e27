/**
 * The execution context of a request (`waitUntil`), seen through Hono's `c.executionCtx`, and through
 * `c.event`, as which a service worker has it.
 *
 * Hono's getters throw where a server gave none, which costs microseconds, and an own property on
 * each context costs 200 ns on V8. So the getters themselves are exchanged, once for each class of
 * contexts: they call the former ones, and whoever watches the context lends what those returned.
 *
 * @module
 */

/** What lets a request's work go on after its answer: the part that is used here. */
export interface Execution {
  /** Keeps the request's work alive until a promise settles. */
  waitUntil(promise: Promise<unknown>): void;
}

/** Who watches what a request does with its execution context. */
export interface ExecutionWatcher {
  /** Told each promise that is to be waited for. */
  hold(promise: Promise<unknown>): void;
  /** What was lent last: asking twice gives the same. */
  lent: { readonly from: Execution; readonly to: Execution } | undefined;
}

const WATCHER = Symbol("execution watcher");

/** Under which an execution context tells what it stands for: see `Visit`. */
export const VISIT: unique symbol = Symbol("visit");

/** An execution context that may stand for a visit. */
export interface Visited<Visit> extends Execution {
  readonly [VISIT]?: Visit;
}

/** A context that may be watched. */
interface Watched<W extends ExecutionWatcher> {
  [WATCHER]?: W;
}

type Getter = (this: object) => Execution;

/** The names under which a context shows it. */
const NAMES = ["executionCtx", "event"] as const;

/** The former getters of `executionCtx`, by the prototype that each was found on. */
const formers = new WeakMap<object, Getter>();
/** The prototype that was seen last: mostly there is only one. */
let latest: object | undefined;

/** Finds the watcher of a context. */
export function watcherOf<W extends ExecutionWatcher>(context: object): W | undefined {
  return (context as Watched<W>)[WATCHER];
}

/** Has a watcher see the promises that are given to `context.executionCtx.waitUntil`. */
export function watchExecution<W extends ExecutionWatcher>(context: object, watcher: W): void {
  const prototype = Object.getPrototypeOf(context);
  if (prototype !== latest) exchangeGetters(latest = prototype);
  (context as Watched<W>)[WATCHER] = watcher;
}

/** The execution context itself, or `undefined` where the server gave none. */
export function executionOf(context: object): Execution | undefined {
  try {
    return formers.get(Object.getPrototypeOf(context))?.call(context);
  } catch {
    return undefined;
  }
}

/** The visit that a context belongs to, if there is one. */
export function visitOf<Visit>(context: object): Visit | undefined {
  try {
    return (context as { readonly executionCtx?: Visited<Visit> }).executionCtx?.[VISIT];
  } catch {
    // Hono's getter, where there is no execution context.
    return undefined;
  }
}

function exchangeGetters(prototype: object): void {
  if (formers.has(prototype)) return;
  for (const name of NAMES) {
    const former = Object.getOwnPropertyDescriptor(prototype, name);
    // What is no context of Hono's has nothing to watch.
    if (former?.get === undefined || !former.configurable) continue;
    const get: Getter = former.get;
    if (name === "executionCtx") formers.set(prototype, get);
    Object.defineProperty(prototype, name, {
      ...former,
      get(this: Watched<ExecutionWatcher>) {
        const execution = get.call(this);
        const watcher = this[WATCHER];
        return watcher === undefined ? execution : lend(execution, watcher);
      },
    });
  }
}

function lend(execution: Execution, watcher: ExecutionWatcher): Execution {
  if (watcher.lent?.from === execution) return watcher.lent.to;
  const to = inFrontOf({
    execution,
    waitUntil: (promise) => {
      watcher.hold(promise);
      execution.waitUntil(promise);
    },
  });
  watcher.lent = { from: execution, to };
  return to;
}

/** What stands in front of a platform's execution context, and sees what is given to `waitUntil`. */
export interface Front extends Visited<unknown> {
  readonly execution: Execution | undefined;
}

/** Has a front, which must have an execution context behind it, pass for that context. */
export function inFrontOf(front: Front): Execution {
  return new Proxy(front, AS_PLATFORM);
}

/** A platform's methods and getters know their own object only. */
const AS_PLATFORM: ProxyHandler<Front> = {
  get(front, key) {
    if (key === "waitUntil") return (promise: Promise<unknown>) => front.waitUntil(promise);
    if (key === VISIT && VISIT in front) return front[VISIT];
    const value: unknown = Reflect.get(front.execution!, key);
    return typeof value === "function" ? value.bind(front.execution) : value;
  },
  set: (front, key, value) => Reflect.set(front.execution!, key, value),
  has: (front, key) => key === VISIT || Reflect.has(front.execution!, key),
  ownKeys: (front) => Reflect.ownKeys(front.execution!),
  getOwnPropertyDescriptor: (front, key) => {
    const own = Reflect.getOwnPropertyDescriptor(front.execution!, key);
    if (own === undefined) return undefined;
    // A Proxy may not tell of what is fixed and not the front's own.
    const value: unknown = AS_PLATFORM.get!(front, key, front.execution);
    return { value, writable: true, enumerable: own.enumerable === true, configurable: true };
  },
  getPrototypeOf: (front) => Reflect.getPrototypeOf(front.execution!),
};
