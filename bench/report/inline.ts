/**
 * Programs, styles and data within a page, and the page's own word that there are no others.
 *
 * @module
 */

import { Html } from "./html.ts";

/** Something that stands in the page instead of in a file. */
export interface Inline {
  /** What stands between its tags; not even a newline may be added. */
  readonly text: Html;
  /** What a content security policy calls it. */
  readonly source: string;
}

/** A program. What would end its element is written in another way that means the same in JavaScript. */
export function inlineScript(script: string): Promise<Inline> {
  return inline(script.replaceAll(/<\/(?=script)/gi, "<\\/").replaceAll("<!--", "\\x3C!--"));
}

/** A stylesheet. */
export function inlineStyle(stylesheet: string): Promise<Inline> {
  return inline(stylesheet);
}

/** Data, which no policy is asked about. */
export function inlineJson(data: unknown): Html {
  return new Html(JSON.stringify(data).replaceAll("<", "\\u003c"));
}

async function inline(text: string): Promise<Inline> {
  // A browser reads other ends of lines as this one, and hashes what it has read.
  const unified = text.replaceAll(/\r\n?/g, "\n");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(unified));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(hash)));
  return { text: new Html(unified), source: `'sha256-${base64}'` };
}
