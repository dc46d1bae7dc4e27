/// <reference lib="dom" />

/**
 * The figures of now.
 *
 * @module
 */

import type { Reading } from "../reading.ts";
import { find, write } from "./elements.ts";
import type { History } from "./history.ts";
import { make, Rows } from "./rows.ts";
import { bytes, count, share, time } from "./words.ts";

/** A name, a figure, and what else there is to say. */
type Tile = readonly [name: string, figure: string, aside: string];

const tiles = new Rows<Tile, HTMLElement>(find("tiles"), () => {
  const tile = make("div", "tile");
  tile.append(make("dt"), make("dd", "figure"), make("dd", "aside"));
  return tile;
}, (tile, texts) => {
  for (const [i, text] of texts.entries()) write(tile.children[i]!, text);
});

/** Shows what a reading says, and what it says of the second before it. */
export function showTiles(reading: Reading, history: History): void {
  tiles.show(tilesOf(reading, history), ([name]) => name);
}

function tilesOf({ stats }: Reading, history: History): Tile[] {
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
      count(gc.minor + gc.major + gc.unknown),
      gc.pauseMs === undefined
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
