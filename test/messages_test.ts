import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Message,
  type MessageConnection,
  messages,
  type MessagesOptions,
} from "../edge/mod.ts";
import { BufferPool } from "../src/buffers/mod.ts";
import { FakeHost } from "../testing/fake_host.ts";
import { checkBuffers } from "./buffers/_oracle.ts";

/** What a socket was told. The sockets themselves are real in `host/messages_served_test.ts`. */
class Recorder {
  readonly sent: number[][] = [];
  readonly closed: number[] = [];
  bufferedAmount = 0;
  /** What `send` says, or throws. */
  result: unknown;

  send(bytes: Uint8Array): unknown {
    if (this.result instanceof Error) throw this.result;
    this.sent.push([...bytes]);
    return this.result;
  }

  close(code = 1000): void {
    this.closed.push(code);
  }
}

function frame(
  { kind = 7, flags = 0, id = 1, meta = [] as number[], body = [] as number[] } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + meta.length + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set([1, kind, flags, meta.length]);
  view.setUint32(4, id);
  view.setUint32(8, body.length);
  bytes.set([...meta, ...body], 12);
  return bytes;
}

function error(id: number, reason: number): number[] {
  return [...frame({ kind: 255, flags: reason, id })];
}

/** A gateway, one connection of it, and what it was told. */
function setUp(options: Partial<MessagesOptions> & Pick<MessagesOptions, "handler">) {
  const errors: unknown[] = [];
  const host = new FakeHost({ timers: true });
  const pool = options.pool ?? new BufferPool({ host: new FakeHost() });
  const gateway = messages({ host, onError: (error) => errors.push(error), ...options, pool });
  const socket = new Recorder();
  const connection = gateway.open(socket);
  const isIdle = () => {
    checkBuffers(pool);
    assertEquals(pool.stats().active, 0);
  };
  return { connection, errors, gateway, host, isIdle, pool, socket };
}

describe("messages()", () => {
  it("reads and writes each field, in blocks that are held no longer", () => {
    let seen: unknown;
    const { connection, gateway, isIdle, pool, socket } = setUp({
      handler: (message) => {
        const { kind, flags, id, meta, body } = message;
        seen = [kind, flags, id, [...meta], [...body.bytes.subarray(0, body.used)]];
        assertEquals(pool.stats().classes.map(({ active }) => active), [1, 1, 0, 0, 0]);
        assertEquals(message.answer(body), true);
        message.answer(new Uint8Array([5]), { kind: 254, flags: 255, meta: new Uint8Array([6]) });
        message.answer();
      },
    });
    const meta = Array.from({ length: 244 }, (_, i) => i);
    const body = Array.from({ length: 300 }, (_, i) => i % 251);
    connection.message(frame({ kind: 254, flags: 3, id: 2 ** 32 - 1, meta, body }));
    assertEquals(seen, [254, 3, 2 ** 32 - 1, meta, body]);
    const answers = [
      frame({ kind: 254, id: 2 ** 32 - 1, body }),
      frame({ kind: 254, flags: 255, id: 2 ** 32 - 1, meta: [6], body: [5] }),
      frame({ kind: 254, id: 2 ** 32 - 1 }),
    ];
    assertEquals(socket.sent, answers.map((each) => [...each]));
    isIdle();
    assertEquals(gateway.stats(), {
      connections: 1,
      messages: 1,
      bytes: 300,
      inFlight: 0,
      answers: 3,
      answerBytes: 301,
      dropped: 0,
      failed: 0,
      late: 0,
      refused: { text: 0, malformed: 0, large: 0, busy: 0, memory: 0 },
    });
  });

  it("takes what the runtimes give: buffers, views into larger ones", () => {
    const ids: number[] = [];
    const { connection } = setUp({ handler: ({ id }) => void ids.push(id) });
    connection.message(frame({ id: 1 }).buffer);
    const larger = new Uint8Array(40).fill(9);
    larger.set(frame({ id: 2, body: [1] }), 7);
    connection.message(larger.subarray(7, 20));
    assertEquals(ids, [1, 2]);
    assertThrows(() => connection.message(new Blob()), TypeError, "binaryType");
  });

  it("a body of a class's size needs no larger class", () => {
    const capacities: number[] = [];
    const { connection } = setUp({ handler: ({ body }) => void capacities.push(body.capacity) });
    for (const length of [0, 255, 256, 257, 1024, 1025, 65_536, 65_537]) {
      connection.message(frame({ body: Array(length).fill(1), meta: Array(200).fill(2) }));
    }
    assertEquals(capacities, [256, 256, 256, 1024, 1024, 4096, 65_536, 65_537]);
  });

  it("closes a connection that sends something else, and holds nothing of it", () => {
    const good = frame({ body: [1, 2, 3] });
    const long = frame({ meta: Array(244).fill(0) });
    long[3] = 245;
    const CASES: readonly [number, unknown][] = [
      [1003, "text"],
      [1002, new Uint8Array()],
      [1002, good.subarray(0, 11)],
      [1002, good.subarray(0, 14)],
      [1002, new Uint8Array([...good, 0])],
      [1002, good.with(0, 2)],
      [1002, good.with(1, 255)],
      [1002, good.with(8, 128)],
      [1002, long],
      [1009, frame({ body: Array(1001).fill(0) })],
      [1009, frame({ body: Array(1001).fill(0), meta: Array(244).fill(0) })],
    ];
    for (const [code, data] of CASES) {
      const { connection, isIdle, pool, socket } = setUp({
        maxBytes: 1000,
        handler: () => assert(false, "handled"),
      });
      connection.message(data);
      // What arrives until the client has heard of it is ignored.
      connection.message(good);
      assertEquals(socket.closed, [code]);
      assertEquals(pool.stats().allocations, 0);
      isIdle();
    }
    const { connection, gateway } = setUp({ maxBytes: 1000, handler: () => {} });
    connection.message(frame({ body: Array(1000).fill(0), meta: Array(244).fill(0) }));
    assertEquals(gateway.stats().messages, 1);
  });

  it("answers an error where a handler throws or rejects, and goes on", async () => {
    const { connection, errors, gateway, isIdle, socket } = setUp({
      handler: async ({ kind }) => {
        await undefined;
        throw new Error(`kind ${kind}`);
      },
    });
    const sync = messages({
      handler: () => {
        throw new Error("at once");
      },
      onError: (error) => errors.push(error),
    });
    sync.open(socket).message(frame({ id: 3 }));
    connection.message(frame({ id: 4 }));
    assertEquals(gateway.stats().inFlight, 1);
    await settle();
    assertEquals(socket.sent, [error(3, 3), error(4, 3)]);
    assertEquals(errors.map((each) => (each as Error).message), ["at once", "kind 7"]);
    assertEquals([gateway.stats().inFlight, gateway.stats().failed], [0, 1]);
    assertEquals(sync.pool.stats().active, 0);
    sync.pool.close();
    isIdle();
  });

  it("a message cannot be used after its handler", async () => {
    let kept: Message | undefined;
    const { connection } = setUp({
      handler: async (message) => {
        kept = message;
        await undefined;
      },
    });
    connection.message(frame());
    assertEquals(kept!.kind, 7);
    await settle();
    for (
      const use of [() => kept!.kind, () => kept!.meta, () => kept!.body, () => kept!.answer()]
    ) {
      assertThrows(use, Error, "Cannot use message: it must be in flight");
    }
  });

  it("limits the messages of a connection in flight, not those of another", async () => {
    const go = Promise.withResolvers<void>();
    const { connection, gateway, isIdle, socket } = setUp({
      maxInFlight: 2,
      handler: async (message) => {
        await go.promise;
        message.answer();
      },
    });
    const other = new Recorder();
    const connections = [connection, connection, connection, gateway.open(other)];
    connections.forEach((each, i) => each.message(frame({ id: i })));
    assertEquals(socket.sent, [error(2, 1)]);
    assertEquals([gateway.stats().inFlight, gateway.stats().refused.busy], [3, 1]);
    go.resolve();
    await settle();
    assertEquals(socket.sent.slice(1), [frame({ id: 0 }), frame({ id: 1 })].map((f) => [...f]));
    assertEquals(other.sent, [[...frame({ id: 3 })]]);
    connection.message(frame({ id: 5 }));
    await settle();
    assertEquals(socket.sent.at(-1), [...frame({ id: 5 })]);
    isIdle();
  });

  it("a connection that closes in the middle: the handler finishes, and its answer is dropped", async () => {
    const go = Promise.withResolvers<void>();
    let answered: boolean | undefined;
    let signal: AbortSignal | undefined;
    const { connection, gateway, isIdle, socket } = setUp({
      handler: async (message) => {
        signal = message.signal;
        await go.promise;
        assertEquals(message.body.bytes[0], 42);
        answered = message.answer(message.body);
      },
    });
    connection.message(frame({ body: [42] }));
    connection.close();
    connection.close();
    connection.message(frame({ body: [43] }));
    assertEquals(signal!.aborted, true);
    assertEquals([gateway.stats().connections, gateway.stats().inFlight], [0, 1]);
    go.resolve();
    await settle();
    assertEquals([answered, socket.sent.length, gateway.stats().dropped], [false, 0, 1]);
    isIdle();
  });

  it("a handler that takes too long keeps its bytes, and nobody else gets them", async () => {
    const go = Promise.withResolvers<void>();
    const seen: number[] = [];
    let late: Message | undefined;
    const { connection, errors, gateway, host, isIdle, pool, socket } = setUp({
      maxHoldMs: 1000,
      handler: async (message) => {
        if (message.id !== 1) return void seen.push(message.body.bytes[0]!);
        late = message;
        await go.promise;
        assertEquals(message.body.bytes[0], 42);
        assertEquals(message.answer(message.body), false);
      },
    });
    connection.message(frame({ id: 1, body: [42] }));
    host.advance(1251);
    assertEquals(socket.sent, [error(1, 4)]);
    assertEquals([gateway.stats().inFlight, gateway.stats().late], [0, 1]);
    isIdle();
    // What is left is the block that the error was put together in.
    assertEquals(pool.stats().reservedBytes, 256);

    const bytes = late!.body.bytes;
    for (let id = 2; id < 50; id++) {
      connection.message(frame({ id, body: [id] }));
      bytes.fill(99);
    }
    assertEquals(seen, Array.from({ length: 48 }, (_, i) => i + 2));
    bytes[0] = 42;
    go.resolve();
    await settle();
    assertThrows(() => late!.body, Error, "Cannot use message");
    assertEquals(errors.map((each) => (each as { code: string }).code), ["expired"]);
    isIdle();
  });

  it("answers an error where there is no memory for a message, and recovers", async () => {
    const go = Promise.withResolvers<void>();
    const pool = new BufferPool({ classes: [256, 4096], maxBytes: 8192, host: new FakeHost() });
    const { connection, gateway, isIdle, socket } = setUp({ pool, handler: () => go.promise });
    const body = Array<number>(4000).fill(1);
    connection.message(frame({ id: 1, body }));
    connection.message(frame({ id: 2, body }));
    assertEquals([gateway.stats().refused.memory, socket.sent.at(-1)], [1, error(2, 2)]);
    go.resolve();
    await settle();
    isIdle();
    connection.message(frame({ id: 3, body }));
    await settle();
    assertEquals(gateway.stats().messages, 2);
    isIdle();
  });

  it("closes the connection where there is not even room for an error, and where the pool is closed", () => {
    const pool = new BufferPool({ classes: [256], maxBytes: 256, host: new FakeHost() });
    const full = setUp({ pool, handler: () => {} });
    const held = pool.acquire(1);
    full.connection.message(frame());
    assertEquals(full.socket.closed, [1013]);
    held.release();
    full.isIdle();

    const closed = setUp({ handler: () => {} });
    closed.pool.close();
    closed.connection.message(frame());
    assertEquals(closed.socket.closed, [1001]);
    assertEquals(closed.errors, []);
  });

  it("closes a connection whose client does not read", () => {
    const slow = (make: (socket: Recorder) => void) => {
      const answered: boolean[] = [];
      const { connection, gateway, isIdle, socket } = setUp({
        maxBufferedBytes: 100,
        handler: (message) => void answered.push(message.answer(message.body)),
      });
      connection.message(frame({ body: [1] }));
      make(socket);
      connection.message(frame({ body: [1] }));
      connection.message(frame({ body: [1] }));
      assertEquals(answered, [true, false]);
      assertEquals([socket.closed, gateway.stats().dropped], [[1013], 1]);
      isIdle();
    };
    slow((socket) => socket.bufferedAmount = 88);
    slow((socket) => socket.result = 0);
    slow((socket) => socket.result = new Error("closing"));
  });

  it("a byte of a former message is never in a block", () => {
    const { connection } = setUp({
      handler: ({ body }) => {
        assertEquals([...new Set(body.bytes.subarray(body.used))].filter((byte) => byte !== 0), []);
      },
    });
    for (let i = 0; i < 200; i++) {
      const length = (i * 7919) % 1025;
      connection.message(frame({ body: Array(length).fill(i | 1) }));
    }
  });

  it("tells a handler that has transferred its body away, or gives what is none", () => {
    const { connection, errors, isIdle } = setUp({
      handler: (message) => {
        if (message.id === 1) message.body.bytes.buffer.transfer();
        if (message.id === 2) message.answer("text" as unknown as Uint8Array);
        if (message.id === 3) message.answer(message.body, { kind: 255 });
        if (message.id === 4) message.answer(message.body, { meta: new Uint8Array(245) });
      },
    });
    for (let id = 1; id <= 4; id++) connection.message(frame({ id }));
    assertEquals(errors.length, 4);
    const [transferred, text, kind, meta] = errors.map((each) => (each as Error).message);
    assert(transferred!.includes("transferred"), transferred);
    assertEquals(text, 'Cannot answer message: body must be a Uint8Array: received "text"');
    assert(kind!.includes("kind must be an integer from 0 to 254: received 255"), kind);
    assert(meta!.includes("meta must have at most 244 bytes: received 245"), meta);
    isIdle();
  });

  it("refuses options that cannot be served", () => {
    const handler = () => {};
    const host = new FakeHost();
    const pool = (options: object) => new BufferPool({ host: new FakeHost(), ...options });
    assertThrows(() => messages({ handler: 1 as never }), TypeError, "handler must be a function");
    assertThrows(() => messages({ handler, maxBytes: -1 }), RangeError, "maxBytes");
    assertThrows(() => messages({ handler, maxInFlight: 0 }), RangeError, "maxInFlight");
    assertThrows(() => messages({ handler, maxHoldMs: NaN }), RangeError, "maxHoldMs");
    assertThrows(() => messages({ handler, host: {} as never }), TypeError, "host");
    assertThrows(() => messages({ handler, pool: {} as never }), TypeError, "a BufferPool");
    const slab = pool({ layout: "slab" });
    assertThrows(() => messages({ handler, host, pool: slab }), TypeError, '"separate"');
    const never = pool({ zero: "never" });
    assertThrows(() => messages({ handler, host, pool: never }), TypeError, "zero of pool");
  });

  it("holds through random messages, failures and closes (seeded)", async () => {
    let seed = 20261125;
    const random = () => (seed = seed * 1664525 + 1013904223 >>> 0) / 2 ** 32;
    const waiting: (() => void)[] = [];
    let crossed = 0;
    const { connection, gateway, host, isIdle, pool } = setUp({
      maxHoldMs: 1000,
      maxInFlight: 8,
      handler: ({ id, body }) => {
        const isWhole = () => body.bytes.subarray(0, body.used).every((byte) => byte === id % 256);
        if (random() < 0.3) return;
        if (random() < 0.1) throw new Error("at random");
        return new Promise((resolve, reject) => {
          waiting.push(() => {
            if (!isWhole()) crossed++;
            if (random() < 0.2) reject(new Error("at random"));
            else resolve();
          });
        });
      },
    });
    let connections: MessageConnection[] = [connection];
    for (let step = 0; step < 3000; step++) {
      const draw = random();
      if (connections.length === 0 || draw < 0.05) connections.push(gateway.open(new Recorder()));
      const at = Math.floor(random() * connections.length);
      if (draw < 0.7) {
        const length = Math.floor(random() * 1100);
        connections[at]!.message(frame({ id: step, body: Array(length).fill(step % 256) }));
      } else if (draw < 0.9 && waiting.length > 0) {
        waiting.splice(Math.floor(random() * waiting.length), 1)[0]!();
        await undefined;
      } else if (draw < 0.95) {
        connections[at]!.close();
        connections = connections.toSpliced(at, 1);
      } else host.advance(50);
      if (step % 100 === 0) checkBuffers(pool);
    }
    for (const go of waiting.splice(0)) go();
    for (const each of connections) each.close();
    await settle();
    const { connections: open, inFlight, late, failed } = gateway.stats();
    assertEquals([open, inFlight, crossed], [0, 0, 0]);
    assert(late > 10 && failed > 100, JSON.stringify(gateway.stats()));
    isIdle();
  });
});

/** Lets what waits in microtasks run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}
