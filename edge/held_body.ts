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
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value instanceof Uint8Array ? value.slice() : value);
      } catch (error) {
        ended("broken");
        throw error;
      }
      // Told first: who waits for the end of the answer then finds the lease released.
      ended("whole");
      controller.close();
    },
    async cancel(reason) {
      ended("broken");
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
