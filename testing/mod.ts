/**
 * What tests of a pool need: a host whose clock a test moves, and an oracle of the invariants.
 *
 * @module
 */

export { FakeHost, type FakeHostOptions } from "./fake_host.ts";
export { checkStats, Oracle, type Watched } from "./oracle.ts";
