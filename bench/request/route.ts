/**
 * The gateway's routes, each with a new context for every request or with one of a pool.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { contextPool, pooled, RequestContext, transform } from "../../edge/mod.ts";
import { type EventsEnv, planEvents, streamEvents } from "../../edge/events.ts";
import { hash } from "../../edge/hash.ts";
import { page } from "../../edge/page.ts";
import { parseInput } from "../../edge/transform.ts";

/** What a route is served with. */
export const HOLDERS = ["alloc", "pooled"] as const;

/** Where a route's contexts come from. */
export type Holder = typeof HOLDERS[number];

/** The routes, and one that does nothing: what is allocated without any context. */
export const ROUTES = ["bare", "page", "transform", "hash", "events"] as const;

/** A route's name. */
export type Route = typeof ROUTES[number];

/** Answers with a context. */
type Handler = (c: Context, context: RequestContext) => Response | Promise<Response>;

/** Makes a handler's contexts. */
type Hold = (handler: Handler) => (c: Context) => Response | Promise<Response>;

/** A service of one route. */
export interface Service {
  /** Answers a request. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Contexts that were created. */
  created(): number;
  /** Makes a request. */
  readonly request: () => Request;
}

/** The largest body, in bytes. */
const MAX_BYTES = 2 ** 20;

const BODY = new Uint8Array(4096).fill(97);
const INPUT = JSON.stringify({ text: "  Hello  World ".repeat(20), steps: ["collapse"] });

/** As many as a browser's request brings through a proxy or two. */
const HEADERS: readonly [string, string][] = [
  ...Array.from({ length: 18 }, (_, i): [string, string] => [`x-header-${i}`, `value ${i}`]),
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"],
  ["cookie", "session=0123456789abcdef; theme=dark"],
];

const PATHS: Readonly<Record<Route, string>> = {
  bare: "/bare",
  page: "/hello/Ada",
  transform: "/transform",
  hash: "/hash",
  events: "/events?count=3&intervalMs=0",
};

/** Makes the service of a route. */
export function makeService(route: Route, holder: Holder): Service {
  const app = new Hono<EventsEnv>();
  const { hold, created } = HOLDS[holder]();
  MOUNTS[route](app, hold);
  const url = `http://localhost${PATHS[route]}`;
  const body = { transform: INPUT, hash: BODY }[route as string];
  return {
    fetch: (request) => app.fetch(request),
    created,
    request: () =>
      body === undefined
        ? new Request(url, { headers: [...HEADERS] })
        : new Request(url, { method: "POST", body, headers: [...HEADERS] }),
  };
}

const HOLDS: Readonly<Record<Holder, () => { hold: Hold; created: () => number }>> = {
  alloc() {
    let created = 0;
    return {
      hold: (handler) => (c) => {
        created++;
        return handler(c, new RequestContext());
      },
      created: () => created,
    };
  },
  pooled() {
    const lease = pooled({ pool: contextPool() });
    return {
      hold: (handler) => lease.around(handler),
      created: () => lease.pool.stats().created,
    };
  },
};

const MOUNTS: Readonly<Record<Route, (app: Hono<EventsEnv>, hold: Hold) => void>> = {
  bare: (app) => app.get("/bare", (c) => c.body("ok")),
  page: (app, hold) => app.get("/hello/:name", hold(page)),
  transform: (app, hold) =>
    app.post(
      "/transform",
      hold(async (c, context) => {
        const parsed = parseInput(await c.req.arrayBuffer());
        if ("error" in parsed) throw new Error(parsed.error);
        const answer = context.json(transform(parsed.input, context));
        return c.body(answer, 200, { "Content-Type": "application/json" });
      }),
    ),
  hash: (app, hold) => app.post("/hash", hold(hash(MAX_BYTES))),
  events: (app, hold) => app.get("/events", planEvents, hold(streamEvents(fail))),
};

function fail(error: unknown): never {
  throw error;
}
