/**
 * An execution context for runtimes that have none, where what a request began goes on anyway.
 *
 * @module
 */

import type { ExecutionContext } from "hono";

/** It waits for nothing. */
export class FakeExecution implements ExecutionContext {
  readonly props = {};

  waitUntil(promise: Promise<unknown>): void {
    promise.catch(() => {});
  }

  passThroughOnException(): void {}
}
