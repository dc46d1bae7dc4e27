/**
 * A closed loop over virtual milliseconds: each does all of its work, however long that really takes,
 * before the next one begins. So every variant serves the same requests in the same order.
 *
 * @module
 */

import type { RequestContext } from "../../edge/mod.ts";
import type { Probe } from "../runner/probe.ts";
import { type Load, LONGEST_MS } from "./load.ts";
import { ROUTES, type Subject } from "./subject.ts";
import { addTo, enter, leave, parseMessage } from "./work.ts";

/** What a program that serves has to tell. Steps are what the probe marks. */
export interface Drive {
  /** When each step was, in virtual ms. */
  readonly stepMs: readonly number[];
  /** How long the work of each step really took, in ms; `null` for one without work. */
  readonly tookMs: readonly (number | null)[];
  /** Requests served. */
  readonly requests: number;
  /** Contexts created for them. */
  readonly created: number;
  /** Contexts that lay idle, on average over virtual time. */
  readonly meanIdle: number;
  /** The sum of all that requests found in their contexts. */
  readonly checksum: number;
}

/** What to serve. */
export interface Service {
  readonly subject: Subject;
  readonly load: Load;
  /** Whether each request makes garbage that no pool can help. */
  readonly isWasteful: boolean;
}

/**
 * Idle contexts are counted as often, in virtual ms: to count them makes garbage. No divisor of the
 * load's period, so that all of its phases are seen.
 */
const COUNT_MS = 130;
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

  /** Serves for a while that is not measured. */
  async warm(durationMs: number): Promise<void> {
    await this.#serve(durationMs, () => {});
  }

  /** Serves for a while, and tells a probe each step. */
  async measure(durationMs: number, probe: Probe): Promise<Drive> {
    const { subject } = this.#service;
    const stepMs: number[] = [];
    const tookMs: (number | null)[] = [];
    const created = subject.created();
    const served = this.#id;
    const begunMs = this.#ms;
    this.#checksum = 0;
    await probe.begin();
    const idle = await this.#serve(durationMs, (ms, took) => {
      probe.mark();
      stepMs.push(ms - begunMs);
      tookMs.push(took);
    });
    await probe.end();
    return {
      stepMs,
      tookMs,
      requests: this.#id - served,
      created: subject.created() - created,
      meanIdle: idle,
      checksum: this.#checksum,
    };
  }

  /** Serves, and says how many contexts lay idle on average. */
  async #serve(
    durationMs: number,
    onStep: (ms: number, tookMs: number | null) => void,
  ): Promise<number> {
    const { subject } = this.#service;
    const endMs = this.#ms + durationMs;
    let idle = 0;
    let counts = 0;
    for (; this.#ms < endMs; this.#ms++) {
      const ms = this.#ms;
      const begun = performance.now();
      subject.advance(ms);
      const touched = this.#land(ms) + this.#arrive(ms);
      if (touched > 0) onStep(ms, performance.now() - begun);
      if (ms % COUNT_MS === 0) {
        idle += subject.idle();
        counts++;
      }
      if (ms % TURN_MS === TURN_MS - 1) {
        await turn();
        onStep(ms, null);
      }
    }
    return idle / counts;
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
