/**
 * A body that tells when it has been sent.
 *
 * @module
 */

/**
 * How a body ended: `"whole"` if its source closed it, so that whoever wrote it has finished;
 * `"broken"` if it failed or nobody reads it any more, so that its writer may still be at work.
 */
export type BodyEnd = "whole" | "broken";

/**
 * Passes a body through and tells once how it ended. Nothing is read before somebody asks for it.
 * Each chunk is copied: a server may keep the one that it got until the socket takes it, and by then
 * the pooled bytes that it was a view of can be another request's.
 *
 * @param body A body that nobody reads yet.
 * @param ended Told the end.
 */
export function heldBody(
  body: ReadableStream<Uint8Array>,
  ended: (how: BodyEnd) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let isTold = false;
  // A cancel ends the read that is pending as well, and as if the source had closed.
  const tell = (how: BodyEnd) => {
    if (!isTold) ended(how);
    isTold = true;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(copyOf(value));
      } catch (error) {
        tell("broken");
        throw error;
      }
      // Told first: who waits for the end of the answer then finds the lease released.
      tell("whole");
      controller.close();
    },
    async cancel(reason) {
      tell("broken");
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/**
 * Copies a chunk, whatever bytes it is made of: some servers take any. Not by `slice`, of which
 * Node's `Buffer` makes a view.
 */
function copyOf(chunk: unknown): Uint8Array {
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  }
  // What is no bytes is for the server to refuse.
  return isBuffer(chunk) ? new Uint8Array(chunk).slice() : chunk as Uint8Array;
}

function isBuffer(chunk: unknown): chunk is ArrayBufferLike {
  return chunk instanceof ArrayBuffer ||
    typeof SharedArrayBuffer === "function" && chunk instanceof SharedArrayBuffer;
}
