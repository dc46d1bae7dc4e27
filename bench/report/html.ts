/**
 * Pieces of a page, in which text cannot become markup by accident.
 *
 * @module
 */

import { escapeHtml } from "../../edge/html.ts";

/** Markup that is safe to be put into a page as it is. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What can stand within markup: text, which is escaped, and markup, which is not. */
export type Part = string | number | Html | readonly Html[];

/** Writes markup; attributes must stand in quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: strings }, ...parts.map(textOf)));
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.toString();
  if (typeof part === "object") return part.join("");
  return escapeHtml(String(part));
}
