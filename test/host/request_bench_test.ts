import { it } from "node:test";
import { assert, assertEquals, assertLess } from "@std/assert";
import { request } from "../../bench/request.ts";
import type { Sample } from "../../bench/request/report.ts";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { measureApart } from "../../bench/runner/runtime.ts";

// The processes are started with Deno's API: once is enough.
const skip = !("Deno" in globalThis);

for (const runtime of RUNTIMES) {
  it(`measureApart() tells what a request on ${runtime} allocates`, { skip }, async () => {
    const measure = async (variant: string) => {
      const { sample } = await measureApart({
        name: "request",
        bench: request,
        variant,
        runtime,
        quick: true,
        trace: undefined,
      });
      return sample as Sample;
    };
    const alloc = await measure("page-alloc");
    const pooled = await measure("page-pooled");
    assertEquals([alloc.created, alloc.unparsed, pooled.unparsed], [1, 0, 0]);
    assertLess(pooled.created, 0.1);
    assertLess(pooled.bytes, alloc.bytes);
    assert(pooled.bytes > 1000, `${pooled.bytes} bytes`);
  });
}
