import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OnnxValueInfo, writeOnnx } from "@millrace/formats/onnx";
import { npyOf, readNpy } from "@millrace/toolkit";
import { beforeAll, expect, it } from "vitest";
import { codesOf, inProcess, temporaryFolder } from "./testing.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

function info(name: string, elementType: number, ...sizes: number[]): OnnxValueInfo {
  return { name, type: { tensor: { elementType, shape: { dims: sizes.map((value) => ({ value })) } } } };
}

/** The k greatest elements of x; the model does not state how many those are. */
beforeAll(() => {
  const greatest = { name: "greatest", opType: "TopK", domain: "", inputs: ["x", "k"], outputs: ["y", ""] };
  const graph = {
    name: "test",
    nodes: [{ ...greatest, attributes: [] }],
    inputs: [info("k", 7, 1), info("x", 1, 4)],
    outputs: [{ name: "y" }],
    initializers: [],
    sparseInitializers: [],
    valueInfos: [],
  };
  const opsetImports = [{ domain: "", version: 17 }];
  writeFileSync(at("model.onnx"), writeOnnx({ irVersion: 8, opsetImports, functions: [], graph }));
  writeFileSync(at("k.npy"), npyOf({ dtype: "i64", shape: [1], data: BigInt64Array.of(2n) }));
  writeFileSync(at("x.npy"), npyOf({ dtype: "f64", shape: [4], data: Float64Array.of(3, 1, 4, 2) }));
});

it("run takes an input whose contents are needed as it is given, and other inputs by their places in the model", async () => {
  const inputs = ["--input", `0=${at("k.npy")}`, "--input", `1=${at("x.npy")}`];
  const { exitCode } = await inProcess(["run", at("model.onnx"), ...inputs, "-o", at("y.npy")]);
  expect(exitCode).toBe(0);
  expect(Array.from(readNpy(readFileSync(at("y.npy"))).data as Float32Array)).toEqual([4, 3]);
});

it("convert makes such an input a constant if its value is given, and refuses the model without", async () => {
  const words = ["convert", at("model.onnx"), "-o", at("model.tflite"), "--json"];
  const refused = await inProcess(words);
  expect([refused.exitCode, codesOf(refused)]).toEqual([2, ["onnx.not-constant"]]);
  const converted = await inProcess([...words, "--input-value", `k=${at("k.npy")}`]);
  expect([converted.exitCode, codesOf(converted)]).toEqual([0, ["onnx.fixed-input"]]);
});
