/**
 * The report of the policy bench in pictures.
 *
 * @module
 */

import type { BarChart } from "../runner/chart.ts";
import { ABLATIONS, BOUND, SUBJECT } from "./replay.ts";
import { bestRival, type Figures, mean, type Named, type Report } from "./report.ts";

/** The report in pictures. */
export function chartsOf({ summary, traces }: Report): BarChart[] {
  const ablations = [...ABLATIONS.values()];
  const policies = Object.keys(summary)
    .filter((name) => name !== BOUND && !ablations.includes(name))
    .sort((a, b) => summary[a]!.mean - summary[b]!.mean);
  const names = Object.keys(traces);
  const next = bestRival(summary);
  return [
    {
      kind: "bar",
      title: "Cost by policy",
      caption: "What a policy costs over all traces and λ, by what a clairvoyant would pay; less " +
        "is better. The axis is logarithmic: compare where bars end, not how long they are.",
      y: { label: "× clairvoyant", scale: "logarithmic" },
      categories: policies,
      series: [
        { name: "mean", figures: policies.map((name) => summary[name]!.mean) },
        { name: "worst", figures: policies.map((name) => summary[name]!.worst) },
      ],
    },
    {
      kind: "bar",
      title: "Cost by trace",
      caption:
        `Means over λ of ${SUBJECT} and of the next best, ${next}. Nothing costs less than 1.`,
      y: { label: "× clairvoyant" },
      categories: names,
      series: [SUBJECT, next].map((policy) => ({
        name: policy,
        figures: names.map((name) => meanRatio(traces[name]!, policy)),
      })),
    },
  ];
}

/** What a policy costs on a trace, over its λ. */
function meanRatio(lambdas: Named<Named<Figures>>, policy: string): number {
  return mean(Object.values(lambdas).map((figures) => figures[policy]!.ratio));
}
