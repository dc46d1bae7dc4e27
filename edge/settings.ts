/**
 * The environment variables of the gateway, the same on each runtime.
 *
 * @module
 */

import type { GatewayOptions } from "./gateway.ts";
import { received } from "./received.ts";

const DEFAULT_PORT = 8000;
const MAX_PORT = 65_535;

/** Variables by name. A runtime may hold more than strings in it (bindings on Workers). */
export type Environment = Readonly<Record<string, unknown>>;

/**
 * The port to listen on.
 *
 * - `PORT`: an integer from 0 to 65535, where 0 takes any free one. 8000 if unset.
 *
 * @throws {TypeError} The variable is something else.
 */
export function readPort({ PORT: port }: Environment): number {
  if (port === undefined) return DEFAULT_PORT;
  if (typeof port === "string" && /^\d{1,5}$/.test(port) && Number(port) <= MAX_PORT) {
    return Number(port);
  }
  throw new TypeError(
    `Cannot start: PORT must be an integer from 0 to ${MAX_PORT}: received ${received(port)}`,
  );
}

/**
 * Who may read the statistics.
 *
 * - `POOL_STATS`: `1` or `true` to serve the statistics and the dashboard below `/_pool`; `0`, `false`
 *   or unset not to
 * - `POOL_TOKEN`: the token that they then ask for
 * - `POOL_DEBUG`: `1` or `true` to serve `/_pool/debug` as well, which needs the token
 *
 * @throws {TypeError} A variable is something else, there is a token but nothing to guard, or something
 * to debug without a token.
 */
export function readStats(env: Environment): NonNullable<GatewayOptions["stats"]> {
  const { POOL_TOKEN: token } = env;
  const isOn = readSwitch(env, "POOL_STATS");
  const debug = readSwitch(env, "POOL_DEBUG");
  if (!isOn && token !== undefined) {
    throw new TypeError(
      "Cannot start: POOL_TOKEN must come with POOL_STATS=1: received it without",
    );
  }
  if (debug && (!isOn || token === undefined)) {
    const rule = "POOL_DEBUG must come with POOL_STATS=1 and POOL_TOKEN";
    throw new TypeError(`Cannot start: ${rule}: received it without`);
  }
  if (token === undefined) return isOn;
  return { token: token as string, ...(debug ? { debug } : {}) };
}

/** Whether a variable says yes. */
function readSwitch(env: Environment, name: string): boolean {
  const value = env[name];
  if (value === "1" || value === "true") return true;
  if (value === undefined || value === "0" || value === "false") return false;
  const rule = `${name} must be 1, true, 0 or false`;
  throw new TypeError(`Cannot start: ${rule}: received ${received(value)}`);
}
