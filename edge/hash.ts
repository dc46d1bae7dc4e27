/**
 * The hash of a body that comes as a stream: `POST /hash`.
 *
 * @module
 */

import type { Context } from "hono";
import type { RequestContext } from "./context.ts";

/** Answers the SHA-256 of a body in hexadecimal, and its length in bytes. */
export function hash(maxBytes: number): (c: Context, context: RequestContext) => Promise<Response> {
  return async (c, context) => {
    const body = await context.body(c.req.raw, { maxBytes });
    // It takes a copy before it returns, so the scratch may change while it computes.
    const digest = await crypto.subtle.digest("SHA-256", body);
    const answer = context.json({ sha256: hexOf(new Uint8Array(digest)), bytes: body.length });
    return c.body(answer, 200, { "Content-Type": "application/json" });
  };
}

function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}
