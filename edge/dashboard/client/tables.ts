/// <reference lib="dom" />

/**
 * Generations, decisions, discards and leaks.
 *
 * @module
 */

import type { Leak } from "../../../mod.ts";
import type { Reading } from "../reading.ts";
import { body, find, write } from "./elements.ts";
import { make, makeBar, makeRow, Rows, setBar } from "./rows.ts";
import { count, share, time } from "./words.ts";

type Generation = Reading["stats"]["generations"][number];
type Decision = Reading["explanation"]["decisions"][number];

const generations = new Rows<Generation, HTMLTableRowElement>(body("generations"), () => {
  const row = makeRow(5);
  row.lastElementChild!.append(makeBar());
  return row;
}, (row, { name, idle, target, maxSize, ttlMs }) => {
  const texts = [name, count(idle), count(target), count(maxSize), ttlMs === 0 ? "–" : time(ttlMs)];
  for (const [i, text] of texts.entries()) write(row.children[i]!, text);
  setBar(row.lastElementChild!.firstElementChild!, target === 0 ? 0 : idle / target);
});

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

/** Shows what a reading says but for its tags. */
export function showTables(reading: Reading): void {
  const { stats, explanation } = reading;
  generations.show(stats.generations, ({ name }, i) => `${i} ${name}`);
  decisions.show(explanation.decisions, ({ about }, i) => `${i} ${about}`);
  find("decisions-none").hidden = explanation.decisions.length > 0;
  showDiscarded(reading);
  showLeaks(reading);
}

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
  write(find("leaks-none"), `None seen; leases that are watched now: ${count(watched.leases)}.`);
  const lost = reading.stats.discarded.leaked;
  find("leaks-note").hidden = lost === 0 && reading.counts.leaks === reading.leaks.length;
  write(
    find("leaks-note"),
    `${count(reading.counts.leaks)} held for too long; ${count(lost)} collected without release.`,
  );
}
