import { parseGraph } from "@millrace/ir";
import { machines } from "@millrace/npu";
import { operators } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { write } from "./convert.ts";
import { inspect } from "./inspect.ts";
import { load } from "./load.ts";
import { accelerate } from "./npu/accelerate.ts";

const scales = [0.01, 0.02, 0.03, 0.04];
const layer = parseGraph(
  `graph g
  input x: i8[1,6,6,4]<scale=[0.0625], zeroPoint=[3]>
  constant w: i8[4,1,1,4]<scale=[${scales}], zeroPoint=[0,0,0,0], axis=0> = [${Array.from({ length: 16 }, (_, at) => at - 8)}]
  constant b: i32[4]<scale=[${scales.map((scale) => scale * 0.0625)}], zeroPoint=[0,0,0,0], axis=0> = [1,2,3,4]
  y: i8[1,6,6,4]<scale=[0.046875], zeroPoint=[-128]> = conv2d(x, w, b) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=relu}
  output y`,
  operators,
);

describe("the work of a model", () => {
  it.each(["tflite", "pte"] as const)("holds what an accelerator's programs do, in %s files", (format) => {
    const { graph } = accelerate(layer, machines.imxrt700, {});
    const { info, operatorNames } = inspected(write(graph, format).bytes, format);
    expect([operatorNames.includes("npuProgram"), info.macs]).toEqual([true, 6 * 6 * 4 * 4]);
  });

  it("is that of the operators where there are no programs", () => {
    expect(inspected(write(layer, "tflite").bytes, "tflite").info.macs).toBe(6 * 6 * 4 * 4);
  });
});

function inspected(bytes: Uint8Array, format: string) {
  const info = inspect(load({ name: `layer.${format}`, bytes }));
  return { info, operatorNames: Object.keys(info.operators) };
}
