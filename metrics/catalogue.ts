/**
 * What is told of a pool to those who watch it: the only place where a metric has a name.
 *
 * All of it is read from a snapshot, so that the pool itself does nothing for it.
 *
 * @module
 */

import type { GcReading, Histogram, PoolStats } from "../mod.ts";

/** What a metric is counted in. */
export type Unit = "objects" | "leases" | "seconds" | "bytes" | "levels" | "";

/** A label that tells samples of one metric apart. */
export type Label = "tag" | "generation" | "reason" | "kind";

/** Takes a sample: its value in the metric's unit, and what its label says, if it has one. */
export type Put = (value: number, label?: string) => void;

/** Takes a histogram, in milliseconds as pools have it. */
export type PutHistogram = (histogram: Histogram, label?: string) => void;

interface Named {
  /** Its name, without prefix, unit and ending. */
  readonly name: string;
  /** What it is, in one sentence. */
  readonly help: string;
  readonly unit: Unit;
  readonly label?: Label;
}

/** A figure that only grows. */
export interface CounterMetric extends Named {
  readonly type: "counter";
  read(stats: PoolStats, put: Put): void;
}

/** A figure that goes up and down. */
export interface GaugeMetric extends Named {
  readonly type: "gauge";
  read(stats: PoolStats, put: Put): void;
}

/** Counts by bands, which only grow. */
export interface HistogramMetric extends Named {
  readonly type: "histogram";
  read(stats: PoolStats, put: PutHistogram): void;
}

/** Something that is told of a pool. */
export type Metric = CounterMetric | GaugeMetric | HistogramMetric;

/** The pressures in the order of their figures. */
export const PRESSURES = ["none", "moderate", "high", "critical"] as const;

/** The kinds of collections; which ones a runtime tells shows when there was one. */
export const KINDS = ["minor", "major", "unknown"] as const satisfies readonly (keyof GcReading)[];

/** Puts what a runtime tells, and nothing where it hides it: a zero would be a lie. */
function putKnown(put: Put, value: number | undefined): void {
  if (value !== undefined) put(value);
}

/** Everything that is told, in the order in which it is written. */
export const METRICS: readonly Metric[] = [
  {
    name: "acquires",
    type: "counter",
    unit: "",
    label: "tag",
    help: "Acquires so far, those of stamped leases included.",
    read({ tags }, put) {
      for (const { acquires, name } of tags) put(acquires, name);
    },
  },
  {
    name: "misses",
    type: "counter",
    unit: "",
    label: "tag",
    help: "Acquires that had to create an object.",
    read({ tags }, put) {
      for (const { misses, name } of tags) put(misses, name);
    },
  },
  {
    name: "hold",
    type: "histogram",
    unit: "seconds",
    label: "tag",
    help: "How long leases lasted, of those that were timed: a sample.",
    read({ tags }, put) {
      for (const { holds, name } of tags) put(holds, name);
    },
  },
  {
    name: "created",
    type: "counter",
    unit: "objects",
    help: "Objects made so far.",
    read: ({ created }, put) => put(created),
  },
  {
    name: "discarded",
    type: "counter",
    unit: "objects",
    label: "reason",
    help: "Objects that left the pool, by reason.",
    read({ discarded }, put) {
      for (const reason in discarded) put(discarded[reason as keyof typeof discarded], reason);
    },
  },
  {
    name: "refused",
    type: "counter",
    unit: "",
    help: "Acquires that a limit refused.",
    read: ({ refused }, put) => put(refused),
  },
  {
    name: "misuses",
    type: "counter",
    unit: "",
    help: "Misuses so far, such as double releases.",
    read: ({ misuses }, put) => put(misuses),
  },
  {
    name: "ticks",
    type: "counter",
    unit: "",
    help: "Ticks so far.",
    read: ({ ticks }, put) => put(ticks),
  },
  {
    name: "cycles",
    type: "counter",
    unit: "",
    help: "Cycles so far.",
    read: ({ cycles }, put) => put(cycles),
  },
  {
    name: "idle",
    type: "gauge",
    unit: "objects",
    label: "generation",
    help: "Objects that wait to be used.",
    read({ generations }, put) {
      for (const { idle, name } of generations) put(idle, name);
    },
  },
  {
    name: "target",
    type: "gauge",
    unit: "objects",
    label: "generation",
    help: "What a generation was allowed to keep at the last tick.",
    read({ generations }, put) {
      for (const { name, target } of generations) put(target, name);
    },
  },
  {
    name: "ceiling",
    type: "gauge",
    unit: "objects",
    label: "generation",
    help: "What a generation may keep at most.",
    read({ generations }, put) {
      for (const { maxSize, name } of generations) put(maxSize, name);
    },
  },
  {
    name: "leased",
    type: "gauge",
    unit: "objects",
    help: "Objects in use.",
    read: ({ leased }, put) => put(leased),
  },
  {
    name: "limbo",
    type: "gauge",
    unit: "objects",
    help: "Objects that wait for their guard to drop.",
    read: ({ limbo }, put) => put(limbo),
  },
  {
    name: "peak",
    type: "gauge",
    unit: "objects",
    help: "The most objects in use or in limbo at once since the last tick.",
    read: ({ peak }, put) => put(peak),
  },
  {
    name: "waiting",
    type: "gauge",
    unit: "leases",
    help: "Acquires that wait for an object.",
    read: ({ waiting }, put) => put(waiting),
  },
  {
    name: "idle",
    type: "gauge",
    unit: "bytes",
    help: "Recorded size of the idle objects.",
    read: ({ bytes }, put) => put(bytes),
  },
  {
    name: "budget",
    type: "gauge",
    unit: "bytes",
    help: "What the idle objects may weigh together; absent where that has no bound.",
    read({ maxBytes }, put) {
      // What a pool without a bound says: nine petabytes would flatten any chart.
      if (maxBytes < Number.MAX_SAFE_INTEGER) put(maxBytes);
    },
  },
  {
    name: "hot",
    type: "gauge",
    unit: "levels",
    help: "Levels that are hot.",
    read: ({ hotLevels }, put) => put(hotLevels),
  },
  {
    name: "pinned",
    type: "gauge",
    unit: "levels",
    help: "Levels that are pinned.",
    read: ({ pinnedLevels }, put) => put(pinnedLevels),
  },
  {
    name: "pressure",
    type: "gauge",
    unit: "",
    help: "Memory pressure: 0 none, 1 moderate, 2 high, 3 critical.",
    read: ({ pressure }, put) => put(PRESSURES.indexOf(pressure)),
  },
  {
    name: "bypass",
    type: "gauge",
    unit: "",
    help: "1 where pooling does not pay under any tag, so that nothing is retained; else 0.",
    read: ({ bypass }, put) => put(bypass ? 1 : 0),
  },
  {
    name: "gc",
    type: "counter",
    unit: "",
    label: "kind",
    help: "Garbage collections that the runtime told this pool.",
    read({ gc }, put) {
      for (const kind of KINDS) put(gc[kind], kind);
    },
  },
  {
    name: "gc_pause",
    type: "histogram",
    unit: "seconds",
    help: "How long garbage collections took; absent where the runtime hides it.",
    read({ gc }, put) {
      if (gc.pauses !== undefined) put(gc.pauses);
    },
  },
  {
    name: "heap_used",
    type: "gauge",
    unit: "bytes",
    help: "Heap in use at the last tick; absent where the runtime hides it.",
    read: ({ heap }, put) => putKnown(put, heap?.usedBytes),
  },
  {
    name: "heap_limit",
    type: "gauge",
    unit: "bytes",
    help: "The most the heap may hold; absent where the runtime hides it.",
    read: ({ heap }, put) => putKnown(put, heap?.limitBytes),
  },
  {
    name: "heap_external",
    type: "gauge",
    unit: "bytes",
    help: "Array buffers and the like; absent where the runtime hides them.",
    read: ({ heap }, put) => putKnown(put, heap?.externalBytes),
  },
  {
    name: "heap_allocated",
    type: "counter",
    unit: "bytes",
    help: "Heap allocated since the process began; absent where the runtime hides it.",
    read: ({ heap }, put) => putKnown(put, heap?.allocatedBytes),
  },
];

/** The name of a metric in Prometheus, without the ending of counters. */
export function prometheusName({ name, unit }: Metric): string {
  return `siliconflow_pool_${name}${unit === "" ? "" : `_${unit}`}`;
}
