/**
 * Poison: accessors that throw, in the place of an object's own data fields.
 *
 * Only fields that can be swapped back are swapped: own, enumerable, configurable data. What an object
 * keeps elsewhere (`#private`, the entries of a `Map`, the elements of an array) no accessor can
 * stand for, and a Proxy in the object's place would break exactly those. An antidote is the list of
 * the descriptors that were there.
 *
 * @module
 */

/** The fields that were swapped, as they were. */
export type Antidote = readonly (readonly [key: PropertyKey, descriptor: PropertyDescriptor])[];

/**
 * Swaps an object's own data fields for accessors that throw.
 *
 * @param object The object.
 * @param refuse Makes what they throw: `verb` is `"read"` or `"write"`.
 * @returns What brings the fields back; `undefined` where nothing could be swapped.
 */
export function poison(
  object: object,
  refuse: (verb: "read" | "write", key: PropertyKey) => Error,
): Antidote | undefined {
  // The elements of an array would be slow for good, even after they came back.
  if (typeof object === "function" || Array.isArray(object) || ArrayBuffer.isView(object)) {
    return undefined;
  }
  const swapped: [PropertyKey, PropertyDescriptor][] = [];
  try {
    for (const key of Reflect.ownKeys(object)) {
      // A user's field of this name: the pool itself reads it to tell its own from foreign objects.
      if (key === "@siliconflow/pool slot") continue;
      const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
      if (!descriptor?.enumerable || !descriptor.configurable || !("value" in descriptor)) continue;
      const accessor: PropertyDescriptor = {
        get() {
          throw refuse("read", key);
        },
        set() {
          throw refuse("write", key);
        },
        enumerable: true,
        configurable: true,
      };
      if (Reflect.defineProperty(object, key, accessor)) swapped.push([key, descriptor]);
    }
  } catch {
    // A Proxy whose traps throw: what was swapped until then comes back like the rest.
  }
  return swapped.length > 0 ? swapped : undefined;
}

/** Brings the fields back exactly as they were; says whether that worked for all of them. */
export function revive(object: object, antidote: Antidote): boolean {
  let isWhole = true;
  for (const [key, descriptor] of antidote) {
    try {
      // Whoever froze the object since made the accessor permanent.
      if (!Reflect.defineProperty(object, key, descriptor)) isWhole = false;
    } catch {
      isWhole = false;
    }
  }
  return isWhole;
}
