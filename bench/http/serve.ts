/**
 * A server of one variant on a free port of the loopback device, beside live objects as the gateway's:
 * `serve.ts <variant>`, on Deno and Bun. It tells where it listens in a line of its engine's log.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { makeProbe } from "../runner/probe.ts";
import { keepRetained } from "../runner/retained.ts";
import { runtimeVersions } from "../runner/versions.ts";
import { makeService, type Variant } from "./service.ts";

/** The part of Bun's API that is used here: Deno, which checks this file, does not know it. */
interface BunServer {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    readonly fetch: (request: Request) => Response | Promise<Response>;
  }): { readonly port: number };
}

const { Bun } = globalThis as { Bun?: BunServer };
const PLACE = { port: 0, hostname: "127.0.0.1" };

/** Tells where the server listens, in the form in which workerd does. */
function announce(port: number): void {
  const line = JSON.stringify({ event: "listen", port, versions: runtimeVersions() });
  writeSync(Bun === undefined ? 1 : 2, new TextEncoder().encode(`${line}\n`));
}

const variant = process.argv[2] as Variant;
const runtime = Bun === undefined ? "deno" : "bun";
const { fetch } = makeService(variant, makeProbe(runtime));
keepRetained(runtime);
if (Bun !== undefined) announce(Bun.serve({ ...PLACE, fetch }).port);
else Deno.serve({ ...PLACE, onListen: ({ port }) => announce(port) }, fetch);
