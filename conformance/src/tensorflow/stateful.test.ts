import { fromNumbers, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { exportTflite } from "@millrace/targets/tflite";
import { describe, expect, it } from "vitest";
import { runByUs } from "./run-by-us.testing.ts";
import { runByTensorFlow, runner } from "./run-tensorflow.ts";

/** Loops, branches and states on integers; the first input of a run is x, 3 bytes. */
const integer = "i8[3]<scale=[0.5], zeroPoint=[-1]>";
const stateful = {
  "a loop within a branch": `
    input x: ${integer}
    constant zero: ${integer} = [-1, -1, -1]
    less: bool[3] = less(zero, x)
    c: bool[1] = slice(less) {starts=[0], sizes=[1], steps=[1]}
    y: ${integer} = if(c, x) {whenTrue=graph doubling {
      input x: ${integer}
      y: ${integer} = while(x) {condition=graph small {
        input x: ${integer}
        constant limit: ${integer} = [60, 60, 60]
        less: bool[3] = less(x, limit)
        first: bool[1] = slice(less) {starts=[0], sizes=[1], steps=[1]}
        output first
      }, body=graph double {
        input x: ${integer}
        y: ${integer} = add(x, x) {activation=none}
        output y
      }}
      output y
    }, whenFalse=graph same {
      input x: ${integer}
      output x
    }}
    output y`,
  "a variable": `
    input x: ${integer}
    input before: ${integer}
    y: ${integer} = add(x, before) {activation=none}
    output y
    output y as after
    state before from after = [3, 0, -7]`,
  "a layer's own state": `
    input x: i8[1,3]<scale=[0.5], zeroPoint=[-1]>
    input memory: i16[1,4]<scale=[0.001], zeroPoint=[0]>
    constant features: i8[2,3]<scale=[0.01], zeroPoint=[0]> = [50, -20, 7, 99, 3, -80]
    constant times: i16[2,2]<scale=[0.0005], zeroPoint=[0]> = [300, 2000, -1000, 900]
    constant bias: i32[2]<scale=[5e-7], zeroPoint=[0]> = [1000, -50000]
    y: i8[1,2]<scale=[0.05], zeroPoint=[2]>, next: i16[1,4]<scale=[0.001], zeroPoint=[0]> = svdf(x, features, times, bias, memory) {rank=1, activation=relu}
    output y
    output next
    state memory from next`,
};

describe.skipIf(runner === "")("TensorFlow Lite's reference kernels (skipped without MILLRACE_TENSORFLOW_LITE)", () => {
  it.each(Object.entries(stateful))("give the integers of our interpreter for %s, run after run", async (_, text) => {
    const graph = parseGraph(`graph stateful\n${text}`, operators);
    const { shape } = graph.inputs[0].type;
    const inputs = Array.from({ length: 20 }, (_, run) =>
      fromNumbers("i8", shape as readonly number[], [((run * 37) % 50) - 25, run * 3 - 30, 100 - run * 9]),
    );
    const [theirs] = runByTensorFlow([{ bytes: exportTflite(graph).bytes, runs: inputs.map((input) => [input]) }]);
    if (typeof theirs === "string") throw new Error(theirs);
    const integers = new Int8Array(theirs.buffer, theirs.byteOffset, theirs.length);
    expect(new Set(integers).size).toBeGreaterThan(10);
    expect([...(await runByUs(graph, inputs))]).toEqual([...integers]);
  });
});
