import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, namesIn, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const compiling = (output: string, ...words: string[]) =>
  inProcess([
    ...["compile", digits("digits.onnx"), "--target", "imxrt700", "--to", "pte", "--data", at("data")],
    ...["--samples", "4", "-o", at(output), "--json", ...words],
  ]);

async function reportOf(output: string, ...words: string[]): Promise<Report> {
  const outcome = await compiling(output, ...words);
  expect(outcome).toMatchObject({ exitCode: 0 });
  return JSON.parse(outcome.stdout) as Report;
}

beforeAll(() => {
  mkdirSync(at("data"));
  writeFileSync(at("data/input.npy"), readFileSync(digits("golden_in.npy")));
});

describe("millrace compile --to pte", () => {
  it("writes an ExecuTorch program whose delegates are the array's, and converts reals only where they were asked for", async () => {
    const conversions = (report: Report) =>
      Object.entries(report.graph.operators).flatMap(([name, count]) => (name.startsWith("quantized") ? [count] : []));
    const integers = await reportOf("int8", "--io", "int8");
    expect(conversions(integers)).toEqual([1, 1]);
    expect(integers.graph.operators).toMatchObject({ MillraceNpu: 1, "aten::_softmax.out": 1 });
    const reals = await reportOf("fp32", "--io", "float32");
    expect(conversions(reals)).toEqual([2, 2]);
    expect(reals.artifacts.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["digits_imxrt700.pte", "digits_int8.pte", "digits_float.pte"]),
    );
    expect(namesIn(at("fp32"))).toEqual(expect.arrayContaining(["report.json", "digits_imxrt700.pte"]));
    expect(reals.latency!.ms).toBeGreaterThan(integers.latency!.ms);
    expect(reals.accuracy!.samples).toBeGreaterThan(0);
  });

  it("leaves layers to the processor by name", async () => {
    const { delegation, graph } = await reportOf("kept", "--keep-on-cpu", "linear,node_Conv_133");
    expect(delegation!.reasons.map(({ node }) => node)).toEqual(
      expect.arrayContaining(["node_linear", "node_Conv_133"]),
    );
    expect(graph.operators).toMatchObject({ "aten::convolution.out": 1, "aten::addmm.out": 1 });
  });

  it.each([
    ["a name that no layer has", ["--keep-on-cpu", "nothing"], "npu.unknown-layer"],
    ["an empty name", ["--keep-on-cpu", "linear,"], "usage.invalid-argument"],
    ["a format that it can't write", ["--to", "so"], "usage.invalid-argument"],
    ["a compiler that takes another format", ["--external", "vela"], "external.no-tflite"],
  ])("refuses %s", async (_, words, code) => {
    const outcome = await compiling("refused", ...words);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toEqual([code]);
  });
});
