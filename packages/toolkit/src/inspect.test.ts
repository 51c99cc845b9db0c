import { machines } from "@millrace/npu";
import { describe, expect, it } from "vitest";
import { write } from "./convert.ts";
import { inspect } from "./inspect.ts";
import { integerLayer } from "./integer-layer.testing.ts";
import { load } from "./load.ts";
import { accelerate } from "./npu/accelerate.ts";

describe("the work of a model", () => {
  it.each(["tflite", "pte"] as const)("holds what an accelerator's programs do, in %s files", (format) => {
    const { graph } = accelerate(integerLayer(), machines.imxrt700, {});
    const { info, operatorNames } = inspected(write(graph, format).bytes, format);
    expect([operatorNames.includes("npuProgram"), info.macs]).toEqual([true, 6 * 6 * 4 * 4]);
  });

  it("is that of the operators where there are no programs", () => {
    expect(inspected(write(integerLayer(), "tflite").bytes, "tflite").info.macs).toBe(6 * 6 * 4 * 4);
  });
});

function inspected(bytes: Uint8Array, format: string) {
  const info = inspect(load({ name: `layer.${format}`, bytes }));
  return { info, operatorNames: Object.keys(info.operators) };
}
