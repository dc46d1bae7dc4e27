/**
 * The answers that a context is given with `c.res = …`, seen through Hono's setter: by Hono itself behind
 * a middleware, and by whoever replaces an answer with another one.
 *
 * As with the getters of the execution context, the setter is exchanged once for each class of contexts.
 *
 * @module
 */

import { type ExecutionWatcher, watcherOf } from "./execution.ts";

/** Who watches what a context is given. */
export interface AnswerWatcher {
  /** Told each answer before it is given, or `undefined` where the former one is taken away. */
  noteGiven(answer: unknown): void;
}

const WATCHER = Symbol("answer watcher");

/** A context that may be watched. */
interface Watched {
  [WATCHER]?: AnswerWatcher;
}

/** The prototypes whose setters have been exchanged. */
const exchanged = new WeakSet<object>();
/** The prototype that was seen last: mostly there is only one. */
let latest: object | undefined;

/** Has whoever watches the execution of a context see the answers that it is given. */
export function exchangeSetter(context: object): void {
  const prototype = Object.getPrototypeOf(context);
  if (prototype === latest || exchanged.has(latest = prototype)) return;
  exchanged.add(prototype);
  const former = Object.getOwnPropertyDescriptor(prototype, "res");
  // What is no context of Hono's is given none.
  if (former?.set === undefined || !former.configurable) return;
  const { set } = former;
  Object.defineProperty(prototype, "res", {
    ...former,
    set(this: object, answer: unknown) {
      const around = watcherOf<ExecutionWatcher & AnswerWatcher>(this);
      const visiting = (this as Watched)[WATCHER];
      around?.noteGiven(answer);
      if (visiting !== around) visiting?.noteGiven(answer);
      set.call(this, answer);
    },
  });
}

/** Has a watcher see the answers that a context is given whose execution nobody watches. */
export function watchAnswers(context: object, watcher: AnswerWatcher): void {
  exchangeSetter(context);
  (context as Watched)[WATCHER] = watcher;
}
