/// <reference lib="dom" />

/** The report in a real Chromium, opened as a file with no network. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { lookOf, PALETTES, type Scheme } from "../../bench/report/palette.ts";
import { writePicture } from "../../bench/report/picture.ts";
import { reportOf } from "../../bench/report.ts";
import { findChromium, launchChromium } from "../../bench/report/chromium.ts";
import { BENCHES } from "../../bench/runner/benches.ts";
import type { BarChart, Chart } from "../../bench/runner/chart.ts";
import type { Finding } from "../../bench/runner/finding.ts";
import { DOCUMENTS } from "../fixture/documents.ts";
import { FINDINGS } from "../fixture/findings.ts";

/** Why nothing is tested, or `false`. Where changes are accepted, to have no Chromium is a failure. */
const skip = whyToSkip();

/** Where whoever wants to look finds what the browser showed. */
const SCREENSHOTS = join(import.meta.dirname!, "..", "..", "coverage", "report");

const SCHEMES: readonly Scheme[] = ["light", "dark"];
const WIDTHS = [360, 1280];
const HEIGHT = 800;

/** The fewest pixels of a series; a point has more. */
const LEAST_PIXELS = 12;

/** A finding of each bench that draws charts, with what the bench itself draws. */
async function benchFindings(): Promise<Finding[]> {
  const [model] = FINDINGS as readonly [Finding];
  const findings: Finding[] = [];
  for (const [bench, load] of BENCHES) {
    const { charts } = await load();
    if (charts === undefined) continue;
    const document = DOCUMENTS[bench];
    assert(document !== undefined, `${bench} draws charts, and no document of it is tried`);
    const circumstances = { ...model.circumstances, bench };
    findings.push({ ...model, circumstances, document, charts: charts(document) });
  }
  return findings;
}

/** A chart of one bar. */
function barOf(figure: number | null, category: string, scale: "linear" | "logarithmic"): BarChart {
  return {
    kind: "bar",
    title: `${figure} on a ${scale} axis at ${category}`,
    caption: "",
    y: { label: "ms", scale },
    categories: [category],
    series: [{ name: "time", figures: [figure] }],
  };
}

/** Zeros, each before the same chart of what is missing, upright and lying. */
const ZEROS: readonly BarChart[] = ["GET", "a name too long to stand"].flatMap((category) =>
  (["linear", "logarithmic"] as const).flatMap((scale) =>
    [0, null].map((figure) => barOf(figure, category, scale))
  )
);

/** The pages that are opened, by name. */
const PAGES = {
  madeUp: FINDINGS,
  benches: skip ? [] : await benchFindings(),
  zeros: [{ ...FINDINGS[0]!, charts: ZEROS }],
} as const satisfies Readonly<Record<string, readonly Finding[]>>;

type PageName = keyof typeof PAGES;

/** Charts in the order of a page, where findings of one bench stand together. */
function chartsOf(name: PageName): Chart[] {
  const findings: readonly Finding[] = PAGES[name];
  return [...Map.groupBy(findings, ({ circumstances }) => circumstances.bench).values()]
    .flat().flatMap(({ charts }) => charts);
}

/** What a page did that it should not. */
interface Trouble {
  readonly requests: string[];
  readonly complaints: string[];
}

describe("Report in Chromium", () => {
  let folder: string;
  let browser: Browser;

  before(async () => {
    if (skip) return;
    folder = mkdtempSync(join(tmpdir(), "pool_report_"));
    for (const [name, findings] of Object.entries(PAGES)) {
      writeFileSync(pathOf(name), await reportOf(findings));
    }
    browser = await launchChromium();
  });

  after(async () => {
    if (skip) return;
    // Where it could not be launched, that is what is to be told.
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function pathOf(name: string): string {
    return join(folder, `${name}.html`);
  }

  /** Opens a report, and lets a test look at it. */
  async function open(
    { width, scheme, name = "madeUp" }: { width: number; scheme: Scheme; name?: PageName },
    look: (page: Page, trouble: Trouble) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext({
      viewport: { width, height: HEIGHT },
      colorScheme: scheme,
      offline: true,
    });
    try {
      const page = await context.newPage();
      const trouble: Trouble = { requests: [], complaints: [] };
      page.on("request", (request) => void trouble.requests.push(request.url()));
      page.on("console", (message) => void trouble.complaints.push(message.text()));
      page.on("pageerror", (error) => void trouble.complaints.push(error.message));
      page.on("dialog", (dialog) => {
        trouble.complaints.push(dialog.message());
        return dialog.dismiss();
      });
      await page.goto(pathToFileURL(pathOf(name)).href);
      await look(page, trouble);
    } finally {
      await context.close();
    }
  }

  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) {
      for (const [name, whose] of [["madeUp", ""], ["benches", " of every bench"]] as const) {
        it(
          `Report draws every series of every chart${whose} at ${width} px in ${scheme}`,
          { skip },
          async () => {
            await open({ width, scheme, name }, async (page) => {
              const charts = chartsOf(name);
              const missing: string[] = [];
              for (const [i, chart] of charts.entries()) {
                const series = chart.kind === "bar" ? chart.series : chart.lines;
                const colors = series.map((_, i) => lookOf(i, PALETTES[scheme]).color);
                const counts = await countPixels(page, i, colors);
                for (const [j, { name }] of series.entries()) {
                  if (counts[j]! < LEAST_PIXELS) {
                    missing.push(`${chart.title}: ${name}: ${counts[j]}`);
                  }
                }
              }
              assertEquals(missing, []);
              assertEquals(await page.locator("canvas").count(), charts.length);
            });
          },
        );
      }

      it(
        `Report asks for nothing and complains of nothing at ${width} px in ${scheme}`,
        { skip },
        async () => {
          await open({ width, scheme }, async (page, trouble) => {
            const path = join(SCREENSHOTS, `${scheme}_${width}.png`);
            await page.screenshot({ path, fullPage: true });
            const url = pathToFileURL(pathOf("madeUp")).href;
            assertEquals(trouble, { requests: [url], complaints: [] });
          });
        },
      );

      it(`Report scrolls in one direction only at ${width} px in ${scheme}`, { skip }, async () => {
        await open({ width, scheme }, async (page) => {
          await page.evaluate(() => {
            for (const details of document.querySelectorAll("details")) details.open = true;
          });
          assertEquals(
            await page.evaluate(() => document.documentElement.scrollWidth),
            width,
          );
        });
      });
    }
  }

  it("Report draws a zero on each axis, and nothing where nothing is known", { skip }, async () => {
    await open({ width: 1280, scheme: "light", name: "zeros" }, async (page) => {
      const { color } = lookOf(0, PALETTES.light);
      for (const [i, { title, series }] of ZEROS.entries()) {
        const [count] = await countPixels(page, i, [color]);
        assertEquals(count! >= LEAST_PIXELS, series[0]!.figures[0] === 0, `${title}: ${count}`);
      }
    });
  });

  it("Report changes its colours with the reader's scheme", { skip }, async () => {
    await open({ width: 1280, scheme: "light" }, async (page) => {
      const light = await colorsOf(page);
      await page.emulateMedia({ colorScheme: "dark" });
      await page.waitForSelector("canvas[data-drawn=dark]");
      const dark = await colorsOf(page);
      assertEquals([light.drawn, dark.drawn], ["light", "dark"]);
      assertNotEquals(light.background, dark.background);
      assertNotEquals(light.picture, dark.picture);
    });
  });

  it("Report is printed in light, whatever the screen", { skip }, async () => {
    await open({ width: 1280, scheme: "dark" }, async (page) => {
      await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
      assertEquals((await colorsOf(page)).drawn, "light");
      await page.evaluate(() => dispatchEvent(new Event("afterprint")));
      assertEquals((await colorsOf(page)).drawn, "dark");
    });
  });

  it(
    "writePicture() shows the first chart as a PNG, sharp enough to be read",
    { skip },
    async () => {
      const file = join(folder, "picture.png");
      await writePicture(pathOf("madeUp"), file);
      const picture = readFileSync(file);
      assertEquals([...picture.subarray(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
      // The first chunk of a PNG begins with its width and its height.
      assert(picture.readUInt32BE(16) > 1200 && picture.readUInt32BE(20) > 400);
    },
  );

  it(
    "Report refuses whatever its policy does not name, and Chromium says so",
    { skip },
    async () => {
      await open({ width: 1280, scheme: "light" }, async (page) => {
        const refusals = ["script-src", "default-src"].map((directive) =>
          page.waitForEvent("console", (message) => message.text().includes(directive))
        );
        await page.evaluate(() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'injected'";
          document.body.append(script);
          new Image().src = "https://127.0.0.1/image.png";
        });
        await Promise.all(refusals);
        assertNotEquals(await page.title(), "injected");
      });
    },
  );
});

function whyToSkip(): string | false {
  if (!("Deno" in globalThis)) return "one runtime is enough to drive a browser";
  if (findChromium() !== undefined || process.env["CI"] === "true") return false;
  return "no Chromium: install it, or let CHROMIUM be its path";
}

/** How many pixels among the data of a canvas have each of some colours, written `#rrggbb`. */
function countPixels(page: Page, index: number, colors: readonly string[]): Promise<number[]> {
  return page.evaluate(({ index, colors }) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`canvas[data-chart="${index}"]`)!;
    const [left, top, right, bottom] = canvas.dataset["area"]!.split(" ").map((edge) =>
      Math.round(Number(edge) * devicePixelRatio)
    );
    const { data } = canvas.getContext("2d")!
      .getImageData(left!, top!, right! - left!, bottom! - top!);
    // Where lines are smoothed, few pixels have their colour exactly.
    const tolerance = 16;
    return colors.map((color) => {
      const wanted = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const isNear = wanted.every((value, j) => Math.abs(data[i + j]! - value) <= tolerance);
        if (isNear && data[i + 3]! > 128) count++;
      }
      return count;
    });
  }, { index, colors });
}

/** What of a page's colours can be seen from within. */
function colorsOf(page: Page) {
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas")!;
    return {
      background: getComputedStyle(document.body).backgroundColor,
      drawn: canvas.dataset["drawn"],
      picture: canvas.toDataURL(),
    };
  });
}
