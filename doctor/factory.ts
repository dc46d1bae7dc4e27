/**
 * The factory under examination: what a file exports, checked before anything is measured.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const ACTION = "Cannot examine";

/** What a file gives to the doctor. */
export interface Factory {
  /** Makes an object, as in `PoolOptions`. */
  readonly create: () => object;
  /** Clears an object, as in `PoolOptions`. */
  readonly reset: (object: object) => unknown;
  /** One realistic use of an object, so that `reset` has something to clear. */
  readonly use?: (object: object) => unknown;
}

/**
 * Loads a factory.
 *
 * @param path The path of a file that exports `create`, `reset` and, best, `use`; or a default export
 * that has them.
 * @returns The factory.
 * @throws {TypeError} The file cannot be loaded, or its exports are no factory.
 */
export async function loadFactory(path: string): Promise<Factory> {
  let exports: Record<string, unknown>;
  try {
    exports = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new TypeError(
      `${ACTION}: the file must load: received ${path}: ${text.split("\n", 1)[0]}`,
      { cause: error },
    );
  }
  const found = { ...(exports.default as object | undefined), ...exports };
  for (const name of ["create", "reset", "use"] as const) {
    const value = (found as Record<string, unknown>)[name];
    if (typeof value === "function" || (name === "use" && value === undefined)) continue;
    throw new TypeError(
      `${ACTION}: ${name} must be an exported function: received ${typeof value}`,
    );
  }
  return found as unknown as Factory;
}

/** Makes an object of a factory, once it is known to be one that can be pooled. */
export function createChecked({ create }: Factory): object {
  let object: unknown;
  try {
    object = create();
  } catch (error) {
    const text = String(error).split("\n", 1)[0];
    throw new TypeError(`${ACTION}: create must not throw: received ${text}`, { cause: error });
  }
  const received = (what: string) =>
    new TypeError(
      `${ACTION}: create must return an object that can be written to: received ${what}`,
    );
  if ((typeof object !== "object" && typeof object !== "function") || object === null) {
    throw received(object === null ? "null" : typeof object);
  }
  if (typeof (object as { then?: unknown }).then === "function") throw received("a promise");
  if (Object.isFrozen(object) && Reflect.ownKeys(object).length > 0) {
    throw received("a frozen object");
  }
  return object;
}
