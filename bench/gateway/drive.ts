/**
 * A closed loop over virtual milliseconds: each does all of its work, however long that really takes,
 * before the next one begins. So every variant serves the same requests in the same order.
 *
 * @module
 */

import type { RequestContext } from "../../edge/mod.ts";
import { type Load, LONGEST_MS } from "./load.ts";
import { ROUTES, type Subject } from "./subject.ts";
import { addTo, enter, leave, parseMessage } from "./work.ts";

/** What was served in a while. */
export interface Outcome {
  /** Requests that came in. */
  readonly requests: number;
  /** Contexts created for them. */
  readonly created: number;
  /** The sum of all that requests found in their contexts. */
  readonly checksum: number;
}

/** Somebody who watches what is served. Times are virtual, in ms. */
export interface Watcher {
  /** A millisecond's work is done, and really took so long, in ms; `null` where the event loop ran. */
  onStep?(ms: number, tookMs: number | null): void;
  /** How often idle contexts are counted. To count them makes garbage. */
  readonly countMs: number;
  /** So many contexts lie idle. */
  onCount(idle: number): void;
}

/** What to serve. */
export interface Service {
  readonly subject: Subject;
  readonly load: Load;
  /** Whether each request makes garbage that no pool can help. */
  readonly isWasteful: boolean;
}

/** The event loop gets a turn as often, in virtual ms: collections are told there. */
const TURN_MS = 100;

/** Requests that end in the same virtual millisecond. Their arrays keep their capacity. */
class Landing {
  readonly #contexts: (RequestContext | undefined)[] = [];
  readonly #ids: number[] = [];
  #count = 0;

  add(context: RequestContext, id: number): void {
    const at = this.#count++;
    this.#contexts[at] = context;
    this.#ids[at] = id;
  }

  /** Ends them, the oldest first, and says how many they were. */
  end(each: (context: RequestContext, id: number) => void): number {
    const count = this.#count;
    for (let i = 0; i < count; i++) {
      each(this.#contexts[i]!, this.#ids[i]!);
      // A variant that does not reuse a context must not find it held here.
      this.#contexts[i] = undefined;
    }
    this.#count = 0;
    return count;
  }
}

/** A server in virtual time. */
export class Driver {
  readonly #service: Service;
  /** Requests in flight, by the virtual time when they end, which comes round. */
  readonly #landings = Array.from({ length: LONGEST_MS + 1 }, () => new Landing());
  #ms = 0;
  #id = 0;
  #checksum = 0;

  constructor(service: Service) {
    this.#service = service;
  }

  /** Serves for a while, in virtual ms. */
  async serve(durationMs: number, watcher?: Watcher): Promise<Outcome> {
    const { subject } = this.#service;
    const created = subject.created();
    const served = this.#id;
    this.#checksum = 0;
    const begunMs = this.#ms;
    const endMs = begunMs + durationMs;
    for (; this.#ms < endMs; this.#ms++) {
      const ms = this.#ms;
      const begun = performance.now();
      subject.advance(ms);
      const touched = this.#land(ms) + this.#arrive(ms);
      if (touched > 0) watcher?.onStep?.(ms - begunMs, performance.now() - begun);
      if (watcher !== undefined && ms % watcher.countMs === 0) watcher.onCount(subject.idle());
      if (ms % TURN_MS === TURN_MS - 1) {
        await turn();
        watcher?.onStep?.(ms - begunMs, null);
      }
    }
    return {
      requests: this.#id - served,
      created: subject.created() - created,
      checksum: this.#checksum,
    };
  }

  #landingAt(ms: number): Landing {
    return this.#landings[ms % this.#landings.length]!;
  }

  #land(ms: number): number {
    const { subject, isWasteful } = this.#service;
    return this.#landingAt(ms).end((context, id) => {
      let sum = leave(context);
      if (isWasteful) sum += parseMessage(id);
      this.#checksum = addTo(this.#checksum, sum);
      subject.release(context, id % ROUTES);
    });
  }

  #arrive(ms: number): number {
    const { subject, load } = this.#service;
    const count = load.arrivals(ms);
    for (let i = 0; i < count; i++) {
      const id = this.#id++;
      const context = subject.acquire(id % ROUTES);
      enter(context, id);
      this.#landingAt(ms + load.holdMs()).add(context, id);
    }
    return count;
  }
}

/** Lets the event loop run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
