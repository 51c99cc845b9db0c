import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { denseTensor, type Pt2Model, readPt2, tensorOfInput } from "./index.ts";
import type { Argument, Graph } from "./program/exported-program.ts";
import { readTorchSave } from "./saved/torch-save.ts";

const shared = new URL("../../../../../shared/", import.meta.url);

const filesUnder = (folder: string, ending: string): string[] =>
  (readdirSync(new URL(folder, shared), { recursive: true }) as string[])
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}${name}`);

const bytesOfFile = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, shared)));

/** Every name that the graph's arguments use, and that has no type. */
function undeclared(graph: Graph): string[] {
  const declared = new Set([...graph.tensorValues.keys(), ...graph.symIntValues.keys()]);
  const namesOf = (value: Argument): readonly string[] =>
    value.kind === "tensor" ? [value.name] : value.kind === "tensors" ? value.names : [];
  const uses = [
    ...graph.inputs,
    ...graph.outputs,
    ...graph.nodes.flatMap((node) => node.inputs.map(({ value }) => value)),
  ];
  return uses.flatMap(namesOf).filter((name) => !declared.has(name));
}

function onlyModel(name: string): Pt2Model {
  const { models } = readPt2(bytesOfFile(name));
  expect(models).toHaveLength(1);
  return models[0]!;
}

describe.skipIf(!existsSync(shared))("files of torch (absent: shared fixtures and assets)", () => {
  test.each(["fixtures/", "assets/"])(
    "all archives under %s are read, every tensor in its declared shape",
    (folder) => {
      for (const name of filesUnder(folder, ".pt2")) {
        const model = onlyModel(name);
        const { graph, signature } = model.program;
        expect(undeclared(graph), name).toEqual([]);
        signature.inputs.forEach((spec, index) => {
          const tensor = tensorOfInput(spec, model);
          const input = graph.inputs[index]!;
          if (tensor === undefined || input.kind !== "tensor") return;
          const meta = graph.tensorValues.get(input.name)!;
          expect([tensor.scalarType, tensor.sizes], input.name).toEqual([meta.scalarType, meta.sizes]);
          const count = tensor.sizes.reduce((product, size) => product * size, 1);
          expect(denseTensor(input.name, tensor).data.length).toBe(count);
        });
      }
    },
  );

  test.each(["digits/digits", "vibration/autoencoder", "vibration/gru"])(
    "%s has the weights of its state dict",
    (stem) => {
      const { stateDict } = onlyModel(`fixtures/${stem}.pt2`);
      const saved = readTorchSave(bytesOfFile(`fixtures/${stem}.pt`)) as typeof stateDict;
      expect([...stateDict.keys()].sort()).toEqual([...saved.keys()].sort());
      for (const [name, tensor] of stateDict)
        expect(denseTensor(name, tensor), name).toEqual(denseTensor(name, saved.get(name)!));
    },
  );

  test("sample inputs are the tensors that the model was exported with", () => {
    for (const name of ["fixtures/torch26/gru.pt2", "fixtures/trained/lstm_rows/lstm_rows.train.pt2"]) {
      const inputs = onlyModel(name).sampleInputs()!;
      expect(inputs, name).toMatchObject([{ path: "0.0", value: { scalarType: "float32", storageOffset: 0 } }]);
    }
  });

  test("a batch of open size is a symbol with bounds", () => {
    const { program } = onlyModel("fixtures/mlperf/kws_dscnn/kws.dynbatch.core.pt2");
    expect(program.graph.tensorValues.get("x")!.sizes[0]).toEqual({ expression: { symbol: "s77" }, hint: 4 });
    expect(program.rangeConstraints.get("s77")).toEqual({ minimum: 1, maximum: 1024 });
  });
});
