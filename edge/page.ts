/**
 * A page that is rendered into the scratch: `GET /hello/:name`.
 *
 * @module
 */

import type { Context } from "hono";
import type { RequestContext } from "./context.ts";
import { escapeHtml } from "./html.ts";

/** The headers that the page shows. Not those that carry secrets. */
const SHOWN = ["accept-language", "user-agent"] as const;

const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  // Nothing may run in it, should the escaping ever have a hole.
  "Content-Security-Policy": "default-src 'none'",
  // It is made for one client.
  "Cache-Control": "no-store",
};

/**
 * Greets by name, in the colours that the cookie `theme` asks for (`light` or `dark`), and shows
 * some of the request's headers.
 */
export function page(c: Context, context: RequestContext): Response {
  const { headers, params, scratch } = context;
  headers.read(c.req.raw.headers);
  params.read(c.req.param());
  const name = params.get("name") ?? "";

  scratch.write('<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">');
  scratch.write('<meta name="color-scheme" content="');
  scratch.write(context.cookie("theme") === "dark" ? "dark" : "light");
  scratch.write('">\n<title>');
  writeText(context, name);
  scratch.write("</title></head>\n<body>\n<h1>Hello, ");
  writeText(context, name);
  scratch.write("</h1>\n<dl>\n");
  for (const shown of SHOWN) {
    scratch.write("<dt>");
    scratch.write(shown);
    scratch.write("</dt><dd>");
    writeText(context, headers.get(shown) ?? "none");
    scratch.write("</dd>\n");
  }
  scratch.write("</dl>\n</body>\n</html>\n");
  return c.body(scratch.view(), 200, HEADERS);
}

/** Writes what came from outside. A text without special characters is written as it is. */
function writeText({ scratch }: RequestContext, text: string): void {
  scratch.write(escapeHtml(text));
}
