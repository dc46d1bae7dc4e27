import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { scrape } from "../bench/scrape.ts";
import { naive, ours, usedPool, writeNaively } from "../bench/scrape/subject.ts";
import { PrometheusWriter } from "../metrics/mod.ts";

describe("scrape bench", () => {
  it("The ways write the same, but for the line of the runtime", () => {
    const pool = usedPool(20);
    const stats = pool.stats();
    const text = new TextDecoder().decode(new PrometheusWriter().write([stats]));
    const [, , , ...lines] = text.split("\n");
    assertEquals(writeNaively(stats), lines.join("\n"));
    assertEquals(ours(pool)(), text.length);
    assertEquals(naive(pool)(), lines.join("\n").length);
    pool.close();
  });

  it("report() has the form that was asked for", () => {
    const samples = new Map(scrape.variants.map((variant, i) => [
      variant,
      [{ us: 10 * (i + 1), written: 5000, allocated: 100 }],
    ]));
    const { bytesPerScrape, tags, usPerScrape } = scrape.report(samples, { quick: true } as never);
    assertEquals({ bytesPerScrape, tags, usPerScrape }, {
      bytesPerScrape: 5000,
      tags: 256,
      usPerScrape: 10,
    });
  });
});
