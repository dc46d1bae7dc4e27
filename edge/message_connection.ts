/**
 * One WebSocket of a message gateway.
 *
 * Nothing is leased before a message has been found good, and a message that is refused leaves
 * nothing behind. An answer is put together in a block that goes back as soon as the socket has it: the sockets
 * of Deno, Bun and workerd copy what they are given before `send` returns.
 *
 * @module
 */

import type { BufferTag } from "../src/buffers/mod.ts";
import type { Execution } from "./execution.ts";
import type { HeldLease, HoldLimit } from "./hold_limit.ts";
import { isPromise } from "./holders.ts";
import { type Answer, HeldMessage, type Message } from "./message.ts";
import {
  bodyStart,
  ERROR_KIND,
  HEADER_BYTES,
  idOf,
  isWellFormed,
  MAX_META_BYTES,
  writeHeader,
} from "./message_header.ts";
import type { MessageCounts } from "./message_stats.ts";
import { isOverload } from "./overload.ts";
import { received } from "./received.ts";

/** Why a connection is closed, by the codes of RFC 6455 and its registry. */
const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;
const UNSUPPORTED_DATA = 1003;
const TOO_LARGE = 1009;
const TRY_LATER = 1013;

/** The flags of an answer of kind 255: why there is no other. */
const REASONS = { busy: 1, memory: 2, failed: 3, late: 4 } as const;

const NOTHING = new Uint8Array();

/** What of a runtime's WebSocket an answer needs. */
export interface MessageSocket {
  /** Bytes that wait to be sent, where it tells. */
  readonly bufferedAmount?: number;
  /** The same, as Bun tells it. */
  getBufferedAmount?(): number;
  /** Sends a binary message. */
  send(bytes: Uint8Array<ArrayBuffer>): unknown;
  /** Closes the connection. */
  close(code?: number, reason?: string): void;
}

/** What a connection is told by the runtime. */
export interface MessageConnection {
  /**
   * A message has arrived. What is wrong with it the client is told.
   *
   * @param data Its bytes, or its text, which is refused.
   * @throws {TypeError} The socket gives blobs: set its `binaryType` to `"arraybuffer"`.
   */
  message(data: unknown): void;
  /** The connection has closed or failed. Calling it again does nothing. */
  close(): void;
}

/** What the connections of a gateway share. */
export interface Messaging {
  readonly blocks: BufferTag;
  readonly maxBytes: number;
  readonly maxInFlight: number;
  readonly maxBufferedBytes: number;
  readonly limit: HoldLimit;
  readonly counts: MessageCounts;
  readonly handler: (message: Message) => unknown;
  readonly report: (error: unknown) => void;
  /** Told after each message and each close. */
  readonly ended: () => void;
}

/** A connection by its socket. */
export class SocketConnection implements MessageConnection {
  readonly #shared: Messaging;
  readonly #socket: MessageSocket;
  readonly #execution: Execution | undefined;
  #abort: AbortController | undefined;
  #inFlight = 0;
  /** Whether messages are still handled, and answers sent. */
  #isOpen = true;
  #isClosed = false;

  constructor(shared: Messaging, socket: MessageSocket, execution: Execution | undefined) {
    this.#shared = shared;
    this.#socket = socket;
    this.#execution = execution;
    shared.counts.connections++;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#isClosed) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  message(data: unknown): void {
    // A runtime may still have some when it is told to close.
    if (!this.#isOpen) return;
    const { counts, maxBytes, maxInFlight } = this.#shared;
    const bytes = bytesOf(data);
    if (bytes === undefined) {
      counts.refused.text++;
      return this.#leave(UNSUPPORTED_DATA, "messages must be binary");
    }
    if (bytes.length > HEADER_BYTES + MAX_META_BYTES + maxBytes) return this.#refuseSize();
    if (!isWellFormed(bytes)) {
      counts.refused.malformed++;
      return this.#leave(PROTOCOL_ERROR, "messages must be well-formed");
    }
    if (bytes.length - bodyStart(bytes) > maxBytes) return this.#refuseSize();
    if (this.#inFlight >= maxInFlight) {
      counts.refused.busy++;
      return this.#sendError(idOf(bytes), "busy");
    }
    let message: HeldMessage;
    try {
      message = new HeldMessage(bytes, this.#shared.blocks, this);
    } catch (error) {
      return this.#refuseRoom(idOf(bytes), error);
    }
    counts.messages++;
    counts.bytes += message.body.used;
    this.#handle(message);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isOpen = false;
    this.#isClosed = true;
    this.#shared.counts.connections--;
    this.#abort?.abort();
    this.#shared.ended();
  }

  send({ kind, flags, id, meta, body }: Answer): boolean {
    const { blocks, counts, maxBufferedBytes } = this.#shared;
    const start = HEADER_BYTES + meta.length;
    const length = start + body.length;
    if (!this.#isOpen) return this.#drop();
    const waiting = this.#socket.bufferedAmount ?? this.#socket.getBufferedAmount?.() ?? 0;
    if (waiting + length > maxBufferedBytes) {
      this.#leave(TRY_LATER, "answers must be read");
      return this.#drop();
    }
    const frame = blocks.acquire(length);
    try {
      frame.used = length;
      writeHeader(frame.bytes, kind, flags, id, meta.length, body.length);
      frame.bytes.set(meta, HEADER_BYTES);
      frame.bytes.set(body, start);
      // Bun says 0 of what it does not send; others say nothing.
      if (this.#socket.send(frame.bytes.subarray(0, length)) === 0) {
        this.#leave(TRY_LATER, "answers must be read");
        return this.#drop();
      }
    } catch {
      // It is closing; or on Workers, where another request's message has found this one's to be late,
      // out of reach from there.
      return this.#drop();
    } finally {
      frame.release();
    }
    counts.answers++;
    counts.answerBytes += body.length;
    return true;
  }

  #handle(message: HeldMessage): void {
    const { handler, limit } = this.#shared;
    this.#inFlight++;
    this.#shared.counts.inFlight++;
    let pending: unknown;
    let isPending = false;
    try {
      pending = handler(message);
      isPending = isPromise(pending);
    } catch (error) {
      this.#fail(message, error);
    }
    // A handler that returns at once costs no watch.
    if (!isPending) return this.#end(message);
    const held = limit.add({
      release: () => this.#end(message),
      expire: () => this.#expire(message),
    }, undefined);
    const settled = Promise.resolve(pending).then(
      () => this.#settle(message, held),
      (error) => {
        this.#fail(message, error);
        this.#settle(message, held);
      },
    );
    // What is pending when a client goes away is dropped on Workers otherwise, without an end.
    this.#execution?.waitUntil(settled);
  }

  #settle(message: HeldMessage, held: HeldLease): void {
    held.end(false);
    // One that was late has no lease any more, and ends here for its handler.
    message.release();
  }

  #end(message: HeldMessage): void {
    this.#leaveFlight();
    try {
      message.release();
    } catch (error) {
      // A handler has transferred the bytes away, or released the body itself.
      this.#shared.report(error);
    }
    this.#shared.ended();
  }

  #expire(message: HeldMessage): void {
    const { id } = message;
    this.#leaveFlight();
    this.#shared.counts.late++;
    message.expire();
    this.#sendError(id, "late");
  }

  #fail(message: HeldMessage, error: unknown): void {
    this.#shared.counts.failed++;
    this.#shared.report(error);
    if (message.isInFlight) this.#sendError(message.id, "failed");
  }

  #leaveFlight(): void {
    this.#inFlight--;
    this.#shared.counts.inFlight--;
  }

  #sendError(id: number, reason: keyof typeof REASONS): void {
    const answer = { kind: ERROR_KIND, flags: REASONS[reason], id, meta: NOTHING, body: NOTHING };
    try {
      this.send(answer);
    } catch {
      // Not even room for that.
      this.#drop();
      this.#leave(TRY_LATER, "messages must be fewer");
    }
  }

  #refuseSize(): void {
    this.#shared.counts.refused.large++;
    this.#leave(TOO_LARGE, `messages must have at most ${this.#shared.maxBytes} bytes`);
  }

  /** Refuses a message that no blocks could be had for. */
  #refuseRoom(id: number, error: unknown): void {
    this.#shared.counts.refused.memory++;
    if ((error as { code?: unknown }).code === "closed") {
      return this.#leave(GOING_AWAY, "messages must go to another server");
    }
    if (!isOverload(error)) this.#shared.report(error);
    this.#sendError(id, "memory");
  }

  #drop(): false {
    this.#shared.counts.dropped++;
    return false;
  }

  /** Takes no more messages, and asks the socket to close. */
  #leave(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#socket.close(code, reason);
    } catch {
      // It has closed, or on Workers is another request's.
    }
  }
}

/** The bytes of what a runtime gives; none of a text. */
function bytesOf(data: unknown): Uint8Array | undefined {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  // Bun gives a Buffer, whose `subarray` and `set` are as good.
  if (data instanceof Uint8Array) return data;
  if (typeof data === "string") return undefined;
  const rule = 'data must be bytes or text, as with the binaryType "arraybuffer"';
  throw new TypeError(`Cannot read message: ${rule}: received ${received(data)}`);
}
