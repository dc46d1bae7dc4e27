/**
 * Who still needs what a request has leased: its handler, each promise given to `waitUntil`, the
 * body while it is sent, and whatever {@linkcode hold} is told. The last one ends the leases.
 *
 * Where it cannot be known that everybody has finished, the leases end as doubtful: the objects are
 * discarded and never used again. So it is where a body broke off (its writer may not have noticed
 * yet) and where a connection became a WebSocket that nobody holds the lease for.
 *
 * To touch `response.body` costs a tenth of a small request. So the answers that `c.text`, `c.json`,
 * `c.html`, `c.body` and `c.newResponse` make of texts and bytes are noted as they are made: those are
 * copied at once, and need no look.
 *
 * @module
 */

import { isAborted, watchAborts } from "./aborted_stream.ts";
import {
  type Execution,
  executionOf,
  type ExecutionWatcher,
  visitOf,
  watcherOf,
  watchExecution,
} from "./execution.ts";
import { type AnswerWatcher, exchangeSetter, watchAnswers } from "./given_answer.ts";
import { type BodyEnd, heldBody } from "./held_body.ts";
import type { HeldLease, HoldLimit } from "./hold_limit.ts";
import { received } from "./received.ts";

/** A context of Hono's, as far as it is used here. */
interface AnsweringContext {
  readonly finalized?: boolean;
  /** What a handler or a middleware in front of it threw, where there is one. */
  readonly error?: unknown;
  /** What is no context of Hono's has no request either. */
  readonly req: { readonly raw?: Request };
  text: Maker;
  json: Maker;
  html: Maker;
  body: Maker;
  newResponse: Maker;
}

/** Makes an answer. */
type Maker = (content: unknown, init?: unknown, headers?: unknown) => unknown;

/** An answer whose body holds leases. */
interface HeldAnswer {
  readonly answer: Response;
  /** Ends the hold, once. */
  readonly end: (how: BodyEnd) => void;
}

/** The holders of a request's leases. */
export class Holders implements ExecutionWatcher, AnswerWatcher {
  declare lent: ExecutionWatcher["lent"];
  /** The last answer that is known to hold nothing. */
  declare answer: unknown;

  // Not `#private`, which took JavaScriptCore twice as long to set up.
  declare private readonly context: AnsweringContext;
  /** What tells the execution context, where it is not the context itself. */
  declare private readonly visit: { readonly execution: Execution | undefined } | undefined;
  /** Mostly there is only one lease. */
  declare private lease: HeldLease | undefined;
  declare private others: HeldLease[] | undefined;
  declare private count: number;
  /** Those of them that `hold` was asked for, which alone tell how long a socket needs the lease. */
  declare private byHand: number;
  declare private isDoubtful: boolean;
  /** The last streamed answer that was made and is not held: somebody has begun to write it. */
  declare private stream: Response | undefined;
  /** What those were made of that are not held yet. */
  declare private contents: unknown[] | undefined;
  /** The answer whose body holds the leases while it is sent, and what ends that. */
  declare private held: HeldAnswer | undefined;
  /** The last answer that the context was given, where it may be a stream. */
  declare private given: Response | undefined;
  declare private end: PromiseWithResolvers<void> | undefined;

  /**
   * The holders of the request of a context: the ones that it has, or new ones.
   *
   * @param context A context of Hono's, or anything else.
   */
  static of(context: object): Holders {
    const found = watcherOf<Holders>(context);
    if (found !== undefined && found.count > 0) return found;
    const holders = new Holders(context as AnsweringContext);
    watchExecution(context, holders);
    exchangeSetter(context);
    return holders;
  }

  /** New holders of a request that is seen as a visit, which tells them what is to be waited for. */
  static visiting(
    context: object,
    visit: { readonly execution: Execution | undefined },
  ): Holders {
    const holders = new Holders(context as AnsweringContext, visit);
    watchAnswers(context, holders);
    return holders;
  }

  private constructor(
    context: AnsweringContext,
    visit?: { readonly execution: Execution | undefined },
  ) {
    this.lent = undefined;
    this.answer = undefined;
    this.context = context;
    this.visit = visit;
    this.lease = undefined;
    this.others = undefined;
    this.count = 0;
    this.byHand = 0;
    this.isDoubtful = false;
    this.stream = undefined;
    this.contents = undefined;
    this.held = undefined;
    this.given = undefined;
    this.end = undefined;
    this.noteAnswers(context);
  }

  /** Whether anybody holds. */
  get isHeld(): boolean {
    return this.count > 0;
  }

  /** Whether the request has an answer, so that Hono drops one that comes now. */
  get isAnswered(): boolean {
    return this.context.finalized === true;
  }

  /** Enters a handler with what it leased. */
  enter(lease: HeldLease): void {
    this.count++;
    this.add(lease);
  }

  /** Adds what somebody leased who has entered before. */
  add(lease: HeldLease): void {
    if (this.lease === undefined) this.lease = lease;
    else (this.others ??= []).push(lease);
  }

  /** What a context was given of the leases that a limit watches. */
  find(context: object, limit: HoldLimit): object | undefined {
    const first = this.lease?.givenTo(context, limit);
    if (first !== undefined || this.others === undefined) return first;
    for (const lease of this.others) {
      const found = lease.givenTo(context, limit);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * Whether a handler that leased may go on though it has failed: behind a timeout, or in what it did not wait
   * for, as all but the first failure of a `Promise.all`.
   */
  get hasFailed(): boolean {
    if (this.context.error !== undefined) return true;
    return this.others?.some(({ asked }) =>
      (asked?.context as AnsweringContext | undefined)?.error !== undefined
    ) ?? false;
  }

  /** Somebody may go on though the request has its answer: the leases end as doubtful. */
  doubt(): void {
    this.isDoubtful = true;
  }

  /** A handler has ended that entered: a stream that it did not answer with is written nevertheless. */
  exit(): void {
    if (this.stream !== undefined) this.isDoubtful = true;
    this.leave();
  }

  /** A holder has finished. */
  private leave(): void {
    if (--this.count > 0) return;
    this.lease?.end(this.isDoubtful);
    // Mostly there are none, and a loop over nothing would make two objects first.
    if (this.others !== undefined) {
      for (const lease of this.others) lease.end(this.isDoubtful);
      this.others = undefined;
    }
    this.lease = undefined;
    this.end?.resolve();
  }

  /** Holds until a promise has settled, whichever way: its own holder sees to that. */
  hold(promise: PromiseLike<unknown>): void {
    // Leases that have ended cannot be held, as where a logger outside of pooled() waits for its own.
    if (this.count === 0) return;
    this.count++;
    const done = () => this.leave();
    Promise.resolve(promise).then(done, done);
  }

  /** Holds until the function that it returns is called. */
  holdByHand(): () => void {
    this.count++;
    this.byHand++;
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      this.byHand--;
      this.leave();
    };
  }

  /**
   * Has the platform keep the request alive until the leases have ended: on Workers what is pending
   * when a client goes away is dropped otherwise, without its `finally`.
   */
  keepAlive(): void {
    if (this.end !== undefined || this.count === 0) return;
    const execution = this.visit === undefined ? executionOf(this.context) : this.visit.execution;
    if (execution === undefined) return;
    const end = Promise.withResolvers<void>();
    execution.waitUntil(end.promise);
    this.end = end;
  }

  /**
   * Looks at what a handler answers.
   *
   * @param isDropped Whether nobody may ever read it.
   * @param raw What it answers.
   * @returns What to answer in its place, which holds the leases while it is sent.
   */
  settle<R>(answer: R, isDropped = false, raw?: Request): R | Response {
    const isStatic = answer !== undefined && answer === this.answer;
    if (isStatic || !isResponse(answer)) {
      // A middleware has dropped the stream, and whoever writes it may not know that yet.
      if (this.stream !== undefined) this.isDoubtful = true;
      if (!isStatic || isOfNothing(answer)) {
        this.doubtSocket(asksForSocket(raw ?? this.context.req.raw));
      }
      return answer;
    }
    const { body } = answer;
    raw ??= this.context.req.raw;
    if (body === null) {
      if (this.stream !== undefined) this.isDoubtful = true;
      this.doubtSocket(answer.status === SWITCHING_PROTOCOLS || asksForSocket(raw));
      return this.answer = answer;
    }
    if (body.locked || isDropped) {
      // Somebody else reads it, for as long as they like, or nobody does, and its end would not be told.
      this.isDoubtful = true;
      return answer;
    }
    if (raw?.method === "HEAD") {
      // The server sends no body, and does not always say so to the one that it got.
      this.isDoubtful = true;
      body.cancel().catch(() => {});
      return this.answer = new Response(null, answer);
    }
    // Before it counts: a platform may refuse.
    this.keepAlive();
    this.count++;
    if (this.stream !== undefined && isUnread(this.stream, body)) this.isDoubtful = true;
    const { contents } = this;
    // From now on the body that is held tells whether it is dropped.
    this.stream = this.given = this.contents = undefined;
    let isOver = false;
    const end = (how: BodyEnd) => {
      if (isOver) return;
      isOver = true;
      if (how === "broken" || isAborted(body) || contents?.some(isAborted)) this.isDoubtful = true;
      if (this.held === held) this.held = undefined;
      this.leave();
    };
    const held: HeldAnswer = { answer: new Response(heldBody(body, end), answer), end };
    this.held = held;
    return this.answer = held.answer;
  }

  /** A socket goes on after the answer: only `hold` tells until when. */
  private doubtSocket(isUpgrade: boolean): void {
    if (isUpgrade && this.byHand === 0) this.isDoubtful = true;
  }

  /** Looks at what an app answers, as {@linkcode settle} does at what a handler does. */
  settleVisit(request: Request, answer: Response): Response {
    if (this.hasFailed) this.isDoubtful = true;
    if (answer === this.answer || request.method !== "HEAD") {
      return this.settle(answer, false, request);
    }
    // Hono has dropped the body by now, and whoever writes it may not know that yet.
    this.isDoubtful = true;
    return answer;
  }

  /** Notes the answers of one more context of the request. */
  noteOther(context: object): void {
    if (context === this.context) return;
    watchAnswers(context, this);
    this.noteAnswers(context as AnsweringContext);
  }

  /** Notes an answer that is given in the place of the one before. */
  noteGiven(answer: unknown): void {
    const { given, held } = this;
    // Mostly nobody reads the body that is held any more, as where an error comes instead; but whoever rewrites
    // it may only begin later, so that it stays readable.
    if (held !== undefined && isResponse(answer) && isUnread(held.answer, answer.body)) {
      held.end("broken");
    }
    if (answer === given && given !== undefined) return;
    // Not every answer of which nothing is known is a stream, but one that is goes on without a reader.
    // Deno takes bytes out of a body that is put into another answer: those then count as dropped.
    if (given !== undefined && given.body !== null) this.noteStream(given, answer);
    this.given = answer === this.answer || !isResponse(answer) ? undefined : answer;
  }

  /** Notes the answers that a context makes of texts and bytes. */
  private noteAnswers(context: AnsweringContext): void {
    const { body, html, json, newResponse, text } = context;
    if (typeof text !== "function") return;
    watchAborts();
    // Named first: V8 lays a function that is written where it is assigned to a property into its old
    // space, and would keep all that this request refers to until a whole-heap collection.
    const noteText: Maker = (content, init, headers) => this.answer = text(content, init, headers);
    const noteJson: Maker = (content, init, headers) => this.answer = json(content, init, headers);
    const noteBody: Maker = (content, init, headers) =>
      this.noteMade(content, body(content, init, headers));
    const noteNew: Maker = (content, init, headers) =>
      this.noteMade(content, newResponse(content, init, headers));
    const noteHtml: Maker = (content, init, headers) => {
      const answer = html(content, init, headers);
      if (isResponse(answer)) return this.answer = answer;
      return (answer as Promise<unknown>).then((late) => this.answer = late);
    };
    context.text = noteText;
    context.json = noteJson;
    context.body = noteBody;
    context.html = noteHtml;
    context.newResponse = noteNew;
  }

  /** Notes an answer that was made of some content. */
  private noteMade(content: unknown, answer: unknown): unknown {
    if (isStream(content)) {
      this.noteStream(answer as Response, content);
      (this.contents ??= []).push(content);
    } // What answers an upgrade has no content, and is looked at.
    else if (content !== null && content !== undefined) this.answer = answer;
    return answer;
  }

  /** Notes a stream that somebody has begun to write, and what comes in its place or is made of it. */
  private noteStream(stream: Response, next: unknown): void {
    const former = this.stream;
    if (former !== undefined && former !== stream && isUnread(former, bodyOf(next))) {
      this.isDoubtful = true;
    }
    this.stream = stream;
  }
}

/** Whether a stream that was made is neither this body nor read by whoever made this one. */
function isUnread(stream: Response, body: unknown): boolean {
  const made = stream.body;
  return made !== body && made?.locked !== true;
}

/** What is read of something that an answer is made of, or of an answer. */
function bodyOf(content: unknown): unknown {
  return isResponse(content) ? content.body : content;
}

/**
 * Whether an answer may stand for none: Bun upgrades beside the answer, its handlers then give nothing, and
 * Hono answers 404 in their place.
 */
function isOfNothing(answer: unknown): boolean {
  return IS_BUN && (answer as Response).status === NOT_FOUND;
}

/** Whether a request asks to become a WebSocket; the header asks for other things as well. */
function asksForSocket(request: Request | undefined): boolean {
  return /\bwebsocket\b/i.test(request?.headers.get("upgrade") ?? "");
}

const SWITCHING_PROTOCOLS = 101;
const NOT_FOUND = 404;
const IS_BUN = "Bun" in globalThis;

function isResponse(answer: unknown): answer is Response {
  // Not `instanceof`: some servers have responses of their own. `in` does not touch the body.
  return typeof answer === "object" && answer !== null && "body" in answer && "status" in answer;
}

/** Whether a body is read while it is sent: all but texts and bytes. Bun sends generators as well. */
function isStream(content: unknown): boolean {
  if (typeof content === "function") return true;
  return typeof content === "object" && content !== null && !ArrayBuffer.isView(content) &&
    !(content instanceof ArrayBuffer);
}

/** What tells when a connection has ended: a `WebSocket`. */
export interface Closable {
  /** Has a listener told of the end. */
  addEventListener(type: "close", listener: () => void): void;
  /** 3 where it has ended. */
  readonly readyState?: number;
}

/** The `readyState` of a socket that has ended. */
const CLOSED = 3;

/**
 * Keeps what {@linkcode pooled} leased for a request until a promise has settled.
 *
 * @param context The context of the request.
 * @param until The promise. Its rejection ends the hold as well, and is handled by that.
 * @returns The promise.
 * @throws {TypeError} It is neither promise nor socket, or the request has no lease any more.
 */
export function hold<P extends PromiseLike<unknown>>(context: object, until: P): P;
/**
 * Keeps what {@linkcode pooled} leased for a request until a socket has closed.
 *
 * @param context The context of the request.
 * @param until The `WebSocket`.
 * @returns The socket.
 * @throws {TypeError} It is neither promise nor socket, or the request has no lease any more.
 */
export function hold<S extends Closable>(context: object, until: S): S;
/**
 * Keeps what {@linkcode pooled} leased for a request until the function that it returns is called.
 *
 * @param context The context of the request.
 * @returns What ends the hold; calling it again does nothing.
 * @throws {TypeError} The request has no lease any more.
 *
 * @example Work that goes on after the answer
 * ```ts
 * import { Hono } from "hono";
 * import { hold, pooled, type PooledEnv } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const lease = pooled();
 * const written = Promise.withResolvers<void>();
 * const app = new Hono<PooledEnv>();
 * app.get("/", lease, (c) => {
 *   hold(c, written.promise);
 *   return c.text("accepted", 202);
 * });
 *
 * await app.request("/");
 * assertEquals(lease.pool.stats().leased, 1);
 * written.resolve();
 * await Promise.resolve();
 * assertEquals(lease.pool.stats().leased, 0);
 * lease.pool.close();
 * ```
 */
export function hold(context: object): () => void;
export function hold(context: object, ...rest: unknown[]): unknown {
  // Whoever passes what a function did not return must not get the form without it.
  const [until] = rest;
  const isByHand = rest.length === 0;
  const all = [watcherOf<Holders>(context), visitOf<{ holders?: Holders }>(context)?.holders]
    .filter((holders) => holders?.isHeld) as Holders[];
  if (all.length === 0) {
    throw new TypeError(
      "Cannot hold: the context must be of a request with a lease: received one without",
    );
  }
  if (!isByHand && !isPromise(until) && !isClosable(until)) {
    const rule = "until must be a promise or a socket";
    throw new TypeError(`Cannot hold: ${rule}: received ${received(until)}`);
  }
  for (const holders of all) holders.keepAlive();
  const ends = all.map((holders) => holders.holdByHand());
  const done = () => {
    for (const end of ends) end();
  };
  if (isByHand) return done;
  if (isPromise(until)) {
    Promise.resolve(until).then(done, done);
    return until;
  }
  // It tells of its end once, which may have been before anybody listened.
  const socket = until as Closable;
  if (socket.readyState === CLOSED) done();
  else socket.addEventListener("close", done);
  return socket;
}

/** Whether something is a promise, or like one. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

function isClosable(value: unknown): value is Closable {
  return typeof (value as Closable | undefined)?.addEventListener === "function";
}
