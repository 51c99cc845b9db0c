import { fromNumbers, Graph, perTensor, type Tensor } from "@millrace/ir";
import { matmul } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileGraph, type Machine, machines, npuEngine } from "./index.ts";

const machine: Machine = {
  ...machines.imxrt700,
  processor: { ...machines.imxrt700.processor, element: 1e6, product: 1e6 },
};

function factor(dtype: "i8" | "i16", shape: readonly number[], seed: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const range = dtype === "i8" ? 128 : 32_768;
  const numbers = Array.from({ length: count }, (_, at) => ((at * 7919 + seed * 31) % (2 * range)) - range);
  return fromNumbers(dtype, shape, numbers);
}

const size = fc.integer({ min: 1, max: 19 });

test("products of two computed factors have the integers of the reference kernel, whatever their zero points", async () => {
  const products = fc.record({
    rows: size,
    columns: size,
    depth: size,
    batches: fc.constantFrom(
      [[], []],
      [[3], [3]],
      [
        [2, 1],
        [1, 3],
      ],
      [[2], []],
    ),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    dtype: fc.constantFrom("i8" as const, "i16" as const),
    zeros: fc.tuple(fc.constantFrom(0, 5, -128), fc.constantFrom(0, 7, 127, -127, -128)),
    mapByLine: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(products, async ({ rows, columns, depth, batches, dtype, zeros, mapByLine, ...transposed }) => {
      const graph = new Graph("product");
      const shapes = [
        [...batches[0], ...(transposed.transposeA ? [depth, rows] : [rows, depth])],
        [...batches[1], ...(transposed.transposeB ? [columns, depth] : [depth, columns])],
      ];
      const isWords = dtype === "i16";
      const a = graph.addInput("a", { dtype, shape: shapes[0], quantization: perTensor(0.02, isWords ? 0 : zeros[0]) });
      const b = graph.addInput("b", { dtype: "i8", shape: shapes[1], quantization: perTensor(0.01, zeros[1]) });
      const [{ shape }] = matmul.infer([a, b], transposed);
      const quantization = isWords ? perTensor(1, 0) : perTensor(0.4, -3);
      const outputTypes = [{ dtype, shape, quantization }];
      const { outputs } = graph.addNode({ op: matmul, inputs: [a, b], attributes: transposed, outputTypes });
      graph.setOutputs(outputs);
      expect([...compileGraph(graph, machine).reasons.values()]).toEqual([]);
      const feeds = new Map([
        ["a", factor(dtype, shapes[0], rows)],
        ["b", factor("i8", shapes[1], columns)],
      ]);
      const expected = await (await referenceEngine().prepare(graph)).run(feeds);
      expect(await (await npuEngine(machine, { mapByLine }).prepare(graph)).run(feeds)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});
