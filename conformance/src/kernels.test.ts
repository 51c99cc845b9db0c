import { describe, expect, it } from "vitest";
import { compareRuns, importFile, isShared, readGolden, readIndex } from "./golden.ts";
import { skips } from "./skips.ts";

const cases = readIndex("fixtures/kernels/index.csv").map(([operator, name]) => ({
  name: `${operator}/${name}`,
  skip: skips[`${operator}/${name}`] ?? skips[operator],
}));

describe.skipIf(!isShared)("every stored operator case gives TensorFlow's reference results", () => {
  for (const { name, skip } of cases) {
    it.skipIf(skip)(skip ? `${name}: ${skip}` : name, async () => {
      const graph = importFile(`fixtures/kernels/${name}.tflite`);
      const { elements, differing, first } = await compareRuns(graph, readGolden(`fixtures/kernels/${name}`));
      expect(elements).toBeGreaterThan(0);
      expect({ differing, first }).toEqual({ differing: 0, first: "" });
    });
  }

  it.each(cases.filter(({ skip }) => skip))("$name still can't be imported", ({ name }) => {
    expect(() => importFile(`fixtures/kernels/${name}.tflite`)).toThrow();
  });
});
