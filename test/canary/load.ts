/**
 * The canary's clients: many at once, each with a secret of its own, some of whom go away in the
 * middle of things.
 *
 * @module
 */

import { Random } from "../../bench/runner/random.ts";
import type { Server } from "../fixture/server.ts";
import type { CanaryReport, HeapReport } from "./app.ts";

/** How much there is to do. */
export interface LoadPlan {
  /** Whether to go on after so many requests. */
  readonly goesOn: (requests: number) => boolean;
  /** How many clients there are at once. */
  readonly concurrency: number;
  /** What the choice of requests follows from. */
  readonly seed: string;
}

/** What the clients saw. */
export interface LoadResult {
  /** Requests that were sent. */
  readonly requests: number;
  /** Those among them that the client gave up. */
  readonly aborted: number;
  /** Requests that were refused because there were too many. */
  readonly overloaded: number;
  /** WebSockets that could not be opened. */
  readonly unopened: number;
  /** What was wrong with an answer, at most 20 of them. */
  readonly wrong: readonly string[];
}

/** Sends a request of one kind; says what is wrong with its answer. */
type Kind = (client: Client) => Promise<string | undefined>;

/** One request. */
class Client {
  readonly secret: string;
  readonly #server: Server;
  /** By which way its context is leased, where there is more than one. */
  readonly #way: string;
  readonly #signal: AbortSignal;

  constructor(server: Server, secret: string, way: string, signal: AbortSignal) {
    this.#server = server;
    this.secret = secret;
    this.#way = way;
    this.#signal = signal;
  }

  /** Asks for something with the secret. */
  ask(path: string, init: RequestInit & { duplex?: "half" } = {}): Promise<Response> {
    const url = path.replace("/api/", this.#way).replace("*", this.secret);
    return this.#server.fetch(url, { redirect: "manual", signal: this.#signal, ...init });
  }

  /** Says what is wrong with an answer that should hold the secret and no other one. */
  async check(response: Response, status: number, times: number): Promise<string | undefined> {
    const text = await response.text();
    // Nothing else fails so, as the server's own report shows; an answer to HEAD has no text.
    if (response.status === 500 && (text === "failed: create" || times === 0)) return undefined;
    if (response.status === 503) return OVERLOADED;
    const found = text.match(/canary-[0-9a-z-]+?!/g) ?? [];
    if (response.status !== status) return `status ${response.status}: ${text}`;
    const stranger = found.find((secret) => secret !== this.secret);
    if (stranger !== undefined) return `another's secret: ${stranger}`;
    if (found.length !== times) return `the secret ${found.length} times, not ${times}: ${text}`;
    return undefined;
  }

  /** Talks over a WebSocket. */
  talk(messages: number): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const socket = new WebSocket(
      `ws://127.0.0.1:${this.#server.port}${this.#way}socket/${this.secret}`,
    );
    let left = messages;
    socket.onopen = () => socket.send("0");
    socket.onmessage = ({ data }) => {
      if (data !== `${messages - left} ${this.secret}`) resolve(`another's answer: ${data}`);
      if (--left > 0) socket.send(`${messages - left}`);
      else socket.close();
    };
    socket.onerror = () => resolve(UNOPENED);
    socket.onclose = () => resolve(left === 0 ? undefined : `${left} messages unanswered`);
    return promise;
  }
}

/** The service has told when to come back. */
const OVERLOADED = "overloaded";

/** A client of a WebSocket does not learn why the server refused. */
const UNOPENED = "a socket that does not open";

/** What is asked for, how often in comparison, and what must be answered. */
const KINDS: readonly (readonly [name: string, weight: number, kind: Kind])[] = [
  ["sync", 4, async (client) => client.check(await client.ask("/sync/*"), 200, 1)],
  ["around", 3, async (client) => client.check(await client.ask("/around/*"), 200, 2)],
  ["bytes", 3, async (client) => client.check(await client.ask("/api/bytes/*"), 200, 1)],
  ["nested", 2, async (client) => client.check(await client.ask("/api/nested/*"), 200, 1)],
  ["throw", 1, async (client) => {
    const { body, status } = await client.ask("/api/throw/*");
    await body?.cancel();
    if (status === 503) return OVERLOADED;
    return status === 500 ? undefined : `status ${status}`;
  }],
  ["redirect", 1, async (client) => client.check(await client.ask("/api/redirect/*"), 302, 0)],
  ["cached", 1, async (client) => {
    const headers = { "If-None-Match": `"${client.secret}"` };
    return client.check(await client.ask("/api/cached/*", { headers }), 304, 0);
  }],
  ["chunks", 3, async (client) => client.check(await client.ask("/api/chunks/*"), 200, 6)],
  ["events", 3, async (client) => client.check(await client.ask("/api/events/*"), 200, 6)],
  ["pulled", 3, async (client) => client.check(await client.ask("/api/pulled/*"), 200, 6)],
  ["head", 1, async (client) => {
    return client.check(await client.ask("/api/chunks/*", { method: "HEAD" }), 200, 0);
  }],
  ["broken", 1, async (client) => {
    const response = await client.ask("/api/broken/*");
    const text = await response.text().catch(() => undefined);
    if (response.status === 500) return undefined;
    if (response.status === 503) return OVERLOADED;
    // workerd ends such a body as if it were whole.
    return text === undefined || text === client.secret.repeat(3) ? undefined : `whole: ${text}`;
  }],
  ["wait", 3, async (client) => client.check(await client.ask("/api/wait/*"), 200, 1)],
  ["hold", 2, async (client) => client.check(await client.ask("/api/hold/*"), 200, 1)],
  ["echo", 2, async (client) => {
    const body = new Blob([`${client.secret} `.repeat(2000)]).stream();
    const init = { method: "POST", body, duplex: "half" } as const;
    return client.check(await client.ask("/api/echo/*", init), 200, 2000);
  }],
  ["socket", 1, (client) => client.talk(3)],
];

const WEIGHTS = KINDS.reduce((sum, [, weight]) => sum + weight, 0);
/** Requests that never get an answer: each of them holds a client for a while. */
const NEVER_SHARE = 1 / 400;
const ABORT_SHARE = 1 / 12;
const MAX_WRONG = 20;

/** Sends requests until the plan is done. */
export async function loadCanary(server: Server, plan: LoadPlan): Promise<LoadResult> {
  const random = new Random(plan.seed);
  const wrong: string[] = [];
  let requests = 0, aborted = 0, overloaded = 0, unopened = 0;

  const one = async () => {
    const secret = `canary-${requests++}-${random.below(2 ** 31).toString(36)}!`;
    const isNever = random.next() < NEVER_SHARE;
    const [name, , kind] = isNever ? NEVER : pick(random);
    const isAborted = isNever || name !== "socket" && random.next() < ABORT_SHARE;
    const way = random.next() < 0.5 ? "/api/" : "/visit/";
    const controller = new AbortController();
    const timer = isAborted
      ? setTimeout(() => controller.abort(), random.uniform(0, isNever ? 60 : 25))
      : undefined;
    try {
      const fault = await kind(new Client(server, secret, way, controller.signal));
      if (fault === OVERLOADED) overloaded++;
      else if (fault === UNOPENED) unopened++;
      else if (fault !== undefined && wrong.length < MAX_WRONG) {
        wrong.push(`${way}${name}: ${fault}`);
      }
    } catch (error) {
      if (controller.signal.aborted) aborted++;
      else if (wrong.length < MAX_WRONG) wrong.push(`${name}: ${error}`);
    } finally {
      clearTimeout(timer);
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, async () => {
    while (plan.goesOn(requests)) await one();
  }));
  return { requests, aborted, overloaded, unopened, wrong };
}

const NEVER: (typeof KINDS)[number] = ["never", 0, async (client) => {
  const response = await client.ask("/api/never/*");
  await response.text();
  if (response.status === 503) return OVERLOADED;
  // workerd gives up what waits for nothing, at times before the client does.
  return response.status === 500 ? undefined : "an answer";
}];

function pick(random: Random): (typeof KINDS)[number] {
  let left = random.below(WEIGHTS);
  return KINDS.find(([, weight]) => (left -= weight) < 0)!;
}

/** Waits until no lease is left, for no longer than `ms`, and reads the report. */
export async function drainCanary(server: Server, ms: number): Promise<CanaryReport> {
  const end = Date.now() + ms;
  for (;;) {
    // Where there are no timers it is new leases that end the old ones.
    await (await server.fetch("/sync/canary-drain!")).text();
    const report: CanaryReport = await (await server.fetch("/report")).json();
    if (report.stats.leased === 0 || Date.now() > end) return report;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What is left of the server's heap after a collection, in MB; not a number where nobody can tell. */
export async function readHeap(server: Server): Promise<number> {
  const { usedBytes }: HeapReport = await (await server.fetch("/heap")).json();
  return usedBytes === undefined ? NaN : usedBytes / 2 ** 20;
}
