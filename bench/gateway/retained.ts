/**
 * The live objects of an application that has nothing to do with the pool: what a collection of the
 * whole heap has to walk.
 *
 * @module
 */

import type { RuntimeName } from "../runner/bench.ts";

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

/** Bytes of one entity with all that belongs to it, by the heap after a collection. */
const ENTITY_BYTES = { deno: 200, bun: 200, workerd: 120 } as const satisfies Record<
  RuntimeName,
  number
>;

/** Makes live objects of that many bytes together. */
export function makeRetained(runtime: RuntimeName, bytes: number): readonly object[] {
  const count = Math.round(bytes / ENTITY_BYTES[runtime]);
  const entities: Entity[] = [];
  for (let i = 0; i < count; i++) {
    const parent = entities[i >> 2];
    const entity = new Entity(i, `entity number ${i}`, i / 7, parent);
    entities.push(entity);
    parent?.links.push(entity);
  }
  return entities;
}
