/**
 * The execution context of a request (`waitUntil`), seen through Hono's `c.executionCtx`.
 *
 * Hono's getter throws where a server gave none, which costs microseconds, and an own property on
 * each context costs 200 ns on V8. So the getter itself is exchanged, once for each class of
 * contexts: it calls the former one, and whoever watches the context lends what that returned.
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

/** A context that may be watched. */
interface Watched<W extends ExecutionWatcher> {
  [WATCHER]?: W;
}

type Getter = (this: object) => Execution;

/** The former getters, by the prototype that each was found on. */
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
  if (prototype !== latest) exchangeGetter(latest = prototype);
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

function exchangeGetter(prototype: object): void {
  if (formers.has(prototype)) return;
  const former = Object.getOwnPropertyDescriptor(prototype, "executionCtx");
  // What is no context of Hono's has nothing to watch.
  if (former?.get === undefined || !former.configurable) return;
  const get: Getter = former.get;
  formers.set(prototype, get);
  Object.defineProperty(prototype, "executionCtx", {
    ...former,
    get(this: Watched<ExecutionWatcher>) {
      const execution = get.call(this);
      const watcher = this[WATCHER];
      return watcher === undefined ? execution : lend(execution, watcher);
    },
  });
}

function lend(execution: Execution, watcher: ExecutionWatcher): Execution {
  if (watcher.lent?.from === execution) return watcher.lent.to;
  const waitUntil = (promise: Promise<unknown>) => {
    watcher.hold(promise);
    execution.waitUntil(promise);
  };
  // A platform's methods and getters know their own object only.
  const to = new Proxy(execution, {
    get(target, key) {
      if (key === "waitUntil") return waitUntil;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  watcher.lent = { from: execution, to };
  return to;
}
