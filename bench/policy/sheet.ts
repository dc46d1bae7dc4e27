/**
 * The report of the policy bench for people.
 *
 * @module
 */

import { ABLATIONS, BOUND, SUBJECT } from "./replay.ts";
import { bestRival, mean as meanOf, type Report, type Summary } from "./report.ts";
import { type Sheet, verdict } from "../runner/sheet.ts";

/** The least by which tags must cut the idle byte-time of capacity poisoning. */
const FACTOR = 5;
/** Less than this share of a ratio is no difference. */
const NOISE = 0.005;

/** A ratio for people. */
function ratio(figure: number): string {
  return figure < 10 ? figure.toFixed(2) : figure.toFixed(0);
}

function seconds(lambdaMs: string | number): string {
  return `λ ${Number(lambdaMs) / 1000} s`;
}

function judge({ summary, target, poison }: Report): string[] {
  const { mean, worst, worstAt } = summary[SUBJECT]!;
  const next = bestRival(summary);
  return [
    verdict(
      mean <= target.mean,
      `${SUBJECT}: ${
        mean.toFixed(3)
      } × clairvoyant on average, where at most ${target.mean} are allowed`,
    ),
    verdict(
      worst <= target.worst,
      `${SUBJECT}: ${worst.toFixed(3)} × clairvoyant at worst (${worstAt.trace}, ${
        seconds(worstAt.lambdaMs)
      }), where at most ${target.worst} are allowed`,
    ),
    verdict(
      target.best,
      `${SUBJECT}: cheaper on average than every other policy that can be had; the next is ${next} with ${
        summary[next]!.mean.toFixed(3)
      }`,
    ),
    verdict(
      poison.factor >= FACTOR,
      `poison: tags cut the idle byte-time ${
        ratio(poison.factor)
      } ×, where at least ${FACTOR} are asked for`,
    ),
  ];
}

/** Says of each part of the scheduler where it pays, and where it does not. */
function weigh({ traces, savings, summary }: Report): string[] {
  return Object.entries(savings).map(([part, byTrace]) => {
    const pays: string[] = [];
    const costs: string[] = [];
    const equal: string[] = [];
    for (const [trace, saving] of Object.entries(byTrace)) {
      const ratios = Object.values(traces[trace]!).map((figures) => figures[SUBJECT]!.ratio);
      const isEqual = Math.abs(saving) < NOISE * meanOf(ratios);
      const list = isEqual ? equal : saving > 0 ? pays : costs;
      list.push(isEqual ? trace : `${trace} (by ${Math.abs(saving).toFixed(2)})`);
    }
    const means = [SUBJECT, ABLATIONS.get(part)!].map((name) => summary[name]!.mean.toFixed(3));
    const clauses: readonly (readonly [string, readonly string[]])[] = [
      ["pay on", pays],
      ["cost on", costs],
      ["make no difference on", equal],
    ];
    const said = clauses.filter(([verb, names]) => verb === "pay on" || names.length > 0);
    return `${part.padEnd(5)}  ${means.join(" with, ")} without: ${
      said.map(([verb, names]) => `${verb} ${names.join(", ") || "no trace"}`).join("; ")
    }`;
  });
}

/** The report for people. */
export function sheetsOf(report: Report): Sheet[] {
  const { traces, summary, poison } = report;
  const policies = Object.keys(summary).filter((name) => name !== BOUND);
  const rows = Object.entries(traces).flatMap(([trace, lambdas]) =>
    Object.entries(lambdas).map(([lambda, figures]) => [
      `${trace}, ${seconds(lambda)}`,
      ...policies.map((policy) => ratio(figures[policy]!.ratio)),
    ])
  );
  const total = (name: string, pick: (summary: Summary) => number) => [
    name,
    ...policies.map((policy) => ratio(pick(summary[policy]!))),
  ];
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const poisonRows = Object.entries(poison.lambdas).flatMap(([lambda, figures]) => [
    [
      `idle MB·s, ${seconds(lambda)}`,
      ...policies.map((policy) => megabytes(figures.idleByteSeconds[policy]!)),
    ],
    [
      `grown MB, ${seconds(lambda)}`,
      ...policies.map((policy) => megabytes(figures.grownBytes[policy]!)),
    ],
    [
      `creations, ${seconds(lambda)}`,
      ...policies.map((policy) => figures.creations[policy]!.toFixed(0)),
    ],
  ]);
  return [
    {
      rows: [
        ["× clairvoyant", ...policies],
        ...rows,
        total("mean", ({ mean }) => mean),
        total("worst", ({ worst }) => worst),
      ],
    },
    { rows: [["capacity poisoning", ...policies], ...poisonRows] },
    { remarks: judge(report) },
    { remarks: weigh(report) },
  ];
}
