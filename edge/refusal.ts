/**
 * The gateway's answers to what it does not do: a JSON object with one `error`.
 *
 * @module
 */

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { received } from "./received.ts";

/** Answers with an error. */
export function refuse(c: Context, status: ContentfulStatusCode, error: string): Response {
  return c.json({ error }, status);
}

/** Answers a method that a route does not have. */
export function refuseMethod(c: Context, allowed: string): Response {
  c.header("Allow", allowed);
  // Hono does not limit what a method is called.
  const method = received(c.req.method);
  return refuse(c, 405, `Cannot answer: method must be ${allowed}: received ${method}`);
}
