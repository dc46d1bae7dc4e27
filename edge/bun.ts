// deno-lint-ignore-file no-console -- a command line program

/**
 * The gateway under Bun: `bun edge/bun.ts`.
 *
 * @module
 */

import process from "node:process";
import { gateway } from "./gateway.ts";
import { readPort, readStats } from "./settings.ts";

/** The part of Bun's API that is used here: Deno, which checks this file, does not know it. */
declare const Bun: {
  serve(options: {
    readonly port: number;
    readonly idleTimeout: number;
    readonly fetch: (request: Request) => Response | Promise<Response>;
  }): { readonly port: number; stop(): Promise<void> };
};

/** What asks the program to end. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Serves until a signal comes, and then answers the requests in flight. */
function serve(): void {
  const port = readPort(process.env);
  const stats = readStats(process.env);
  const stopping = new AbortController();
  const { fetch, pool } = gateway({ stats, signal: stopping.signal, onError: console.error });
  const server = listen(port, fetch);

  const stop = async () => {
    // The next signal ends the program at once.
    for (const signal of SIGNALS) process.off(signal, stop);
    stopping.abort();
    await server.stop();
    pool.close();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  console.log(`Listening on http://localhost:${server.port}/`);
  if (stats !== false) console.log(`Dashboard at http://localhost:${server.port}/_pool`);
}

/** Longer than a recording of `/_pool/debug`, which sends nothing until it is done: a minute at most. */
const IDLE_S = 90;

/** Opens the port. */
function listen(
  port: number,
  fetch: (request: Request) => Response | Promise<Response>,
): ReturnType<typeof Bun.serve> {
  try {
    return Bun.serve({ port, idleTimeout: IDLE_S, fetch: (request) => fetch(request) });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EADDRINUSE") throw error;
    throw new Error(`Cannot start: port must be free: received ${port}, which is in use`);
  }
}

try {
  serve();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
