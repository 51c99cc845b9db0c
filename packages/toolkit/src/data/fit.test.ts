import { describe, expect, it } from "vitest";
import { fitSample } from "./fit.ts";
import type { SampleLayout } from "./stored.ts";
import { errorOf } from "./test-data.ts";

type Layout = "NHWC" | "NCHW" | undefined;

function fit(shape: readonly number[], layout: SampleLayout | undefined, wanted: readonly number[], target?: Layout) {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Int32Array.from({ length: count }, (_, index) => index);
  return [
    ...fitSample(shape, layout, { name: "x", shape: wanted, layout: target, dtype: "i32" }, "x.npy")("i32", data),
  ];
}

const inOrder = (count: number) => Array.from({ length: count }, (_, index) => index);
const channelFirst = [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11];
const channelLast = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11];

describe("fitting a sample to an input", () => {
  it.each([
    ["the same shape", [2, 2, 3], "HWC", [1, 2, 2, 3], undefined, inOrder(12)],
    ["channel first", [2, 2, 3], "HWC", [1, 3, 2, 2], undefined, channelFirst],
    ["channel first without a known layout", [2, 2, 3], undefined, [1, 3, 2, 2], undefined, channelFirst],
    ["channel last", [3, 2, 2], "CHW", [1, 2, 2, 3], "NHWC", channelLast],
    ["channel first without a batch", [2, 2, 3], "HWC", [3, 2, 2], undefined, channelFirst],
    ["a window as a row", [2, 6], undefined, [1, 12], undefined, inOrder(12)],
    ["a row as an image", [12], undefined, [1, 2, 2, 3], undefined, inOrder(12)],
    ["one channel moved", [4, 3, 1], "HWC", [1, 1, 4, 3], undefined, inOrder(12)],
    ["sizes of 1 elsewhere", [4, 3], undefined, [1, 4, 1, 3], undefined, inOrder(12)],
    ["a scalar", [], undefined, [1], undefined, [0]],
  ] as const)("takes %s", (_name, shape, layout, wanted, target, expected) => {
    expect(fit(shape, layout, wanted, target)).toEqual(expected);
  });

  it("lets the layouts decide where both arrangements fit", () => {
    expect(fit([2, 2, 2], "HWC", [1, 2, 2, 2], "NCHW")).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    expect(fit([2, 2, 2], "HWC", [1, 2, 2, 2], "NHWC")).toEqual(inOrder(8));
    expect(fit([2, 2, 2], undefined, [1, 2, 2, 2], "NCHW")).toEqual(inOrder(8));
  });

  it.each([
    [[2, 2, 3], "HWC", [1, 3, 4], "The sizes agree but not their order"],
    [[4, 6], undefined, [1, 6, 4], "The sizes agree but not their order"],
    [[3, 2, 4], "CHW", [1, 4, 3, 2], "The sizes agree but not their order"],
    [[2, 2, 3], "HWC", [1, 3, 4, 4], "Store samples of the model's shape"],
    [[2, 2, 3], "HWC", [8, 2, 2, 3], "Store samples of the model's shape"],
  ] as const)("refuses %j %s for %j", async (shape, layout, wanted, hint) => {
    const error = await errorOf(() => fit(shape, layout, wanted));
    expect(error.code).toBe("data.shape-mismatch");
    expect(error.message).toContain(
      `"x" takes [${wanted.join(", ")}] and one sample of x.npy is [${shape.join(", ")}]`,
    );
    expect(error.hint).toContain(hint);
  });
});
