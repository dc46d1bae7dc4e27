/**
 * The pages of the dashboard: what is the same for every pool, and nothing that came from outside.
 *
 * All references are relative, so that the pages work below any path and behind a proxy that takes a
 * prefix away. They hold no script and no style of their own, which their policy forbids; the names
 * of tags and of pools are written by the script, as text.
 *
 * @module
 */

import { assetName } from "./assets.ts";

/** What the pages may do, and who may show them. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; "),
  "Cache-Control": "no-store",
  // Under "no-referrer" a form would not tell where it came from.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/** The page that shows the pools. */
export function dashboardPage({ hasSession }: { readonly hasSession: boolean }): string {
  const logOut = hasSession
    ? `\n<form method="post" action="logout"><button type="submit">Log out</button></form>`
    : "";
  return document(
    "Pool",
    `<a class="skip" href="#overview">Skip to the figures</a>
<header>
<h1 id="name">Pool</h1>
<p class="chips"><span id="runtime" class="chip" hidden></span>
<span id="state" class="chip state" role="status" data-state="connecting">Connecting</span></p>
<div class="controls">
<label id="choice" hidden>Pool <select id="pools"></select></label>
<button type="button" id="pause" aria-pressed="false" aria-keyshortcuts="p">Pause <kbd>p</kbd></button>${logOut}
</div>
</header>
<main>
<noscript><p class="note">This page draws with a script: please allow it.</p></noscript>
<p class="note" id="isolate" hidden>These figures are those of the isolate that answers: a Worker runs in many, each with a pool of its own, and a new connection may reach another one.</p>
<section id="overview" aria-labelledby="overview-title" tabindex="-1">
<h2 id="overview-title" class="unseen">Now</h2>
<dl id="tiles" class="tiles"></dl>
</section>
<section aria-labelledby="time-title">
<h2 id="time-title">The last five minutes</h2>
<div class="charts">
${chart("hits", "Hit rate", "of the acquires of each second")}
${chart("acquires", "Acquires", "a second")}
${chart("objects", "Objects", "leased, and idle by generation")}
${chart("gc", "Garbage collection", "of the whole isolate")}
${chart("heap", "Heap", "in use, of the whole isolate")}
</div>
</section>
<section class="split" aria-labelledby="generations-title">
<h2 id="generations-title">Generations</h2>
${
      table("generations", "Idle objects by generation, youngest first", [
        "Generation",
        "Idle",
        "Target",
        "Ceiling",
        "TTL",
        "Idle of target",
      ])
    }
</section>
<section aria-labelledby="tags-title">
<h2 id="tags-title">Tags</h2>
<p class="aside" id="tags-note" hidden></p>
${
      table("tags", "Use by tag; press a name to see its hold times", [
        "Tag",
        "Acquires",
        "Hit rate",
        "Held p50",
        "p90",
        "p99",
        "Entropy",
        "Shelf",
      ])
    }
<div class="charts one">
${chart("holds", "Hold times", "of the leases that were timed")}
</div>
</section>
<section aria-labelledby="decisions-title">
<h2 id="decisions-title">Decisions</h2>
<p class="aside">What the scheduler decided at its last tick, and why.</p>
<ul id="decisions" class="decisions"></ul>
<p class="none" id="decisions-none">No decision yet.</p>
</section>
<div class="columns">
<section aria-labelledby="discarded-title">
<h2 id="discarded-title">Discarded</h2>
${table("discarded", "Objects that left the pool, by reason", ["Reason", "Objects", "Share"])}
<p class="none" id="discarded-none">Nothing yet.</p>
</section>
<section aria-labelledby="leaks-title">
<h2 id="leaks-title">Leaks</h2>
<p class="aside" id="leaks-note" hidden></p>
${
      table("leaks", "Leases that have lasted too long, the longest first", [
        "Tag",
        "Held for",
        "Acquired at",
      ])
    }
<p class="none" id="leaks-none">None seen.</p>
</section>
</div>
</main>`,
    `<script src="assets/${assetName("uplot.js")}" defer></script>
<script src="assets/${assetName("dashboard.js")}" defer></script>`,
  );
}

/** Why somebody is asked for the token again. */
export type LoginTrouble = "wrong" | "late" | "foreign";

const TROUBLES: Readonly<Record<LoginTrouble, string>> = {
  wrong: "That is not the token.",
  late: "There were too many wrong tokens. Wait a little, and try again.",
  foreign: "The form must be sent from this page.",
};

/** The page that asks for the token. */
export function loginPage(trouble?: LoginTrouble): string {
  const hint = trouble === undefined
    ? ""
    : `\n<p class="trouble" role="alert" id="trouble">${TROUBLES[trouble]}</p>`;
  const described = trouble === undefined ? "" : ` aria-invalid="true" aria-describedby="trouble"`;
  return document(
    "Pool: log in",
    `<main class="login">
<h1>Pool</h1>
<form method="post" action="login">
<input name="user" value="pool" autocomplete="username" hidden>
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus${described}>${hint}
<button type="submit">Log in</button>
</form>
<p class="aside">It is what the service was started with, as <code>POOL_TOKEN</code> or as the option <code>token</code>.</p>
</main>`,
  );
}

function document(title: string, body: string, scripts = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="assets/${assetName("icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="assets/${assetName("dashboard.css")}">
${scripts}
</head>
<body>
${body}
</body>
</html>
`;
}

function chart(id: string, title: string, unit: string): string {
  return `<figure id="${id}" class="card">
<figcaption><h3>${title}</h3> <span class="unit">${unit}</span></figcaption>
<div class="plot" role="img" aria-label="${title}: no reading yet"></div>
<ul class="legend" hidden></ul>
<p class="none">No reading yet.</p>
</figure>`;
}

function table(id: string, caption: string, columns: readonly string[]): string {
  const heads = columns.map((name) => `<th scope="col">${name}</th>`).join("");
  return `<div class="card scroll" tabindex="0" role="region" aria-label="${caption}" id="${id}-card">
<table id="${id}">
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody></tbody>
</table>
</div>`;
}
