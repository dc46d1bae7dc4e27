import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type BodyEnd, heldBody } from "../edge/held_body.ts";

/** A class whose `slice` is a view, as that of Node's `Buffer` is. */
class Slippery extends Uint8Array<ArrayBuffer> {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end);
  }
}

/** A stream of one chunk of any kind. */
function streamOf(chunk: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(chunk as Uint8Array);
      controller.close();
    },
  });
}

describe("heldBody()", () => {
  const CHUNKS: Readonly<Record<string, (memory: ArrayBuffer) => unknown>> = {
    "a Uint8Array": (memory) => new Uint8Array(memory, 2, 4),
    "a Buffer": (memory) => new Slippery(memory, 2, 4),
    "a DataView": (memory) => new DataView(memory, 2, 4),
    "a Uint16Array": (memory) => new Uint16Array(memory, 2, 2),
    "an ArrayBuffer": (memory) => memory,
  };
  for (const [name, make] of Object.entries(CHUNKS)) {
    it(`passes on a copy of ${name}, whatever becomes of it`, async () => {
      const memory = new ArrayBuffer(8);
      const chunk = make(memory);
      const length = (chunk as ArrayBuffer).byteLength;
      const reader = heldBody(streamOf(chunk), () => {}).getReader();
      const { value } = await reader.read();
      new Uint8Array(memory).fill(7);
      assertEquals(value, new Uint8Array(length));
    });
  }

  it("leaves what is no bytes to who reads it", async () => {
    const reader = heldBody(streamOf("text"), () => {}).getReader();
    assertEquals((await reader.read()).value as unknown, "text");
  });

  /** How the bodies of sources end that `read` reads. */
  async function endsOf(
    source: UnderlyingDefaultSource<Uint8Array>,
    read: (reader: ReadableStreamDefaultReader<Uint8Array>) => Promise<unknown>,
  ): Promise<BodyEnd[]> {
    const ends: BodyEnd[] = [];
    const reader = heldBody(new ReadableStream(source), (how) => ends.push(how)).getReader();
    await read(reader).catch(() => {});
    for (let i = 0; i < 50; i++) await Promise.resolve();
    return ends;
  }

  it("tells once how it ended", async () => {
    const hanging = { pull: () => new Promise<void>(() => {}) };
    const failing = { pull: () => Promise.reject(new Error("wrong")) };
    const closing = { pull: (to: ReadableStreamDefaultController) => to.close() };
    assertEquals(await endsOf(closing, (reader) => reader.read()), ["whole"]);
    assertEquals(await endsOf(failing, (reader) => reader.read()), ["broken"]);
    assertEquals(await endsOf(hanging, (reader) => reader.cancel()), ["broken"]);
    const cancelRead = (reader: ReadableStreamDefaultReader<Uint8Array>) => {
      const read = reader.read();
      return Promise.all([read, Promise.resolve().then(() => reader.cancel())]);
    };
    assertEquals(await endsOf(hanging, cancelRead), ["broken"]);
  });
});
