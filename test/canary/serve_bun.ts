// deno-lint-ignore-file no-console -- the line tells the test the port

/**
 * Serves the canary under Bun.
 *
 * @module
 */

import { hold } from "../../edge/mod.ts";
import { canaryApp } from "./app.ts";
import { FakeExecution } from "./execution.ts";

/** What a connection carries. */
interface Talk {
  readonly answer: (message: string) => string;
  readonly closed: () => void;
}

/** A connection of Bun's. */
interface Socket {
  readonly data: Talk;
  send(message: string): void;
}

/** Bun's server. */
interface Server {
  readonly port: number;
  upgrade(request: Request, options: { data: Talk }): boolean;
}

/** The part of Bun's API that is used here: Deno, which checks this file, does not know it. */
declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request): Response | Promise<Response>;
    websocket: { message(socket: Socket, message: string): void; close(socket: Socket): void };
  }): Server;
};

const app = canaryApp({
  upgrade(c, answer, closed) {
    const done = hold(c);
    const data: Talk = {
      answer,
      closed: () => {
        closed();
        done();
      },
    };
    if (server.upgrade(c.req.raw, { data })) return new Response(null);
    data.closed();
    return new Response(null, { status: 400 });
  },
});
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => app.fetch(request, {}, new FakeExecution()),
  websocket: {
    message: (socket, message) => socket.send(socket.data.answer(message)),
    close: (socket) => socket.data.closed(),
  },
});
console.log(`Listening on http://localhost:${server.port}/`);
