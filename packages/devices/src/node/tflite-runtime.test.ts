import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createLiteRt } from "./litert.ts";
import { createTfjsTflite } from "./tfjs-tflite.ts";

const fixtures = new URL("../../../../../shared/fixtures/", import.meta.url);
const present = existsSync(fixtures);

const read = (file: string) => new Uint8Array(readFileSync(new URL(file, fixtures)));

/** The tensors of an .npy file's `runs`, whose first axis is the run. */
function tensors(file: string, runs: number): Uint8Array[] {
  const bytes = read(file);
  const data = bytes.subarray(10 + new DataView(bytes.buffer).getUint16(8, true));
  const size = data.byteLength / runs;
  return Array.from({ length: runs }, (_, run) => data.slice(run * size, (run + 1) * size));
}

const floats = (bytes: Uint8Array) => Array.from(new Float32Array(bytes.buffer));
const difference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));

describe.skipIf(!present).each([
  ["litert", createLiteRt],
  ["tfjs-tflite", createTfjsTflite],
])("%s (needs ../shared/fixtures beside the checkout)", (name, create) => {
  test("runs the float digits model like the network it was converted from", async () => {
    const runner = await (await create()).load(read("digits/digits_float.tflite"));
    expect(runner.inputs).toEqual([
      { name: "serving_default_input:0", dtype: "float32", shape: [1, 28, 28, 1], byteLength: 3136 },
    ]);
    expect(runner.outputs).toMatchObject([{ dtype: "float32", shape: [1, 10], byteLength: 40 }]);
    const wanted = tensors("digits/golden_out.npy", 8);
    for (const [index, input] of tensors("digits/golden_in.npy", 8).entries()) {
      const [output] = await runner.run([input]);
      expect(difference(floats(output!), floats(wanted[index]!))).toBeLessThan(1e-5);
    }
  });

  test("runs the int8 digits model within XNNPACK's rounding of the reference kernels", async () => {
    const runner = await (await create()).load(read("digits/digits_int8_tf.tflite"));
    const wanted = tensors("digits/golden_out_int8_tf.npy", 8);
    for (const [index, input] of tensors("digits/golden_in.npy", 8).entries()) {
      const stored = Int8Array.from(floats(input), (grey) => Math.round(grey * 255) - 128);
      const [output] = await runner.run([new Uint8Array(stored.buffer)]);
      const probabilities = Array.from(new Int8Array(output!.buffer), (value) => (value + 128) / 256);
      expect(difference(probabilities, floats(wanted[index]!))).toBeLessThan(0.05);
    }
  });

  test.each([
    ["SQUARED_DIFFERENCE/same", 2, 1],
    ["UNPACK/axis0_i16", 1, 3],
  ])("passes the tensors of %s in the file's order", async (model, inputs, outputs) => {
    const runner = await (await create()).load(read(`kernels/${model}.tflite`));
    expect([runner.inputs.length, runner.outputs.length]).toEqual([inputs, outputs]);
    const fed = runner.inputs.map((_, index) => tensors(`kernels/${model}.in${index}.npy`, 3)[0]!);
    const wanted = runner.outputs.map((_, index) => tensors(`kernels/${model}.out${index}.npy`, 3)[0]!);
    expect(await runner.run(fed)).toEqual(wanted);
  });

  test("gives a dynamic batch the size one", async () => {
    const runner = await (await create()).load(read("peers/kws_tf221_ptq_int8.tflite"));
    expect(runner.inputs[0]).toMatchObject({ shape: [1, 49, 10, 1], byteLength: 490 });
    expect((await runner.run([new Uint8Array(490)]))[0]).toHaveLength(12);
  });

  test("refuses broken files, wrong inputs and use after disposal with a diagnostic, and then still works", async () => {
    const runtime = await create();
    const model = read("digits/digits_int8_tf.tflite");
    for (const length of [0, 8, 1000, model.length - 100]) {
      await expect(runtime.load(model.subarray(0, length))).rejects.toThrow(
        `tflite-runtime.model-refused: ${name} refused the model: `,
      );
    }
    const runner = await runtime.load(model);
    await expect(runner.run([new Uint8Array(783)])).rejects.toThrow("tflite-runtime.bad-input");
    expect((await runner.run([new Uint8Array(784)]))[0]).toHaveLength(10);
    runner.dispose();
    await expect(runner.run([new Uint8Array(784)])).rejects.toThrow("tflite-runtime.disposed");
  });
});
