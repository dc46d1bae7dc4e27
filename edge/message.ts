/**
 * A message from its arrival to the end of its handler, and the blocks that it lies in.
 *
 * Why every path gives its blocks back, and once: they are leased in the one function that makes a
 * message and leave it in the one that ends it, which does nothing the second time. A handler that has
 * ended cannot reach them through the message; one that goes on for too long keeps them, and nobody
 * else ever gets them.
 *
 * @module
 */

import { PoolError } from "../mod.ts";
import type { Block, BufferTag } from "../src/buffers/mod.ts";
import type { Holdable } from "./hold_limit.ts";
import {
  bodyStart,
  flagsOf,
  HEADER_BYTES,
  idOf,
  kindOf,
  MAX_META_BYTES,
} from "./message_header.ts";
import { received } from "./received.ts";

/** The largest kind that the application may give. */
const MAX_KIND = 254;
const MAX_FLAGS = 255;

const ACTION = "Cannot answer message";

/** What an answer says beside its body. */
export interface AnswerOptions {
  /**
   * Its kind, 0 to 254.
   *
   * @default the kind of the message
   */
  readonly kind?: number;
  /**
   * Its flags, 0 to 255.
   *
   * @default {0}
   */
  readonly flags?: number;
  /**
   * Its metadata, at most 244 bytes.
   *
   * @default {none}
   */
  readonly meta?: Uint8Array;
}

/** The bytes of a message: the first `used` ones of a block. */
export type MessageBody = Pick<Block, "bytes" | "capacity" | "used">;

/**
 * A message that a client has sent. It and its bytes must not be used after its handler has returned,
 * or has settled the promise that it returned.
 */
export interface Message {
  /** Its kind, 0 to 254: the application's own. */
  readonly kind: number;
  /** Its flags, 0 to 255: the application's own. */
  readonly flags: number;
  /** The number that the client gave it, an unsigned integer of 32 bits. */
  readonly id: number;
  /** Its metadata, at most 244 bytes: the application's own. */
  readonly meta: Uint8Array<ArrayBuffer>;
  /**
   * Its body. The handler may work in the block, and must set `used` where it writes beyond: that much
   * is zeroed for the next message.
   */
  readonly body: MessageBody;
  /** Aborted when the connection has closed. */
  readonly signal: AbortSignal;
  /**
   * Sends an answer with the id of the message. There may be none or several. The bytes are copied.
   *
   * @param body The body of the answer: bytes, or the first `used` ones
   * of a block.
   * @param options What it says beside.
   * @returns Whether it could be sent: not where the connection has closed or the client reads too
   * slowly, nor after the time that a handler has.
   * @throws {TypeError} A body or metadata that are no bytes.
   * @throws {RangeError} A number out of its range, or too much metadata.
   * @throws {PoolError} The message has ended, or there is no room for the answer.
   */
  answer(body?: Uint8Array | MessageBody, options?: AnswerOptions): boolean;
}

/** An answer, complete. */
export interface Answer {
  readonly kind: number;
  readonly flags: number;
  readonly id: number;
  readonly meta: Uint8Array;
  readonly body: Uint8Array;
}

/** The connection as a message needs it. */
export interface Answering {
  readonly signal: AbortSignal;
  /** Sends an answer; says whether it could. */
  send(answer: Answer): boolean;
}

const NOTHING = new Uint8Array();

/** A message in flight. */
export class HeldMessage implements Message, Holdable {
  readonly #connection: Answering;
  readonly #header: Block;
  readonly #body: Block;
  #state: "in flight" | "late" | "ended" = "in flight";

  /**
   * Copies a message into blocks.
   *
   * @param bytes A whole message, well-formed.
   * @throws {PoolError} There is no room for it; nothing is leased then.
   */
  constructor(bytes: Uint8Array, blocks: BufferTag, connection: Answering) {
    this.#connection = connection;
    const start = bodyStart(bytes);
    const header = blocks.acquire(start);
    try {
      this.#body = blocks.acquire(bytes.length - start);
    } catch (error) {
      header.used = 0;
      header.release();
      throw error;
    }
    header.used = start;
    header.bytes.set(bytes.subarray(0, start));
    this.#header = header;
    this.#body.used = bytes.length - start;
    this.#body.bytes.set(bytes.subarray(start));
  }

  get kind(): number {
    return kindOf(this.#read().bytes);
  }

  get flags(): number {
    return flagsOf(this.#read().bytes);
  }

  get id(): number {
    return idOf(this.#read().bytes);
  }

  get meta(): Uint8Array<ArrayBuffer> {
    const { bytes } = this.#read();
    return bytes.subarray(HEADER_BYTES, bodyStart(bytes));
  }

  get body(): MessageBody {
    this.#read();
    return this.#body;
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  /** Whether its handler may still answer. */
  get isInFlight(): boolean {
    return this.#state === "in flight";
  }

  answer(body: Uint8Array | MessageBody = NOTHING, options: AnswerOptions = {}): boolean {
    const header = this.#read().bytes;
    const { kind = kindOf(header), flags = 0, meta = NOTHING } = options;
    needByte("kind", kind, MAX_KIND);
    needByte("flags", flags, MAX_FLAGS);
    needBytes("meta", meta);
    if (meta.length > MAX_META_BYTES) {
      const rule = `meta must have at most ${MAX_META_BYTES} bytes`;
      throw new RangeError(`${ACTION}: ${rule}: received ${meta.length}`);
    }
    const bytes = isBlock(body) ? body.bytes.subarray(0, body.used) : body;
    needBytes("body", bytes);
    // The client has been told that no answer comes.
    if (!this.isInFlight) return false;
    return this.#connection.send({ kind, flags, id: idOf(header), meta, body: bytes });
  }

  /** Gives its blocks back. */
  release(): void {
    if (this.#state !== "in flight") {
      this.#state = "ended";
      return;
    }
    this.#state = "ended";
    try {
      this.#header.release();
    } finally {
      this.#body.release();
    }
  }

  /** Leaves its blocks to the handler, which may go on. */
  expire(): void {
    if (this.#state !== "in flight") return;
    this.#state = "late";
    try {
      this.#header.discard();
    } finally {
      this.#body.discard();
    }
  }

  #read(): Block {
    if (this.#state !== "ended") return this.#header;
    const rule = "it must be in flight";
    throw new PoolError("stale", `Cannot use message: ${rule}: received one that has ended`);
  }
}

function isBlock(body: Uint8Array | MessageBody): body is MessageBody {
  return !ArrayBuffer.isView(body) && ArrayBuffer.isView(body?.bytes);
}

function needBytes(name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new TypeError(`${ACTION}: ${name} must be a Uint8Array: received ${received(value)}`);
}

function needByte(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  const rule = `${name} must be an integer from 0 to ${most}`;
  throw new RangeError(`${ACTION}: ${rule}: received ${received(value)}`);
}
