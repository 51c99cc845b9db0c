import { fromNumbers, numbersOf, type Tensor, type ValueType, zeros } from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { type Activation, activation, flag, type Layout, layout, positivePair, spatialPadding } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";
import { slicedWindow } from "./slicing.ts";
import { flipLayout } from "./transposing.ts";
import { fourAxes, imageShape, imageStrides, slidingSize, spatialAxes } from "./window.ts";

interface Pooling {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly layout: Layout;
  readonly activation: Activation;
}

const fits = "the window fits the padded data";

function hasWindow(x: ValueType, pooling: Pooling): boolean {
  return slidingSize(x.shape, pooling).every((size) => typeof size === "string" || size > 0);
}

function pooledType(x: ValueType, pooling: Pooling): ValueType {
  const [height, width] = slidingSize(x.shape, pooling);
  return {
    dtype: x.dtype,
    shape: imageShape(pooling.layout, [x.shape[0], height, width, x.shape[spatialAxes(pooling.layout).channels]]),
  };
}

/** Folds each window's elements that lie inside the data; `finish` gets the fold and how many there were. */
function pool(
  x: Tensor,
  output: ValueType,
  pooling: Pooling,
  start: number,
  fold: (a: number, b: number) => number,
  finish: (value: number, count: number) => number,
): Tensor {
  const { kernel, stride, dilation, padding, layout } = pooling;
  const shape = output.shape as readonly number[];
  const source = numbersOf(x);
  const target = zeros("f64", shape).data as Float64Array;
  const [from, to] = [imageStrides(x.shape, layout), imageStrides(shape, layout)];
  const [low, high] = activationRanges[pooling.activation];
  for (let batch = 0; batch < shape[0]; batch++) {
    for (let c = 0; c < to.channels; c++) {
      for (let oy = 0; oy < to.height; oy++) {
        for (let ox = 0; ox < to.width; ox++) {
          let value = start;
          let count = 0;
          for (let ky = 0; ky < kernel[0]; ky++) {
            const row = oy * stride[0] + ky * dilation[0] - padding[0];
            if (row < 0 || row >= from.height) continue;
            for (let kx = 0; kx < kernel[1]; kx++) {
              const column = ox * stride[1] + kx * dilation[1] - padding[1];
              if (column < 0 || column >= from.width) continue;
              value = fold(
                value,
                source[batch * from.batch + row * from.row + column * from.column + c * from.channel],
              );
              count++;
            }
          }
          target[batch * to.batch + oy * to.row + ox * to.column + c * to.channel] = Math.min(
            high,
            Math.max(low, finish(value, count)),
          );
        }
      }
    }
  }
  return fromNumbers(output.dtype, shape, target);
}

const undilated = [1, 1] as const;

/** Square root of the mean square of each window's elements inside the data. */
export const l2Pool2d = defineOp({
  name: "l2Pool2d",
  inputs: { x: one("f32") },
  attributes: { kernel: positivePair, stride: positivePair, padding: spatialPadding, layout, activation },
  quantization: float("TFLite has no int8 L2_POOL_2D"),
  check: [fourAxes, [fits, ({ x }, attributes) => hasWindow(x.type, { ...attributes, dilation: undilated })]],
  infer: ({ x }, attributes) => pooledType(x.type, { ...attributes, dilation: undilated }),
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  sliced: ({ x }, attributes, range) => slicedWindow([x], attributes, { ...attributes, dilation: undilated }, range),
  evaluate({ x }, attributes, [output]) {
    const finish = (squares: number, count: number) => Math.sqrt(squares / Math.max(1, count));
    return pool(x, output, { ...attributes, dilation: undilated }, 0, (sum, item) => sum + item * item, finish);
  },
  samples: [
    {
      name: "padding left out",
      attributes: { kernel: [1, 2], stride: [1, 2], padding: [0, 0, 0, 1], layout: "last", activation: "none" },
      inputs: [f32([[[[1], [7], [3]]]])],
      outputs: [f32([[[[5], [3]]]])],
    },
  ],
});

/** Mean of each window. With countPadding the padded zeros count too, else only the elements inside the data. */
export const averagePool2d = defineOp({
  name: "averagePool2d",
  inputs: { x: one("f32", "i8", "u8", "i16") },
  attributes: {
    kernel: positivePair,
    stride: positivePair,
    padding: spatialPadding,
    countPadding: flag,
    layout,
    activation,
  },
  quantization: { kind: "same", inputs: ["x"], rounds: true },
  check: [fourAxes, [fits, ({ x }, attributes) => hasWindow(x.type, { ...attributes, dilation: undilated })]],
  infer: ({ x }, attributes) => pooledType(x.type, { ...attributes, dilation: undilated }),
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  sliced: ({ x }, attributes, range) => slicedWindow([x], attributes, { ...attributes, dilation: undilated }, range),
  evaluate({ x }, attributes, [output]) {
    const area = attributes.kernel[0] * attributes.kernel[1];
    const finish = (sum: number, count: number) => sum / (attributes.countPadding ? area : Math.max(1, count));
    return pool(x, output, { ...attributes, dilation: undilated }, 0, (a, b) => a + b, finish);
  },
  samples: [
    {
      name: "padding left out",
      attributes: {
        kernel: [1, 2],
        stride: [1, 2],
        padding: [0, 1, 0, 1],
        countPadding: false,
        layout: "first",
        activation: "none",
      },
      inputs: [f32([[[[2, 4, 6, 8]]]])],
      outputs: [f32([[[[2, 5, 8]]]])],
    },
    {
      name: "padding counted, two channels",
      attributes: {
        kernel: [1, 2],
        stride: [1, 2],
        padding: [0, 1, 0, 0],
        countPadding: true,
        layout: "last",
        activation: "reluN1To1",
      },
      inputs: [
        f32([
          [
            [
              [2, -2],
              [0, 1],
              [1, 2],
            ],
          ],
        ]),
      ],
      outputs: [
        f32([
          [
            [
              [1, -1],
              [0.5, 1],
            ],
          ],
        ]),
      ],
    },
  ],
});

/** Greatest element of each window; padding never wins. */
export const maxPool2d = defineOp({
  name: "maxPool2d",
  inputs: { x: one("f32", "i8", "u8", "i16") },
  attributes: {
    kernel: positivePair,
    stride: positivePair,
    dilation: positivePair,
    padding: spatialPadding,
    layout,
    activation,
  },
  quantization: { kind: "same", inputs: ["x"] },
  check: [fourAxes, [fits, ({ x }, attributes) => hasWindow(x.type, attributes)]],
  infer: ({ x }, attributes) => pooledType(x.type, attributes),
  transposed: (_, attributes, permutation) => flipLayout(attributes, permutation),
  sliced: ({ x }, attributes, range) => slicedWindow([x], attributes, attributes, range),
  evaluate: ({ x }, attributes, [output]) =>
    pool(x, output, attributes, Number.NEGATIVE_INFINITY, Math.max, (value) => value),
  samples: [
    {
      name: "padding never wins",
      attributes: {
        kernel: [2, 2],
        stride: [2, 2],
        dilation: [1, 1],
        padding: [1, 0, 0, 0],
        layout: "first",
        activation: "none",
      },
      inputs: [
        f32([
          [
            [
              [-1, -2],
              [-3, -4],
              [-6, -5],
            ],
          ],
        ]),
      ],
      outputs: [f32([[[[-1], [-3]]]])],
    },
    {
      name: "dilated, two channels",
      attributes: {
        kernel: [1, 2],
        stride: [1, 1],
        dilation: [1, 2],
        padding: [0, 0, 0, 0],
        layout: "last",
        activation: "relu",
      },
      inputs: [
        f32([
          [
            [
              [1, -9],
              [7, 4],
              [3, -8],
              [2, 5],
            ],
          ],
        ]),
      ],
      outputs: [
        f32([
          [
            [
              [3, 0],
              [7, 5],
            ],
          ],
        ]),
      ],
    },
  ],
});
