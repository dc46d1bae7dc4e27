// deno-lint-ignore-file no-console -- the line tells the test the port

/**
 * Serves the canary under Deno.
 *
 * @module
 */

import { hold } from "../../edge/mod.ts";
import { canaryApp } from "./app.ts";
import { FakeExecution } from "./execution.ts";

const app = canaryApp({
  upgrade(c, answer, closed) {
    const { response, socket } = Deno.upgradeWebSocket(c.req.raw);
    hold(c, socket);
    socket.onmessage = ({ data }) => socket.send(answer(data));
    socket.onclose = closed;
    return response;
  },
});
Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(`Listening on http://localhost:${port}/`),
}, (request) => app.fetch(request, {}, new FakeExecution()));
