/** The direction of imports: a file imports its own floor or a lower one, never in a cycle. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { importsOf, readCode, sourceFiles } from "./_source.ts";

/** The floor of each file of the package. A new file needs one. */
const FLOORS: Readonly<Record<string, number>> = {
  // F0: ports and primitives.
  "src/buffers/buddy.ts": 0,
  "src/buffers/budget.ts": 0,
  "src/shared_host.ts": 0,
  "src/buffers/size_learning.ts": 0,
  "src/buffers/size_table.ts": 0,
  "src/clock.ts": 0,
  "src/cost.ts": 0,
  "src/entropy.ts": 0,
  "src/error.ts": 0,
  "src/gcra.ts": 0,
  "src/gc.ts": 0,
  "src/guard_watch.ts": 0,
  "src/orphan.ts": 0,
  "src/histogram.ts": 0,
  "src/host.ts": 0,
  "src/leftover.ts": 0,
  "src/level_gaps.ts": 0,
  "src/poison.ts": 0,
  "src/memory_limit.ts": 0,
  "src/pressure.ts": 0,
  "src/sampling.ts": 0,
  "src/shelf.ts": 0,
  "src/sketch.ts": 0,
  "src/slot.ts": 0,
  "src/threshold.ts": 0,
  "src/trace.ts": 0,
  "src/watch.ts": 0,
  // F1: what is known of a pool.
  "src/account.ts": 1,
  "src/admission.ts": 1,
  "src/buffers/block.ts": 1,
  "src/buffers/chunk.ts": 1,
  "src/buffers/run.ts": 1,
  "src/explanation.ts": 1,
  "src/generation.ts": 1,
  "src/heat.ts": 1,
  "src/inspection.ts": 1,
  "src/scheduler.ts": 1,
  "src/snapshot.ts": 1,
  "src/stats.ts": 1,
  // F2: policies, and ways to hold.
  "src/adaptive_scheduler.ts": 2,
  "src/bypass.ts": 2,
  "src/election.ts": 2,
  "src/eviction.ts": 2,
  "src/fixed_scheduler.ts": 2,
  "src/guard.ts": 2,
  "src/lease.ts": 2,
  "src/retention.ts": 2,
  "src/stocks.ts": 2,
  "src/tag.ts": 2,
  "src/tag_table.ts": 2,
  "src/waiter.ts": 2,
  // F3: the pool.
  "src/backpressure.ts": 3,
  "src/core.ts": 3,
  "src/pool.ts": 3,
  "src/ticker.ts": 3,
  // F4: what is public, and what is made of pools.
  "mod.ts": 4,
  "src/buffers/buffer_core.ts": 4,
  "src/buffers/buffer_guard.ts": 4,
  "src/buffers/buffer_pool.ts": 4,
  "src/buffers/buffer_stats.ts": 4,
  "src/buffers/buffer_tag.ts": 4,
  "src/buffers/chunk_set.ts": 4,
  "src/buffers/memory.ts": 4,
  "src/buffers/mod.ts": 4,
  "src/buffers/size_class.ts": 4,
};

/** The adapters, which stand beside the floors and import F0 only. */
const ADAPTER = "src/adapter/";
/** The one file that may import all adapters, and the pool's way to them. */
const DETECT = "src/adapter/detect.ts";
/** What serves the example of the edge on one runtime, and may use what is that runtime's own. */
const EDGE_MAINS = ["edge/bun.ts", "edge/main.ts", "edge/worker.ts"];

/** What runs in a browser and is published as a text only, made of it by `deno task dashboard`. */
const CLIENT = "edge/dashboard/client/";

const FILES = ["mod.ts", ...["src", "edge", "metrics", "doctor", "testing"].flatMap(sourceFiles)];
const CORE = FILES.filter((path) => path === "mod.ts" || /^src\/(?!adapter\/)/.test(path));

/** Whether an adapter's file is one of its own helpers. */
function isPrivate(path: string): boolean {
  return path.startsWith(`${ADAPTER}_`);
}

/** The imports of a file that satisfy no rule of its place. */
function wrongImports(path: string): string[] {
  const imports = importsOf(path);
  if (path.startsWith(CLIENT)) {
    // Of the service it knows the types only.
    const others = ["mod.ts", "edge/dashboard/reading.ts", "uplot"];
    return imports.filter((target) => !target.startsWith(CLIENT) && !others.includes(target));
  }
  if (path.startsWith("edge/")) {
    return imports.filter((target) => {
      const isMain = EDGE_MAINS.includes(path) || path === "edge/debug/inspector.ts";
      if (target.startsWith("node:")) return !isMain;
      const isPublic = ["mod.ts", "metrics/prometheus.ts", "src/buffers/mod.ts"].includes(target);
      const isOwn = target.startsWith("edge/") && !target.startsWith(CLIENT);
      return !isPublic && !isOwn && !/^hono(\/|$)/.test(target);
    });
  }
  if (path.startsWith("metrics/")) {
    return imports.filter((target) =>
      target !== "mod.ts" && target !== "@opentelemetry/api" && target !== "src/histogram.ts" &&
      !target.startsWith("metrics/")
    );
  }
  if (path.startsWith("doctor/")) {
    // A program, so it may use what all runtimes have of node:; its verdict is the pool's policy.
    const others = ["mod.ts", "src/bypass.ts", "src/leftover.ts"];
    return imports.filter((target) =>
      !others.includes(target) && !target.startsWith("doctor/") && !target.startsWith("node:")
    );
  }
  if (path.startsWith("testing/")) {
    return imports.filter((target) =>
      target !== "mod.ts" && !target.startsWith("testing/") && FLOORS[target] !== 0
    );
  }
  if (path.startsWith(ADAPTER)) {
    return imports.filter((target) => {
      if (path === DETECT && target.startsWith(ADAPTER)) return false;
      return !isPrivate(target) && FLOORS[target] !== 0;
    });
  }
  return imports.filter((target) => {
    if (target === DETECT) return FLOORS[path]! < 3;
    return !(FLOORS[target]! <= FLOORS[path]!);
  });
}

/** A cycle of imports through a file, or `undefined`. */
function cycleThrough(
  path: string,
  trail: readonly string[],
  done: Set<string>,
): string[] | undefined {
  const start = trail.indexOf(path);
  if (start >= 0) return [...trail.slice(start), path];
  if (done.has(path) || !FILES.includes(path)) return undefined;
  for (const target of importsOf(path)) {
    const cycle = cycleThrough(target, [...trail, path], done);
    if (cycle !== undefined) return cycle;
  }
  done.add(path);
  return undefined;
}

describe("Imports", () => {
  it("Imports are found in every form", () => {
    assert(importsOf("src/pool.ts").includes("src/core.ts"));
    assert(importsOf("src/pool.ts").includes("src/lease.ts"), "import type");
    assert(importsOf("mod.ts").includes("src/scheduler.ts"), "export type over several lines");
    assert(importsOf("edge/gateway.ts").includes("hono/body-limit"), "bare");
    assertEquals(importsOf("src/error.ts"), [], "none from examples in comments");
  });

  it("Every file of the core stands on a floor, and every floor exists", () => {
    assertEquals(Object.keys(FLOORS).sort(), [...CORE].sort());
  });

  for (const path of FILES) {
    it(`${path} imports only what its place allows`, () => {
      assertEquals(wrongImports(path), []);
    });
  }

  it("No file imports itself, directly or through others", () => {
    const done = new Set<string>();
    for (const path of FILES) assertEquals(cycleThrough(path, [], done), undefined);
  });

  it("Nothing that is published imports tests or benchmarks", () => {
    const strays = FILES.flatMap(importsOf).filter((target) => /^(test|bench)\//.test(target));
    assertEquals(strays, []);
  });

  it("The core names no global of one runtime", () => {
    const named = CORE.filter((path) =>
      /\b(?:Deno|Bun|process|navigator|globalThis)\b[.?[]/.test(readCode(path))
    );
    assertEquals(named, []);
  });

  it("The core arms no timer and reads no clock of its own", () => {
    const named = CORE.filter((path) =>
      /\b(?:setTimeout|setInterval|queueMicrotask|Date\.now|performance\.now)\b/
        .test(readCode(path))
    );
    assertEquals(named, []);
  });

  it("The core draws nothing at random but the numbers of its tags", () => {
    const named = CORE.filter((path) => /\bMath\.random\b/.test(readCode(path)));
    assertEquals(named, ["src/tag_table.ts"]);
  });
});
