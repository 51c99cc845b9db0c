import { machines, npuEngine } from "@millrace/npu";
import { referenceEngine, wasmEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { compareRuns, importFile, isShared, readGolden, readIndex } from "./golden.ts";
import { skips } from "./skips.ts";

const cases = readIndex("fixtures/kernels/index.csv").map(([operator, name]) => ({
  name: `${operator}/${name}`,
  skip: skips[`${operator}/${name}`] ?? skips[operator],
}));

/** A machine whose processor is so slow that its array computes all it can. */
const slowed = { ...machines.imxrt700, processor: { ...machines.imxrt700.processor, element: 1e6 } };

for (const engine of [referenceEngine(), wasmEngine(), npuEngine(slowed)]) {
  describe.skipIf(!isShared)(`every stored operator case gives TensorFlow's reference results: ${engine.name}`, () => {
    for (const { name, skip } of cases) {
      it.skipIf(skip)(skip ? `${name}: ${skip}` : name, async () => {
        const graph = importFile(`fixtures/kernels/${name}.tflite`);
        const golden = readGolden(`fixtures/kernels/${name}`);
        const { elements, differing, first } = await compareRuns(graph, golden, golden.runs, engine);
        expect(elements).toBeGreaterThan(0);
        expect({ differing, first }).toEqual({ differing: 0, first: "" });
      });
    }
  });
}

it("skipped operators still can't be imported", () => {
  for (const { name } of cases.filter(({ skip }) => skip))
    expect(() => importFile(`fixtures/kernels/${name}.tflite`), name).toThrow();
});
