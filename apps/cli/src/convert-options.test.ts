import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { elementCount, fromNumbers, Graph } from "@millrace/ir";
import { neg } from "@millrace/ops";
import { exportOnnx } from "@millrace/targets/onnx";
import { load, npyOf, type Report, readNpy } from "@millrace/toolkit";
import { beforeAll, describe, expect, it } from "vitest";
import { codesOf, digits, inProcess, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const bytesOf = (name: string) => new Uint8Array(readFileSync(at(name)));
const integers = digits("digits_int8_tf.tflite");

describe("millrace convert --memory", () => {
  const converting = (output: string, bytes: string) =>
    inProcess(["convert", integers, "-o", at(output), "--memory", bytes, "--json"]);
  const reportOf = async (output: string, bytes: string) =>
    JSON.parse((await converting(output, bytes)).stdout) as Report;

  it("computes layers in stripes until activations fit, and the file gives the same results", async () => {
    const whole = await reportOf("whole.tflite", "1000000");
    expect(whole.diagnostics).toEqual([]);
    const { memory, diagnostics } = await reportOf("smaller.tflite", "20000");
    expect(memory!.arenaBytes).toBeLessThanOrEqual(20_000);
    expect(memory).toMatchObject({ formerPeakBytes: whole.memory!.arenaBytes, weightBytes: whole.memory!.weightBytes });
    expect(diagnostics!.map(({ code }) => code)).toContain("memory.patches");
    const { dtype, shape } = load({ name: "whole.tflite", bytes: bytesOf("whole.tflite") }).graph.inputs[0].type;
    const pixels = Array.from({ length: elementCount(shape as number[]) }, (_, index) => ((index * 37) % 255) - 127);
    writeFileSync(at("x.npy"), npyOf(fromNumbers(dtype, shape as number[], pixels)));
    const resultOf = async (name: string) => {
      const words = ["run", at(`${name}.tflite`), "--input", `0=${at("x.npy")}`, "-o", at(`${name}.npy`)];
      expect(await inProcess(words)).toMatchObject({ exitCode: 0 });
      return readNpy(bytesOf(`${name}.npy`));
    };
    expect(await resultOf("smaller")).toEqual(await resultOf("whole"));
  });

  it("warns where that is not enough", async () => {
    const { memory, diagnostics } = await reportOf("least.tflite", "100");
    expect(memory!.arenaBytes).toBeGreaterThan(100);
    expect(diagnostics!.find(({ code }) => code === "memory.not-met")).toMatchObject({ severity: "warning" });
  });

  it.each([
    ["other formats", "other.pte", "20000", "convert.memory"],
    ["what is no number of bytes", "other.tflite", "20k", "usage.invalid-argument"],
  ])("refuses %s", async (_, output, bytes, code) => {
    const outcome = await converting(output, bytes);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toEqual([code]);
  });
});

describe("millrace convert --bound", () => {
  beforeAll(() => {
    const graph = new Graph("model");
    const x = graph.addInput("x", { dtype: "f32", shape: ["N", 3] });
    graph.setOutputs(graph.addNode({ op: neg, inputs: [x], attributes: {}, name: "y" }).outputs);
    writeFileSync(at("open.onnx"), exportOnnx(graph).bytes);
  });
  const converting = (...words: string[]) => inProcess(["convert", at("open.onnx"), ...words, "--json"]);

  it("leaves a batch open in an ExecuTorch program, which inspect tells", async () => {
    const outcome = await converting("-o", at("open.pte"), "--bound", "N=2..8");
    expect(codesOf(outcome)).toEqual(["convert.largest-size"]);
    const { stdout } = await inProcess(["inspect", at("open.pte"), "--json"]);
    expect(JSON.parse(stdout).inputs).toMatchObject([{ shape: ["N", 3], bounds: { N: { minimum: 2, maximum: 8 } } }]);
    expect((await inProcess(["inspect", at("open.pte")])).stdout).toMatch(/\[N, 3\] +N from 2 to 8/);
  });

  it.each([
    ["a size that no input has", ["-o", at("a.pte"), "--bound", "M=8"], "convert.unknown-dimension"],
    ["other formats", ["-o", at("a.tflite"), "--bound", "N=8"], "convert.bounds"],
    ["bounds in the wrong order", ["-o", at("a.pte"), "--bound", "N=8..2"], "usage.invalid-argument"],
    ["what are no bounds", ["-o", at("a.pte"), "--bound", "N=1..2..3"], "usage.invalid-argument"],
  ])("refuses %s", async (_, words, code) => {
    const outcome = await converting(...words);
    expect(outcome.exitCode).toBe(2);
    expect(codesOf(outcome)).toEqual([code]);
  });
});
