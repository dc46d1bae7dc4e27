import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { attribution } from "../bench/attribution.ts";
import { type MeterName, METERS, type Told } from "../bench/attribution/metered.ts";
import { Driver } from "../bench/gateway/drive.ts";
import { SUBJECTS } from "../bench/gateway/subject.ts";
import type { Bench } from "../bench/runner/bench.ts";
import { DifferentWork, needRepeated } from "../bench/runner/checksum.ts";

/** Serves two virtual seconds, and drains what is in flight. */
async function serve(name: MeterName) {
  const told: Told = { samples: 0, messages: 0, bytes: 0 };
  const subject = METERS[name](SUBJECTS.siliconflow("deno"), told);
  const load = { arrivals: (ms: number) => ms < 1900 ? 1 : 0, holdMs: () => 20 };
  const outcome = await new Driver({ subject, load, isWasteful: false }).serve(2000);
  const stats = subject.stats!();
  subject.close();
  return { outcome, stats, told };
}

/** What one process of a variant measured. */
function sample(checksum: number, samples: number) {
  const figures = {
    minorPerS: 1,
    majorPerS: 0,
    stwMsPerS: 2,
    allocMBps: 12,
    cpuUsPerReq: 3,
    checksum,
  };
  const told = { samples, messages: 1, bytes: 10 * samples };
  return [{ figures, told, requests: 24_000 }];
}

/** What a process served; only the checksum counts. */
function rawWith(checksum: number | undefined) {
  return { served: { checksum }, told: { samples: 0, messages: 0, bytes: 0 } };
}

function reportOf(checksums: readonly number[]) {
  const samples = attribution.variants.map((variant, i) =>
    [variant, sample(checksums[i]!, variant === "naive" ? 1000 : 100)] as const
  );
  return attribution.report(new Map(samples) as never, "deno");
}

describe("attribution bench", () => {
  it("All ways serve the same, and the naive one tells each event once", async () => {
    const none = await serve("none");
    const ours = await serve("ours");
    const naive = await serve("naive");
    assertEquals([ours.outcome.checksum, naive.outcome.checksum], [
      none.outcome.checksum,
      none.outcome.checksum,
    ]);
    assertEquals(none.told, { samples: 0, messages: 0, bytes: 0 });
    assertEquals(ours.told.messages, 3);
    assert(ours.told.samples > 100 && ours.told.bytes > ours.told.samples, `${ours.told.samples}`);
    const { acquires, leased } = naive.stats;
    assertEquals([acquires, leased], [1900, 0]);
    assertEquals(naive.told.samples, 2 * acquires);
    assertEquals(naive.told.messages, 2 * acquires);
    const batched = await serve("batched");
    assertEquals(batched.outcome.checksum, none.outcome.checksum);
    assertEquals([batched.told.messages, batched.told.samples], [3, 2 * acquires]);
  });

  it("report() tells what is saved by what was counted", () => {
    const { rows, saved } = reportOf([7, 7, 7, 7]) as {
      rows: Record<string, { allocBytesPerReq: number }>;
      saved: { samples: number; bytes: number };
    };
    assertEquals(saved, { samples: 0.9, bytes: 0.9 });
    assertEquals(rows["none"]!.allocBytesPerReq, 1000);
  });

  it("report() refuses variants that did not serve the same", () => {
    assertThrows(() => reportOf([7, 7, 7, 8]), Error, "with the checksum 7: received 8 of batched");
  });

  it("needRepeated() holds the process that counts to what the first one served", () => {
    const bench = attribution as Bench;
    needRepeated("Cannot measure none", rawWith(7), rawWith(7), bench);
    assertThrows(
      () => needRepeated("Cannot measure none", rawWith(7), rawWith(8), bench),
      DifferentWork,
      "Cannot measure none: the process that counts must do the same work, with the checksum 7: " +
        "received 8",
    );
  });

  it("needRepeated() takes two checksums that are missing for no proof", () => {
    for (const [bench, raw] of [[attribution as Bench, rawWith(undefined)], [{}, {}]] as const) {
      assertThrows(
        () => needRepeated("Cannot measure none", raw, raw, bench),
        DifferentWork,
        "Cannot measure none: what asks for allocation must tell a checksum: received undefined",
      );
    }
  });
});
