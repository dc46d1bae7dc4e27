/**
 * A request on its way through an app, seen from outside: what its contexts have leased ends with the
 * answer that the app gives, or with whoever holds on to it after that.
 *
 * A visit travels as the execution context of the request, which is what Hono hands to every context of
 * it, whatever middleware makes of the `Request`. Where the platform gave an execution context the
 * visit stands before it; elsewhere it is one, so that `waitUntil` is there on all runtimes. Promises that
 * are given to it before anything is leased count too: what they do later may use what is leased by then.
 *
 * @module
 */

import { type Execution, type Front, inFrontOf, VISIT } from "./execution.ts";
import type { HeldLease } from "./hold_limit.ts";
import { Holders, isPromise } from "./holders.ts";

/** What answers requests: a Hono app, or the like. */
export interface App {
  /**
   * Answers a request.
   *
   * @param request The request.
   * @param env What the platform gives beside it.
   * @param execution What lets its work go on after the answer.
   */
  // deno-lint-ignore no-explicit-any -- what an app takes for its environment is for the app to say
  fetch(request: Request, env?: any, execution?: any): Response | Promise<Response>;
}

/** A request on its way through an app. */
export class Visit implements Front {
  /** Who needs what it has leased; nobody before it has leased anything. */
  declare holders: Holders | undefined;
  /** The platform's own execution context. */
  declare readonly execution: Execution | undefined;
  declare private readonly report: (error: unknown) => void;
  /** What was to be waited for before anything was leased. */
  declare private waiting: Promise<unknown>[] | undefined;
  declare private isOver: boolean;

  constructor(execution: Execution | undefined, report: (error: unknown) => void) {
    this.holders = undefined;
    this.execution = execution;
    this.report = report;
    this.waiting = undefined;
    this.isOver = false;
  }

  get [VISIT](): Visit {
    return this;
  }

  /** Whether its app has answered and nobody holds on to what it leased. */
  get hasEnded(): boolean {
    return this.isOver && !this.holders?.isHeld;
  }

  /** Takes note of what a context of it has leased. */
  lend(context: object, lease: HeldLease): Holders {
    if (this.holders !== undefined) {
      this.holders.add(lease);
      this.holders.noteOther(context);
      return this.holders;
    }
    const holders = this.holders = Holders.visiting(context, this);
    holders.enter(lease);
    if (this.waiting !== undefined) {
      for (const promise of this.waiting) holders.hold(promise);
      this.waiting = undefined;
    }
    return holders;
  }

  waitUntil(promise: Promise<unknown>): void {
    if (this.holders !== undefined) this.holders.hold(promise);
    else if (!this.isOver) (this.waiting ??= []).push(promise);
    if (this.execution !== undefined) this.execution.waitUntil(promise);
    // Nobody else hears of it, and a rejection that nobody handles ends the process.
    else Promise.resolve(promise).catch(this.report);
  }

  /** Workers' way to let an origin answer where this fails; no other platform has one. */
  passThroughOnException(): void {}

  /** Has an app answer. */
  through(app: App, request: Request, env: unknown): Response | Promise<Response> {
    let isPending = false;
    try {
      const execution = this.execution === undefined ? this : inFrontOf(this);
      const answer = app.fetch(request, env, execution);
      isPending = isPromise(answer);
      return isPending ? this.settle(request, answer) : this.end(request, answer as Response);
    } finally {
      if (!isPending) this.leave();
    }
  }

  private async settle(
    request: Request,
    answer: Response | Promise<Response>,
  ): Promise<Response> {
    try {
      return this.end(request, await answer);
    } catch (error) {
      // As where a timeout's error is thrown on: the handler may still be at work.
      this.holders?.doubt();
      throw error;
    } finally {
      this.leave();
    }
  }

  /** Looks at the answer; says what to send in its place. */
  private end(request: Request, answer: Response): Response {
    return this.holders === undefined ? answer : this.holders.settleVisit(request, answer);
  }

  private leave(): void {
    this.isOver = true;
    this.waiting = undefined;
    this.holders?.exit();
  }
}
