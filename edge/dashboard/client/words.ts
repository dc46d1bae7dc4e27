/**
 * Figures as people read them.
 *
 * @module
 */

const BYTES = ["B", "KB", "MB", "GB", "TB"];

/** A count, or a rate: short from ten thousand on. */
export function count(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${digits(value / 1e9)} G`;
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  if (size >= 1e4) return `${digits(value / 1e3)} k`;
  return size >= 100 || Number.isInteger(value) ? String(Math.round(value)) : digits(value);
}

/** A size in bytes, in powers of 1024. */
export function bytes(value: number): string {
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= 1024 && unit < BYTES.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${digits(size)} ${BYTES[unit]}`;
}

/** A time in milliseconds. */
export function time(ms: number): string {
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  if (ms < 1000) return `${digits(ms)} ms`;
  if (ms < 120_000) return `${digits(ms / 1000)} s`;
  if (ms < 7_200_000) return `${digits(ms / 60_000)} min`;
  return `${digits(ms / 3_600_000)} h`;
}

/** A share of 0 to 1. What is not quite all is not rounded up to it. */
export function share(value: number): string {
  const percent = value * 100;
  if (value === 0 || value === 1) return `${percent} %`;
  return `${
    percent > 99 && value < 1 ? Math.min(99.99, percent).toFixed(2) : percent.toFixed(1)
  } %`;
}

/** Three digits, where they say anything. */
function digits(value: number): string {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
