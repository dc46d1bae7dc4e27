/**
 * What a bench found out on a runtime, and under which circumstances.
 *
 * @module
 */

import { cpus } from "node:os";
import { join } from "node:path";
import type { Bench, Round, RoundBench, RuntimeName, TraceFile } from "./bench.ts";
import type { Chart } from "./chart.ts";
import { Progress } from "./progress.ts";
import { ROOT } from "./root.ts";
import { measureApart, type Task } from "./runtime.ts";
import { type Sheet, textOf } from "./sheet.ts";

/** Odd, so that a median is a figure that was measured. */
const ROUNDS = 5;
const QUICK_ROUNDS = 1;

/** Where and how figures came about. */
export interface Circumstances {
  readonly bench: string;
  readonly runtime: RuntimeName;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
  /** How figures were drawn from the rounds. */
  readonly drawn: string;
  readonly quick: boolean;
  readonly variants: readonly string[];
  readonly trace?: TraceFile;
}

/** Figures, and all that is needed to show them. It travels as JSON. */
export interface Finding {
  readonly circumstances: Circumstances;
  readonly question: string;
  readonly rival: string;
  /** What the bench itself reports. */
  readonly document: object;
  readonly sheets: readonly Sheet[];
  readonly charts: readonly Chart[];
}

/** What to find out. */
export interface Inquiry {
  /** The bench's name. */
  readonly name: string;
  readonly bench: Bench | RoundBench;
  readonly runtime: RuntimeName;
  readonly quick: boolean;
  readonly trace: TraceFile | undefined;
}

/**
 * Measures all variants of a bench, round by round: a fresh process per variant, so that none
 * inherits what the engine learnt of another; the order reversed every round, so that a machine that
 * grows hot or busy favours none.
 */
export async function findOut(inquiry: Inquiry): Promise<Finding> {
  const { name, bench, runtime, quick, trace } = inquiry;
  if (!bench.runtimes.includes(runtime)) {
    throw new TypeError(
      `Cannot run bench: ${name} must run on one of ${
        bench.runtimes.join(", ")
      }: received ${runtime}`,
    );
  }
  const rounds = quick ? QUICK_ROUNDS : bench.rounds ?? ROUNDS;
  const variants = chooseVariants(inquiry);
  const { samples, versions } = await measureAll(inquiry, variants, rounds);
  const document = bench.report(samples, runtime);
  return {
    circumstances: {
      bench: name,
      runtime,
      versions: { ...versions, ...await packageVersions(runtime, bench.packages) },
      machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`,
      date: new Date().toISOString().slice(0, 10),
      rounds,
      drawn: bench.drawn ?? "median (min–max)",
      quick,
      variants,
      ...(trace === undefined ? {} : { trace }),
    },
    question: bench.question,
    rival: bench.rival,
    document,
    sheets: bench.sheets(document),
    charts: bench.charts?.(document) ?? [],
  };
}

/** The variants of a run, in the order of its first round. */
function chooseVariants({ name, bench, trace }: Inquiry): readonly string[] {
  const { variants } = bench;
  if (trace === undefined) return variants;
  const traceVariant = "traceVariant" in bench ? bench.traceVariant : undefined;
  if (traceVariant === undefined) {
    const rule = "a trace must come with a bench that replays one";
    throw new TypeError(`Cannot run bench: ${rule}: received ${JSON.stringify(name)}`);
  }
  return [traceVariant, ...variants];
}

async function measureAll(inquiry: Inquiry, variants: readonly string[], rounds: number) {
  const { name, bench, runtime } = inquiry;
  const samples = new Map<string, unknown[]>(variants.map((variant) => [variant, []]));
  let versions: Readonly<Record<string, string>> = {};
  const isRoundBench = "measureRound" in bench;
  const progress = new Progress(isRoundBench ? rounds : rounds * variants.length);
  try {
    for (let i = 0; i < rounds; i++) {
      const order = i % 2 === 0 ? variants : variants.toReversed();
      const where = `${name} on ${runtime}, round ${i + 1} of ${rounds}`;
      if (isRoundBench) progress.next(where);
      const round = isRoundBench
        ? await bench.measureRound(order, i, inquiry, (what) => progress.now(`${where}: ${what}`))
        : await measureEach({ ...inquiry, bench }, order, (variant) => {
          progress.next(`${where}: ${variant}`);
        });
      for (const [variant, sample] of round.samples) samples.get(variant)!.push(sample);
      versions = round.versions;
    }
  } finally {
    progress.end();
  }
  return { samples, versions };
}

/** Measures variants one after another. */
async function measureEach(
  task: Omit<Task, "variant">,
  order: readonly string[],
  tell: (variant: string) => void,
): Promise<Round> {
  const samples = new Map<string, unknown>();
  let versions: Readonly<Record<string, string>> = {};
  for (const variant of order) {
    tell(variant);
    const result = await measureApart({ ...task, variant });
    samples.set(variant, result.sample);
    versions = result.versions;
  }
  return { samples, versions };
}

async function packageVersions(
  runtime: RuntimeName,
  names: readonly string[],
): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  // A worker does not know its version.
  for (const name of runtime === "workerd" ? [runtime, ...names] : names) {
    const manifest = await Deno.readTextFile(join(ROOT, "node_modules", name, "package.json"));
    versions[name] = JSON.parse(manifest).version;
  }
  return versions;
}

/** Writes a finding in plain text. */
export function describe({ circumstances, question, rival, sheets }: Finding): string {
  const { runtime, versions, machine, date, rounds, drawn, variants, trace } = circumstances;
  const file = trace === undefined ? "" : `file      ${trace.path}, ${trace.speed} × as fast\n`;
  const isRepeated = rounds > 1;
  return `question  ${question}
rival     ${rival}
runtime   ${runtime}: ${Object.entries(versions).map((pair) => pair.join(" ")).join(", ")}
machine   ${machine}, ${date}
${file}order     ${variants.join(", ")}${isRepeated ? "; reversed every round" : ""}
method    a fresh process per variant${isRepeated ? ` and round, ${rounds} rounds; ${drawn}` : ""}

${textOf(sheets)}`;
}

/** A finding as one JSON document. */
export function toDocument({ circumstances, document }: Finding): object {
  return { ...circumstances, ...document };
}
