/** The exported surface of every entry point, so that no export happens by accident. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import denoJson from "../../deno.json" with { type: "json" };
import { readCode } from "./_source.ts";

/** What an entry point exports. */
interface Surface {
  readonly values: readonly string[];
  readonly types: readonly string[];
}

const ADAPTER_TYPES = ["GcEvent", "GcReading", "HeapReading", "Histogram", "Host"];

const SURFACES: Readonly<Record<string, Surface>> = {
  ".": {
    values: [
      "Pool",
      "PoolError",
      "SharedHost",
      "adaptiveScheduler",
      "ancestorGenerations",
      "detectHost",
      "discardReasons",
      "fixedScheduler",
      "inertHost",
      "memoryLimitOf",
    ],
    types: [
      "AdaptiveSchedulerOptions",
      "Adjustment",
      "Decision",
      "DiscardReason",
      "Explanation",
      "GcEvent",
      "GcReading",
      "GenerationOptions",
      "GenerationSample",
      "GenerationStats",
      "Guard",
      "GuardMode",
      "HeapReading",
      "HeatOptions",
      "Histogram",
      "Host",
      "Leak",
      "Lease",
      "LevelSample",
      "PoolErrorCode",
      "PoolOptions",
      "PoolStats",
      "Pressure",
      "Sample",
      "Scheduler",
      "ShelfAdjustment",
      "ShelfSample",
      "Snapshot",
      "Tag",
      "TagExplanation",
      "TagSample",
      "TagSketch",
      "TagStats",
      "WaitOptions",
    ],
  },
  "./deno": { values: ["denoHost", "readHeap", "watchGc"], types: ADAPTER_TYPES },
  "./bun": { values: ["bunHost", "readHeap", "watchGc"], types: ADAPTER_TYPES },
  "./workers": { values: ["readHeap", "watchGc", "workersHost"], types: ADAPTER_TYPES },
  "./node": { values: ["nodeHost", "readHeap", "watchGc"], types: ADAPTER_TYPES },
  "./buffers": {
    values: ["BufferPool"],
    types: [
      "Block",
      "BufferLayout",
      "BufferPoolOptions",
      "BufferPoolStats",
      "BufferTag",
      "ChunkStats",
      "Guard",
      "SizeClassStats",
      "Zeroing",
    ],
  },
  "./edge": {
    values: [
      "ContextPool",
      "NameStore",
      "RequestContext",
      "Scratch",
      "StateStore",
      "contextPool",
      "gateway",
      "hold",
      "messages",
      "operations",
      "pooled",
      "transform",
    ],
    types: [
      "AnswerOptions",
      "App",
      "BodyOptions",
      "BodySource",
      "Closable",
      "ContextPoolOptions",
      "DebuggedPool",
      "Execution",
      "Gateway",
      "GatewayOptions",
      "GatewayStatsOptions",
      "Handler",
      "ListeningSocket",
      "MatchedRoute",
      "Message",
      "MessageBody",
      "MessageConnection",
      "MessageSocket",
      "MessageStats",
      "Messages",
      "MessagesOptions",
      "NameStoreOptions",
      "ObservedPool",
      "Operations",
      "OperationsOptions",
      "PooledContext",
      "PooledEnv",
      "PooledMiddleware",
      "PooledOptions",
      "RoutedContext",
      "RequestContextOptions",
      "ScratchOptions",
      "StateStoreOptions",
      "TransformInput",
      "TransformOutput",
      "TransformStep",
    ],
  },
  "./metrics": {
    values: [
      "FusedReport",
      "PROMETHEUS_TYPES",
      "PrometheusWriter",
      "observePools",
      "prometheusFormat",
      "reportTo",
    ],
    types: [
      "FusedCounts",
      "FusedReportOptions",
      "PrometheusFormat",
      "ReportOptions",
      "ReportPort",
      "ReportSource",
      "Reporter",
      "StatsSource",
    ],
  },
  "./doctor": { values: ["examine"], types: ["Examination", "Factory"] },
  "./testing": {
    values: ["FakeHost", "Oracle", "assertCleanReset", "checkStats"],
    types: ["FakeHostOptions", "Watched"],
  },
};

/** Reads what a file exports; fails on `export *` and `export default`. */
function surfaceOf(path: string): Surface {
  const code = readCode(path);
  assertEquals([...code.matchAll(/^export\s+(?:\*|default\b)/gm)].map(([text]) => text), []);
  const values: string[] = [];
  const types: string[] = [];
  for (const [, type, list] of code.matchAll(/^export\s+(type\s+)?\{([^}]*)\}/gm)) {
    for (const name of list!.split(",").map((part) => part.trim()).filter(Boolean)) {
      const isType = type !== undefined || name.startsWith("type ");
      (isType ? types : values).push(name.replace(/^type /, "").replace(/^.* as /, ""));
    }
  }
  for (const [, kind, name] of code.matchAll(DECLARATION)) {
    (kind === "interface" || kind === "type" ? types : values).push(name!);
  }
  return { values: values.sort(), types: types.sort() };
}

const DECLARATION =
  /^export\s+(?:declare\s+|abstract\s+|async\s+)*(function\*?|class|const|let|var|enum|interface|type)\s+(\w+)/gm;

describe("Exported surface", () => {
  it("Every entry point of deno.json has its list", () => {
    assertEquals(Object.keys(SURFACES), Object.keys(denoJson.exports));
  });

  for (const [entry, path] of Object.entries(denoJson.exports)) {
    it(`"${entry}" exports what is listed, values and types`, () => {
      const { values, types } = SURFACES[entry]!;
      assertEquals(surfaceOf(path), { values: values.toSorted(), types: types.toSorted() });
    });

    it(`"${entry}" loads on any runtime, with the listed values`, async () => {
      const module = await import(new URL(`../../${path}`, import.meta.url).href);
      assertEquals(Object.keys(module).sort(), SURFACES[entry]!.values.toSorted());
    });
  }
});
