/**
 * A request's body, read into a scratch.
 *
 * Why it cannot take more memory than it may: a length that is announced is believed only where it
 * says too much, and every chunk is counted before it is copied. Why a body that comes late cannot be
 * written into another request's scratch: the reader looks, after each wait, whether the scratch was
 * reset or written to meanwhile.
 *
 * Each chunk is copied once, into the place where it stays. A reader of the "byob" kind would not spare
 * that: it transfers the buffer that it is lent, and so takes a pooled one away from all views of it; and Bun
 * has none for requests.
 *
 * @module
 */

import { HTTPException } from "hono/http-exception";
import { received } from "./received.ts";
import type { Scratch } from "./scratch.ts";

const ACTION = "Cannot read body";

/** How much of a body is read. */
export interface BodyOptions {
  /**
   * The largest body, in bytes. What the scratch may still grow to is a limit too.
   *
   * @default {1048576}
   */
  readonly maxBytes?: number;
}

/** The part of a `Request` that has to do with its body. */
export type BodySource = Pick<Request, "body" | "bodyUsed" | "headers">;

/** Appends a body to a scratch, and gives a view of it. On any failure the scratch is as before. */
export async function readBody(
  scratch: Scratch,
  { body, bodyUsed, headers }: BodySource,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (bodyUsed) throw new TypeError(`${ACTION}: body must not be used yet: received a used one`);
  const limit = Math.min(maxBytes, scratch.room);
  if (announcedBytes(headers) > limit) throw tooLarge(limit);

  const { length: start, resets } = scratch;
  if (body === null) return scratch.view(start);
  const reader = body.getReader();
  let end = start;
  const isOurs = () => scratch.resets === resets && scratch.length === end;
  try {
    while (true) {
      const chunk = await readChunk(reader, end - start);
      if (!isOurs()) {
        const rule = "scratch must be left alone meanwhile";
        throw new Error(`${ACTION}: ${rule}: received another use of it`);
      }
      if (chunk === undefined) return scratch.view(start);
      if (chunk.length > limit - (end - start)) throw tooLarge(limit);
      scratch.write(chunk);
      end = scratch.length;
    }
  } catch (error) {
    if (isOurs()) scratch.rewind(start);
    // What is left is not wanted; whether it can be stopped changes nothing.
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
}

/** The length that a client announces: 0 where it is none. */
function announcedBytes(headers: BodySource["headers"]): number {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) ? Number(text) : 0;
}

/** The next chunk, or `undefined` at the end. */
async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  readBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let chunk: Uint8Array<ArrayBuffer> | undefined;
  try {
    chunk = (await reader.read()).value;
  } catch (cause) {
    // A client that goes away, as a rule: no failure of the service.
    const message = `${ACTION}: body must arrive whole: received ${readBytes} bytes and an error`;
    throw new HTTPException(400, { message, cause });
  }
  if (chunk === undefined || chunk instanceof Uint8Array) return chunk;
  throw new TypeError(`${ACTION}: chunk must be a Uint8Array: received ${received(chunk)}`);
}

/** What Hono answers with 413. */
function tooLarge(limit: number): HTTPException {
  const message = `${ACTION}: length must be at most ${limit} bytes: received more`;
  return new HTTPException(413, { message });
}
