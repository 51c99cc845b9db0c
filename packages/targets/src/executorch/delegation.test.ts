import { readPte } from "@millrace/formats/pte";
import { fromNumbers, type Graph, parseGraph, type Tensor } from "@millrace/ir";
import { compileGraph, decodeProgram, embedPrograms, machines, simulate } from "@millrace/npu";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { numberStream } from "../tflite/graphs.testing.ts";
import { npuBackend } from "./delegation.ts";
import { exportPte } from "./export-pte.ts";

const next = numberStream(7);
const integers = (count: number, most: number) => Array.from({ length: count }, () => Math.round(next() * most));
const channels = Array.from({ length: 8 }, (_, index) => 0.01 + index / 1000);

/** A channel-first image, two convolutions that are added, and shares of channels, by the processor. */
const network = parseGraph(
  `graph g
  input x: i8[1,3,12,10]<scale=[0.02], zeroPoint=[3]>
  image: i8[1,12,10,3]<scale=[0.02], zeroPoint=[3]> = transpose(x) {permutation=[0,2,3,1]}
  constant w: i8[8,3,3,3]<scale=[${channels}], zeroPoint=[0,0,0,0,0,0,0,0], axis=0> = [${integers(216, 127)}]
  constant b: i32[8]<scale=[${channels.map((scale) => scale * 0.02)}], zeroPoint=[0,0,0,0,0,0,0,0], axis=0> = [${integers(8, 900)}]
  a: i8[1,12,10,8]<scale=[0.05], zeroPoint=[-128]> = conv2d(image, w, b) {stride=[1,1], dilation=[1,1], padding=[1,1,1,1], groups=1, layout=last, activation=relu}
  constant v: i8[8,3,3,1]<scale=[${channels}], zeroPoint=[0,0,0,0,0,0,0,0], axis=0> = [${integers(72, 127)}]
  constant c: i32[8]<scale=[${channels.map((scale) => scale * 0.05)}], zeroPoint=[0,0,0,0,0,0,0,0], axis=0> = [${integers(8, 900)}]
  d: i8[1,12,10,8]<scale=[0.07], zeroPoint=[1]> = conv2d(a, v, c) {stride=[1,1], dilation=[1,1], padding=[1,1,1,1], groups=8, layout=last, activation=none}
  sum: i8[1,12,10,8]<scale=[0.09], zeroPoint=[-4]> = add(a, d) {activation=none}
  shares: i8[1,12,10,8]<scale=[0.00390625], zeroPoint=[-128]> = softmax(sum) {axis=3, beta=1}
  output shares`,
  operators,
);
const x = fromNumbers("i8", [1, 3, 12, 10], integers(360, 127));

async function referenceOf(graph: Graph, name: string): Promise<Tensor> {
  const value = [...graph.nodes()].flatMap(({ outputs }) => outputs).find((output) => output.name === name)!;
  const prepared = await referenceEngine().prepare(graph, [value]);
  return (await prepared.run(new Map([["x", x]]))).get(name)!;
}

describe("programs of an array in an ExecuTorch program", () => {
  const compiled = embedPrograms(network, compileGraph(network, machines.imxrt700));
  const [method] = readPte(exportPte(compiled).bytes).methods;

  it("take and give integers as they are stored, transposed by the array itself", () => {
    const calls = method.chains[0].instructions.map((instruction) =>
      instruction.kind === "KernelCall" ? method.operators[instruction.opIndex].name : instruction.kind,
    );
    expect(calls).toEqual([
      "DelegateCall",
      "quantized_decomposed::dequantize_per_tensor",
      "aten::_softmax",
      "quantized_decomposed::quantize_per_tensor",
    ]);
    expect(method.delegates.map(({ id }) => id)).toEqual([npuBackend.id]);
    const [delegation] = method.chains[0].instructions;
    const sizes = (delegation.kind === "DelegateCall" ? delegation.args : []).map((index) => {
      const value = method.values[index];
      return value.kind === "Tensor" ? [value.scalarType, value.sizes] : value.kind;
    });
    expect(sizes).toEqual([
      ["CHAR", [1, 3, 12, 10]],
      ["CHAR", [1, 12, 10, 8]],
    ]);
  });

  it("compute the integers of TensorFlow Lite's reference kernels", async () => {
    const program = decodeProgram(method.delegates[0].processed);
    const { outputs } = simulate(program, machines.imxrt700, [new Uint8Array(x.data.buffer as ArrayBuffer)]);
    const expected = await referenceOf(network, "sum");
    expect(new Set(expected.data as Int8Array).size).toBeGreaterThan(100);
    expect(new Int8Array(outputs[0].buffer as ArrayBuffer, outputs[0].byteOffset, outputs[0].length)).toEqual(
      expected.data,
    );
  });
});
