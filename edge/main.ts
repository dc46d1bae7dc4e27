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

/** How long requests in flight may take after a signal, in milliseconds. */
const DRAIN_MS = 10_000;

/** Answers a request. */
type Fetch = (request: Request) => Response | Promise<Response>;

/** Serves until a signal comes. Returns once the requests in flight are answered. */
async function serve(): Promise<void> {
  const env = Deno.env.toObject();
  const port = readPort(env);
  const stats = readStats(env);
  const stopping = new AbortController();
  const { fetch, pool } = gateway({ stats, signal: stopping.signal, onError: console.error });
  const flight = new Flight(fetch);
  const stop = async () => {
    // The next signal ends the program at once.
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
    stopping.abort();
    await flight.land(DRAIN_MS);
    await server.shutdown();
  };
  // Before it says that it listens: whoever reads that may stop it at once.
  for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  const server = listen(port, (request) => flight.fetch(request));
  if (stats !== false) console.log(`Dashboard at http://localhost:${server.addr.port}/_pool`);
  await server.finished;
  pool.close();
}

/**
 * The requests in flight. `shutdown()` itself would wait for them, but Deno 2.9 takes the body away
 * from those that are still being read (denoland/deno#36809).
 */
class Flight {
  readonly #fetch: Fetch;
  readonly #landed = Promise.withResolvers<void>();
  #count = 0;
  #isLanding = false;

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** Answers a request, unless it comes too late. */
  async fetch(request: Request): Promise<Response> {
    if (this.#isLanding) {
      const error = "Cannot answer: server must not be stopping: received a late request";
      return Response.json({ error }, { status: 503, headers: { Connection: "close" } });
    }
    this.#count++;
    try {
      return await this.#fetch(request);
    } finally {
      this.#count--;
      this.#endIfEmpty();
    }
  }

  /** Takes no more requests and waits for those that it has, but no longer than `ms`. */
  async land(ms: number): Promise<void> {
    this.#isLanding = true;
    this.#endIfEmpty();
    const timer = setTimeout(this.#landed.resolve, ms);
    await this.#landed.promise;
    clearTimeout(timer);
  }

  #endIfEmpty(): void {
    if (this.#isLanding && this.#count === 0) this.#landed.resolve();
  }
}

/** Opens the port, and says so. */
function listen(port: number, fetch: Fetch): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({
      port,
      onListen: (address) => console.log(`Listening on http://localhost:${address.port}/`),
    }, fetch);
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
