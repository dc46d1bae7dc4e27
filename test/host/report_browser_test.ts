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

/** Charts in the order of the page, where findings of one bench stand together. */
const CHARTS = [...Map.groupBy(FINDINGS, ({ circumstances }) => circumstances.bench).values()]
  .flat().flatMap(({ charts }) => charts);

/** What a page did that it should not. */
interface Trouble {
  readonly requests: string[];
  readonly complaints: string[];
}

describe("Report in Chromium", () => {
  let folder: string;
  let url: string;
  let browser: Browser;

  before(async () => {
    if (skip) return;
    folder = mkdtempSync(join(tmpdir(), "pool_report_"));
    const path = join(folder, "report.html");
    writeFileSync(path, await reportOf(FINDINGS));
    url = pathToFileURL(path).href;
    browser = await launchChromium();
  });

  after(async () => {
    if (skip) return;
    // Where it could not be launched, that is what is to be told.
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report, and lets a test look at it. */
  async function open(
    { width, scheme }: { width: number; scheme: Scheme },
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
      await page.goto(url);
      await look(page, trouble);
    } finally {
      await context.close();
    }
  }

  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) {
      it(
        `Report draws every series of every chart at ${width} px in ${scheme}`,
        { skip },
        async () => {
          await open({ width, scheme }, async (page) => {
            const missing: string[] = [];
            for (const [i, chart] of CHARTS.entries()) {
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
            assertEquals(await page.locator("canvas").count(), CHARTS.length);
          });
        },
      );

      it(
        `Report asks for nothing and complains of nothing at ${width} px in ${scheme}`,
        { skip },
        async () => {
          await open({ width, scheme }, async (page, trouble) => {
            const path = join(SCREENSHOTS, `${scheme}_${width}.png`);
            await page.screenshot({ path, fullPage: true });
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
      await writePicture(join(folder, "report.html"), file);
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
