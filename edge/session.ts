/**
 * Who may see what is about the service itself: whoever sends the token, or has sent it before.
 *
 * A browser cannot put a bearer token into a navigation or an `EventSource`, so a form exchanges it for
 * a cookie. The cookie holds nothing but its end, signed with the token: nothing is stored, it outlives
 * a restart and holds in every isolate, and a new token ends all of them. Why nobody else's page can
 * use it: it is `SameSite=Strict`, and what changes anything is taken from the own origin only.
 *
 * The cookie names no path, so that a browser sends it where it was set, below the folder of the form,
 * even where a proxy has taken a prefix away.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import { timingSafeEqual } from "hono/utils/buffer";

/** The cookie's name. */
const COOKIE = "siliconflow_pool";

/** How long a session lasts, in milliseconds. */
export const SESSION_MS = 12 * 60 * 60 * 1000;

/** The wrong tokens that the form takes at once, and the time that each one weighs, in milliseconds. */
const BURST = 10;
const INTERVAL_MS = 3000;

/** What the cookie says: its version, and when it ends in milliseconds since 1970. */
const VALUE = /^1\.(\d{13,15})$/;

const MESSAGE = {
  error: "Cannot read stats: bearer token must be right: received none or another",
};

const FOREIGN = {
  error: "Cannot change anything: request must come from a page of the service: received another",
};

/** What changes nothing, and may therefore come from anywhere: others cannot read the answer. */
const SAFE_METHODS: readonly string[] = ["GET", "HEAD"];

/** The environment of a route behind a session. */
export interface SessionEnv {
  /** When the session ends, in milliseconds since 1970; absent where none is needed. */
  Variables: { sessionEnd?: number };
}

/** What came of a token that was typed in. */
export type LogIn = { readonly is: "right" | "wrong" } | { readonly waitS: number };

/** The sessions of one token. */
export class Sessions {
  readonly #token: string;
  readonly #needBearer: MiddlewareHandler;
  readonly #attempts: Attempts = new Attempts();

  /**
   * Lets a request pass that has a session or the token, and answers all others with 401, or with 400
   * where what it sent is no bearer token at all.
   */
  readonly admit: MiddlewareHandler<SessionEnv>;

  /** Makes the sessions of a token. */
  constructor(token: string) {
    this.#token = token;
    this.#needBearer = bearerAuth({
      token,
      noAuthenticationHeader: { message: MESSAGE },
      invalidAuthenticationHeader: { message: MESSAGE },
      invalidToken: { message: MESSAGE },
    });
    this.admit = async (c, next) => {
      const end = await this.endOf(c);
      if (end === undefined) return await this.#needBearer(c, next);
      // Strict cookies are sent by other ports and subdomains of the same site as well.
      if (!SAFE_METHODS.includes(c.req.method) && !isOwn(c)) return c.json(FOREIGN, 403);
      c.set("sessionEnd", end);
      await next();
    };
  }

  /** When a request's session ends; `undefined` where it has none. */
  async endOf(c: Context): Promise<number | undefined> {
    const value = await getSignedCookie(c, this.#token, COOKIE);
    const end = Number((value || "").match(VALUE)?.[1]);
    return end > Date.now() ? end : undefined;
  }

  /** Opens a session for whoever has the token. */
  async logIn(c: Context, token: string): Promise<LogIn> {
    // Counted before it is known to be wrong, so that many at once are no way around the limit.
    const waitMs = this.#attempts.take(Date.now());
    if (waitMs > 0) return { waitS: Math.ceil(waitMs / 1000) };
    if (!await timingSafeEqual(token, this.#token)) return { is: "wrong" };
    this.#attempts.giveBack();
    await setSignedCookie(c, COOKIE, `1.${Date.now() + SESSION_MS}`, this.#token, {
      ...attributesOf(c),
      maxAge: SESSION_MS / 1000,
    });
    return { is: "right" };
  }

  /** Has the browser forget its session. */
  logOut(c: Context): void {
    deleteCookie(c, COOKIE, attributesOf(c));
  }
}

/**
 * Whether a request comes from a page of this origin, or from no page at all: what is no browser has
 * no cookie that it does not mean to send.
 */
export function isOwn(c: Context): boolean {
  const site = c.req.header("Sec-Fetch-Site");
  if (site !== undefined) return site === "same-origin";
  // Browsers do not send it to plain HTTP.
  const origin = c.req.header("Origin");
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === new URL(c.req.url).host;
}

function attributesOf(c: Context) {
  // A proxy may have taken the encryption off; the browser knows what it saw.
  const isSecure = [c.req.url, c.req.header("Origin")].some((url) => url?.startsWith("https:"));
  // Hono's own default would be "/".
  return { httpOnly: true, sameSite: "Strict", secure: isSecure, path: "" } as const;
}

/**
 * A limit of wrong tokens, for all clients together: a leaky bucket that each one pours `INTERVAL_MS`
 * into. That a flood of them keeps the form shut, but neither a session nor a bearer token, is meant.
 */
class Attempts {
  #heldMs = 0;
  #last = 0;

  /** Counts one, and returns 0; or returns how long to wait, in milliseconds. */
  take(now: number): number {
    // A clock that goes back leaks nothing.
    this.#heldMs = Math.max(0, this.#heldMs - Math.max(0, now - this.#last));
    this.#last = now;
    const waitMs = this.#heldMs - (BURST - 1) * INTERVAL_MS;
    if (waitMs > 0) return waitMs;
    this.#heldMs += INTERVAL_MS;
    return 0;
  }

  /** Takes one back that was right. */
  giveBack(): void {
    this.#heldMs = Math.max(0, this.#heldMs - INTERVAL_MS);
  }
}
