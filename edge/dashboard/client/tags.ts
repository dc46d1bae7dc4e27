/// <reference lib="dom" />

/**
 * The tags, and the hold times of one of them.
 *
 * @module
 */

import type { Reading } from "../reading.ts";
import { BandChart } from "./band_chart.ts";
import { body, find, write } from "./elements.ts";
import { make, makeBar, makeRow, Rows, setBar } from "./rows.ts";
import { count, share, time } from "./words.ts";

type TagStats = Reading["stats"]["tags"][number];
type TagExplanation = Reading["explanation"]["tags"][number];
/** What is counted of a tag, and what is known of it. */
type Tag = TagStats & { readonly learned: TagExplanation | undefined };

const holds = new BandChart("holds");

/** What is on the page. */
let shown: Reading | undefined;
/** The tag whose hold times are shown. */
let selected: string | undefined;

const tags = new Rows<Tag, HTMLTableRowElement>(body("tags"), ({ name }) => {
  const row = makeRow(7);
  const button = make("button", "tag");
  button.type = "button";
  button.addEventListener("click", () => {
    selected = name;
    if (shown !== undefined) showTags(shown);
  });
  row.firstElementChild!.append(button);
  row.children[6]!.append(make("span"), makeBar());
  return row;
}, (row, tag) => {
  const button = row.firstElementChild!.firstElementChild!;
  write(button, tag.name);
  const isPressed = String(tag.name === selected);
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

/** Shows the tags of a reading, and the hold times of the one that is chosen. */
export function showTags(reading: Reading): void {
  shown = reading;
  const { stats, explanation, counts } = reading;
  const learned = new Map(explanation.tags.map((tag) => [tag.name, tag]));
  const all: Tag[] = stats.tags.map((tag) => ({ ...tag, learned: learned.get(tag.name) }));
  if (!all.some(({ name }) => name === selected)) {
    selected = all.toSorted((a, b) => b.acquires - a.acquires)[0]?.name;
  }
  tags.show(all, ({ name }) => name);
  find("tags-card").hidden = all.length === 0;
  const hidden = counts.tags - all.length;
  find("tags-note").hidden = hidden === 0;
  write(find("tags-note"), `The ${all.length} that were used most; ${hidden} more are not shown.`);

  const tag = stats.tags.find(({ name }) => name === selected);
  const title = tag === undefined ? "Hold times" : `Hold times of ${tag.name}`;
  write(document.querySelector("#holds h3")!, title);
  if (tag === undefined || tag.holds.counts.every((n) => n === 0)) {
    holds.explain(title, "No lease was timed yet: 1 in 64 is.");
  } else {
    holds.draw(title, tag.holds);
  }
}

/** Draws the same again, in the colours that hold now. */
export function redrawHolds(): void {
  holds.redraw();
}
