import { describe, it } from "node:test";
import { assertEquals, assertNotStrictEquals } from "@std/assert";
import { inertHost } from "../src/host.ts";

describe("inertHost()", () => {
  it("inertHost() knows nothing and invents nothing", () => {
    const host = inertHost();
    assertEquals([host.runtime, host.now(), host.heap(), host.memoryLimit], [
      "none",
      0,
      undefined,
      undefined,
    ]);
    assertEquals({ ...host.gc() }, { minor: 0, major: 0, unknown: 0 });
    const run = () => {
      throw new Error("Cannot defer: there must be no timers: received one");
    };
    assertEquals([host.defer(run, 0), host.timeout(run, 0)], [undefined, undefined]);
    host.close();
    host.close();
  });

  it("inertHost() makes a new host each time", () => {
    assertNotStrictEquals(inertHost(), inertHost());
  });
});
