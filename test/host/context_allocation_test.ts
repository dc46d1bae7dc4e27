/** What a context that has its capacity allocates for a request. */

import { describe, it } from "node:test";
import { assertLess } from "@std/assert";
import { allocatedBytes } from "../../bench/runner/allocation.ts";
import { RequestContext } from "../../edge/mod.ts";

const REQUESTS = 100_000;
/** Rounds until an engine has made the code fast, at most: on a busy machine it takes its time. */
const ROUNDS = 40;

/** The counter's own noise is a few KB a measurement: far below a byte a request. */
const MOST_BYTES = 1;

const NAMES = ["accept", "cookie", "host", "user-agent", "x-request-id"];
const COOKIE = "a=1; session=abc; theme=dark";

/** Hands over strings that exist, where a runtime's own `Headers` makes them. */
const HEADERS = {
  forEach(visit: (value: string, name: string) => void): void {
    for (let i = 0; i < NAMES.length; i++) visit(COOKIE, NAMES[i]!);
  },
} as unknown as Headers;

const PARAMS = { user: "7", file: "readme" };

const WORK: Readonly<Record<string, (context: RequestContext) => unknown>> = {
  "headers.read()": ({ headers }) => headers.read(HEADERS),
  "params.read()": ({ params }) => params.read(PARAMS),
  "cookie() of another name": (context) => {
    context.headers.set("cookie", COOKIE);
    return context.cookie("them");
  },
  "scratch.rewind()": ({ scratch }) => scratch.rewind(0),
};

describe("RequestContext allocates nothing for", () => {
  for (const [name, work] of Object.entries(WORK)) {
    it(name, async () => {
      const context = new RequestContext();
      const run = () => {
        for (let i = 0; i < REQUESTS; i++) {
          work(context);
          context.reset();
        }
      };
      // What an engine allocates to make the code faster falls into some of the rounds only.
      let least = Infinity;
      for (let i = 0; i < ROUNDS && least >= MOST_BYTES * REQUESTS; i++) {
        least = Math.min(least, await allocatedBytes(run));
      }
      assertLess(least / REQUESTS, MOST_BYTES);
    });
  }
});
