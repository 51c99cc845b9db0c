import { existsSync, readFileSync } from "node:fs";
import { readNpz } from "@millrace/formats/npy";
import { readOnnx } from "@millrace/formats/onnx";
import { fromNumbers, numbersOf, type Tensor, tensorOf, verify } from "@millrace/ir";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "./evaluate.testing.ts";
import { importOnnx } from "./import.ts";

const folder = new URL("../../../../../shared/assets/onnx_models/", import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));

function graphOf(bytes: Uint8Array, shapes: Readonly<Record<string, readonly number[]>>) {
  const { graph } = importOnnx(readOnnx(bytes), { shapes: new Map(Object.entries(shapes)) });
  expect(verify(graph)).toEqual([]);
  return graph;
}

function greatestDifference(actual: Tensor, expected: ArrayLike<number>): number {
  const values = Array.from(numbersOf(actual));
  expect(values).toHaveLength(expected.length);
  return values.reduce((most, value, index) => Math.max(most, Math.abs(value - expected[index])), 0);
}

describe.skipIf(!existsSync(folder))("recurrent networks (absent without the shared folder)", () => {
  it("two bidirectional LSTMs give the results stored beside them", () => {
    const stored = readNpz(read("byte_sb_bidi_lstm.io.npz"));
    const [input, expected] = ["input", "Add_26"].map((name) => stored.get(name)!);
    const graph = graphOf(read("byte_sb_bidi_lstm.onnx"), { input: input.shape });
    const [result] = evaluateGraph(graph, [tensorOf("u8", input.shape, input.data as Uint8Array)]);
    expect(result.shape).toEqual(expected.shape);
    expect(greatestDifference(result, expected.data as Float32Array)).toBeLessThan(1e-3);
  });

  it("a voice detector with branches and an LSTM gives onnxruntime's results, block after block", async () => {
    const bytes = read("silero_vad_16k_op15.onnx");
    const graph = graphOf(bytes, { input: [1, 576], state: [2, 1, 128] });
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, graphOptimizationLevel: "disabled" });
    const rate = BigInt64Array.of(16000n);
    let state = fromNumbers("f32", [2, 1, 128], new Array<number>(256).fill(0));
    for (let block = 0; block < 3; block++) {
      const sound = Float32Array.from({ length: 576 }, (_, at) => Math.sin((at + 576 * block) ** 1.3 / 40) / 2);
      const expected = await session.run({
        input: new OrtTensor("float32", sound, [1, 576]),
        state: new OrtTensor("float32", state.data as Float32Array, [2, 1, 128]),
        sr: new OrtTensor("int64", rate, []),
      });
      const [output, next] = evaluateGraph(graph, [tensorOf("f32", [1, 576], sound), state, tensorOf("i64", [], rate)]);
      expect(greatestDifference(output, expected["output"].data as Float32Array)).toBeLessThan(1e-4);
      expect(greatestDifference(next, expected["stateN"].data as Float32Array)).toBeLessThan(1e-3);
      state = next;
    }
  });
});
