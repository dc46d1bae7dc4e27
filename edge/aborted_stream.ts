/**
 * Streams that a server gave up with `stream.abort()`, whose writers may not have noticed.
 *
 * Such a stream ends as if its writer had closed it. So Hono's method itself is exchanged, once, and
 * notes what it is called on.
 *
 * @module
 */

import { StreamingApi } from "hono/utils/stream";

const aborted = new WeakSet<object>();
let isExchanged = false;

/** Has streams that are aborted from now on be noted. */
export function watchAborts(): void {
  if (isExchanged) return;
  isExchanged = true;
  const { abort } = StreamingApi.prototype;
  StreamingApi.prototype.abort = function (): void {
    aborted.add(this.responseReadable);
    abort.call(this);
  };
}

/** Whether a stream was aborted. */
export function isAborted(stream: unknown): boolean {
  return typeof stream === "object" && stream !== null && aborted.has(stream);
}
