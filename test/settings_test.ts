import { it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Environment, readPort, readStats } from "../edge/settings.ts";

it("readPort() takes a port, or 8000", () => {
  const CASES: readonly [Environment, number][] = [
    [{}, 8000],
    [{ PORT: "0" }, 0],
    [{ PORT: "8080" }, 8080],
    [{ PORT: "65535" }, 65535],
  ];
  for (const [env, port] of CASES) assertEquals(readPort(env), port);
});

it("readPort() refuses anything else", () => {
  const CASES = ["", "x", "-1", "1.5", "65536", "99999", " 80", "0x50", "8e3", "80\n", "Infinity"];
  for (const port of CASES) {
    const message = "Cannot start: PORT must be an integer from 0 to 65535: received " +
      JSON.stringify(port);
    const error = assertThrows(() => readPort({ PORT: port }), TypeError);
    assertEquals(error.message, message);
  }
});

it("readStats() takes a switch and a token", () => {
  const CASES: readonly [Environment, unknown][] = [
    [{}, false],
    [{ POOL_STATS: "0" }, false],
    [{ POOL_STATS: "false" }, false],
    [{ POOL_STATS: "1" }, true],
    [{ POOL_STATS: "true" }, true],
    [{ POOL_STATS: "1", POOL_TOKEN: "abc" }, { token: "abc" }],
    [{ POOL_STATS: "1", POOL_TOKEN: "abc", POOL_DEBUG: "0" }, { token: "abc" }],
    [{ POOL_STATS: "1", POOL_TOKEN: "abc", POOL_DEBUG: "1" }, { token: "abc", debug: true }],
  ];
  for (const [env, stats] of CASES) assertEquals(readStats(env), stats);
});

it("readStats() refuses anything else", () => {
  const CASES: readonly [Environment, string][] = [
    [{ POOL_STATS: "" }, 'POOL_STATS must be 1, true, 0 or false: received ""'],
    [{ POOL_STATS: "yes" }, 'POOL_STATS must be 1, true, 0 or false: received "yes"'],
    [{ POOL_DEBUG: "on" }, 'POOL_DEBUG must be 1, true, 0 or false: received "on"'],
    [
      { POOL_DEBUG: "1" },
      "POOL_DEBUG must come with POOL_STATS=1 and POOL_TOKEN: received it without",
    ],
    [
      { POOL_DEBUG: "1", POOL_STATS: "1" },
      "POOL_DEBUG must come with POOL_STATS=1 and POOL_TOKEN: received it without",
    ],
    [{ POOL_TOKEN: "abc" }, "POOL_TOKEN must come with POOL_STATS=1: received it without"],
  ];
  for (const [env, message] of CASES) {
    assertThrows(() => readStats(env), TypeError, `Cannot start: ${message}`);
  }
});
