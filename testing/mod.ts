/**
 * What tests of a pool need: the assertion that `reset` forgets nothing, a host whose clock a test
 * moves, and an oracle of the invariants.
 *
 * @example A reset that forgets a field
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { assertCleanReset } from "@siliconflow/pool/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const pool = new Pool({
 *   create: () => ({ user: "", count: 0 }),
 *   reset: (o) => void (o.count = 0),
 * });
 * await assertRejects(
 *   () => assertCleanReset(pool, (o) => void (o.user = "ada")),
 *   Error,
 *   "received user (a string of 3)",
 * );
 * pool.close();
 * ```
 *
 * @module
 */

export { assertCleanReset } from "./clean_reset.ts";
export { FakeHost, type FakeHostOptions } from "./fake_host.ts";
export { checkStats, Oracle, type Watched } from "./oracle.ts";
