/**
 * Serves the canary under workerd. The app is made at module scope on purpose: there are neither
 * timers nor randomness there, so a pool must not need them to be made.
 *
 * @module
 */

import type { ExecutionContext } from "hono";
import { hold } from "../../edge/mod.ts";
import { canaryApp } from "./app.ts";

/** One end of a connection of workerd's. */
interface Socket extends EventTarget {
  accept(): void;
  send(message: string): void;
  close(): void;
}

/** The part of workerd's API that is used here: Deno, which checks this file, does not know it. */
declare const WebSocketPair: new () => { readonly 0: Socket; readonly 1: Socket };

const app = canaryApp({
  upgrade(c, answer, closed) {
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    hold(c, server);
    server.addEventListener("message", (event) => {
      server.send(answer((event as MessageEvent<string>).data));
    });
    server.addEventListener("close", () => {
      server.close();
      closed();
    });
    return new Response(null, { status: 101, webSocket: client } as ResponseInit);
  },
});

export default {
  fetch: (
    request: Request,
    env: object,
    execution: ExecutionContext,
  ): Response | Promise<Response> => app.fetch(request, env, execution),
};
