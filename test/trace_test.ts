import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { causeOf, placeOf, traceHere } from "../src/trace.ts";

describe("traceHere()", () => {
  it("traceHere() begins with whoever called", () => {
    function caller(): string {
      // Not at the end: JavaScriptCore keeps no frame of a function that ends in a call.
      const trace = traceHere();
      assert(trace !== "");
      return trace;
    }
    const trace = caller();
    assertMatch(placeOf(trace), /caller/);
    assert(!placeOf(trace).includes("\n"));
  });

  it("traceHere() gives back the limit of frames that it found, and stands what engines may give", () => {
    const limited = Error as { stackTraceLimit?: number; prepareStackTrace?: unknown };
    const { stackTraceLimit, prepareStackTrace } = limited;
    try {
      limited.stackTraceLimit = 3;
      traceHere();
      assertEquals(limited.stackTraceLimit, 3);
      limited.prepareStackTrace = () => ({ frames: 5 });
      assertEquals(typeof traceHere(), "string");
      limited.prepareStackTrace = () => {
        throw new Error("no");
      };
      assertEquals(typeof traceHere(), "string");
      assertEquals(limited.stackTraceLimit, 3);
    } finally {
      Object.assign(limited, { stackTraceLimit, prepareStackTrace });
    }
  });

  it("placeOf() always tells something", () => {
    assertEquals(
      placeOf("    at handler (app.ts:3:5)\n    at serve (app.ts:9:1)"),
      "handler (app.ts:3:5)",
    );
    assertEquals(placeOf(""), "an unknown place");
  });

  it("causeOf() is an error whose stack is the trace", () => {
    const inner = causeOf("acquired", "    at a");
    const outer = causeOf("released", "    at b", inner);
    assertEquals([outer.stack, outer.cause], ["released\n    at b", inner]);
  });
});
