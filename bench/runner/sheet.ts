/**
 * Results for people: tables, and what is to be said of them.
 *
 * @module
 */

import type { Spread } from "./statistics.ts";

/** A table with remarks; one of them may be missing. */
export interface Sheet {
  /** Rows of equally many cells: the first row is the head, the first column the names. */
  readonly rows?: readonly (readonly string[])[];
  /** Lines below the table: what was met and what was missed, who won and who lost. */
  readonly remarks?: readonly string[];
}

/** Lays out rows of equally many cells: the first column to the left, figures to the right. */
export function layOut(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
      .trimEnd();
  const [head, ...body] = rows;
  return [line(head!), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(line)]
    .join("\n");
}

/** Writes sheets in plain text. */
export function textOf(sheets: readonly Sheet[]): string {
  return sheets.flatMap(({ rows, remarks }) => [
    ...(rows === undefined ? [] : [layOut(rows)]),
    ...(remarks === undefined || remarks.length === 0 ? [] : [remarks.join("\n")]),
  ]).join("\n\n");
}

/** A remark on a target: whether it was met, and how. */
export function verdict(isMet: boolean, text: string): string {
  return `${isMet ? "MET   " : "MISSED"} ${text}`;
}

/** A remark on a target that each of several rounds kept or missed. */
export function verdictOfRounds(metRounds: number, rounds: number, text: string): string {
  if (metRounds === 0 || metRounds === rounds) return verdict(metRounds > 0, text);
  return `MIXED  ${text}: kept in ${metRounds} of ${rounds} rounds`;
}

/** A remark where lines of engines' logs could not be read: what they told is missing. */
export function suspectUnparsed(lines: number): string[] {
  return lines === 0 ? [] : [`SUSPECT ${lines} lines of the engine's log could not be read`];
}

/** A figure with the least and the greatest that it was drawn from, where these look different; a dash for none. */
export function rangeCell(
  figure: number | null,
  range: Spread | null,
  show: (figure: number) => string = String,
): string {
  if (figure === null) return "–";
  const [least, greatest] = range?.map(show) ?? [];
  return least === greatest ? show(figure) : `${show(figure)} (${least}–${greatest})`;
}

/** A share in percent, rounded down: 99.996 % is not 100 %. */
export function percentDown(share: number): string {
  return String(Math.floor(share * 1e4) / 100);
}
