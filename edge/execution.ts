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
  const waitUntil = (promise: Promise<unknown>) => {
    watcher.hold(promise);
    execution.waitUntil(promise);
  };
  // A platform's methods and getters know their own object only. An heir is what stands behind the
  // Proxy, which may not tell anything else of what a frozen object has itself.
  const to = new Proxy<Execution>(Object.create(execution), {
    get(_, key) {
      if (key === "waitUntil") return waitUntil;
      const value: unknown = Reflect.get(execution, key);
      return typeof value === "function" ? value.bind(execution) : value;
    },
    set: (_, key, value) => Reflect.set(execution, key, value),
  });
  watcher.lent = { from: execution, to };
  return to;
}
