/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The dashboard in a real Chromium, served by each runtime. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertMatch, assertNotEquals } from "@std/assert";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { findChromium, launchChromium } from "../../bench/report/chromium.ts";
import { RUNTIMES } from "../../bench/runner/bench.ts";
import { MAX_LISTENERS } from "../../edge/dashboard/live.ts";
import { operations } from "../../edge/mod.ts";
import { inertHost, Pool } from "../../mod.ts";
import { EDGE, freePort, type Server, startOn } from "../fixture/server.ts";

/** Why nothing is tested, or `false`. Where changes are accepted, to have no Chromium is a failure. */
const skip = whyToSkip();

/** Where whoever wants to look finds what the browser showed. */
const SCREENSHOTS = join(import.meta.dirname!, "..", "..", "coverage", "dashboard");

const TOKEN = "abc.DEF-123";

const SCHEMES = ["light", "dark"] as const;
const WIDTHS = [360, 1280];
const HEIGHT = 800;

/** The fewest pixels of a line that is drawn. */
const LEAST_PIXELS = 12;

/** The contrast that WCAG 2 asks of text at level AA. */
const LEAST_CONTRAST = 4.5;

let browser: Browser;
let folder = "";

before(async () => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), "pool_dashboard_"));
  browser = await launchChromium();
});

after(async () => {
  if (skip) return;
  // Where it could not be launched, that is what is to be told.
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a page, lets a test look at it, and asserts that nothing was wrong with it. */
async function open(
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: HEIGHT },
    ...options,
  });
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => {
      // What Chromium says of a server that is down, or that refuses as it should.
      if (/^Failed to load resource: (?:net::ERR_|.* status of (?:401|503))/.test(message.text())) {
        return;
      }
      complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => void complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(dialog.message());
      return dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!request.url().startsWith("http://127.0.0.1:")) complaints.push(request.url());
    });
    page.setDefaultTimeout(30_000);
    await look(page);
  } finally {
    await context.close();
  }
  assertEquals(complaints, []);
}

/** Goes to the dashboard, and logs in with nothing but the keyboard. */
async function visit(page: Page, port: number): Promise<void> {
  await page.goto(`http://127.0.0.1:${port}/_pool`);
  assertEquals(await page.title(), "Pool: log in");
  await untilFocused(page);
  await page.keyboard.type(TOKEN);
  await page.keyboard.press("Enter");
  await untilState(page, "Live");
}

/** Waits until the field for the token has the focus, which it gets by itself. */
function untilFocused(page: Page): Promise<unknown> {
  return page.waitForFunction(() => document.activeElement?.id === "token");
}

function untilState(page: Page, state: string): Promise<unknown> {
  return page.waitForFunction(
    (state) => document.querySelector("#state")?.textContent === state,
    state,
  );
}

/** The figure of a tile. */
function figureOf(page: Page, name: string): Promise<string> {
  return page.locator(".tile", { has: page.getByText(name, { exact: true }) })
    .locator(".figure").innerText();
}

/** How many pixels of a chart have one of the colours of its lines. */
function countPixels(page: Page, id: string): Promise<number> {
  return page.evaluate((id) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`#${id} canvas`);
    if (canvas === null) return 0;
    const style = getComputedStyle(document.documentElement);
    const colors = [1, 2, 3, 4, 5, 6].map((i) => {
      const color = style.getPropertyValue(`--c${i}`).trim();
      return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    });
    // A copy: Chromium complains of a canvas that is read while it is drawn on.
    const copy = new OffscreenCanvas(canvas.width, canvas.height)
      .getContext("2d", { willReadFrequently: true })!;
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const isNear = (color: number[]) =>
        color.every((value, j) => Math.abs(data[i + j]! - value) <= 24);
      if (data[i + 3]! > 128 && colors.some(isNear)) count++;
    }
    return count;
  }, id);
}

/** Waits until a chart has drawn a line. */
async function untilDrawn(page: Page, id: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (await countPixels(page, id) < LEAST_PIXELS) {
    assert(Date.now() < end, `${id} has drawn nothing`);
    await page.waitForTimeout(200);
  }
}

/** Requests that go on until they are told to stop; while a server is down they fail. */
class Load implements AsyncDisposable {
  #isStopping = false;
  readonly #end: Promise<void>;

  constructor(port: number) {
    this.#end = this.#run(`http://127.0.0.1:${port}/transform`);
  }

  async #run(url: string): Promise<void> {
    const init = { method: "POST", body: '{"text":" a ","steps":["trim"]}' };
    while (!this.#isStopping) {
      try {
        await (await fetch(url, init)).text();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#end;
  }
}

for (const runtime of RUNTIMES) {
  describe(`the dashboard served by ${runtime}`, () => {
    it("draws, updates under load, pauses, and survives a restart", { skip }, async () => {
      const port = freePort();
      const settings = { POOL_STATS: "1", POOL_TOKEN: TOKEN, PORT: String(port) };
      let server: Server = await startOn(runtime, EDGE, folder, settings);
      try {
        await open({}, async (page) => {
          await using _ = new Load(port);
          await visit(page, port);
          for (const id of ["hits", "acquires", "objects", "gc"]) await untilDrawn(page, id);
          if (runtime === "workerd") {
            assertEquals(
              await page.locator("#heap .none").innerText(),
              "Not told by this runtime.",
            );
          } else {
            await untilDrawn(page, "heap");
          }
          await untilDrawn(page, "holds");
          await page.waitForSelector("#tags tbody tr");
          assertMatch(await page.locator("#tags tbody").innerText(), /^\/transform/);
          assertEquals(await page.locator("#isolate").isVisible(), runtime === "workerd");
          assertMatch(
            (await page.locator("#acquires .plot").getAttribute("aria-label"))!,
            /^Acquires a second\. acquires: now [\d.]+( k)?\/s, from /,
          );

          // It moves.
          const since = () =>
            page.locator(".tile", { hasText: "Acquires a second" }).locator(".aside").innerText();
          const first = await since();
          await page.waitForFunction(
            (first) => !document.querySelector("#tiles")!.textContent!.includes(first),
            first,
          );

          // It stands still, while the readings go on.
          await page.keyboard.press("p");
          await untilState(page, "Paused");
          const paused = await page.locator("main").innerText();
          await page.waitForTimeout(2500);
          assertEquals(await page.locator("main").innerText(), paused);
          await page.keyboard.press("p");
          await untilState(page, "Live");
          assertNotEquals(await page.locator("main").innerText(), paused);

          // workerd would wait for the stream.
          server.kill(runtime === "workerd" ? "SIGKILL" : "SIGTERM");
          await server.ended();
          await untilState(page, "Reconnecting");
          server = await startOn(runtime, EDGE, folder, settings);
          await untilState(page, "Live");
          const again = await page.locator("#acquires .plot").getAttribute("aria-label");
          await page.waitForFunction(
            (again) =>
              document.querySelector("#acquires .plot")!.getAttribute("aria-label") !== again,
            again,
          );
          assertEquals(await page.title(), "contexts · pool");
        });
      } finally {
        server.kill("SIGKILL");
        await server[Symbol.asyncDispose]();
      }
    });

    it("has room again for a listener where others have gone", { skip }, async () => {
      const settings = { POOL_STATS: "1" };
      await using server = await startOn(runtime, EDGE, folder, settings);
      for (let round = 0; round < 3; round++) {
        const all = await Promise.all(Array.from({ length: MAX_LISTENERS }, async () => {
          const response = await server.fetch("/_pool/events");
          const reader = response.body!.getReader();
          await reader.read();
          return reader;
        }));
        const refused = await server.fetch("/_pool/events");
        assertEquals(refused.status, 503);
        await refused.body?.cancel();
        await Promise.all(all.map((reader) => reader.cancel()));
        const end = Date.now() + 10_000;
        while ((await server.fetch("/_pool/events", { method: "HEAD" })).status === 503) {
          assert(Date.now() < end, "no place was freed");
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    });

    // A worker is not told that workerd stops.
    it("does not keep a service that stops", { skip: skip || runtime === "workerd" }, async () => {
      const settings = { POOL_STATS: "1", POOL_TOKEN: TOKEN };
      const server = await startOn(runtime, EDGE, folder, settings);
      const headers = { Authorization: `Bearer ${TOKEN}` };
      const response = await server.fetch("/_pool/events", { headers });
      const reader = response.body!.getReader();
      await reader.read();
      const begun = Date.now();
      server.kill("SIGTERM");
      await server.ended();
      // As long as a drain takes, or until it was killed.
      assert(Date.now() - begun < 9000);
      await reader.cancel().catch(() => {});
      await server[Symbol.asyncDispose]();
    });
  });
}

/** Tags that would do harm if they were markup. */
const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>"'`;

/** Pools with something to show in each part of the page. */
class Subject implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly pools: readonly [Pool<{ a: Uint8Array }>, ...Pool<object>[]];

  constructor() {
    const pool = new Pool<{ a: Uint8Array }>({
      name: "contexts",
      create: () => ({ a: new Uint8Array(512) }),
      reset: () => {},
      sizeOf: () => 20_000,
      debug: true,
      leakAfterMs: 200,
    });
    const hidden = new Pool<object>({
      name: HOSTILE,
      create: () => ({}),
      reset: () => {},
      host: inertHost(),
    });
    const unused = new Pool<object>({ name: "unused", create: () => ({}), reset: () => {} });
    this.pools = [pool, hidden, unused];
    const kept = pool.lease("/kept");
    pool.lease("auth").expire();
    const tags = ["/users/:id", "/search", "auth", HOSTILE, `/long/${"part/".repeat(30)}`];
    let beat = 0;
    this.#timer = setInterval(() => {
      beat++;
      const count = 4 + (beat % 40 < 20 ? 12 : 0);
      for (let i = 0; i < count; i++) {
        const at = (beat + i * i) % tags.length;
        const lease = pool.lease(tags[at]!);
        setTimeout(() => lease.release(), 2 ** (beat % 7) + at * 10);
      }
      // Referenced, or the collector would find the leak before the page does.
      if (kept.value === undefined) throw new Error("the leak is gone");
    }, 20);
    const { fetch } = operations({
      pools: this.pools,
      token: TOKEN,
      signal: this.#stopping.signal,
    });
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => fetch(request),
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#server.shutdown();
    for (const pool of this.pools) pool.close();
  }
}

/** Waits until each part of the page has something to show. */
async function untilFull(page: Page): Promise<void> {
  for (const id of ["tags", "generations", "leaks", "discarded"]) {
    await page.waitForSelector(`#${id} tbody tr`);
  }
  await page.waitForSelector("#decisions li");
  for (const id of ["hits", "acquires", "objects", "gc", "heap", "holds"]) {
    await untilDrawn(page, id);
  }
}

describe("the dashboard", () => {
  let subject: Subject;
  before(() => {
    if (!skip) subject = new Subject();
  });
  after(() => subject?.[Symbol.asyncDispose]());

  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      it(`can be read at ${width} px in ${colorScheme}`, { skip }, async () => {
        await open({ viewport: { width, height: HEIGHT }, colorScheme }, async (page) => {
          await page.goto(`http://127.0.0.1:${subject.port}/_pool/`);
          assertEquals(await poorContrasts(page), []);
          const shoot = (name: string) =>
            page.screenshot({
              path: join(SCREENSHOTS, `${name}_${colorScheme}_${width}.png`),
              fullPage: true,
            });
          await shoot("login");
          await visit(page, subject.port);
          await untilFull(page);
          assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), width);
          assertEquals(await poorContrasts(page), []);
          await shoot("dashboard");
        });
      });
    }
  }

  it("has a name for whatever one can use or look at", { skip }, async () => {
    await open({}, async (page) => {
      await page.goto(`http://127.0.0.1:${subject.port}/_pool/`);
      assertEquals(await namelessNodes(page), []);
      await visit(page, subject.port);
      await untilFull(page);
      assertEquals(await namelessNodes(page), []);
      assertEquals(
        await page.evaluate(() => ({
          language: document.documentElement.lang,
          mains: document.querySelectorAll("main").length,
          heads: document.querySelectorAll("h1").length,
          tablesWithoutCaption: document.querySelectorAll("table:not(:has(caption))").length,
          headsWithoutScope: document.querySelectorAll("th:not([scope])").length,
          liveRegions: [...document.querySelectorAll("[aria-live], [role=status], [role=alert]")]
            .map(({ id }) => id),
        })),
        {
          language: "en",
          mains: 1,
          heads: 1,
          tablesWithoutCaption: 0,
          headsWithoutScope: 0,
          // What changes each second must not be read out each second.
          liveRegions: ["state"],
        },
      );
    });
  });

  it("can be used with the keyboard alone", { skip }, async () => {
    await open({}, async (page) => {
      await visit(page, subject.port);
      await untilFull(page);
      const focused = () =>
        page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          return {
            text: element.innerText.trim() || element.id,
            isVisible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
          };
        });
      const tab = async () => {
        await page.keyboard.press("Tab");
        return await focused();
      };
      assertEquals(await tab(), { text: "Skip to the figures", isVisible: true });
      assertEquals((await tab()).isVisible, true);
      assertMatch((await tab()).text, /^Pause/);
      await page.keyboard.press("Space");
      await untilState(page, "Paused");
      assertEquals(await page.locator("#pause").getAttribute("aria-pressed"), "true");
      await page.keyboard.press("Enter");
      await untilState(page, "Live");

      for (let i = 0; i < 30 && (await focused()).text !== "auth"; i++) {
        const { isVisible, text } = await tab();
        assert(isVisible, text);
      }
      await page.keyboard.press("Enter");
      await page.waitForFunction(() =>
        document.querySelector("#holds h3")!.textContent === "Hold times of auth"
      );
      // The rows that are written each second leave the focus where it is.
      await page.waitForTimeout(2200);
      assertEquals((await focused()).text, "auth");
      assertEquals(
        await page.getByRole("button", { name: "auth" }).getAttribute("aria-pressed"),
        "true",
      );
    });
  });

  it("writes names as text, whatever they are", { skip }, async () => {
    await open({}, async (page) => {
      await visit(page, subject.port);
      await page.getByRole("button", { name: HOSTILE }).click();
      await page.waitForFunction(
        (name) => document.querySelector("#holds h3")!.textContent === `Hold times of ${name}`,
        HOSTILE,
      );
      assertEquals(await page.locator("main img, main script").count(), 0);
    });
  });

  it("shows another pool, and says what its host does not tell", { skip }, async () => {
    await open({}, async (page) => {
      await visit(page, subject.port);
      await page.locator("#pools").selectOption({ index: 1 });
      await page.waitForFunction(
        (name) => document.querySelector("h1")!.textContent === name,
        HOSTILE,
      );
      for (const id of ["heap", "gc"]) {
        assertEquals(await page.locator(`#${id} .none`).innerText(), "Not told by this runtime.");
        assertEquals(await page.locator(`#${id} canvas`).count(), 0);
      }
      assertEquals(await figureOf(page, "Leased"), "0");
    });
  });

  it("says of a pool that has not ticked that its heap is not known yet", { skip }, async () => {
    await open({}, async (page) => {
      await visit(page, subject.port);
      await page.locator("#pools").selectOption({ index: 2 });
      await page.waitForFunction(() => document.querySelector("h1")!.textContent === "unused");
      assertEquals(await page.locator("#heap .none").innerText(), "No tick yet.");
    });
  });

  it("says that a token is wrong, and takes the right one then", { skip }, async () => {
    await open({}, async (page) => {
      await page.goto(`http://127.0.0.1:${subject.port}/_pool`);
      await untilFocused(page);
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await page.waitForSelector("#trouble");
      assertEquals(await page.getByRole("alert").innerText(), "That is not the token.");
      await untilFocused(page);
      await page.keyboard.type(TOKEN);
      await page.keyboard.press("Enter");
      await untilState(page, "Live");
    });
  });

  it("asks for the token again once the session has gone", { skip }, async () => {
    await open({}, async (page) => {
      await visit(page, subject.port);
      const cookies = await page.context().cookies();
      assertEquals(cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })), [
        { httpOnly: true, sameSite: "Strict", path: "/_pool" },
      ]);
      await page.getByRole("button", { name: "Log out" }).click();
      await page.waitForURL("**/_pool/login");
      assertEquals(await page.context().cookies(), []);
      await visit(page, subject.port);
      await page.context().clearCookies();
      // The next stream is refused: as it would be where the session ends.
      await page.locator("#pools").selectOption({ index: 1 });
      await page.waitForURL("**/_pool/login");
    });
  });

  it("moves nothing for whoever wants that", { skip }, async () => {
    await open({ reducedMotion: "reduce" }, async (page) => {
      await visit(page, subject.port);
      await untilFull(page);
      const durations = await page.evaluate(() =>
        [...document.querySelectorAll("*")].map((element) =>
          getComputedStyle(element).transitionDuration
        )
      );
      assertEquals(new Set(durations), new Set(["0s"]));
    });
  });

  it("refuses whatever its policy does not name", { skip }, async () => {
    await open({}, async (page) => {
      await visit(page, subject.port);
      const violated = await page.evaluate(() => {
        const seen = new Promise<string>((resolve) =>
          addEventListener(
            "securitypolicyviolation",
            ({ effectiveDirective }) => resolve(effectiveDirective),
          )
        );
        const script = document.createElement("script");
        script.textContent = "document.title = 'injected'";
        document.body.append(script);
        return seen;
      });
      assertEquals(violated, "script-src-elem");
      assertGreater((await page.title()).length, 0);
      assertNotEquals(await page.title(), "injected");
    }).catch((error: Error) => {
      // Chromium complains of exactly that.
      assertMatch(error.message, /script-src 'self'/);
    });
  });
});

/** Texts that stand out too little from what is behind them. */
function poorContrasts(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const parse = (color: string) => color.match(/[\d.]+/g)!.map(Number);
    const luminance = (color: readonly number[]) => {
      const [red, green, blue] = color.slice(0, 3).map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    };
    const backgroundOf = (element: Element | null): number[] => {
      if (element === null) return [255, 255, 255];
      const color = parse(getComputedStyle(element).backgroundColor);
      return color.length === 3 || color[3] === 1 ? color : backgroundOf(element.parentElement);
    };
    const poor: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>("body *")) {
      const hasText = [...element.childNodes].some(({ nodeType, textContent }) =>
        nodeType === Node.TEXT_NODE && textContent!.trim() !== ""
      );
      if (!hasText || !element.checkVisibility()) continue;
      const ink = luminance(parse(getComputedStyle(element).color));
      const page = luminance(backgroundOf(element));
      const contrast = (Math.max(ink, page) + 0.05) / (Math.min(ink, page) + 0.05);
      if (contrast < least) {
        poor.push(
          `${element.tagName} ${element.className} ${contrast.toFixed(2)}: ${element.textContent}`,
        );
      }
    }
    return poor;
  }, LEAST_CONTRAST);
}

/** What a screen reader would meet without being told what it is. */
async function namelessNodes(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const roles = ["button", "combobox", "textbox", "image", "link", "table", "region", "heading"];
  const seen = nodes.filter(({ ignored, role }) => !ignored && roles.includes(role?.value));
  assertGreater(seen.length, 0);
  return seen.filter(({ name }) => !name?.value).map(({ role, nodeId }) =>
    `${role?.value} ${nodeId}`
  );
}

function whyToSkip(): string | false {
  if (!("Deno" in globalThis)) return "one runtime is enough to drive a browser";
  if (findChromium() !== undefined || process.env["CI"] === "true") return false;
  return "no Chromium: install it, or let CHROMIUM be its path";
}
