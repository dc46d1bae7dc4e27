import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { barConfig, heightOf } from "../bench/report/bar_config.ts";
import { lineConfig } from "../bench/report/line_config.ts";
import { PALETTES } from "../bench/report/palette.ts";
import type { Axis, BarChart, Line } from "../bench/runner/chart.ts";

const PALETTE = PALETTES.light;

function bars(categories: readonly string[]): BarChart {
  const figures = categories.map((_, i) => i === 0 ? null : i);
  return {
    kind: "bar",
    title: "bars",
    caption: "",
    y: { label: "ns" },
    categories,
    series: [{ name: "a", figures }],
  };
}

function lines(points: Line["points"], y: Partial<Axis> = {}, x: Partial<Axis> = {}) {
  const { data } = lineConfig({
    kind: "line",
    title: "lines",
    caption: "",
    x: { label: "s", ...x },
    y: { label: "MB", ...y },
    lines: [{ name: "a", points }, { name: "b", points: [] }],
  }, PALETTE);
  return data.datasets;
}

describe("barConfig()", () => {
  it("barConfig() leaves bars upright whose names are short", () => {
    const { data, options } = barConfig(bars(["GET", "POST"]), PALETTE);
    assertEquals(options!.indexAxis, "x");
    assertEquals(data.labels, [["GET"], ["POST"]]);
    assertEquals(heightOf(bars(["GET", "POST"])), undefined);
  });

  it("barConfig() lays bars down whose names are long, and breaks these between words", () => {
    const { data, options } = barConfig(bars(["a tag with a long name", "b"]), PALETTE);
    assertEquals(options!.indexAxis, "y");
    assertEquals(data.labels, [["a tag with a", "long name"], ["b"]]);
  });

  it("barConfig() breaks words that are longer than a line, and keeps every letter", () => {
    const name = "x".repeat(40);
    const [label] = barConfig(bars([name]), PALETTE).data.labels as string[][];
    assertEquals(label!.map((line) => line.length), [16, 16, 8]);
    assertEquals(label!.join(""), name);
  });

  it("barConfig() keeps what is missing missing", () => {
    assertEquals(barConfig(bars(["GET", "POST"]), PALETTE).data.datasets[0]!.data, [null, 1]);
  });

  it("barConfig() puts zeros on a logarithmic axis below all else, and none where there is none", () => {
    const chart = (figures: readonly (number | null)[]): BarChart => ({
      ...bars(["GET", "POST", "both"]),
      y: { label: "ns", scale: "logarithmic" },
      series: [{ name: "a", figures }],
    });
    const read = (figures: readonly (number | null)[]) => {
      const { data, options } = barConfig(chart(figures), PALETTE);
      return [data.datasets[0]!.data, options!.scales!["y"]!.min];
    };
    assertEquals(read([0, 3, null]), [[1, 3, null], 1]);
    assertEquals(read([0, 100, 2000]), [[10, 100, 2000], 10]);
    assertEquals(read([0, 0, null]), [[0.1, 0.1, null], 0.1]);
    assertEquals(read([2, 3, null]), [[2, 3, null], undefined]);
  });

  it("barConfig() gives a zero some length, and tells it as one", () => {
    const { data, options } = barConfig({
      ...bars(["GET", "POST"]),
      y: { label: "ns", scale: "logarithmic" },
      series: [{ name: "a", figures: [0, 3] }],
    }, PALETTE);
    assert(Number(data.datasets[0]!.minBarLength) > 0);
    const { label } = options!.plugins!.tooltip!.callbacks!;
    const tell = (dataIndex: number) =>
      label!.call({} as never, { datasetIndex: 0, dataIndex } as never);
    assertEquals([tell(0), tell(1)], ["a: 0", undefined]);
  });

  it("heightOf() grows with the bars and with the lines of their names", () => {
    const few = heightOf(bars(["long enough", "b"]))!;
    assert(heightOf(bars(["long enough", "b", "c"]))! > few);
    assert(heightOf(bars(["long enough for several lines", "b"]))! > few);
  });
});

describe("lineConfig()", () => {
  it("lineConfig() makes gaps of what is missing", () => {
    assertEquals(lines([[0, 1], [1, null], [2, 0]])[0]!.data, [
      { x: 0, y: 1 },
      { x: 1, y: NaN },
      { x: 2, y: 0 },
    ]);
  });

  it("lineConfig() makes gaps of what a logarithmic axis cannot show", () => {
    const points: Line["points"] = [[0, 1], [1, 0], [2, 3]];
    assertEquals(lines(points, { scale: "logarithmic" })[0]!.data, [
      { x: 0, y: 1 },
      { x: 1, y: NaN },
      { x: 2, y: 3 },
    ]);
    assertEquals(lines(points, {}, { scale: "logarithmic" })[0]!.data, [
      { x: 1, y: 0 },
      { x: 2, y: 3 },
    ]);
  });

  it("lineConfig() tells lines apart by colour, dash and shape", () => {
    const [a, b] = lines([[0, 1]]);
    for (const key of ["borderColor", "borderDash", "pointStyle"] as const) {
      assert(String(a![key]) !== String(b![key]), key);
    }
  });
});
