import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Report, reportOf, type Sample, variantOf } from "../bench/request/report.ts";
import { type Holder, HOLDERS, makeService, ROUTES } from "../bench/request/route.ts";
import { chartsOf, sheetsOf } from "../bench/request/sheet.ts";
import { type RuntimeName, RUNTIMES } from "../bench/runner/bench.ts";
import { DifferentWork } from "../bench/runner/checksum.ts";
import { textOf } from "../bench/runner/sheet.ts";

/** A report of three rounds; every request without a pool creates a context. */
function reportWith(
  bytes: Readonly<Record<Holder, number>>,
  runtime: RuntimeName,
  checksums: Readonly<Record<Holder, number>> = { alloc: 7, pooled: 7 },
): Report {
  const samplesOf = (holder: Holder): Sample[] =>
    [0.9, 2, 1].map((factor) => ({
      bytes: bytes[holder] * factor,
      created: holder === "alloc" ? 1 : 0,
      checksum: checksums[holder],
      unparsed: 0,
    }));
  return reportOf(
    new Map(
      ROUTES.flatMap((route) =>
        HOLDERS.map((holder) => [variantOf(route, holder), samplesOf(holder)])
      ),
    ),
    runtime,
  );
}

describe("request bench", () => {
  const SCRATCHES = { deno: 4100, workerd: 4100, bun: 0 } as const;
  it("reportOf() takes medians, and adds the scratch where the engine does not count it", () => {
    for (const runtime of RUNTIMES) {
      const { page } = reportWith({ alloc: 1000, pooled: 100 }, runtime).figures;
      const scratchBytes = SCRATCHES[runtime];
      assertEquals(page.alloc, { bytes: 1000, spread: [900, 2000], scratchBytes });
      assertEquals(page.pooled, { bytes: 100, spread: [90, 200], scratchBytes: 0 });
    }
  });

  it("reportOf() refuses routes that do not answer the same with a pool", () => {
    assertThrows(
      () => reportWith({ alloc: 1000, pooled: 100 }, "bun", { alloc: 7, pooled: 8 }),
      DifferentWork,
      "Cannot compare request by bare: variants must do the same work, with the checksum 7: " +
        "received 8 of bare-pooled",
    );
  });

  it("sheetsOf() says who won and who lost", () => {
    const win = textOf(sheetsOf(reportWith({ alloc: 1000, pooled: 1100 }, "deno")));
    assertStringIncludes(win, "WIN   page: a pool saves 4000 bytes a request");
    assertStringIncludes(win, "V8 counts no array buffers");
    const loss = textOf(sheetsOf(reportWith({ alloc: 1000, pooled: 1100 }, "bun")));
    assertStringIncludes(loss, "LOSS  page: a pool costs 100 bytes a request");
    assert(!loss.includes("bare: a pool"), loss);
  });

  it("chartsOf() draws each route with and without a pool", () => {
    const [chart] = chartsOf(reportWith({ alloc: 1000, pooled: 100 }, "bun"));
    assert(chart?.kind === "bar");
    assertEquals(chart.categories.length, ROUTES.length);
    assertEquals(chart.series.map(({ figures }) => figures[0]), [1000, 100]);
  });

  for (const route of ROUTES) {
    it(`answers ${route} alike from a new context and from a pooled one`, async () => {
      const answers = await Promise.all(HOLDERS.map(async (holder) => {
        const { fetch, request } = makeService(route, holder);
        const response = await fetch(request());
        return [response.status, await response.text()] as const;
      }));
      assertEquals(answers[0], answers[1]);
      assertEquals(answers[0]![0], 200);
      assert(answers[0]![1].length > 0);
    });
  }

  it("creates a context for each request without a pool, and few with one", async () => {
    const created = await Promise.all(HOLDERS.map(async (holder) => {
      const service = makeService("page", holder);
      for (let i = 0; i < 10; i++) await (await service.fetch(service.request())).text();
      return service.created();
    }));
    assertEquals(created, [10, 1]);
  });
});
