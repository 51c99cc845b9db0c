import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { wasmEngine } from "@millrace/runtime";
import { convert, inspectFile, load, readNpy } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isShared, pathOf } from "../golden.ts";

const networks = [
  { folder: "fixtures/mlperf/ic_resnet8", name: "ic" },
  { folder: "fixtures/mlperf/kws_dscnn", name: "kws" },
];

const programs = networks.flatMap(({ folder, name }) =>
  ["train", "core"].map((dialect) => ({ folder, file: `${name}.dynbatch.${dialect}.pt2` })),
);

function sourceOf(path: string) {
  return { name: basename(path), bytes: new Uint8Array(readFileSync(pathOf(path))) };
}

/** The first samples of a stored batch. */
function first(count: number, { dtype, shape, data }: Tensor): Tensor {
  return { dtype, shape: [count, ...shape.slice(1)], data: data.subarray(0, (data.length / shape[0]) * count) };
}

async function computed(graph: Graph, x: Tensor): Promise<Tensor> {
  const prepared = await wasmEngine().prepare(graph);
  const results = await prepared.run(new Map([[graph.inputs[0].name, x]]));
  await prepared.dispose();
  return results.get(graph.outputs[0].name)!;
}

describe.skipIf(!isShared)("an exported program of open batch", () => {
  it.each(programs)("is an ExecuTorch program for all batches that it was exported for: $file", async (program) => {
    const { folder, file } = program;
    const [x, y] = ["x8_nhwc.npy", "y8_float.npy"].map((name) =>
      readNpy(new Uint8Array(readFileSync(pathOf(`${folder}/${name}`)))),
    );
    const { bytes, diagnostics } = convert(sourceOf(`${folder}/${file}`), { to: "pte" });
    expect(diagnostics.filter(({ severity }) => severity !== "info")).toEqual([]);
    const { info } = inspectFile({ name: "model.pte", bytes });
    const { shape, bounds } = info.inputs[0];
    expect({ shape: [...shape.slice(1)], bounds }).toEqual({
      shape: transposeTensor(x, [0, 3, 1, 2]).shape.slice(1),
      bounds: { [`${shape[0]}`]: { minimum: 1, maximum: 1024 } },
    });
    const { graph } = load({ name: "model.pte", bytes });
    for (const batch of [1, 2, 8]) {
      const results = await computed(graph, transposeTensor(first(batch, x), [0, 3, 1, 2]));
      const wanted = first(batch, y);
      expect(results.shape).toEqual(wanted.shape);
      const off = Array.from(numbersOf(results)).map((number, at) => Math.abs(number - numbersOf(wanted)[at]));
      expect(Math.max(...off)).toBeLessThan(1e-4);
    }
  });
});
