import { tensorOf } from "@millrace/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf } from "./test-data.ts";
import { windowShape, windowsOf } from "./window.ts";

describe("windows", () => {
  it("are views along the outermost axis", () => {
    const data = Float32Array.from({ length: 10 }, (_, index) => index);
    const windows = windowsOf(tensorOf("f32", [5, 2], data), { axis: 0, size: 2, step: 2 });
    expect(windows.map((window) => [...(window.data as Float32Array)])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(windows.every((window) => window.data.buffer === data.buffer)).toBe(true);
  });

  it("hold the elements whose index lies in the window, along any axis", () => {
    const size = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(fc.tuple(size, size, size), fc.nat(2), size, size, (shape, axis, width, step) => {
        fc.pre(width <= shape[axis]);
        const count = shape[0] * shape[1] * shape[2];
        const sample = tensorOf(
          "i32",
          shape,
          Int32Array.from({ length: count }, (_, index) => index),
        );
        const position = (index: number) =>
          [Math.floor(index / (shape[1] * shape[2])), Math.floor(index / shape[2]) % shape[1], index % shape[2]][axis];
        const windows = windowsOf(sample, { axis, size: width, step });
        expect(windows).toHaveLength(Math.floor((shape[axis] - width) / step) + 1);
        windows.forEach((window, index) => {
          const inside = [...(sample.data as Int32Array)].filter(
            (at) => position(at) >= index * step && position(at) < index * step + width,
          );
          expect([...(window.data as Int32Array)]).toEqual(inside);
          expect(window.shape).toEqual(windowShape(shape, { axis, size: width, step }, "x"));
        });
      }),
    );
  });

  it("must fit the samples, and not too often", async () => {
    const window = { axis: 0, size: 1, step: 1 };
    expect((await errorOf(() => windowShape([2 ** 30], window, "x.npy"))).code).toBe("data.window-mismatch");
    expect((await errorOf(() => windowShape([4, 2], { axis: 1, size: 3, step: 1 }, "x.npy"))).code).toBe(
      "data.window-mismatch",
    );
    expect((await errorOf(() => windowShape([4, 2], { axis: 2, size: 1, step: 1 }, "x.npy"))).code).toBe(
      "data.window-mismatch",
    );
  });
});
