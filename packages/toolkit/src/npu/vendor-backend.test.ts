import { readPte } from "@millrace/formats/pte";
import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { fromNumbers, type Graph, parseGraph, type Tensor } from "@millrace/ir";
import { machines } from "@millrace/npu";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { write } from "../convert.ts";
import { inspectFile } from "../inspect-file.ts";
import { accelerate } from "./accelerate.ts";
import { converterInput, edgeBackend, requireBackend } from "./vendor-backend.ts";

const { imxrt700 } = machines;
const integers = (count: number, most: number) =>
  Array.from({ length: count }, (_, index) => Math.round(most * Math.sin(1 + index * 1.7)));
const scales = Array.from({ length: 8 }, (_, index) => 0.01 + index / 1000);
const zeros = scales.map(() => 0);

/** An image, channels first, and a convolution, shares by the processor, and a product that reads both. */
const network = parseGraph(
  `graph g
  input x: i8[1,3,12,10]<scale=[0.015625], zeroPoint=[3]>
  image: i8[1,12,10,3]<scale=[0.015625], zeroPoint=[3]> = transpose(x) {permutation=[0,2,3,1]}
  constant w: i8[8,3,3,3]<scale=[${scales}], zeroPoint=[${zeros}], axis=0> = [${integers(216, 127)}]
  constant b: i32[8]<scale=[${scales.map((scale) => scale * 0.015625)}], zeroPoint=[${zeros}], axis=0> = [${integers(8, 900)}]
  a: i8[1,12,10,8]<scale=[0.046875], zeroPoint=[-128]> = conv2d(image, w, b) {stride=[1,1], dilation=[1,1], padding=[1,1,1,1], groups=1, layout=last, activation=relu}
  shares: i8[1,12,10,8]<scale=[0.00390625], zeroPoint=[-128]> = softmax(a) {axis=3, beta=1}
  weighted: i8[1,12,10,8]<scale=[0.03125], zeroPoint=[-9]> = mul(a, shares) {activation=none}
  constant v: i8[8,3,3,8]<scale=[${scales}], zeroPoint=[${zeros}], axis=0> = [${integers(576, 127)}]
  constant c: i32[8]<scale=[${scales.map((scale) => scale * 0.03125)}], zeroPoint=[${zeros}], axis=0> = [${integers(8, 900)}]
  y: i8[1,12,10,8]<scale=[0.1875], zeroPoint=[5]> = conv2d(weighted, v, c) {stride=[1,1], dilation=[1,1], padding=[1,1,1,1], groups=1, layout=last, activation=none}
  output y`,
  operators,
);

async function valuesOf(graph: Graph, feeds: ReadonlyMap<string, Tensor>) {
  const values = [...graph.nodes()].flatMap(({ outputs }) => outputs);
  const prepared = await referenceEngine().prepare(graph, values);
  return new Map([...feeds, ...(await prepared.run(feeds))]);
}

describe("delegates for a vendor's converter", () => {
  const { graph, compilation } = accelerate(network, imxrt700, {}, converterInput);
  const { bytes } = write(graph, "pte", { backend: edgeBackend("neutron", imxrt700) });
  const { delegates } = readPte(bytes).methods.find(({ name }) => name === "forward")!;

  it("name the vendor's back end and ask for what its converter is to do, in its order", () => {
    expect(delegates.map(({ id }) => id)).toEqual(["NeutronBackend", "NeutronBackend"]);
    const text = delegates[0].compileSpecs.map(({ key, value }) => `${key}=${new TextDecoder().decode(value)}`);
    expect(text).toEqual([
      "output_format=tflite",
      "compile_flags=",
      "target=imxrt700",
      "intermediates_dir=",
      "operators_not_to_delegate=",
      "use_neutron_for_format_conversion=True",
      "fetch_constants_to_sram=False",
      "dump_kernel_selection_code=False",
      "use_profiling=False",
    ]);
  });

  it("hold models that compute the integers of the parts that they stand for", async () => {
    const expected = await valuesOf(network, new Map([["x", fromNumbers("i8", [1, 3, 12, 10], integers(360, 127))]]));
    const segments = compilation.phases.filter((phase) => "program" in phase);
    expect(segments).toHaveLength(delegates.length);
    for (const [index, { inputs, outputs }] of segments.entries()) {
      const { graph: part } = importTflite(readTflite(delegates[index].processed));
      expect(part.inputs.map(({ name, type }) => [name, type])).toEqual(inputs.map(({ name, type }) => [name, type]));
      expect(part.outputs.map(({ type }) => type)).toEqual(outputs.map(({ type }) => type));
      const results = await valuesOf(part, new Map(inputs.map(({ name }) => [name, expected.get(name)!])));
      for (const [at, { name }] of outputs.entries()) {
        const { data } = results.get(part.outputs[at].name)!;
        expect(new Set(data as Int8Array).size).toBeGreaterThan(50);
        expect(data).toEqual(expected.get(name)!.data);
      }
    }
  });

  it("are shown by the name of the back end, as parts that nothing else runs", () => {
    const { info, diagnostics } = inspectFile({ name: "model.pte", bytes });
    expect(info.operators).toMatchObject({ NeutronBackend: 2 });
    expect(diagnostics.map(({ code }) => code)).toEqual(["executorch.other-backend"]);
  });

  it("are refused for other formats and machines, and of what was compiled before or is in 16 bits", () => {
    expect(() => requireBackend("neutron", "tflite", imxrt700)).toThrow(/backend\.no-delegates/);
    expect(() => requireBackend("neutron", "pte", machines.imx95)).toThrow(/backend\.other-machine/);
    expect(() => requireBackend("neutron", "pte", undefined)).toThrow(/backend\.other-machine/);
    const compiled = accelerate(network, imxrt700).graph;
    expect(() => accelerate(compiled, imxrt700, {}, converterInput)).toThrow(/backend\.compiled/);
    const [segment] = compilation.phases.filter((phase) => "program" in phase);
    const [output] = segment.outputs;
    const words = { ...segment, outputs: [{ ...output, type: { ...output.type, dtype: "i16" } } as typeof output] };
    expect(() => converterInput(words, "words")).toThrow(/backend\.types/);
  });
});
