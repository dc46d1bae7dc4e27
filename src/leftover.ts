/**
 * Leftovers: what a holder wrote into an object and `reset` left there.
 *
 * An object is looked at three times: when it is handed out, before `reset`, and after it. A leaf is
 * left over iff `before != handed out && after == before && after is not empty`: what `reset` writes
 * itself, what was there all along, and capacity that is zeroed are none. Empty values can thus
 * never matter and are not kept.
 *
 * Each look follows own enumerable data fields, breadth first, through plain objects, instances,
 * arrays, maps, sets and buffers; it calls no getter. What shows nothing (functions, `#private`
 * classes, promises) and what has a life of its own (a pooled object, anything that can be disposed
 * of) is a leaf by its identity. Looks are bounded in depth, fields and bytes, and end in cycles,
 * which are told by the way that led there: the same object reached in two ways is looked at
 * twice, or its path would depend on the other way.
 *
 * @module
 */

import { slotOf } from "./slot.ts";

/** How deep a look goes. */
const MAX_DEPTH = 8;
/** The most fields, elements and entries that it visits. */
const MAX_FIELDS = 10_000;
/** The most bytes that it copies. */
const MAX_BYTES = 2 ** 18;
/** The most leftovers that a text names. */
const MAX_NAMED = 32;
/** Longer keys are not written out: they may be secrets. */
const MAX_KEY = 32;

/** A place that still holds what a holder wrote. */
export interface Leftover {
  /** Where, such as `user.name`, `items[3]` or `map.get("k")`. */
  readonly path: string;
  /** What kind of value is there, never the value: it may be a secret. */
  readonly kind: string;
}

/** The bytes of a buffer or of a view at the moment of a look. */
interface Bytes {
  readonly copy: Uint8Array;
  readonly byteLength: number;
  /** Bytes of an element. */
  readonly width: number;
}

/** A value that a look ends at. */
interface Leaf {
  readonly path: string;
  /** The place of the object that it belongs to. */
  readonly owner: string;
  readonly kind: string;
  /** What is compared; for bytes see there. */
  readonly value: unknown;
  readonly bytes?: Bytes;
}

/** An object on the way to leaves. */
interface Node {
  readonly object: object;
  readonly path: string;
  /** Its path with all that a path leaves out, so that no two places share one. */
  readonly place: string;
  readonly depth: number;
  readonly parent: Node | undefined;
}

/** Numbers for opaque objects and for keys that are objects: the same ones at each look. */
const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** What an object holds at one moment. */
export class Look {
  /** The leaves that are not empty, by their places. */
  readonly leaves: Map<string, Leaf> = new Map();
  /** Whether there was more than a look visits. */
  isCut = false;

  readonly #queue: Node[] = [];
  #fields = 0;
  #bytes = 0;

  /** Looks at an object. */
  constructor(root: object) {
    const node = { object: root, path: "", place: "", depth: 0, parent: undefined };
    this.#queue.push(node);
    for (let next = 0; next < this.#queue.length; next++) {
      const node = this.#queue[next]!;
      try {
        this.#enter(node);
      } catch {
        // A Proxy whose traps throw, a detached buffer.
        this.#leaf(node, classOf(node.object), identityOf(node.object));
      }
    }
    this.#queue.length = 0;
  }

  #enter(node: Node): void {
    const { object } = node;
    if (object instanceof Map) {
      for (const [key, value] of Map.prototype.entries.call(object)) {
        if (!this.#visit(node, keySegment("get", key), value)) break;
      }
    } else if (object instanceof Set) {
      for (const member of Set.prototype.values.call(object)) {
        const segment = keySegment("has", member);
        if (!this.#visit(node, segment, isObject(member) ? member : true)) break;
      }
    } else if (Array.isArray(object)) {
      for (let i = 0; i < object.length; i++) {
        const field = Reflect.getOwnPropertyDescriptor(object, i);
        if (!this.#visit(node, { path: `[${i}]`, place: `[${i}]` }, field?.value)) break;
      }
      return;
    } else if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
      return this.#keepBytes(node, object);
    }
    for (const key of Reflect.ownKeys(object)) {
      const field = Reflect.getOwnPropertyDescriptor(object, key);
      if (field?.enumerable && !this.#visit(node, fieldSegment(key), field.value)) break;
    }
  }

  /** Takes a value as a leaf, or lines it up; says whether there is room for more. */
  #visit(parent: Node, segment: Segment, value: unknown): boolean {
    if (this.#fields >= MAX_FIELDS) {
      this.isCut = true;
      return false;
    }
    this.#fields++;
    if (isEmpty(value)) return true;
    const node: Node = {
      object: value as object,
      path: parent.path === "" ? segment.path.replace(/^\./, "") : parent.path + segment.path,
      place: parent.place + segment.place,
      depth: parent.depth + 1,
      parent,
    };
    if (!isObject(value)) this.#leaf(node, segment.kind ?? kindOf(value), value);
    else if (isOpaque(value)) {
      this.#leaf(node, classOf(value), timeOf(value) ?? identityOf(value));
    } else if (node.depth > MAX_DEPTH) this.isCut = true;
    else if (!isWithin(node)) this.#queue.push(node);
    return true;
  }

  #leaf({ path, place, parent }: Node, kind: string, value: unknown): void {
    if (isEmpty(value)) return;
    this.leaves.set(place, { path, owner: parent?.place ?? "", kind, value });
  }

  #keepBytes({ path, place, parent }: Node, view: ArrayBufferView | ArrayBuffer): void {
    const whole = ArrayBuffer.isView(view)
      ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
      : new Uint8Array(view);
    const { BYTES_PER_ELEMENT: width = 1 } = view as { BYTES_PER_ELEMENT?: number };
    // Not the view's own slice: a Buffer's shares its memory.
    const copy = whole.slice(0, MAX_BYTES - this.#bytes);
    this.#bytes += copy.length;
    if (copy.length < whole.length) this.isCut = true;
    const bytes = { copy, byteLength: whole.length, width };
    const owner = parent?.place ?? "";
    this.leaves.set(place, { path, owner, kind: "bytes", value: undefined, bytes });
  }
}

/** Finds what a holder wrote after the look at what it was handed, and `reset` left. */
export function leftoversOf(handed: Look, before: Look, after: Look): Leftover[] {
  return [...after.leaves].flatMap(([place, leaf]): Leftover[] => {
    const written = before.leaves.get(place);
    const original = handed.leaves.get(place);
    if (written === undefined) return [];
    if (leaf.bytes !== undefined) return leftBytes(original?.bytes, written.bytes, leaf);
    const { path, kind, value } = leaf;
    const isLeft = Object.is(value, written.value) && !Object.is(value, original?.value);
    return isLeft && !isCapacity(leaf, handed, after) ? [{ path, kind }] : [];
  });
}

/** Names leftovers on one line. */
export function listLeftovers(leftovers: readonly Leftover[], isCut: boolean): string {
  const named = leftovers.slice(0, MAX_NAMED).map(({ path, kind }) => `${path} (${kind})`);
  const more = leftovers.length - named.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  return named.join(", ") + rest + (isCut ? "; the object is larger than what was looked at" : "");
}

/** The name of an object's class, with its article. */
export function classOf(object: object): string {
  const name = classNameOf(object);
  return `${/^[AEIOU]/i.test(name) ? "an" : "a"} ${name}`;
}

/** The name of an object's class. Never throws. */
export function classNameOf(object: object): string {
  try {
    const { name } = (Reflect.getPrototypeOf(object) as object).constructor;
    if (typeof name === "string" && name !== "") {
      return name.slice(0, MAX_KEY).replaceAll(/\s+/g, " ");
    }
  } catch {
    // No prototype, or a Proxy whose traps throw.
  }
  return "object";
}

function leftBytes(handed: Bytes | undefined, before: Bytes | undefined, after: Leaf): Leftover[] {
  const { copy, width } = after.bytes!;
  const places: number[] = [];
  for (let i = 0; i < copy.length; i++) {
    const byte = copy[i];
    if (byte !== 0 && byte === before?.copy[i] && byte !== handed?.copy[i]) places.push(i);
  }
  if (places.length === 0) return [];
  const kind = places.length === 1 ? "1 byte" : `${places.length} bytes`;
  return [{ path: `${after.path}[${Math.floor(places[0]! / width)}]`, kind }];
}

/** Whether a number tells the size of a buffer beside it that has another size than it had. */
function isCapacity({ owner, value }: Leaf, handed: Look, after: Look): boolean {
  if (typeof value !== "number") return false;
  return [...after.leaves].some(([place, { bytes, owner: other }]) => {
    if (bytes === undefined || other !== owner) return false;
    const { byteLength, width } = bytes;
    return (value === byteLength || value === byteLength / width) &&
      byteLength !== handed.leaves.get(place)?.bytes?.byteLength;
  });
}

/** One step of a path, and of a place. */
interface Segment {
  readonly path: string;
  readonly place: string;
  /** What is there, where the value does not tell. */
  readonly kind?: string;
}

function fieldSegment(key: string | symbol): Segment {
  if (typeof key === "symbol") {
    return { path: `[${shorten(String(key))}]`, place: `[${String(key)}]` };
  }
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) && key.length <= MAX_KEY) {
    return { path: `.${key}`, place: `.${key}` };
  }
  return { path: `[${shorten(JSON.stringify(key))}]`, place: `[${JSON.stringify(key)}]` };
}

/** The step to an entry of a map, or to a member of a set. */
function keySegment(method: "get" | "has", key: unknown): Segment {
  if (isObject(key)) {
    const path = `.${method}(${classOf(key)})`;
    return { path, place: `${path}${identityOf(key)}` };
  }
  const text = typeof key === "string" ? JSON.stringify(key) : String(key);
  const path = `.${method}(${shorten(text)})`;
  const place = `.${method}(${typeof key} ${text})`;
  return method === "has" ? { path, place, kind: "a member" } : { path, place };
}

function shorten(text: string): string {
  return text.length <= MAX_KEY + 2 ? text : `a key of ${text.length} characters`;
}

/** What tells an object from all others, and does not keep it alive as the object itself would. */
function identityOf(object: object): string {
  const number = numbers.get(object) ?? ++lastNumber;
  numbers.set(object, number);
  return `#${number}`;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || value === "" || value === false ||
    value === 0n || Number.isNaN(value);
}

/** Whether a look ends here: nothing shows, or what shows belongs to somebody else. */
function isOpaque(object: object): boolean {
  try {
    if (typeof object === "function" || slotOf(object) !== undefined) return true;
    if (Symbol.dispose in object || Symbol.asyncDispose in object) return true;
    if (Array.isArray(object) || ArrayBuffer.isView(object)) return false;
    if (object instanceof ArrayBuffer || object instanceof Map || object instanceof Set) {
      return false;
    }
    const prototype = Reflect.getPrototypeOf(object);
    if (prototype === null || prototype === Object.prototype) return false;
    return Object.keys(object).length === 0;
  } catch {
    return true;
  }
}

/** Whether an object contains itself. */
function isWithin({ object, parent }: Node): boolean {
  for (let node = parent; node !== undefined; node = node.parent) {
    if (node.object === object) return true;
  }
  return false;
}

/** What a date says, which may change without another date; `undefined` of what is none. */
function timeOf(object: object): number | undefined {
  try {
    return Date.prototype.getTime.call(object);
  } catch {
    return undefined;
  }
}

function kindOf(value: unknown): string {
  return typeof value === "string" ? `a string of ${value.length}` : `a ${typeof value}`;
}
