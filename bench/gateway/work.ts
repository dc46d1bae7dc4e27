/**
 * What a request does with its context: the same for every variant, and summed up, so that one that
 * does less of it is found out.
 *
 * @module
 */

import type { RequestContext } from "../../edge/mod.ts";

const HEADERS = 20;
const PARAMS = 4;
const STATES = 32;
/** Sums stay small integers. */
const SUM_MASK = 0x3fff_ffff;

const HEADER_NAMES = Array.from({ length: HEADERS }, (_, i) => `x-header-${i}`);
const PARAM_NAMES = Array.from({ length: PARAMS }, (_, i) => `param${i}`);
/** Values that are there already, as those of a parsed request are. */
const VALUES = Array.from({ length: 256 }, (_, i) => `value ${i} `.repeat(1 + i % 4));
/** Bodies of up to the 4 KB that a context's scratch holds, as they come from a socket. */
const BODIES = Array.from(
  { length: 16 },
  (_, i) => new TextEncoder().encode(`{"answer":${i}} `.repeat(16 * (i + 1))),
);
/** What an application that makes garbage of its own parses for each request. */
const MESSAGES = Array.from({ length: 16 }, (_, i) =>
  JSON.stringify({
    id: i,
    user: { name: `user ${i}`, roles: ["reader", "writer"], quota: 1.5 * i },
    items: Array.from({ length: 4 }, (_, k) => ({ sku: `sku ${k}`, count: k, price: k / 4 })),
  }));

/** Fills a context, as a request does when it comes in. */
export function enter(context: RequestContext, id: number): void {
  const { headers, params, states, scratch } = context;
  for (let i = 0; i < HEADERS; i++) headers.set(HEADER_NAMES[i]!, VALUES[(id + i) & 255]!);
  for (let i = 0; i < PARAMS; i++) params.set(PARAM_NAMES[i]!, VALUES[(id * 3 + i) & 255]!);
  for (let i = 0; i < STATES; i++) states.set(i, (id + i) & 1023);
  scratch.write(BODIES[id & 15]!);
}

/** Reads the context once more, as a request does when it answers, and sums up what it found. */
export function leave({ headers, params, states, scratch }: RequestContext): number {
  let sum = scratch.length + headers.size + params.size;
  sum += headers.get(HEADER_NAMES[HEADERS - 1]!)!.length;
  sum += params.get(PARAM_NAMES[0]!)!.length;
  for (let i = 0; i < STATES; i++) sum += states.get(i) as number;
  return sum & SUM_MASK;
}

/** Makes the garbage of an application, and sums up what it read. */
export function parseMessage(id: number): number {
  const message = JSON.parse(MESSAGES[id & 15]!);
  return message.id + message.user.roles.length + message.items[3].count;
}

/** Adds to a sum of many requests. */
export function addTo(sum: number, more: number): number {
  return (sum + more) & SUM_MASK;
}
