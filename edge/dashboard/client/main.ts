/// <reference lib="dom" />

/**
 * The dashboard in the browser. What comes from the service is written as text and never as markup:
 * tags may be named by whoever sends requests.
 *
 * @module
 */

import type { Reading } from "../reading.ts";
import { Connection, type State } from "./connection.ts";
import { find, write } from "./elements.ts";
import { redrawGraphs, showGraphs } from "./graphs.ts";
import { History } from "./history.ts";
import { SHOWN_S } from "./line_chart.ts";
import { pointOf } from "./point.ts";
import { showTables } from "./tables.ts";
import { redrawHolds, showTags } from "./tags.ts";
import { showTiles } from "./tiles.ts";

const STATES: Readonly<Record<State | "paused", string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Reconnecting",
  full: "Too many listeners",
  paused: "Paused",
};

const history = new History(SHOWN_S + 10);

let latest: Reading | undefined;
let state: State = "connecting";
let isPaused = false;

const connection = new Connection(receive, (now) => {
  state = now;
  tellState();
});

/** Takes a reading, and shows it unless the page is paused or out of sight. */
function receive(reading: Reading): void {
  if (latest?.selected !== reading.selected) history.clear();
  history.add(reading.at / 1000, pointOf(latest, reading));
  latest = reading;
  if (!isPaused && !document.hidden) show();
}

/** Shows the latest reading. */
function show(): void {
  if (latest === undefined) return;
  const { name, runtime, scheduler } = latest.stats;
  write(find("name"), name);
  document.title = `${name} · pool`;
  write(find("runtime"), `${runtime} · ${scheduler}`);
  find("runtime").hidden = false;
  find("isolate").hidden = runtime !== "workers";
  showChoice(latest);
  showTiles(latest, history);
  showGraphs(latest, history);
  showTags(latest);
  showTables(latest);
}

function tellState(): void {
  const told = isPaused ? "paused" : state;
  write(find("state"), STATES[told]);
  find("state").dataset["state"] = told;
}

function showChoice({ pools, selected }: Reading): void {
  const select = find<HTMLSelectElement>("pools");
  find("choice").hidden = pools.length < 2;
  if (select.options.length === pools.length) return;
  select.replaceChildren(...pools.map((name, i) => new Option(name, String(i))));
  select.selectedIndex = selected;
}

function togglePause(): void {
  isPaused = !isPaused;
  find("pause").setAttribute("aria-pressed", String(isPaused));
  document.documentElement.classList.toggle("paused", isPaused);
  tellState();
  if (!isPaused) show();
}

find("pools").addEventListener("change", ({ target }) => {
  // Whoever chooses a pool wants to see it.
  if (isPaused) togglePause();
  connection.open((target as HTMLSelectElement).selectedIndex);
});
find("pause").addEventListener("click", togglePause);
addEventListener("keydown", (event) => {
  const isTyping = (event.target as HTMLElement).closest("input, select, textarea") !== null;
  const isOther = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
  if (event.key === "p" && !isTyping && !isOther) togglePause();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !isPaused) show();
});
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
  matchMedia(query).addEventListener("change", () => {
    redrawGraphs();
    redrawHolds();
  });
}
connection.open(0);
