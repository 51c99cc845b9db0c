import { referenceEngine } from "@millrace/runtime";
import { expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { indices, sketch, type TensorSketch } from "./models.testing.ts";

it("stored integers are spread as they are, with the stored number between them", async () => {
  const eight = (name: string, shape: readonly number[]): TensorSketch => {
    return { name, type: "INT8", shape, quantization: { scale: [0.3], zeroPoint: [-7n] } };
  };
  const between = { ...eight("between", []), data: Int8Array.of(5) };
  const tensors = [eight("x", [2, 2]), indices(2, 1), between, eight("y", [3, 2])];
  const { graph } = importTflite(sketch(tensors, [{ builtin: "DILATE", inputs: [0, 1, 2], outputs: [3] }]));
  const run = await referenceEngine().prepare(graph);
  const x = { dtype: "i8", shape: [2, 2], data: Int8Array.of(-128, 1, 2, 127) } as const;
  const results = await run.run(new Map([["x", x]]));
  expect(Array.from(results.get("y")!.data, Number)).toEqual([-128, 1, 5, 5, 2, 127]);
});
