/// <reference lib="dom" />

/**
 * The elements of the page that the script knows by name.
 *
 * @module
 */

/** The element of an id, which the page has. */
export function find<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** The rows of a table. */
export function body(id: string): HTMLTableSectionElement {
  return find<HTMLTableElement>(id).tBodies[0]!;
}

/** Writes a text where it is another one: what has not changed is not laid out again. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
