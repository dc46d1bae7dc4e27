import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Admission } from "../src/admission.ts";
import { assertGrammar } from "./fixture/thing.ts";

describe("Admission", () => {
  it("Admission without limits limits nothing", () => {
    const admission = new Admission(undefined, undefined);
    assertEquals([admission.isLimited, admission.waitMs(1e9, 0)], [false, 0]);
  });

  it("Admission counts what is being made", () => {
    const admission = new Admission(2, undefined);
    assertEquals([admission.isLimited, admission.waitMs(1, 0), admission.waitMs(2, 0)], [
      true,
      0,
      Infinity,
    ]);
    admission.begin(0);
    assertEquals(admission.waitMs(1, 0), Infinity);
    admission.end();
    assertEquals(admission.waitMs(1, 0), 0);
  });

  it("Admission tells when the rate allows the next one, and that room comes first", () => {
    const admission = new Admission(9, 2);
    for (let i = 0; i < 2; i++) {
      admission.begin(0);
      admission.end();
    }
    assertEquals([admission.waitMs(0, 0), admission.waitMs(9, 0), admission.waitMs(0, 500)], [
      500,
      Infinity,
      0,
    ]);
    assertEquals(admission.intervalMs, 500);
  });

  it("Admission refuses in the grammar of errors, and tells when to try again", () => {
    const admission = new Admission(9, 2);
    const errors = [Infinity, 500].map((waitMs) => admission.refusal("Cannot test", waitMs));
    errors.forEach(assertGrammar);
    assertEquals(errors.map(({ code, retryAfterMs }) => [code, retryAfterMs]), [
      ["exhausted", undefined],
      ["throttled", 500],
    ]);
    assertEquals(errors.map((error) => "retryAfterMs" in error), [false, true]);
  });
});
