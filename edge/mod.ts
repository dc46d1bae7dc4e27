/**
 * The pool at the edge: request contexts that keep their capacity, a Hono middleware that leases
 * one for each request, and a small gateway that is built of both.
 *
 * @example A Hono app with pooled contexts
 * ```ts
 * import { Hono } from "hono";
 * import { pooled, type PooledEnv } from "@siliconflow/pool/edge";
 * import { assertEquals } from "@std/assert";
 *
 * const app = new Hono<PooledEnv>();
 * app.use(pooled());
 * app.get("/items/:id", (c) => {
 *   const { scratch } = c.get("pooled");
 *   scratch.write(JSON.stringify({ id: c.req.param("id") }));
 *   return c.body(scratch.view(), 200, { "Content-Type": "application/json" });
 * });
 * assertEquals(await (await app.request("/items/7")).json(), { id: "7" });
 * ```
 *
 * @module
 */

export type { BodyOptions, BodySource } from "./body.ts";
export { RequestContext, type RequestContextOptions } from "./context.ts";
export { ContextPool, contextPool, type ContextPoolOptions } from "./context_pool.ts";
export type { Execution } from "./execution.ts";
export type { DebuggedPool } from "./debug/routes.ts";
export { type Gateway, gateway, type GatewayOptions, type GatewayStatsOptions } from "./gateway.ts";
export { type Closable, hold } from "./holders.ts";
export type { AnswerOptions, Message, MessageBody } from "./message.ts";
export type { MessageConnection, MessageSocket } from "./message_connection.ts";
export type { MessageStats } from "./message_stats.ts";
export { type ListeningSocket, type Messages, messages, type MessagesOptions } from "./messages.ts";
export { NameStore, type NameStoreOptions } from "./name_store.ts";
export type { ObservedPool } from "./dashboard/reading.ts";
export { type Operations, operations, type OperationsOptions } from "./operations.ts";
export { pooled } from "./pooled.ts";
export type { Handler, PooledContext, PooledEnv, PooledMiddleware } from "./pooled_middleware.ts";
export type { PooledOptions } from "./pooled_options.ts";
export type { MatchedRoute, RoutedContext } from "./route_tag.ts";
export { Scratch, type ScratchOptions } from "./scratch.ts";
export type { App } from "./visit.ts";
export { StateStore, type StateStoreOptions } from "./state_store.ts";
export {
  transform,
  type TransformInput,
  type TransformOutput,
  type TransformStep,
} from "./transform.ts";
