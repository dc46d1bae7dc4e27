/**
 * A picture of a chart, for pages that run no script.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { launchChromium } from "./chromium.ts";

/** Wide enough that findings stand below each other, in CSS pixels. */
const VIEWPORT = { width: 900, height: 800 };
/** Sharp on screens with two pixels for one. */
const SCALE = 2;

/** Writes a picture of the first chart of a report to a file. */
export async function writePicture(report: string, file: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({
      viewport: VIEWPORT,
      deviceScaleFactor: SCALE,
      colorScheme: "light",
    });
    await page.goto(pathToFileURL(report).href);
    const figure = page.locator("figure").first();
    // Its figures are there to be opened, which a picture cannot be.
    await figure.locator("details").evaluate((details) => details.remove());
    await figure.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}
