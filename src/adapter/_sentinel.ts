/**
 * Collections seen by the death of objects that nobody holds, for a runtime that tells nothing.
 *
 * On V8 every collection takes a fresh object, but only a major one takes a fresh symbol. Deaths
 * are told on a later turn of the event loop, all of that turn together: however many collections
 * a turn had, they are seen as one, which is major if any of them was.
 *
 * @module
 */

import { type GcFeed, type GcListener, GcListeners } from "./_feed.ts";
import { globals } from "./_globals.ts";

/** What a sentinel is, and so what its death means. */
type Sentinel = "object" | "symbol";

/** A feed of two sentinels that all its listeners share. */
export class SentinelFeed implements GcFeed {
  readonly #listeners = new GcListeners();
  /** Present while listened to; without a reference to it the registry itself would be collected. */
  #registry: FinalizationRegistry<Sentinel> | undefined;
  /** The deaths of this turn. */
  readonly #dead = new Set<Sentinel>();

  subscribe(listener: GcListener): () => void {
    const remove = this.#listeners.add(listener);
    if (!this.#registry) this.#start();
    return () => {
      if (remove() && this.#listeners.size === 0) this.#registry = undefined;
    };
  }

  /** Does nothing: deaths come when they come. */
  poll(): void {}

  #start(): void {
    const Registry = globals().FinalizationRegistry;
    if (!Registry) return;
    const registry = new Registry<Sentinel>((sentinel) => {
      // A registry that was let go may still be in the runtime's queue.
      if (registry === this.#registry) this.#die(registry, sentinel);
    });
    this.#registry = registry;
    this.#dead.clear();
    place(registry, "object");
    place(registry, "symbol");
  }

  #die(registry: FinalizationRegistry<Sentinel>, sentinel: Sentinel): void {
    place(registry, sentinel);
    // A microtask runs after all deaths of the turn: only then is the kind known.
    if (this.#dead.size === 0) queueMicrotask(() => this.#tell(registry));
    this.#dead.add(sentinel);
  }

  #tell(registry: FinalizationRegistry<Sentinel>): void {
    if (registry !== this.#registry) return;
    const kind = this.#dead.has("symbol") ? "major" : "minor";
    this.#dead.clear();
    this.#listeners.tell({ kind });
  }
}

/** Puts up a sentinel. */
function place(registry: FinalizationRegistry<Sentinel>, sentinel: Sentinel): void {
  registry.register(sentinel === "object" ? {} : Symbol(), sentinel);
}
