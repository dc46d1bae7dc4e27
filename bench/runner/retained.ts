/**
 * The live objects of an application that has nothing to do with the pool: what a collection of the
 * whole heap has to walk.
 *
 * @module
 */

import type { RuntimeName } from "./bench.ts";

/** An object that refers to others. */
class Entity {
  readonly links: Entity[] = [];
  constructor(
    readonly id: number,
    readonly name: string,
    readonly score: number,
    readonly parent: Entity | undefined,
  ) {}
}

/** Bytes of all together. An isolate of Workers holds 128 MB, so it gets less. */
const BYTES = { deno: 150e6, bun: 150e6, workerd: 60e6 } as const satisfies Record<
  RuntimeName,
  number
>;

/** Bytes of one entity with all that belongs to it, by the heap after a collection. */
const ENTITY_BYTES = { deno: 200, bun: 200, workerd: 120 } as const satisfies Record<
  RuntimeName,
  number
>;

/** Makes live objects, 150 MB of them or 60 on workerd, which stay until the process ends. */
export function keepRetained(runtime: RuntimeName): void {
  // What a global refers to no engine takes for dead.
  Object.assign(globalThis, { retained: makeRetained(BYTES[runtime] / ENTITY_BYTES[runtime]) });
}

function makeRetained(count: number): readonly object[] {
  const entities: Entity[] = [];
  for (let i = 0; i < count; i++) {
    const parent = entities[i >> 2];
    const entity = new Entity(i, `entity number ${i}`, i / 7, parent);
    entities.push(entity);
    parent?.links.push(entity);
  }
  return entities;
}
