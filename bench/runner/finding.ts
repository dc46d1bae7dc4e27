/**
 * What a bench found out on a runtime, and under which circumstances.
 *
 * @module
 */

import { cpus } from "node:os";
import { join } from "node:path";
import type { Bench, Round, RoundBench, RuntimeName, TraceFile } from "./bench.ts";
import type { Chart } from "./chart.ts";
import { DifferentWork } from "./checksum.ts";
import { messageOf } from "./fault.ts";
import { Interruption } from "./interrupt.ts";
import { methodOf, repeatsOf } from "./method.ts";
import { Progress } from "./progress.ts";
import { ROOT } from "./root.ts";
import { measureApart, type Task } from "./runtime.ts";
import { type Sheet, textOf } from "./sheet.ts";
import type { Result } from "./variant.ts";

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
  /** Whether the bench drives all variants side by side, in turns that it draws itself. @default {false} */
  readonly isInTurns?: boolean;
  /** Why processes were measured once more, a line for each. @default {[]} */
  readonly repeats?: readonly string[];
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

/** Measures a variant in a process of its own. */
export type Measure = (task: Task) => Promise<Result>;

/**
 * Measures all variants of a bench, round by round: a fresh process per variant, so that none
 * inherits what the engine learnt of another; the order reversed every round, so that a machine that
 * grows hot or busy favours none.
 */
export async function findOut(
  inquiry: Inquiry,
  measure: Measure = measureApart,
): Promise<Finding> {
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
  const repeats: string[] = [];
  const tell = (message: string) => void repeats.push(message);
  const { samples, versions } = await measureAll(inquiry, variants, rounds, measure, tell);
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
      ...("measureRound" in bench ? { isInTurns: true } : {}),
      ...(repeats.length === 0 ? {} : { repeats }),
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

/**
 * Measures what failed a second time: one late fault would lose all that was measured before. What is
 * given tells why it is measured once more.
 */
async function onceMore<M>(
  measure: () => Promise<M>,
  tell: (message: string) => void,
): Promise<M> {
  try {
    return await measure();
  } catch (error) {
    // The user wants an end, and the same work would differ again.
    if (error instanceof Interruption || error instanceof DifferentWork) throw error;
    tell(messageOf(error));
    return await measure();
  }
}

async function measureAll(
  inquiry: Inquiry,
  variants: readonly string[],
  rounds: number,
  measure: Measure,
  tellRepeat: (message: string) => void,
) {
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
      const tell = (what: string) => progress.now(`${where}: ${what}`);
      const round = isRoundBench
        ? await onceMore(() => bench.measureRound(order, i, inquiry, tell), tellRepeat)
        : await measureEach(order, (variant) => {
          progress.next(`${where}: ${variant}`);
          return onceMore(() => measure({ ...inquiry, bench, variant }), tellRepeat);
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
  order: readonly string[],
  measure: (variant: string) => Promise<Result>,
): Promise<Round> {
  const samples = new Map<string, unknown>();
  let versions: Readonly<Record<string, string>> = {};
  for (const variant of order) {
    const result = await measure(variant);
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
  const { runtime, versions, machine, date, trace } = circumstances;
  const file = trace === undefined ? "" : `file      ${trace.path}, ${trace.speed} × as fast\n`;
  const { order, method } = methodOf(circumstances);
  const repeats = repeatsOf(circumstances).map((line) => `\nrepeat    ${line}`).join("");
  return `question  ${question}
rival     ${rival}
runtime   ${runtime}: ${Object.entries(versions).map((pair) => pair.join(" ")).join(", ")}
machine   ${machine}, ${date}
${file}order     ${order}
method    ${method}${repeats}

${textOf(sheets)}`;
}

/** A finding as one JSON document. */
export function toDocument({ circumstances, document }: Finding): object {
  return { ...circumstances, ...document };
}
