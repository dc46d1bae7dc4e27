/**
 * Ways to tell what a pool's tags do, while it serves.
 *
 * @module
 */

import type { RequestContext } from "../../edge/mod.ts";
import { METRICS } from "../../metrics/catalogue.ts";
import type { Subject } from "../gateway/subject.ts";

/** What was told, counted where it is sent. */
export interface Told {
  /** Values with a name and labels. */
  samples: number;
  /** Times that something was sent. */
  messages: number;
  /** Bytes of all that was sent. */
  bytes: number;
}

/** Puts a way to tell between the load and its pool. */
export type Meter = (subject: Subject, told: Told) => Subject;

/** What is told at once is told as often, in virtual ms. */
const EVERY_MS = 1000;
const EDGES_MS = [1, 4, 16, 64, 256, 1024];

const encoder = new TextEncoder();

/** Sends samples, as JSON. */
function send(samples: readonly object[], told: Told): void {
  told.samples += samples.length;
  told.messages++;
  told.bytes += encoder.encode(JSON.stringify(samples)).length;
}

/** Nothing is told. The pool counts all the same: it needs that itself. */
const none: Meter = (subject) => subject;

/** The pool's own counts, told once a second. */
const ours: Meter = (subject, told) => {
  let now = 0;
  const tell = () => {
    const stats = subject.stats!();
    const samples: object[] = [];
    for (const metric of METRICS) {
      const { name } = metric;
      if (metric.type !== "histogram") {
        metric.read(stats, (value, label) => samples.push({ name, label, value, ms: now }));
        continue;
      }
      metric.read(stats, ({ counts, edges, sum }, label) => {
        for (const [i, value] of counts.entries()) {
          samples.push({ name, label, le: edges[i] ?? "+Inf", value, ms: now });
        }
        samples.push({ name, label, sum, ms: now });
      });
    }
    send(samples, told);
  };
  return {
    ...subject,
    advance(ms) {
      now = ms;
      subject.advance(ms);
      if (ms % EVERY_MS === 0) tell();
    },
    close() {
      tell();
      subject.close();
    },
  };
};

/**
 * As it is mostly written by hand: a string of labels, a look into a map and a record for each event.
 * Records are sent at once, or kept and sent together.
 */
const byEvent = (everyMs: number): Meter => (subject, told) => {
  let records: object[] = [];
  const record = (sample: object) => {
    if (everyMs === 0) send([sample], told);
    else records.push(sample);
  };
  const flush = () => {
    send(records, told);
    records = [];
  };
  const counts = new Map<string, number>();
  const since = new Map<RequestContext, number>();
  let now = 0;
  const add = (name: string, labels: Readonly<Record<string, string>>, value: number) => {
    const text = Object.entries(labels).map(([key, label]) => `${key}="${label}"`).join(",");
    const key = `${name}{${text}}`;
    counts.set(key, (counts.get(key) ?? 0) + value);
  };
  return {
    ...subject,
    advance(ms) {
      now = ms;
      subject.advance(ms);
      if (everyMs !== 0 && ms % everyMs === 0) flush();
    },
    close() {
      if (everyMs !== 0) flush();
      subject.close();
    },
    acquire(route) {
      const context = subject.acquire(route);
      since.set(context, now);
      const tag = `/route/${route}`;
      add("acquires_total", { pool: "context", tag }, 1);
      record({ name: "acquires", label: tag, value: 1, ms: now });
      return context;
    },
    release(context, route) {
      const held = now - since.get(context)!;
      since.delete(context);
      const tag = `/route/${route}`;
      const le = String(EDGES_MS.find((edge) => held <= edge) ?? "+Inf");
      add("hold_bucket", { pool: "context", tag, le }, 1);
      add("hold_sum", { pool: "context", tag }, held);
      record({ name: "hold", label: tag, value: held, ms: now });
      subject.release(context, route);
    },
  };
};

/** The ways by variant. */
export const METERS = {
  none,
  ours,
  naive: byEvent(0),
  batched: byEvent(EVERY_MS),
} as const satisfies Readonly<Record<string, Meter>>;

/** The name of a way. */
export type MeterName = keyof typeof METERS;
