// deno-lint-ignore-file no-console -- a command line program

/**
 * The gateway under Deno: `deno task start`.
 *
 * @module
 */

import { gateway } from "./gateway.ts";
import { readPort, readStats } from "./settings.ts";

/** What asks the program to end. Windows knows the first only. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** Serves until a signal comes. Returns once the requests in flight are answered. */
async function serve(): Promise<void> {
  const env = Deno.env.toObject();
  const port = readPort(env);
  const { fetch, pool } = gateway({ stats: readStats(env), onError: console.error });
  const server = listen(port, fetch);

  const stop = () => {
    // The next signal ends the program at once.
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
    server.shutdown();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  await server.finished;
  pool.close();
}

/** Opens the port, and says so. */
function listen(
  port: number,
  fetch: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer {
  try {
    return Deno.serve({
      port,
      onListen: (address) => console.log(`Listening on http://localhost:${address.port}/`),
    }, (request) => fetch(request));
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(`Cannot start: port must be free: received ${port}, which is in use`);
  }
}

try {
  await serve();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
