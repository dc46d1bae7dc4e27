import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BENCHES } from "../../bench/runner/benches.ts";
import { help, readOptions } from "../../bench/runner/options.ts";

const DEFAULTS = {
  name: undefined,
  runtime: undefined,
  json: false,
  quick: false,
  save: false,
  out: undefined,
  picture: undefined,
  trace: undefined,
};

describe("readOptions()", () => {
  it("readOptions() asks for all benches where nothing is named", () => {
    assertEquals(readOptions([]), DEFAULTS);
  });

  it("readOptions() reads what it is given", () => {
    const args = ["gateway", "--runtime=workerd", "--json", "--quick", "--save", "--out=a.html"];
    assertEquals(readOptions(args), {
      ...DEFAULTS,
      name: "gateway",
      runtime: "workerd",
      json: true,
      quick: true,
      save: true,
      out: "a.html",
    });
    assertEquals(readOptions(["report", "--picture=a.png"])?.picture, "a.png");
    assertEquals(readOptions(["pair", "-h"]), undefined);
  });

  const BAD = [
    { args: ["pairs"], message: 'received "pairs"' },
    { args: ["pair", "tick"], message: 'there must be one name: received "pair tick"' },
    { args: ["pair", "--runtime=node"], message: 'received "node"' },
    { args: ["pair", "--fast"], message: "--fast" },
    { args: ["--trace=deno.json"], message: "a trace must come with a bench: received none" },
    { args: ["report", "--json"], message: "no option of a measurement: received --json" },
    { args: ["pair", "--picture=a.png"], message: "a picture must come with a report" },
    { args: ["policy", "--speed=2"], message: "speed must come with a trace: received none" },
    {
      args: ["policy", "--trace=none.csv"],
      message: 'trace must be a file: received "none.csv"',
    },
    {
      args: ["policy", "--trace=deno.json", "--speed=0"],
      message: 'speed must be a finite number above 0: received "0"',
    },
  ];
  for (const { args, message } of BAD) {
    it(`readOptions() refuses ${args.join(" ")}`, () => {
      const error = assertThrows(() => readOptions(args), TypeError);
      assertStringIncludes(error.message, message);
      assertStringIncludes(error.message, "Cannot run bench: ");
    });
  }
});

describe("help()", () => {
  it("help() names every bench, its question and its runtimes", async () => {
    const text = await help();
    for (const [name, load] of BENCHES) {
      const { question, runtimes } = await load();
      assertStringIncludes(text, `  ${name} `);
      assertStringIncludes(text, `${question} (${runtimes.join(", ")})`);
    }
  });
});
