/**
 * A gateway for binary WebSocket messages whose bytes lie in pooled blocks: the header of a message in
 * one of the smallest class, its body in one of its own size, both from its arrival to the end of its
 * handler.
 *
 * @module
 */

import { detectHost, type Host, PoolError } from "../mod.ts";
import { BufferPool } from "../src/buffers/mod.ts";
import { needBlocks } from "./blocks.ts";
import type { Execution } from "./execution.ts";
import { HoldLimit } from "./hold_limit.ts";
import type { Message } from "./message.ts";
import {
  type MessageConnection,
  type MessageSocket,
  type Messaging,
  SocketConnection,
} from "./message_connection.ts";
import { type MessageStats, newCounts } from "./message_stats.ts";
import { needFunction, needHost, needInteger, needMs, needOptions } from "./received.ts";
import { reporter } from "./reporter.ts";

const ACTION = "Cannot create messages()";

/** Messages between two looks of a pool at the clock, where there are no timers. */
const POLL_MESSAGES = 64;

/** How a {@linkcode messages} gateway behaves. */
export interface MessagesOptions {
  /**
   * Handles a message. The message ends when it returns, or when the promise that it returns settles;
   * what it answers it gives to `message.answer`.
   */
  readonly handler: (message: Message) => void | PromiseLike<void>;
  /**
   * The pool of the blocks, with a buffer for each. Whoever makes it closes it.
   *
   * @default {new BufferPool()}
   */
  readonly pool?: BufferPool;
  /**
   * The largest body, in bytes. A connection with a larger one is closed with 1009.
   *
   * @default {1048576}
   */
  readonly maxBytes?: number;
  /**
   * The most messages of one connection whose handlers are at work. More are answered with an error.
   *
   * @default {64}
   */
  readonly maxInFlight?: number;
  /**
   * The most bytes of answers that may wait for a client to read, where the runtime tells (not on
   * Workers). Beyond it the connection is closed with 1013.
   *
   * @default {16777216}
   */
  readonly maxBufferedBytes?: number;
  /**
   * The longest that a handler may be at work, in milliseconds; up to a quarter more passes before it
   * is noticed. The client is answered with an error then. The handler may go on with its blocks, which
   * nobody else ever gets. 0: no limit.
   *
   * @default {300000}
   */
  readonly maxHoldMs?: number;
  /**
   * What tells the time for `maxHoldMs`.
   *
   * @default {detectHost()}
   */
  readonly host?: Host;
  /**
   * Receives what a client is not told: what a handler threw, that one is late, blocks that could not be
   * given back.
   *
   * @default {console.error}
   */
  readonly onError?: (error: unknown) => void;
}

/** A WebSocket with listeners: Deno's, or workerd's. */
export interface ListeningSocket extends MessageSocket {
  /** The form of binary messages. */
  binaryType?: string;
  /** Has a listener told of messages. */
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  /** Has a listener told of the end. */
  addEventListener(type: "close" | "error", listener: () => void): void;
}

/** A message gateway. */
export interface Messages {
  /** The pool of the blocks. */
  readonly pool: BufferPool;
  /**
   * Serves a socket by its listeners: on Deno and Workers. On Workers `accept` it first or afterwards,
   * and give the execution context as well, so that handlers may finish when a client has gone.
   *
   * @param socket The server's end.
   * @param execution What lets a request's work go on.
   */
  attach(socket: ListeningSocket, execution?: Execution): void;
  /**
   * Serves a socket whose events are told to the connection that this returns: on Bun.
   *
   * @param socket The socket.
   * @param execution What lets a request's work go on.
   * @returns What to tell.
   */
  open(socket: MessageSocket, execution?: Execution): MessageConnection;
  /**
   * Takes a snapshot of the counts.
   *
   * @returns Plain data that later events do not change.
   */
  stats(): MessageStats;
}

/**
 * A gateway for binary WebSocket messages on Deno, Bun and Workers.
 *
 * A message is a header and a body, numbers most significant byte first:
 *
 * | offset | bytes | field |
 * |---|---|---|
 * | 0 | 1 | version: 1 |
 * | 1 | 1 | kind: 0 to 254 for the application; 255 says that an answer is an error |
 * | 2 | 1 | flags: the application's own; of an error its reason |
 * | 3 | 1 | `m`, the length of the metadata: 0 to 244 |
 * | 4 | 4 | id: the client's own; an answer has that of its message |
 * | 8 | 4 | `n`, the length of the body |
 * | 12 | `m` | metadata: the application's own |
 * | 12 + `m` | `n` | body |
 *
 * The reason of an error is 1: too many messages of the connection are in flight; 2: there is no memory
 * for it now; 3: its handler failed; 4: its handler took too long. Errors have no body.
 *
 * A connection is closed with 1002 for a message of another form, 1003 for a text, 1009 for a body
 * beyond `maxBytes`, 1013 where a client does not read its answers, and 1001 where the pool is closed.
 *
 * @param options How it behaves.
 * @returns The gateway.
 * @throws {TypeError} An option is of the wrong type, or a pool without a buffer for each block or
 * without zeroing.
 * @throws {RangeError} A number out of its range.
 *
 * @example On Deno
 * ```ts
 * import { messages } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = messages({ handler: (message) => void message.answer(message.body) });
 * const server = Deno.serve({ port: 0, onListen: () => {} }, (request) => {
 *   const { response, socket } = Deno.upgradeWebSocket(request);
 *   echo.attach(socket);
 *   return response;
 * });
 *
 * const client = new WebSocket(`ws://localhost:${server.addr.port}/`);
 * client.binaryType = "arraybuffer";
 * client.onopen = () => client.send(new Uint8Array([1, 7, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 104, 105]));
 * const { data } = await new Promise<MessageEvent>((resolve) => client.onmessage = resolve);
 * assertEquals([...new Uint8Array(data)], [1, 7, 0, 0, 0, 0, 0, 9, 0, 0, 0, 2, 104, 105]);
 *
 * client.close();
 * await new Promise((resolve) => client.onclose = resolve);
 * await server.shutdown();
 * assertEquals(echo.pool.stats().active, 0);
 * echo.pool.close();
 * ```
 *
 * @example On Bun
 * ```ts ignore
 * const echo = messages({ handler: (message) => void message.answer(message.body) });
 * Bun.serve({
 *   fetch: (request, server) => server.upgrade(request) ? undefined : new Response(null, { status: 426 }),
 *   websocket: {
 *     open: (socket) => void (socket.data = echo.open(socket)),
 *     message: (socket, data) => socket.data.message(data),
 *     close: (socket) => socket.data.close(),
 *   },
 * });
 * ```
 *
 * @example On Workers
 * ```ts ignore
 * const echo = messages({ handler: (message) => void message.answer(message.body) });
 * export default {
 *   fetch(request, env, execution) {
 *     const { 0: client, 1: socket } = new WebSocketPair();
 *     echo.attach(socket, execution);
 *     socket.accept();
 *     return new Response(null, { status: 101, webSocket: client });
 *   },
 * };
 * ```
 */
export function messages(options: MessagesOptions): Messages {
  needOptions(ACTION, "options", options);
  const {
    handler,
    maxBytes = 1_048_576,
    maxInFlight = 64,
    maxBufferedBytes = 16_777_216,
    maxHoldMs = 300_000,
    host = detectHost(),
    onError,
  } = options;
  needFunction(ACTION, "handler", handler);
  needInteger(ACTION, "maxBytes", maxBytes, 0);
  needInteger(ACTION, "maxInFlight", maxInFlight, 1);
  needInteger(ACTION, "maxBufferedBytes", maxBufferedBytes, 0);
  needMs(ACTION, "maxHoldMs", maxHoldMs);
  needHost(ACTION, host);
  if (onError !== undefined) needFunction(ACTION, "onError", onError);
  const report = reporter(onError);
  const pool = options.pool ?? new BufferPool({ onError: report });
  needBlocks(ACTION, pool);

  const isWorkers = host.runtime === "workers";
  let sincePoll = 0;
  const counts = newCounts();
  const limit = new HoldLimit(host, maxHoldMs, {
    ended: () => {},
    expired: () => {
      const rule = `a handler must end within ${maxHoldMs} ms`;
      report(new PoolError("expired", `Cannot keep message: ${rule}: received one that goes on`));
    },
    failed: report,
  });
  const shared: Messaging = {
    blocks: pool.tag("messages"),
    maxBytes,
    maxInFlight,
    maxBufferedBytes,
    limit,
    counts,
    handler,
    report,
    ended: () => {
      if (!isWorkers || ++sincePoll < POLL_MESSAGES) return;
      sincePoll = 0;
      pool.poll();
    },
  };
  const open = (socket: MessageSocket, execution?: Execution) =>
    new SocketConnection(shared, socket, execution);
  return {
    pool,
    open,
    attach(socket, execution) {
      // Workers and browsers give blobs otherwise, whose bytes come later.
      socket.binaryType = "arraybuffer";
      const connection = open(socket, execution);
      socket.addEventListener("message", ({ data }) => connection.message(data));
      socket.addEventListener("error", () => connection.close());
      socket.addEventListener("close", () => {
        connection.close();
        try {
          // On Workers an end that is not answered stays half open.
          socket.close();
        } catch {
          // It is closed.
        }
      });
    },
    stats: () => ({ ...counts, refused: { ...counts.refused } }),
  };
}
