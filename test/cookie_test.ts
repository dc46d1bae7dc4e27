import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { Random } from "../bench/runner/random.ts";
import { findCookie } from "../edge/cookie.ts";

/** What Hono finds. */
function honosCookie(header: string, name: string): string | undefined {
  // Not `Headers`, which would refuse some of what is tried here.
  const headers = { get: () => header };
  const value: unknown = getCookie({ req: { raw: { headers } } } as unknown as Context, name);
  // Of a header without the name it looks in `{}`, which has a "toString" of its own.
  return typeof value === "string" ? value : undefined;
}

describe("findCookie()", () => {
  const CASES: readonly [string, string, string | undefined][] = [
    ["", "a", undefined],
    ["a=1", "a", "1"],
    ["a=1; b=2", "b", "2"],
    ["aa=1; a=2", "a", "2"],
    ["b=a=1; a=2", "a", "2"],
    ["A=1", "a", undefined],
    ["a=1; a=2", "a", "1"],
    ['a="; a=2', "a", ""],
    ['a=x"y; a=2', "a", "2"],
    ["a=\u00e9; a=2", "a", "2"],
    ["a=1=2==", "a", "1=2=="],
    [" \ta\t = \t1 2\t ;", "a", "1 2"],
    ["a; b; a=1", "a", "1"],
    ["a", "a", undefined],
    ["a=", "a", ""],
    ["=1; a=2", "", undefined],
    ['a="1 2"', "a", "1 2"],
    ['a="1', "a", undefined],
    ["a=Gr%C3%BCn%", "a", "Grün%"],
    ["a=%ff%41", "a", "%ff%41"],
    ["a=%ff %41", "a", "%ff A"],
    ["a=1+2", "a", "1+2"],
    ["__proto__=1; constructor=2", "__proto__", "1"],
    ["a=1", "toString", undefined],
    ["a b=1", "a b", undefined],
    ['"a"=1', '"a"', undefined],
  ];
  for (const [header, name, expected] of CASES) {
    it(`gives ${JSON.stringify(expected)} for ${JSON.stringify(name)} of ${header}`, () => {
      assertEquals(findCookie(header, name), expected);
      assertEquals(honosCookie(header, name), expected);
    });
  }

  it("gives what Hono's getCookie gives, whatever the header", () => {
    const random = new Random("cookies");
    const parts = ["a", "ab", "b", "=", "=", ";", "; ", " ", "\t", '"', "%41", "%C3%BC", "%", "\\"];
    parts.push("é", "\u0000", "__proto__", ",", "1", "%ff", "\u00a0");
    const names = ["a", "ab", "b", "", " a", "__proto__", "é", "a=", "%41"];
    for (let i = 0; i < 20_000; i++) {
      let header = "";
      for (let k = random.below(24); k >= 0; k--) header += parts[random.below(parts.length)];
      for (const name of names) {
        const expected = honosCookie(header, name);
        const told = `${JSON.stringify(name)} of ${JSON.stringify(header)}`;
        assertEquals(findCookie(header, name), expected, told);
      }
    }
  });

  it("does not look twice at what a hostile client repeats", () => {
    // Were any of these quadratic, the test would not end this year.
    const TIMES = 2 ** 22;
    for (const part of ["a;", "a", ";", " ", "a=;", 'a=";', "b=1;", 'x="y;', "%"]) {
      assertEquals(findCookie(`${part.repeat(TIMES)};x=1`, "x"), "1", part);
    }
  });
});
