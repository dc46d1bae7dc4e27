/**
 * The files that a browser gets from the dashboard, each under a name that changes with its contents,
 * so that it may be kept for ever.
 *
 * @module
 */

import { icon } from "./icon.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { uplot } from "./uplot.ts";

const FILES = {
  "dashboard.css": style,
  "dashboard.js": script,
  "icon.svg": icon,
  "uplot.js": uplot,
} as const;

/** A file by the name that the pages know it by. */
export type FileName = keyof typeof FILES;

/** The name that it is served under. */
export function assetName(file: FileName): string {
  return file.replace(".", `.${FILES[file].hash}.`);
}

/** The files by the names that they are served under. */
export const assets: ReadonlyMap<string, { readonly type: string; readonly text: string }> =
  new Map(Object.entries(FILES).map(([name, file]) => [assetName(name as FileName), file]));
