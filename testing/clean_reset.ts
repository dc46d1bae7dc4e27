/**
 * The assertion that a pool's `reset` clears what a holder wrote.
 *
 * @module
 */

import { type Pool, PoolError } from "../mod.ts";
import { leftoversOf, listLeftovers, Look } from "../src/leftover.ts";
import { IDLE, slotOf } from "../src/slot.ts";

const ACTION = "Cannot assert a clean reset";

/**
 * Asserts that nothing which a holder writes into an object survives the pool's `reset`.
 *
 * An object is leased, used, and released. Whatever `use` changed and `reset` left as `use` made it
 * is a leftover, unless it is empty (`undefined`, `null`, `0`, `NaN`, `""`, `false`) or tells the size
 * of a buffer that has grown. It is looked for in own enumerable fields, through plain objects,
 * instances, arrays, maps, sets and buffers; what lies behind `#private` names is not seen. So `use`
 * should write to every field. What an object shares with others, such as a service that counts, is
 * best kept behind such a name as well: what others write meanwhile would be taken for this use's.
 *
 * A look goes 8 objects deep, and takes in 10 000 fields and 256 KB of buffers together. An object with more
 * cannot be shown to be clean: have `create` make a smaller one in the test.
 *
 * @typeParam T The class of the pooled objects.
 * @param pool A pool that is open, with `debug: true` or without. Afterwards it leases no more than
 * before.
 * @param use Does with the object what a holder would.
 * @returns A promise, also where `use` is synchronous, of how many places `use` was seen to change. If
 * there are none, nothing was asserted.
 * @throws {Error} `reset` left something: the message names up to 32 paths, what kind of value is
 * there, and how many more there are. Or nothing was found, in an object larger than what a look takes in.
 * Or the pool did not keep the object.
 * @throws {PoolError} As acquire and release. An error of `use` itself comes first.
 *
 * @example Usage
 * ```ts
 * import { Pool } from "@siliconflow/pool";
 * import { assertCleanReset } from "@siliconflow/pool/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const pool = new Pool({
 *   create: () => ({ bytes: new Uint8Array(64), used: 0 }),
 *   reset: (o) => {
 *     o.bytes.fill(0, 0, o.used);
 *     o.used = 0;
 *   },
 * });
 * const places = await assertCleanReset(pool, (o) => {
 *   o.used = new TextEncoder().encodeInto("hello", o.bytes).written;
 * });
 * assertEquals(places, 2);
 * pool.close();
 * ```
 */
export async function assertCleanReset<T extends object>(
  pool: Pool<T>,
  use: (object: T) => unknown,
): Promise<number> {
  const lease = pool.lease();
  const object = lease.value;
  const handed = new Look(object);
  try {
    await use(object);
  } catch (error) {
    try {
      lease.release();
    } catch {
      // What a failed use left behind says nothing about reset.
    }
    throw error;
  }
  const before = new Look(object);
  try {
    lease.release();
  } catch (error) {
    if (!(error instanceof PoolError) || error.code !== "unclean") throw error;
    throw new Error(error.message.replace(/^[^:]*/, ACTION), { cause: error });
  }
  if (slotOf(object)?.holder !== IDLE) {
    throw new Error(`${ACTION}: the pool must keep the object: received one that it discarded`);
  }
  // In debug the pool has looked already, and nothing shows any more.
  const after = new Look(object);
  const leftovers = leftoversOf(handed, before, after);
  const isCut = handed.isCut || before.isCut || after.isCut;
  if (leftovers.length === 0) {
    if (!isCut) return leftoversOf(handed, before, before).length;
    const rule = "the object must be small enough to be looked at whole";
    throw new Error(`${ACTION}: ${rule}: received one of which a part was not seen`);
  }
  const list = listLeftovers(leftovers, isCut);
  throw new Error(`${ACTION}: reset must clear what a holder wrote: received ${list}`);
}
