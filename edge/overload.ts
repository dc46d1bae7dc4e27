/**
 * What a request is told for which there is no lease.
 *
 * @module
 */

import { HTTPException } from "hono/http-exception";

/** The errors of a pool that mean: later, perhaps. */
const CODES: ReadonlySet<unknown> = new Set(["budget", "exhausted", "throttled", "timeout"]);

/** When a client should try again, in seconds, if nobody knows better. */
const RETRY_S = 1;

/** Whether a pool refused a lease because of its limits. Not by class: see `isPool`. */
export function isOverload(error: unknown): boolean {
  return CODES.has((error as { code?: unknown } | undefined)?.code);
}

/** Answers that the service is overloaded, and when to come back. */
export function answerOverload(error: unknown): Response {
  const { retryAfterMs } = error as { retryAfterMs?: number };
  const seconds = retryAfterMs === undefined ? RETRY_S : Math.ceil(retryAfterMs / 1000);
  return Response.json(
    { error: "Cannot answer: requests at once must be fewer: received one too many" },
    { status: 503, headers: { "Retry-After": String(Math.max(RETRY_S, seconds)) } },
  );
}

/** The same as an error that Hono answers with it. */
export function overloadException(cause: unknown): HTTPException {
  const { message } = cause as Error;
  return new HTTPException(503, { message, cause, res: answerOverload(cause) });
}
