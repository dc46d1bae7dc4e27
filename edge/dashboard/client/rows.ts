/// <reference lib="dom" />

/**
 * Rows that are kept from one reading to the next, each under its key, so that the focus stays where it
 * is and nothing that is the same is drawn again.
 *
 * @module
 */

/** The children of an element, by key. */
export class Rows<T, E extends HTMLElement> {
  readonly #parent: Element;
  readonly #make: (item: T) => E;
  readonly #fill: (row: E, item: T) => void;
  #rows: Map<string, E> = new Map();

  /**
   * Makes none yet.
   *
   * @param parent Where the rows are.
   * @param make Makes a row, before it is filled.
   * @param fill Writes into a row what it shows.
   */
  constructor(parent: Element, make: (item: T) => E, fill: (row: E, item: T) => void) {
    this.#parent = parent;
    this.#make = make;
    this.#fill = fill;
  }

  /** Shows these items in this order. */
  show(items: readonly T[], keyOf: (item: T, index: number) => string): void {
    const rows = new Map<string, E>();
    for (const [i, item] of items.entries()) {
      const key = keyOf(item, i);
      const row = this.#rows.get(key) ?? this.#make(item);
      this.#fill(row, item);
      rows.set(key, row);
    }
    for (const [key, row] of this.#rows) if (rows.get(key) !== row) row.remove();
    this.#rows = rows;
    let place = this.#parent.firstElementChild;
    for (const row of rows.values()) {
      if (row === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(row, place);
    }
  }
}

/** Makes an element with a class. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (className !== "") element.className = className;
  return element;
}

/** Makes a table's row: a head, and so many cells. */
export function makeRow(cells: number): HTMLTableRowElement {
  const row = make("tr");
  const head = make("th");
  head.scope = "row";
  row.append(head);
  for (let i = 0; i < cells; i++) row.append(make("td"));
  return row;
}

/** A bar whose length is a share of its cell. Whoever does not see it reads the figure beside it. */
export function makeBar(): HTMLElement {
  const bar = make("span", "bar");
  bar.setAttribute("aria-hidden", "true");
  bar.append(make("span"));
  return bar;
}

/** Sets the length of a bar: 0 to 1. */
export function setBar(bar: Element, length: number): void {
  const width = `${(Math.max(0, Math.min(1, length)) * 100).toFixed(1)}%`;
  const fill = bar.firstElementChild as HTMLElement;
  if (fill.style.width !== width) fill.style.width = width;
}
