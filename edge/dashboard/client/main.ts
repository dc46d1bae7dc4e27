/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * The dashboard in the browser. What comes from the service is written as text and never as markup:
 * tags may be named by whoever sends requests.
 *
 * @module
 */

import type { Leak } from "../../../mod.ts";
import type { Reading } from "../reading.ts";
import { BandChart, type Line, LineChart, SHOWN_S, write } from "./chart.ts";
import { Connection, type State } from "./connection.ts";
import { History } from "./history.ts";
import { pointOf } from "./point.ts";
import { make, makeBar, makeRow, Rows, setBar } from "./rows.ts";
import { bytes, count, share, time } from "./words.ts";

type Generation = Reading["stats"]["generations"][number];
type TagStats = Reading["stats"]["tags"][number];
type TagExplanation = Reading["explanation"]["tags"][number];
/** What is counted of a tag, and what is known of it. */
type Tag = TagStats & { readonly learned: TagExplanation | undefined };
type Decision = Reading["explanation"]["decisions"][number];

const STATES: Readonly<Record<State | "paused", string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Reconnecting",
  full: "Too many listeners",
  paused: "Paused",
};

const history = new History(SHOWN_S + 10);
const charts = {
  hits: new LineChart("hits"),
  acquires: new LineChart("acquires"),
  objects: new LineChart("objects"),
  gc: new LineChart("gc"),
  heap: new LineChart("heap"),
};
const holds = new BandChart("holds");

const find = <E extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as E;
const body = (id: string) => find<HTMLTableElement>(id).tBodies[0]!;

let latest: Reading | undefined;
/** What is on the page: while it is paused, not the latest. */
let shown: Reading | undefined;
let state: State = "connecting";
let isPaused = false;
let selectedTag: string | undefined;

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
  shown = latest;
  const { stats } = latest;
  write(find("name"), stats.name === "pool" ? "Pool" : stats.name);
  document.title = `${stats.name} · pool`;
  write(find("runtime"), `${stats.runtime} · ${stats.scheduler}`);
  find("runtime").hidden = false;
  find("isolate").hidden = stats.runtime !== "workers";
  showChoice(latest);
  tiles.show(tilesOf(latest), ([name]) => name);
  showCharts(latest);
  generations.show(stats.generations, ({ name }, i) => `${i} ${name}`);
  showTags(latest);
  decisions.show(latest.explanation.decisions, ({ about }, i) => `${i} ${about}`);
  find("decisions-none").hidden = latest.explanation.decisions.length > 0;
  showDiscarded(latest);
  showLeaks(latest);
}

function tellState(): void {
  const told = isPaused ? "paused" : state;
  write(find("state"), STATES[told]);
  find("state").dataset["state"] = told;
}

// ---- choosing and pausing

function showChoice({ pools, selected }: Reading): void {
  const select = find<HTMLSelectElement>("pools");
  find("choice").hidden = pools.length < 2;
  if (select.options.length === pools.length) return;
  select.replaceChildren(...pools.map((name, i) => new Option(name, String(i))));
  select.selectedIndex = selected;
}

find<HTMLSelectElement>("pools").addEventListener("change", ({ target }) => {
  selectedTag = undefined;
  connection.open((target as HTMLSelectElement).selectedIndex);
});

function togglePause(): void {
  isPaused = !isPaused;
  find("pause").setAttribute("aria-pressed", String(isPaused));
  document.documentElement.classList.toggle("paused", isPaused);
  tellState();
  if (!isPaused) show();
}

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
    for (const chart of [...Object.values(charts), holds]) chart.redraw();
  });
}

// ---- the figures of now

/** A name, a figure, and what else there is to say. */
type Tile = readonly [name: string, figure: string, aside: string];

const tiles = new Rows<Tile, HTMLElement>(find("tiles"), () => {
  const tile = make("div", "tile");
  tile.append(make("dt"), make("dd", "figure"), make("dd", "aside"));
  return tile;
}, (tile, texts) => {
  for (const [i, text] of texts.entries()) write(tile.children[i]!, text);
});

function tilesOf({ stats }: Reading): Tile[] {
  const last = (name: string) => history.column(name).at(-1);
  const rate = (name: string) => {
    const figure = last(name);
    return figure == null ? "–" : count(figure);
  };
  const hitRate = history.column("hitRate").findLast((figure) => figure !== null);
  const { gc } = stats;
  return [
    [
      "Hit rate",
      hitRate == null ? "–" : share(hitRate),
      stats.acquires > 0
        ? `${share(stats.hits / stats.acquires)} since it began`
        : "no acquire yet",
    ],
    ["Acquires a second", rate("acquires"), `${count(stats.acquires)} since it began`],
    ["Leased", count(stats.leased), `at most ${count(stats.peak)} since the last tick`],
    ["Idle", count(stats.idle), `${bytes(stats.bytes)} of ${bytes(stats.maxBytes)}`],
    [
      "Collections",
      gc === undefined ? "–" : count(gc.minor + gc.major + gc.unknown),
      gc?.pauseMs === undefined
        ? "pauses: not told by this runtime"
        : `${time(gc.pauseMs)} of pauses, the longest ${time(gc.maxPauseMs ?? 0)}`,
    ],
    [
      "Pressure",
      stats.pressure,
      stats.closed
        ? "the pool is closed"
        : stats.bypass
        ? "pooling does not pay here"
        : `${count(stats.pinnedLevels)} levels pinned, ${count(stats.hotLevels)} hot`,
    ],
    [
      "Trouble",
      count(stats.misuses + stats.refused),
      `${count(stats.misuses)} misuses, ${count(stats.refused)} refused, ${
        count(stats.waiting)
      } waiting`,
    ],
  ];
}

// ---- charts

const rateText = (value: number) => `${count(value)}/s`;
const pauseText = (value: number) => `${time(value)}/s`;

function showCharts({ stats }: Reading): void {
  charts.hits.draw({
    title: "Hit rate",
    lines: [{ label: "hits", column: "hitRate", color: 1, isFilled: true }],
    format: share,
    top: 1.02,
  }, history);
  charts.acquires.draw({
    title: "Acquires a second",
    lines: [
      { label: "acquires", column: "acquires", color: 1, isFilled: true },
      { label: "misses", column: "misses", color: 2 },
    ],
    format: rateText,
  }, history);
  charts.objects.draw({
    title: "Objects",
    lines: [
      { label: "leased", column: "leased", color: 4 },
      ...stats.generations.flatMap(({ name }, i): Line[] => {
        const color = [1, 3, 2, 5, 6][i % 5]!;
        return [
          { label: `${name} idle`, column: `idle ${i}`, color },
          { label: `${name} target`, column: `target ${i}`, color, isDashed: true },
        ];
      }),
    ],
    format: count,
  }, history);
  showGc(stats);
  if (stats.heap === undefined) {
    charts.heap.explain("Heap", "Not told by this runtime.");
  } else {
    const { limitBytes, externalBytes } = stats.heap;
    charts.heap.draw({
      title: limitBytes === undefined ? "Heap" : `Heap, of at most ${bytes(limitBytes)}`,
      lines: [
        { label: "in use", column: "heap", color: 1, isFilled: true },
        ...(externalBytes === undefined
          ? []
          : [{ label: "array buffers", column: "external", color: 5 }]),
      ],
      format: bytes,
      isBinary: true,
    }, history);
  }
}

function showGc({ gc, runtime }: Reading["stats"]): void {
  if (gc === undefined || runtime === "none") {
    charts.gc.explain("Garbage collection", "Not told by this runtime.");
  } else if (gc.pauseMs !== undefined) {
    charts.gc.draw({
      title: "Garbage collection: pauses a second",
      lines: [{ label: "pauses", column: "pauseMs", color: 2, isFilled: true }],
      format: pauseText,
    }, history);
  } else {
    charts.gc.draw({
      title: "Garbage collections a second",
      lines: [
        { label: "minor", column: "minor", color: 1 },
        { label: "major", column: "major", color: 2 },
      ],
      format: rateText,
    }, history);
  }
}

// ---- tables

const generations = new Rows<Generation, HTMLTableRowElement>(body("generations"), () => {
  const row = makeRow(5);
  row.lastElementChild!.append(makeBar());
  return row;
}, (row, { name, idle, target, maxSize, ttlMs }) => {
  const texts = [name, count(idle), count(target), count(maxSize), ttlMs === 0 ? "–" : time(ttlMs)];
  for (const [i, text] of texts.entries()) write(row.children[i]!, text);
  setBar(row.lastElementChild!.firstElementChild!, target === 0 ? 0 : idle / target);
});

const tags = new Rows<Tag, HTMLTableRowElement>(body("tags"), ({ name }) => {
  const row = makeRow(7);
  const button = make("button", "tag");
  button.type = "button";
  button.addEventListener("click", () => {
    selectedTag = name;
    if (shown !== undefined) showTags(shown);
  });
  row.firstElementChild!.append(button);
  row.children[6]!.append(make("span"), makeBar());
  return row;
}, (row, tag) => {
  const button = row.firstElementChild!.firstElementChild!;
  write(button, tag.name);
  const isPressed = String(tag.name === selectedTag);
  if (button.getAttribute("aria-pressed") !== isPressed) {
    button.setAttribute("aria-pressed", isPressed);
  }
  const { holdMs, entropy } = tag.learned ?? {};
  const known = (ms: number | undefined) => ms === undefined ? "–" : time(ms);
  const texts = [
    count(tag.acquires),
    tag.acquires === 0 ? "–" : share(tag.hits / tag.acquires),
    known(holdMs?.p50),
    known(holdMs?.p90),
    known(holdMs?.p99),
  ];
  for (const [i, text] of texts.entries()) write(row.children[i + 1]!, text);
  const [figure, bar] = row.children[6]!.children;
  write(figure!, entropy === undefined ? "–" : entropy.toFixed(2));
  setBar(bar!, entropy ?? 0);
  write(row.children[7]!, tag.shelf + (tag.hot ? ", hot" : ""));
});

function showTags({ stats, explanation, counts }: Reading): void {
  const learned = new Map(explanation.tags.map((tag) => [tag.name, tag]));
  const all: Tag[] = stats.tags.map((tag) => ({ ...tag, learned: learned.get(tag.name) }));
  if (!all.some(({ name }) => name === selectedTag)) {
    selectedTag = all.toSorted((a, b) => b.acquires - a.acquires)[0]?.name;
  }
  tags.show(all, ({ name }) => name);
  find("tags-card").hidden = all.length === 0;
  const hidden = counts.tags - all.length;
  find("tags-note").hidden = hidden === 0;
  write(find("tags-note"), `The ${all.length} that were used most; ${hidden} more are not shown.`);

  const tag = stats.tags.find(({ name }) => name === selectedTag);
  const title = tag === undefined ? "Hold times" : `Hold times of ${tag.name}`;
  write(document.querySelector("#holds h3")!, title);
  if (tag?.holds === undefined || tag.holds.counts.every((n) => n === 0)) {
    holds.explain(title, "No lease was timed yet: 1 in 64 is.");
  } else {
    holds.draw(title, tag.holds.edges, tag.holds.counts);
  }
}

const decisions = new Rows<Decision, HTMLElement>(find("decisions"), () => {
  const item = make("li");
  const inputs = make("details");
  const summary = make("summary");
  summary.textContent = "figures";
  inputs.append(summary, make("p"));
  item.append(make("b"), make("span", "decision"), make("span", "because"), inputs);
  return item;
}, (item, { about, decision, because, inputs }) => {
  write(item.children[0]!, about);
  write(item.children[1]!, rounded(decision));
  write(item.children[2]!, rounded(because));
  const figures = Object.entries(inputs).map(([name, value]) => `${name} ${figure(value)}`);
  const details = item.children[3] as HTMLElement;
  details.hidden = figures.length === 0;
  write(details.lastElementChild!, figures.join(" · "));
});

function figure(value: number): string {
  return String(+value.toPrecision(4));
}

/** A text whose figures have no more digits than say anything. */
function rounded(text: string): string {
  return text.replaceAll(/\d+\.\d{3,}/g, (digits) => figure(Number(digits)));
}

/** A reason, how many, and their share of all that were discarded. */
type Discarded = readonly [reason: string, objects: number, share: number];

const discarded = new Rows<Discarded, HTMLTableRowElement>(body("discarded"), () => {
  const row = makeRow(2);
  row.lastElementChild!.append(makeBar(), make("span"));
  return row;
}, (row, [reason, objects, part]) => {
  write(row.children[0]!, reason);
  write(row.children[1]!, count(objects));
  const [bar, text] = row.children[2]!.children;
  setBar(bar!, part);
  write(text!, share(part));
});

function showDiscarded({ stats }: Reading): void {
  const all = Object.entries(stats.discarded).filter(([, objects]) => objects > 0);
  const total = all.reduce((sum, [, objects]) => sum + objects, 0);
  discarded.show(
    all.map(([reason, objects]) => [reason, objects, objects / total]),
    ([reason]) => reason,
  );
  find("discarded-card").hidden = all.length === 0;
  find("discarded-none").hidden = all.length > 0;
}

const leaks = new Rows<Leak, HTMLTableRowElement>(body("leaks"), () => {
  const row = makeRow(2);
  row.lastElementChild!.append(make("code"));
  return row;
}, (row, { tag, heldMs, stack }) => {
  write(row.children[0]!, tag);
  write(row.children[1]!, time(heldMs));
  write(row.children[2]!.firstElementChild!, stack?.replaceAll(/^\s+/gm, "") ?? "–");
});

function showLeaks(reading: Reading): void {
  const { watched } = reading.explanation;
  leaks.show(reading.leaks, (_, i) => String(i));
  find("leaks-card").hidden = reading.leaks.length === 0;
  find("leaks-none").hidden = reading.leaks.length > 0;
  write(find("leaks-none"), `None among the ${count(watched.leases)} leases that are watched.`);
  const lost = reading.stats.discarded.leaked;
  find("leaks-note").hidden = lost === 0 && reading.counts.leaks === reading.leaks.length;
  write(
    find("leaks-note"),
    `${count(reading.counts.leaks)} held for too long; ${count(lost)} collected without release.`,
  );
}

connection.open(0);
