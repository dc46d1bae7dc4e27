// deno-lint-ignore-file no-console -- a worker's log is its console

/**
 * The gateway under Cloudflare Workers.
 *
 * @module
 */

import type { Execution } from "./execution.ts";
import { type Gateway, gateway } from "./gateway.ts";
import { type Environment, readStats } from "./settings.ts";

/** Lives as long as the isolate: that is what lets requests share its pool. */
let service: Gateway | undefined;

/** The worker's handlers, where the platform looks for them. */
export default {
  /** Answers a request. */
  fetch(
    request: Request,
    env: Environment,
    execution: Execution,
  ): Response | Promise<Response> {
    // The environment comes with a request only.
    service ??= gateway({ stats: readStats(env), onError: console.error });
    return service.fetch(request, env, execution);
  },
};
