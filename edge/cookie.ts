/**
 * One cookie of a `Cookie` header, found without taking the header apart.
 *
 * It answers what Hono's `getCookie` does, which a test holds it to, but makes no string of any
 * other cookie. Why a hostile header costs no more than its length: each search goes on where the
 * one before it ended, and a name is compared only where the lengths agree.
 *
 * @module
 */

import { tryDecodeURIComponent } from "hono/utils/url";

const SPACE = 32;
const TAB = 9;
const QUOTE = 34;
const PERCENT = 37;
const SEMICOLON = 59;
const BACKSLASH = 92;
const LAST_PRINTABLE = 126;

/** What a name may be made of: printable ASCII without what RFC 6265 separates with. */
const NAME = /^[!#-:<>-[\]-~]+$/;

/**
 * The value of the first cookie of a name: without its quotes, and decoded where it is
 * percent-encoded. A cookie whose value holds what none may is as good as absent.
 */
export function findCookie(header: string, name: string): string | undefined {
  if (!NAME.test(name)) return undefined;
  let equals = -1;
  let start = 0;
  while (start < header.length) {
    // A cookie without "=" is passed over, and must not make the next one search again.
    if (equals < start) equals = header.indexOf("=", start);
    if (equals < 0) return undefined;
    const found = header.indexOf(";", start);
    const end = found < 0 ? header.length : found;
    if (equals < end && isNamed(header, start, equals, name)) {
      const value = readValue(header, equals + 1, end);
      if (value !== undefined) return value;
    }
    start = end + 1;
  }
  return undefined;
}

/** Whether what lies between two indices is the name, but for white space around it. */
function isNamed(header: string, from: number, to: number, name: string): boolean {
  const start = skipSpace(header, from, to);
  return dropSpace(header, start, to) - start === name.length && header.startsWith(name, start);
}

/** The value between two indices, or `undefined` where it is none. */
function readValue(header: string, from: number, to: number): string | undefined {
  let start = skipSpace(header, from, to);
  let end = dropSpace(header, start, to);
  if (
    start < end && header.charCodeAt(start) === QUOTE && header.charCodeAt(end - 1) === QUOTE
  ) {
    // One quote alone is both of them.
    end = Math.max(start + 1, end - 1);
    start++;
  }
  let isEncoded = false;
  for (let i = start; i < end; i++) {
    const unit = header.charCodeAt(i);
    if (!isValueUnit(unit)) return undefined;
    if (unit === PERCENT) isEncoded = true;
  }
  const value = header.slice(start, end);
  return isEncoded ? tryDecodeURIComponent(value) : value;
}

function isValueUnit(unit: number): boolean {
  return unit >= SPACE && unit <= LAST_PRINTABLE && unit !== QUOTE && unit !== SEMICOLON &&
    unit !== BACKSLASH;
}

function skipSpace(header: string, from: number, to: number): number {
  let start = from;
  while (start < to && isSpace(header.charCodeAt(start))) start++;
  return start;
}

function dropSpace(header: string, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(header.charCodeAt(end - 1))) end--;
  return end;
}

function isSpace(unit: number): boolean {
  return unit === SPACE || unit === TAB;
}
