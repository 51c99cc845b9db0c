import type { DType } from "@millrace/ir";
import { type OperatorCase, plain, type Shape, tensor, vector } from "../operator-case.ts";
import { activations, windowed, windows } from "./windows.ts";

function pools(operator: "AVERAGE_POOL_2D" | "MAX_POOL_2D" | "L2_POOL_2D", dtypes: readonly DType[]): OperatorCase[] {
  return dtypes.flatMap((dtype) =>
    windows.map((window, at): OperatorCase => {
      const plainWindow = { ...window, dilation: [1, 1] } as const;
      return {
        operator,
        name: `${dtype}, window ${at}`,
        tolerance: 1e-5,
        make(random) {
          const { from, kernel, stride, padding } = plainWindow;
          const x = tensor(random, dtype, from);
          return {
            inputs: [x],
            outputs: [{ ...x, shape: [from[0], windowed(plainWindow, 0), windowed(plainWindow, 1), from[3]] }],
            options: {
              kind: "Pool2DOptions",
              padding,
              strideH: stride[0],
              strideW: stride[1],
              filterHeight: kernel[0],
              filterWidth: kernel[1],
              fusedActivationFunction: activations[at],
            },
          };
        },
      };
    }),
  );
}

function resizing(operator: "RESIZE_BILINEAR" | "RESIZE_NEAREST_NEIGHBOR", dtypes: readonly DType[]): OperatorCase[] {
  const kind = operator === "RESIZE_BILINEAR" ? "ResizeBilinearOptions" : "ResizeNearestNeighborOptions";
  const sizes: readonly (readonly [Shape, readonly [number, number]])[] = [
    [
      [2, 3, 4, 2],
      [7, 5],
    ],
    [
      [1, 6, 8, 3],
      [3, 4],
    ],
    [
      [1, 5, 5, 2],
      [8, 3],
    ],
    [
      [1, 4, 3, 2],
      [1, 1],
    ],
  ];
  return dtypes.flatMap((dtype) =>
    sizes.flatMap(([from, to]) =>
      [0, 1, 2].map(
        (mode): OperatorCase => ({
          operator,
          name: `${dtype} [${from}] to ${to}${["", ", corners", ", centers"][mode]}`,
          tolerance: 1e-5,
          make(random) {
            const x = tensor(random, dtype, from);
            const options = { kind, alignCorners: mode === 1, halfPixelCenters: mode === 2 } as const;
            return { inputs: [x, vector(to)], outputs: [{ ...x, shape: [from[0], ...to, from[3]] }], options };
          },
        }),
      ),
    ),
  );
}

/** Operators on images without weights. */
export const imageCases: readonly OperatorCase[] = [
  ...pools("AVERAGE_POOL_2D", ["f32", "i8", "u8", "i16"]),
  ...pools("MAX_POOL_2D", ["f32", "i8", "u8", "i16"]),
  ...pools("L2_POOL_2D", ["f32"]),
  ...[0, 1, 2].map(
    (radius): OperatorCase => ({
      operator: "LOCAL_RESPONSE_NORMALIZATION",
      name: `radius ${radius}`,
      make: () => ({
        inputs: [plain("f32", [2, 3, 4, 5])],
        outputs: [plain("f32", [2, 3, 4, 5])],
        options: { kind: "LocalResponseNormalizationOptions", radius, bias: 1.5, alpha: 0.3, beta: 0.75 },
      }),
    }),
  ),
  ...resizing("RESIZE_BILINEAR", ["f32", "i8", "u8", "i16"]),
  ...resizing("RESIZE_NEAREST_NEIGHBOR", ["f32", "i8", "u8", "i16"]),
];
