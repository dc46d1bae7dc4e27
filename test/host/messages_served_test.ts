import { after, before, describe, it } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import {
  checksum,
  KINDS,
  MAX_MESSAGE_BYTES,
  MESSAGE_HOLD_MS,
  type MessageReport,
} from "../fixture/message_app.ts";
import { type Entries, type Server, startOn } from "../fixture/server.ts";

// The servers are processes, which are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

const SERVED: Entries = {
  deno: "test/fixture/message_deno.ts",
  bun: "test/fixture/message_bun.ts",
  workerd: "test/fixture/message_worker.ts",
};

/** Messages that a runtime answers, at least. */
const MESSAGES = 10_000;
const CONNECTIONS = 40;
/** Messages of a connection at once: fewer than are refused. */
const WINDOW = 12;

/** The sizes of classes. */
const CLASSES = [256, 1024, 4096, 16_384, 65_536];
const SIZES = [0, 1, ...CLASSES.flatMap((size) => [size - 1, size, size + 1]), 262_144, 307_200];

let folder = "";
before(() => {
  if (!skip) folder = Deno.makeTempDirSync({ prefix: "pool_messages_" });
});
after(() => {
  if (!skip) Deno.removeSync(folder, { recursive: true });
});

for (const runtime of RUNTIMES) {
  describe(`messages() served by ${runtime}`, () => {
    let server: Server | undefined;
    before(async () => {
      if (!skip) server = await startOn(runtime, SERVED, folder);
    });
    after(() => server?.[Symbol.asyncDispose]());

    it("10 000 messages of mixed sizes, with connections that break off", { skip }, async () => {
      const random = randomOf(`messages ${runtime}`);
      const totals = { sent: 0, answered: 0, wrong: 0, failed: 0, broken: 0 };
      await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
        while (totals.answered < MESSAGES) {
          const willBreak = random() < 0.3;
          await new Talk(server!.port, random, totals).run(willBreak);
        }
      }));
      const { crossed, messages, buffers, errors } = await untilIdle(server!);
      assertEquals([crossed, totals.wrong], [0, 0]);
      assertGreater(totals.answered, MESSAGES - 1);
      assertGreater(totals.broken, 20);
      assertGreater(totals.failed, 100);
      assertGreater(messages.messages, totals.answered);
      const { text, malformed, large, busy, memory } = messages.refused;
      assertEquals([text, malformed, large, busy, memory], [0, 0, 0, 0, 0]);
      assertEquals(errors, { "as asked": messages.failed });
      const { active, activeBytes, allocations, deallocations } = buffers;
      assertEquals([active, activeBytes], [0, 0]);
      assertEquals(allocations, deallocations);
      // Not one of their classes had a block that was given up.
      const lost = [...buffers.classes, buffers.unpooled].map(({ pool }) => pool.discarded.invalid);
      assertEquals(lost.reduce((sum, n) => sum + n, 0), 0);
    });

    it("what is overwritten once it was sent arrives as it was", { skip }, async () => {
      const socket = await connect(server!.port);
      const wrong: number[] = [];
      // Together less than may wait to be sent.
      const count = 200;
      const done = Promise.withResolvers<void>();
      let answered = 0;
      socket.onclose = ({ code }) => done.reject(new Error(`closed with ${code}`));
      socket.onmessage = ({ data }) => {
        const bytes = new Uint8Array(data);
        const id = idOf(bytes);
        if (bytes.length !== 13 + 60_000 || bytes[12] !== id % 256) wrong.push(id);
        if (bytes.subarray(13).some((byte) => byte !== id % 251)) wrong.push(id);
        if (++answered === count) done.resolve();
      };
      for (let id = 0; id < count; id++) {
        const body = new Uint8Array(60_000).fill(id % 251);
        socket.send(frame(KINDS.overwrite, id, body, [id % 256]));
      }
      await done.promise;
      assertEquals(wrong, []);
      await close(socket);
      await untilIdle(server!);
    });

    it("says why it closes a connection", { skip }, async () => {
      const CASES: readonly [number, string | Uint8Array<ArrayBuffer>][] = [
        [1002, new Uint8Array(5)],
        [1003, "text"],
        [1009, frame(KINDS.echo, 1, new Uint8Array(MAX_MESSAGE_BYTES + 1))],
      ];
      for (const [code, data] of CASES) {
        const socket = await connect(server!.port);
        const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
        socket.send(data);
        assertEquals((await closed).code, code);
      }
      await untilIdle(server!);
    });

    it("a handler that never ends is late, and its connection goes on", { skip }, async () => {
      const socket = await connect(server!.port);
      const gone = await connect(server!.port);
      gone.send(frame(KINDS.never, 1, new Uint8Array(300)));
      await close(gone);
      const other = await connect(server!.port);
      other.send(frame(KINDS.never, 9, new Uint8Array(300)));
      const answers: Uint8Array[] = [];
      const late = Promise.withResolvers<void>();
      socket.onclose = ({ code }) => late.reject(new Error(`closed with ${code}`));
      socket.onmessage = ({ data }) => {
        answers.push(new Uint8Array(data));
        if (answers.at(-1)![1] === 255) late.resolve();
      };
      socket.send(frame(KINDS.never, 7, new Uint8Array(300)));
      // Where there are no timers other messages bring the news.
      const beat = setInterval(() => socket.send(frame(KINDS.late, 8, new Uint8Array(1))), 100);
      await late.promise;
      clearInterval(beat);
      const error = answers.find((bytes) => bytes[1] === 255)!;
      assertEquals([idOf(error), error[2]], [7, 4]);
      await close(socket);
      // Whoever found it late (on Workers another connection, from which it is out of reach), this one
      // goes on as well.
      const echoed = new Promise<void>((resolve, reject) => {
        other.onclose = reject;
        other.onmessage = ({ data }) => idOf(new Uint8Array(data)) === 10 && resolve();
      });
      other.send(frame(KINDS.echo, 10, new Uint8Array(1)));
      await echoed;
      await close(other);
      const { messages, errors } = await untilIdle(server!);
      assertEquals([messages.late, errors["expired"]], [3, 3]);
    });
  });
}

/** What has been seen of all connections. */
interface Totals {
  sent: number;
  answered: number;
  wrong: number;
  failed: number;
  broken: number;
}

/** One connection: so many messages, a few of them at once, whose answers are checked. */
class Talk {
  readonly #port: number;
  readonly #random: () => number;
  readonly #totals: Totals;
  /** What is awaited by id, as its checksum. */
  readonly #awaited = new Map<number, number>();
  readonly #done = Promise.withResolvers<void>();
  #left = 60;
  #nextId = 0;

  constructor(port: number, random: () => number, totals: Totals) {
    this.#port = port;
    this.#random = random;
    this.#totals = totals;
    this.#nextId = Math.floor(random() * 2 ** 31);
  }

  /** Sends all messages, or breaks off in the middle. */
  async run(willBreak: boolean): Promise<void> {
    const socket = await connect(this.#port);
    socket.onclose = () => this.#done.resolve();
    socket.onmessage = ({ data }) => {
      this.#check(new Uint8Array(data));
      if (willBreak && this.#left < 30) {
        this.#totals.broken++;
        socket.onmessage = null;
        return socket.close();
      }
      this.#fill(socket);
    };
    this.#fill(socket);
    await this.#done.promise;
    if (willBreak) return;
    await close(socket);
    // An answer that does not come is as wrong as another one.
    this.#totals.wrong += this.#awaited.size;
  }

  #fill(socket: WebSocket): void {
    while (this.#left > 0 && this.#awaited.size < WINDOW) this.#send(socket);
    if (this.#awaited.size === 0) this.#done.resolve();
  }

  #send(socket: WebSocket): void {
    this.#left--;
    const draw = this.#random();
    const { echo, fail, late, quiet } = KINDS;
    const kind = draw < 0.4 ? echo : draw < 0.85 ? late : draw < 0.95 ? quiet : fail;
    const body = this.#body();
    const id = this.#nextId++;
    const meta = Array<number>(Math.floor(this.#random() * 245)).fill(id % 256);
    if (kind !== quiet) this.#awaited.set(id, kind === fail ? NaN : checksum(body, body.length));
    this.#totals.sent++;
    socket.send(frame(kind, id, body, meta));
  }

  /** Mostly small ones, as traffic is. */
  #body(): Uint8Array<ArrayBuffer> {
    const many = this.#random() < 0.9 ? 10 : SIZES.length;
    const body = new Uint8Array(SIZES[Math.floor(this.#random() * many)]!);
    const value = Math.floor(this.#random() * 256);
    for (let i = 0; i < body.length; i++) body[i] = value + i;
    return body;
  }

  #check(bytes: Uint8Array): void {
    const id = idOf(bytes);
    const expected = this.#awaited.get(id);
    this.#awaited.delete(id);
    this.#totals.answered++;
    const isError = bytes[1] === 255;
    if (isError) this.#totals.failed++;
    const body = bytes.subarray(12 + bytes[3]!);
    const isRight = expected !== undefined &&
      (isError
        ? Number.isNaN(expected) && bytes[2] === 3
        : checksum(body, body.length) === expected);
    if (!isRight) this.#totals.wrong++;
  }
}

function frame(
  kind: number,
  id: number,
  body: Uint8Array,
  meta: readonly number[] = [],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + meta.length + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set([1, kind, 0, meta.length]);
  view.setUint32(4, id);
  view.setUint32(8, body.length);
  bytes.set(meta, 12);
  bytes.set(body, 12 + meta.length);
  return bytes;
}

function idOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
}

async function connect(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onerror = null;
  return socket;
}

async function close(socket: WebSocket): Promise<void> {
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
}

/** Waits until nothing is in flight. */
async function untilIdle(server: Server): Promise<MessageReport> {
  const end = Date.now() + 5 * MESSAGE_HOLD_MS;
  for (;;) {
    const report: MessageReport = await (await server.fetch("/report")).json();
    const { connections, inFlight } = report.messages;
    const isIdle = connections === 0 && inFlight === 0 && report.buffers.active === 0;
    if (isIdle || Date.now() > end) {
      assertEquals([connections, inFlight, report.buffers.active], [0, 0, 0]);
      return report;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Numbers that a text decides. */
function randomOf(text: string): () => number {
  let state = checksum(new TextEncoder().encode(text), text.length);
  return () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
}
