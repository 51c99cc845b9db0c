import { readPte } from "@millrace/formats/pte";
import { importExecutorch } from "@millrace/frontends/executorch";
import { fromNumbers, type Graph, numbersOf, parseGraph, type Tensor } from "@millrace/ir";
import { compileGraph, embedPrograms, machines, npuEngine } from "@millrace/npu";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { numberStream } from "../../tflite/graphs.testing.ts";
import { exportPte } from "../export-pte.ts";

const next = numberStream(11);
const integers = (count: number, most: number) => Array.from({ length: count }, () => Math.round(next() * most));
const image = "stride=[1,1], dilation=[1,1], padding=[1,1,1,1]";

/** Weights and biases of a layer of 4 channels. */
function layer(name: string, inputs: number, scale: number): string {
  return `constant w${name}: i8[4,3,3,${inputs}]<scale=[0.01,0.012,0.014,0.016], zeroPoint=[0,0,0,0], axis=0> = [${integers(36 * inputs, 127)}]
  constant b${name}: i32[4]<scale=[${[0.01, 0.012, 0.014, 0.016].map((own) => own * scale)}], zeroPoint=[0,0,0,0], axis=0> = [${integers(4, 900)}]`;
}

/** Two programs of the array with layers of the processor between them. */
const network = parseGraph(
  `graph g
  input x: i8[1,12,10,3]<scale=[0.02], zeroPoint=[3]>
  ${layer("a", 3, 0.02)}
  a: i8[1,12,10,4]<scale=[0.06], zeroPoint=[-128]> = conv2d(x, wa, ba) {${image}, groups=1, layout=last, activation=relu}
  ${layer("b", 4, 0.06)}
  b: i8[1,12,10,4]<scale=[0.12], zeroPoint=[-5]> = conv2d(a, wb, bb) {${image}, groups=1, layout=last, activation=none}
  c: i8[1,6,5,4]<scale=[0.12], zeroPoint=[-5]> = maxPool2d(b) {kernel=[2,2], stride=[2,2], dilation=[1,1], padding=[0,0,0,0], layout=last, activation=none}
  ${layer("d", 4, 0.12)}
  d: i8[1,6,5,4]<scale=[0.4], zeroPoint=[-5]> = conv2d(c, wd, bd) {${image}, groups=1, layout=last, activation=none}
  output d`,
  operators,
);

const x = fromNumbers("i8", [1, 12, 10, 3], integers(360, 127));

async function resultOf(graph: Graph, engine = npuEngine(machines.imxrt700)): Promise<Tensor> {
  const prepared = await engine.prepare(graph);
  const results = await prepared.run(new Map([[graph.inputs[0].name, x]]));
  return [...results.values()][0];
}

describe("layers of the processor between programs of the array", () => {
  const compilation = compileGraph(network, machines.imxrt700, { keepOnProcessor: ["b", "c"] });
  const file = readPte(exportPte(embedPrograms(network, compilation)).bytes);
  const [{ values, operators: kernels, chains }] = file.methods;

  it("are computed without a transpose, channels innermost", () => {
    const calls = chains[0].instructions.map((call) =>
      call.kind === "KernelCall" ? kernels[call.opIndex].name!.split("::")[1] : call.kind,
    );
    expect(calls).toEqual([
      "DelegateCall",
      "dequantize_per_tensor",
      "dequantize_per_channel",
      "dequantize_per_channel",
      "convolution",
      "quantize_per_tensor",
      "dequantize_per_tensor",
      "max_pool2d_with_indices",
      "quantize_per_tensor",
      "DelegateCall",
    ]);
    const convolution = chains[0].instructions[4] as { readonly args: readonly number[] };
    const tensors = convolution.args.flatMap((index) => {
      const value = values[index];
      return value.kind === "Tensor" && value.sizes.length === 4 ? [[value.sizes, value.dimOrder]] : [];
    });
    expect(tensors).toEqual([
      [
        [1, 4, 12, 10],
        [0, 2, 3, 1],
      ],
      [
        [4, 4, 3, 3],
        [0, 2, 3, 1],
      ],
      [
        [1, 4, 12, 10],
        [0, 2, 3, 1],
      ],
      [
        [1, 4, 12, 10],
        [0, 2, 3, 1],
      ],
    ]);
  });

  it("have parameters converted in the order of their axes, as the kernel for each channel knows no other", () => {
    const conversion = chains[0].instructions[2] as { readonly args: readonly number[] };
    const orders = conversion.args.flatMap((index) => {
      const value = values[index];
      return value.kind === "Tensor" && value.sizes.length === 4 ? [[value.sizes, value.dimOrder]] : [];
    });
    const inOrder = [
      [4, 3, 3, 4],
      [0, 1, 2, 3],
    ];
    expect(orders).toEqual([inOrder, inOrder, inOrder]);
  });

  it("give the whole network's integers when the file is read", async () => {
    const found = numbersOf(await resultOf(importExecutorch(file).graph));
    const expected = numbersOf(await resultOf(network, referenceEngine()));
    expect(new Set(Array.from(expected)).size).toBeGreaterThan(50);
    expect(Array.from(found)).toEqual(Array.from(expected));
  });
});
